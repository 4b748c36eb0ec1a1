"""The forecast that a judged centre gets: like the truth, never the truth, and the same for the same seed."""

import numpy as np

from simulators.evaluate.foresight import Foresight
from simulators.foretold import Air

ISSUED = 21_600.0 * 80_000
DAY = 96


def errors(seed, later_s=0.0):
    foresight = Foresight(lambda at: Air(-5.0, 2.0, 0.0 if at % 86_400.0 < 43_200.0 else 200.0), seed)
    told = foresight(ISSUED + later_s + 900.0 * np.arange(2 * DAY)).series
    return told.T_outdoor + 5.0, told


def test_the_error_grows_with_lead_time_to_the_sizes_that_are_told():
    rows = np.array([errors(seed)[0] for seed in range(200)])
    first, second = rows[:, :DAY].std(), rows[:, DAY:].std()
    assert 0.8 < first < 1.2 < second < 1.7
    assert abs(rows.mean()) < 0.2
    assert (rows.std(axis=0) > 0.3).all(), "nothing is ever foreseen as it comes"


def test_the_same_seed_foresees_the_same_and_a_run_stands_for_six_hours():
    assert (errors(7)[0] == errors(7)[0]).all()
    assert not (errors(7)[0] == errors(8)[0]).any()
    now, an_hour_on = errors(7)[0], errors(7, 3600.0)[0]
    assert np.allclose(now[4:], an_hour_on[:-4])
    assert not np.allclose(now[24:], errors(7, 21_600.0)[0][:-24])


def test_sun_is_never_below_nothing_and_there_is_none_where_the_truth_has_none():
    series = errors(3)[1]
    assert (series.sun >= 0.0).all()
    assert (series.sun > 0.0).any()
    assert series.wind.min() > 0.0
