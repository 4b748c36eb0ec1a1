"""A healthy city under control raises no alarm at all: whoever cries wolf is not heard when it comes."""

import pytest

from tests.support.quiet_city import quiet_city


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.parametrize(
    ("strategy", "stations", "hours"),
    [("curve", 40, 2), ("balance", 6, 6.5)],
    ids=["curve", "balance"],
)
def test_a_quiet_simulated_week_of_forty_stations_raises_no_alarm(tmp_path, soak, strategy, stations, hours):
    """In `make test` one city is broad, the other long: most rules judge the last hour, some the last six."""
    days, stations = soak.pick(reduced=hours / 24.0, full=7.0), soak.pick(reduced=stations, full=40)
    steps, watch = quiet_city(tmp_path, stations=stations, days=days, seed=1, strategy=strategy)
    soak.record(days=days, stations=stations, strategy=strategy, steps=len(steps))
    assert [str(step.key) for step in steps] == []
    assert watch.book.alarms == {}
