"""Who gives the heat of each hour: the cheapest that can, in time, within ramps; and what it can not do."""

import itertools

import numpy as np
import pytest

from optimizer.dispatch import FIRING_SHARE_PER_H, Plants, _shared, dispatched


def plants(**changes):
    """A base plant that runs, and a dearer one for peaks that does not; kW."""
    full = {
        "Q_most": [60_000.0, 30_000.0],
        "Q_least": [21_000.0, 9_000.0],
        "price": [1.0, 1.6],
        "start_h": [8.0, 1.5],
        "running": [True, False],
        "Q_now": [40_000.0, 0.0],
    } | changes
    return Plants(**{name: np.array(value) for name, value in full.items()})


def day(low=40_000.0, high=70_000.0):
    """A morning peak of six hours from the eighth on, to which and from which heat goes in steps."""
    Q = np.full(24, low)
    Q[8:14] = high
    Q[5:8] = np.linspace(low, high, 5)[1:4]
    Q[14:17] = Q[7:4:-1]
    return Q


def cost(Q, p):
    return float((p.price @ Q).sum())


def test_heat_of_each_hour_is_given_by_the_cheapest_and_the_rest_by_the_peak_plant():
    p, Q = plants(), day()
    told = dispatched(Q, p)
    np.testing.assert_allclose(told.Q.sum(axis=0), Q, atol=1e-3)
    assert told.on[0].all()
    assert not told.on[1, :5].any()
    assert told.on[1, 8:14].all()
    assert told.reasons == ()
    assert told.Q[0, 10] == pytest.approx(60_000.0)


def test_a_start_is_ordered_as_early_as_it_takes():
    told = dispatched(day(), plants())
    begun = int(np.flatnonzero(told.on[1])[0])
    assert told.starting[1, begun - 2 : begun].all()
    assert told.starting[1].sum() == 2
    slow = dispatched(day(), plants(start_h=[8.0, 8.0]))
    assert slow.starting[1].sum() == int(np.flatnonzero(slow.on[1])[0])


def test_least_loads_and_ramps_are_kept():
    p, Q = plants(), day()
    told = dispatched(Q, p)
    for i in range(2):
        on = told.on[i]
        assert (told.Q[i][on] >= p.Q_least[i] - 1e-6).all()
        assert (told.Q[i][~on] == 0.0).all()
        stays = on[1:] & on[:-1]
        assert (np.abs(np.diff(told.Q[i]))[stays] <= FIRING_SHARE_PER_H * p.Q_most[i] + 1e-6).all()
    assert abs(told.Q[0, 0] - p.Q_now[0]) <= FIRING_SHARE_PER_H * p.Q_most[0] + 1e-6


def test_a_source_that_starts_slowly_stays_on_through_a_short_lull_and_stops_in_a_long_one():
    p = plants(running=[True, True], start_h=[8.0, 5.0], Q_now=[45_000.0, 25_000.0])
    Q = np.full(24, 70_000.0)
    Q[6:9] = 55_000.0
    assert dispatched(Q, p).on[1].all()
    Q = np.full(24, 70_000.0)
    Q[6:18] = 55_000.0
    assert not dispatched(Q, p).on[1].all()


def test_more_heat_than_there_is_is_told_with_its_size():
    told = dispatched(day(high=100_000.0), plants())
    (why,) = [reason for reason in told.reasons if reason.id == "dispatch.short"]
    assert why.params["hours"] == 6
    assert why.params["short_kW"] == pytest.approx(10_000.0)
    assert told.missing[10] == pytest.approx(10_000.0)


def test_heat_that_comes_too_early_for_a_start_is_told_as_late_and_not_as_missing_capacity():
    Q = np.full(24, 75_000.0)
    told = dispatched(Q, plants(start_h=[8.0, 4.0], Q_now=[60_000.0, 0.0]))
    assert [reason.id for reason in told.reasons] == ["dispatch.late"]
    assert told.reasons[0].params["hours"] == 5  # four to start, and in its first it is not yet hot enough
    assert not told.on[1, :4].any()


def test_less_heat_than_the_least_load_is_told():
    told = dispatched(np.full(24, 15_000.0), plants(Q_now=[21_000.0, 0.0]))
    assert [reason.id for reason in told.reasons] == ["dispatch.too_much"]
    assert told.reasons[0].params["above_kW"] == pytest.approx(6_000.0)


def test_without_a_source_and_without_a_known_heat_nothing_is_made_up():
    empty = np.zeros(0)
    none = Plants(Q_most=empty, Q_least=empty, price=empty, start_h=empty, running=empty > 0.0, Q_now=empty)
    assert dispatched(day(), none).reasons[0].id == "dispatch.no_source"
    told = dispatched(np.full(24, np.nan), plants())
    assert told.reasons[0].id == "dispatch.heat_unknown"
    assert np.isfinite(told.Q).all()
    assert np.isfinite(told.missing).all()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_ordered_costs_little_more_than_the_best_of_all_ways_to_run(seed):
    rng = np.random.default_rng(seed)
    p = plants(
        Q_most=[50_000.0, 20_000.0],
        Q_least=[15_000.0, 6_000.0],
        start_h=[1.0, 1.0],
        running=[True, bool(seed % 2)],
        Q_now=[40_000.0, 10_000.0],
    )
    Q = 45_000.0 + 12_000.0 * np.sin(np.arange(7) + rng.uniform(0, 6)) + rng.uniform(-2e3, 2e3, 7)
    told = dispatched(Q, p)
    weighed = cost(told.Q, p) + 1600.0 * told.missing.sum()
    best = np.inf
    for second in itertools.product([False, True], repeat=7):
        on = np.array([[True] * 7, second])
        if not p.running[1] and second[0]:
            continue  # it takes an hour to start
        given, missing, above = _shared(Q, on, p)
        best = min(best, cost(given, p) + 1600.0 * (missing.sum() + above.sum()))
    assert weighed <= 1.02 * best
