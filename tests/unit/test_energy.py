"""Energy from counters: what is counted, what is left out, and what is said about it."""

import pytest

from controller.energy import NO_COUNTER, counted, degree_days, mean_indoor, together
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain

HOUR = 3600.0
DAY = 24 * HOUR


def looks(*values):
    """One look an hour; None where there was no value."""
    return [None if value is None else good(float(value), HOUR * i) for i, value in enumerate(values)]


def count(values, step=1.0, fastest_per_hour=1000.0):
    period_s = HOUR * (len(values) - 1)
    return counted(looks(*values), step=step, fastest_per_s=fastest_per_hour / HOUR, period_s=period_s)


@pytest.mark.parametrize(
    ("values", "amount", "hours", "doubts"),
    [
        ((100, 200, 300), 200, 2, ()),
        ((100, None, 300), 200, 2, ("gap",)),
        ((None, 200, 300), 100, 1, ("gap",)),
        ((100, 200, 0, 100), 200, 2, ("gap", "reset")),
        ((100, 200, 90000, 90100), 200, 2, ("gap", "leap")),
        ((100, 100, 101), 1, 2, ("coarse",)),
        ((100, 100, 100), 0, 2, ("coarse",)),
        ((100, None), None, 0, ("gap",)),
        ((None, None), None, 0, ("no_data",)),
    ],
    ids=["steady", "hole", "late", "fall", "exchange", "slow", "still", "single", "nothing"],
)
def test_a_counter_counts_what_it_rose_and_says_what_is_missing(values, amount, hours, doubts):
    found = count(values)
    assert (found.amount, found.counted_s, found.doubts) == (amount, hours * HOUR, doubts)


def test_a_value_without_a_value_is_a_hole_and_a_doubted_one_is_told():
    found = counted(
        [good(0.0, 0.0), bad(Reason.SENTINEL, HOUR), uncertain(100.0, Reason.FROZEN, 2 * HOUR)],
        step=0.0,
        fastest_per_s=1.0,
        period_s=2 * HOUR,
    )
    assert (found.amount, found.doubts) == (100.0, ("gap", "doubtful"))


def test_the_same_reading_seen_twice_is_no_time():
    reading = good(5.0, 0.0)
    found = counted([reading, reading], step=0.0, fastest_per_s=1.0, period_s=HOUR)
    assert found.amount is None
    assert found.doubts == ("gap",)


def test_loops_are_summed_only_when_each_was_counted():
    one, two = count((0, 100, 200)), count((0, 50, 100))
    assert together([one, two]).amount == 300
    assert together([one, count((None, None, None))]).amount is None
    assert "no_data" in together([one, count((None, None, None))]).doubts
    assert together([]) == NO_COUNTER


def test_degree_days_are_the_area_below_the_base_over_what_was_counted():
    outdoor = [(0.0, 8.0), (DAY / 2, 20.0)]
    assert degree_days(outdoor, [(0.0, DAY)]) == pytest.approx(5.0)
    assert degree_days(outdoor, [(0.0, DAY / 4)]) == pytest.approx(2.5)
    assert degree_days(outdoor, [(-DAY, 0.0)]) == pytest.approx(10.0), "held backwards from the first"
    assert degree_days(outdoor, [(DAY, 2 * DAY)]) == 0.0
    assert degree_days([], [(0.0, DAY)]) is None
    assert degree_days(outdoor, []) is None


def test_indoor_is_weighted_by_area_and_takes_good_values_only():
    areas = {1: 30.0, 2: 10.0}
    assert mean_indoor([{1: good(20.0, 0.0), 2: good(24.0, 0.0)}], areas) == pytest.approx(21.0)
    assert mean_indoor([{1: good(20.0, 0.0), 2: bad(Reason.SENTINEL, 0.0)}], areas) == 20.0
    assert mean_indoor([{}], areas) is None
