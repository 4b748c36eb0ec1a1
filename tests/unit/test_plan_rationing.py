"""When the source can not serve all: fair by need, critical users first, turns taken, limits kept."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.plan.problem import PlanProblem
from optimizer.plan.rationing import OWED_MAX_K_H, TURN, consistent
from optimizer.plan.solving import solve
from optimizer.plan.status import PlanStatus, moved_on
from optimizer.reason import because
from tests.support.plan_cities import city

N = 24


def short(share=0.7, **changes) -> PlanProblem:
    """A cold day on which the source gives ``share`` of what all need."""
    return replace(city(N, cap=share, seed=4), **changes)


def shortage(plan, enough):
    """What each loop lacks of what it would take, as a part of it."""
    return 1.0 - plan.q.sum(axis=1) / enough.q.sum(axis=1)


@pytest.fixture(scope="module")
def enough():
    return solve(replace(short(), P_max=np.full(96, np.inf)))


@pytest.fixture(scope="module")
def plain():
    return solve(short())


def test_a_shortage_is_borne_by_all_alike(plain, enough):
    assert plain.status is PlanStatus.USABLE
    assert plain.why.id == "plan.rationed"
    lacks = shortage(plain, enough)
    assert lacks.mean() > 0.2
    assert lacks.max() - lacks.min() <= 0.02
    assert np.ptp(plain.T_indoor[:, -1]) < 2.5


def test_a_plan_tells_what_all_would_get_and_how_far_apart_the_parts_are(plain, enough):
    assert np.allclose(plain.shares.needed, enough.q, rtol=1e-3, atol=0.05)
    assert not plain.shares.spared.any()
    assert np.allclose(1.0 - plain.shares.given(plain.q), shortage(plain, enough), atol=2e-3)
    assert plain.shares.spread(plain.q) == np.ptp(plain.shares.given(plain.q)) <= 0.02
    assert enough.shares is None
    critical = np.arange(N) < 3
    first = solve(short(critical=critical)).shares
    assert np.array_equal(first.spared, critical)
    later = moved_on(plain, plain.start + 1800.0, because("plan.solver_died", how="SIGKILL"))
    assert np.array_equal(later.shares.needed, plain.shares.needed[:, 2:])


def test_the_cap_is_kept_and_used_in_every_step_of_a_shortage(plain):
    problem = short()
    P = problem.area @ plain.q / 1000.0
    assert (problem.P_max * (1.0 + 1e-9) >= P).all()
    assert P[8:].min() > 0.97 * problem.P_max[0]
    assert (plain.q >= problem.q_min - 1e-9).all()


def test_critical_users_are_served_first(enough):
    critical = np.arange(N) < 3
    plan = solve(short(critical=critical))
    lacks = shortage(plan, enough)
    assert np.abs(lacks[critical]).max() < 0.02
    assert plan.T_indoor[critical].min() > 18.0
    assert np.ptp(lacks[~critical]) <= 0.02
    assert lacks[~critical].min() > 0.2
    problem = short()
    assert (problem.area @ plan.q / 1000.0 <= problem.P_max * (1.0 + 1e-9)).all()


def test_who_has_borne_more_is_spared_a_little_and_who_too_much_altogether(plain, enough):
    owed = np.where(np.arange(N) % 2 == 0, 40.0, 0.0)
    lacks = shortage(solve(short(owed=owed)), enough)
    assert lacks[::2].mean() < lacks[1::2].mean() - 0.5 * TURN * 40.0 / OWED_MAX_K_H
    assert np.ptp(lacks) <= 0.02
    worn = np.where(np.arange(N) == 5, 1.5 * OWED_MAX_K_H, 0.0)
    spared = shortage(solve(short(owed=worn)), enough)
    assert spared[5] < 0.02
    assert spared[np.arange(N) != 5].min() > 0.2


def test_in_a_long_shortage_who_has_borne_a_little_less_does_not_bear_all_of_the_next_day(enough):
    """Counted from nothing all but one would be spared, and that one would get hardly any heat."""
    owed = np.where(np.arange(N) == 7, OWED_MAX_K_H - 20.0, OWED_MAX_K_H + 20.0)
    lacks = shortage(solve(short(owed=owed)), enough)
    assert np.ptp(lacks) <= 0.02
    assert lacks[7] == lacks.max()


def test_a_morning_peak_is_no_shortage():
    plan = solve(city(N, cap=1.06))
    assert plan.status is PlanStatus.OPTIMAL


def test_limits_of_a_loop_leave_a_way_through_and_bounds_win_over_ramps():
    random = np.random.default_rng(3)
    for _ in range(50):
        k, n = 12, 3
        lower = random.uniform(0.0, 20.0, (k, n))
        upper = lower + random.uniform(0.0, 30.0, (k, n))
        before = random.uniform(0.0, 60.0, n)
        low, high, ramp = consistent(lower, upper, random.uniform(0.5, 5.0, n), before)
        assert (low >= lower).all()
        assert (high <= np.maximum(upper, lower + 1e-3)).all()
        last = before
        for step in range(k):
            least, most = np.maximum(low[step], last - ramp[step]), np.minimum(high[step], last + ramp[step])
            assert (least <= most + 1e-9).all()
            last = random.uniform(least, np.maximum(most, least))
