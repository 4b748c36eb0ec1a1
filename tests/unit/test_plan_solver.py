"""The planner's solver against general solvers of the same program, closed forms and its own bound."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.building import transition
from optimizer.building_prior import prior
from optimizer.plan.banded import WIDTH, factorise
from optimizer.plan.banded import solve as solve_bands
from optimizer.plan.coupling import answer
from optimizer.plan.dynamics import houses
from optimizer.plan.formulation import beginning, formulate
from optimizer.plan.interior import Effort, minimise
from optimizer.plan.problem import examine
from optimizer.plan.program import costs
from optimizer.plan.rationing import within_limits
from optimizer.plan.solving import solve
from optimizer.plan.status import PlanStatus
from tests.support.plan_cities import a_step_later, city
from tests.support.plan_reference import by_clarabel, by_piqp, reference


def minimised(problem, effort):
    program = formulate(problem, examine(problem))
    return program, minimise(program, lambda q: within_limits(program, q), effort, beginning(program))


@pytest.mark.parametrize(
    ("loops", "steps", "cap"), [(1, 96, 1.06), (3, 24, 1.0), (6, 96, 1.06), (8, 48, np.inf)]
)
def test_two_general_solvers_of_the_program_written_anew_find_the_same_cost(loops, steps, cap):
    problem = city(loops, steps=steps, cap=cap, seed=loops)
    program_twice = reference(problem)
    piqp, clarabel = by_piqp(problem, program_twice), by_clarabel(problem, program_twice)
    _, ours = minimised(problem, Effort(gap=1e-5, iterations=60))
    assert piqp.cost == pytest.approx(clarabel.cost, rel=1e-6)
    assert ours.cost == pytest.approx(piqp.cost, rel=2e-5)
    assert ours.bound <= piqp.cost * (1.0 + 1e-7) <= ours.cost * (1.0 + 2e-7)


def test_the_bound_is_below_the_optimum_after_any_number_of_iterations():
    problem = city(4, steps=32, seed=3)
    best = by_piqp(problem, reference(problem)).cost
    bounds = []
    for iterations in (1, 3, 5, 7, 9, 11, 13):
        _, solution = minimised(problem, Effort(gap=0.0, iterations=iterations))
        assert solution.bound <= best * (1.0 + 1e-7)
        assert solution.cost >= best * (1.0 - 1e-7)
        bounds.append(solution.bound)
    assert bounds[-1] == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_a_city_is_planned_within_a_proven_half_percent(seed):
    plan = solve(city(40, seed=seed))
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.why is None
    assert plan.gap <= 0.005
    assert plan.bound <= plan.cost.total


def test_the_same_question_gives_the_same_plan_bit_for_bit():
    first, second = solve(city(30)), solve(city(30))
    assert (first.q == second.q).all()
    assert first.bound == second.bound


def test_a_plan_keeps_every_limit_and_its_temperatures_follow_from_its_heat():
    problem = city(30, seed=5)
    plan = solve(problem)
    assert (plan.q >= problem.q_min - 1e-9).all()
    assert (plan.q <= problem.q_max + 1e-9).all()
    assert (
        np.abs(np.diff(plan.q, axis=1, prepend=problem.q_before[:, None])) <= problem.ramp[:, None] + 1e-9
    ).all()
    P = problem.area @ plan.q / 1000.0
    assert pytest.approx(P) == plan.P
    assert (problem.P_max * (1.0 + 1e-9) >= P).all()
    x = problem.x0
    for k in range(96):
        u = np.stack([plan.q[:, k], np.full(30, problem.T_outdoor[k]), problem.gains[:, k]], axis=1)
        x = np.einsum("nij,nj->ni", problem.A, x) + np.einsum("nij,nj->ni", problem.B, u)
        assert plan.T_indoor[:, k] == pytest.approx(x[:, 0], abs=1e-6)


def test_what_the_cap_costs_stands_in_the_price_where_it_binds():
    plan = solve(city(20))
    problem = city(20)
    at_cap = problem.P_max * 0.99 < plan.P
    assert at_cap.any()
    assert plan.price[at_cap].max() > 1.2 * problem.tariff[at_cap].max()
    assert (plan.price >= problem.tariff - 0.05).all() or not at_cap.all()
    assert "plan.cap" in [reason.id for reason in plan.binding]
    unlimited = solve(city(20, cap=np.inf))
    assert unlimited.price == pytest.approx(problem.tariff, abs=0.02)


def test_heat_moves_to_cheap_hours_and_rooms_stay_in_their_band():
    problem = replace(city(20, cap=np.inf), T_min=np.full((20, 96), 20.0))
    flat = solve(replace(problem, tariff=np.ones(96)))
    plan = solve(problem)
    dear = problem.tariff > 1.2
    assert plan.q[:, dear].mean() < flat.q[:, dear].mean() - 1.0
    assert plan.T_indoor[:, 24:].min() > 19.8
    assert plan.T_indoor.max() < 22.7


def test_a_plan_does_not_live_off_the_walls():
    """A band that opens in the last hours is an offer to end with cold houses; what they lack is paid for."""
    problem = city(10, cap=np.inf)
    T_min = np.full((10, 96), 20.0)
    T_min[:, 56:] = 12.0
    problem = replace(problem, T_min=T_min, q_min=0.0 * problem.q_min, tariff=np.ones(96))
    program = formulate(problem, examine(problem))

    def worth(plan):
        states = program.houses.states(program.free, plan.q.T)
        return (program.houses.worth * states[-1]).sum(axis=0)

    kept = solve(problem)
    lived_off = solve(replace(problem, weights=replace(problem.weights, end=1e-6)))
    lack = program.worth_end - worth(kept)
    assert lack.max() < 6.0
    assert (program.worth_end - worth(lived_off)).max() > 12.0


def test_an_earlier_plan_helps_the_next_one():
    problem = city(40, seed=2)
    first = solve(problem)
    later = a_step_later(problem, first.q[:, 0])
    cold, warm = solve(later), solve(later, first)
    assert warm.status is PlanStatus.OPTIMAL
    assert warm.iterations <= cold.iterations
    assert warm.cost.total == pytest.approx(cold.cost.total, rel=0.005)


def test_effort_ends_with_what_is_known_then_and_says_so():
    plan = solve(city(20), effort=Effort(gap=1e-6, iterations=9))
    assert plan.iterations == 9
    assert plan.status in (PlanStatus.OPTIMAL, PlanStatus.USABLE)
    nothing = solve(city(20), effort=Effort(iterations=2))
    assert nothing.status is PlanStatus.NONE
    assert nothing.why.id == "plan.not_solved"


def test_band_factors_solve_what_dense_factors_solve():
    random = np.random.default_rng(0)
    k, n = 12, 5
    right = random.normal(size=(k, n))
    bands, dense = np.zeros((k, WIDTH + 1, n)), np.zeros((n, k, k))
    for i in range(n):
        lower = np.tril(np.triu(random.normal(size=(k, k)), -WIDTH)) + 4.0 * np.eye(k)
        dense[i] = lower @ lower.T
        for m in range(WIDTH + 1):
            bands[: k - m, m, i] = np.diagonal(dense[i], -m)
    factors = factorise(bands)
    taps, weights = random.normal(size=(3, n)), random.uniform(size=n)
    assert solve_bands(factors, right.copy()) == pytest.approx(
        np.linalg.solve(dense, right.T[..., None])[..., 0].T
    )
    expected = np.zeros((k, k))
    for i in range(n):
        heat = sum(taps[m, i] * np.eye(k, k, -m) for m in range(3))
        expected += weights[i] * heat @ np.linalg.inv(dense[i]) @ heat.T
    assert answer(factors, taps, weights) == pytest.approx(expected)


def test_the_flat_form_of_a_house_is_the_house():
    buildings = prior(
        building_type=["residential"] * 3,
        emitter=["radiator", "floor", "radiator"],
        insulation=["old", "saving", "new"],
        area=[5000.0] * 3,
    )
    step = transition(buildings, 0.25)
    of = houses(step.A, step.B[:, :, 0], 0.25)
    y = np.random.default_rng(1).normal(size=(40, 3))
    q = of.heat.of(y)
    states = of.states(np.zeros((40, 2, 3)), q)
    assert of.indoor.of(y) == pytest.approx(states[:, 0], abs=1e-9)
    assert of.end.of(y) == pytest.approx((of.worth * states).sum(axis=1), abs=1e-7)
    assert of.change.of(y)[1:] == pytest.approx(np.diff(q, axis=0))
    g = np.random.default_rng(2).normal(size=(40, 3))
    by_y = np.zeros_like(g)
    of.heat.add_adjoint(g, by_y)
    assert of.heat_gradient(by_y) == pytest.approx(g)


def test_a_kelvin_of_the_room_is_worth_what_it_stores_if_nothing_leaks_past_the_envelope():
    """A hand calculation: all future degree hours of 1 K of room against those of heat given to the room."""
    buildings = prior(building_type=["residential"], emitter=["radiator"], insulation=["old"], area=[5000.0])
    step = transition(buildings, 0.01)
    worth = houses(step.A, step.B[:, :, 0], 0.01).worth[:, 0]
    assert worth[0] == pytest.approx(buildings.C_i[0], rel=0.01)
    through = buildings.h_ie[0] / (buildings.h_ie[0] + buildings.K_eo[0])
    assert worth[1] == pytest.approx(buildings.C_e[0] * through, rel=0.01)


def test_costs_are_the_sum_of_what_they_say():
    problem = city(5)
    program, solution = minimised(problem, Effort())
    cost, T = costs(program, solution.q)
    w = problem.area / problem.area.sum()
    dt, price = problem.dt_h, problem.tariff / problem.tariff.mean()
    assert cost.heat == pytest.approx(float((dt * price[:, None] * solution.q).sum(axis=0) @ w))
    below = np.maximum(problem.T_min.T - T, 0.0)
    assert cost.cold == pytest.approx(float((dt * (60.0 * below + 20.0 * below**2)).sum(axis=0) @ w))
    assert cost.total == pytest.approx(solution.cost)
