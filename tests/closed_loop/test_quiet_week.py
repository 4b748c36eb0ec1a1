"""A healthy city under control raises no alarm at all: whoever cries wolf is not heard when it comes."""

from datetime import UTC, datetime

import pytest

from tests.support.quiet_city import quiet_city

START = datetime(2025, 1, 15, tzinfo=UTC).timestamp()
DAY_H = 24


@pytest.mark.slow
@pytest.mark.soak
def test_a_quiet_simulated_week_of_forty_stations_raises_no_alarm(tmp_path, soak):
    days = soak.pick(reduced=1, full=7)
    steps, watch = quiet_city(tmp_path, stations=40, hours=days * DAY_H, seed=1, start=START)
    soak.record(days=days, stations=40, steps=len(steps))
    assert [str(step.key) for step in steps] == []
    assert watch.book.alarms == {}
