"""A healthy city under control raises no alarm at all: whoever cries wolf is not heard when it comes."""

import pytest

from tests.support.quiet_city import quiet_city


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.parametrize("strategy", ["curve", "balance"])
def test_a_quiet_simulated_week_of_forty_stations_raises_no_alarm(tmp_path, soak, strategy):
    days = soak.pick(reduced=0.5, full=7)
    steps, watch = quiet_city(tmp_path, stations=40, days=days, seed=1, strategy=strategy)
    soak.record(days=days, stations=40, strategy=strategy, steps=len(steps))
    assert [str(step.key) for step in steps] == []
    assert watch.book.alarms == {}
