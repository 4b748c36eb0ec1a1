"""Where a plan begins: the same program in longer steps, and what is taken from it."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.plan.coarse import TOGETHER, can_be_coarser, coarser, finer, mean
from optimizer.plan.formulation import beginning, formulate
from optimizer.plan.interior import MU_COLD, Effort, minimise, roughly
from optimizer.plan.problem import examine
from optimizer.plan.program import costs
from optimizer.plan.rationing import within_limits
from tests.support.plan_cities import city


def program_of(problem):
    return formulate(problem, examine(problem))


def test_rooms_and_walls_of_longer_steps_are_those_of_the_short_ones_under_even_heat():
    program = program_of(city(5))
    q = np.random.default_rng(0).uniform(10.0, 50.0, (24, 5))
    rough = coarser(program)
    short = program.houses.states(program.free, np.repeat(q, TOGETHER, axis=0))
    long = rough.houses.states(rough.free, q)
    assert long == pytest.approx(short[TOGETHER - 1 :: TOGETHER], abs=1e-9)
    y = np.random.default_rng(1).normal(size=(24, 5))
    states = rough.houses.states(np.zeros_like(rough.free), rough.houses.heat.of(y))
    assert rough.houses.indoor.of(y) == pytest.approx(states[:, 0], abs=1e-9)
    assert rough.houses.end.of(y) == pytest.approx((rough.houses.worth * states).sum(axis=1), abs=1e-7)


def test_an_even_course_costs_the_same_in_longer_steps():
    problem = replace(city(5, cap=np.inf), tariff=np.ones(96))
    problem = replace(problem, T_min=np.full((5, 96), 12.0), T_max=np.full((5, 96), 40.0))
    program = program_of(problem)
    q = np.tile(program.before, (96, 1))
    fine, rough = costs(program, q)[0], costs(coarser(program), mean(q))[0]
    assert rough.heat == pytest.approx(fine.heat)
    assert rough.end == pytest.approx(fine.end)
    assert rough.moves == fine.moves == 0.0


def test_heat_drawn_from_longer_steps_keeps_the_ramps_that_those_kept():
    q = np.cumsum(np.random.default_rng(2).uniform(-8.0, 8.0, (24, 3)), axis=0)
    assert np.abs(np.diff(finer(q), axis=0)).max() <= np.abs(np.diff(q, axis=0)).max() / TOGETHER + 1e-12
    assert mean(finer(q))[1:-1] == pytest.approx(q[1:-1], abs=4.0)


@pytest.mark.parametrize("steps", [12, 30, 97])
def test_what_has_no_whole_longer_steps_or_few_begins_where_it_did(steps):
    program = program_of(city(2, steps=steps))
    assert not can_be_coarser(program)
    start = beginning(program)
    q, mu = roughly(program, start)
    assert q is start
    assert mu == MU_COLD


def test_numbers_that_run_out_in_longer_steps_leave_the_beginning_as_it_was():
    program = program_of(city(3))
    start = beginning(program)
    q, mu = roughly(replace(program, P_max=np.full(96, np.nan)), start)
    assert q is start
    assert mu == MU_COLD


def test_beginning_in_longer_steps_saves_iterations_and_ends_as_near():
    program = program_of(city(30, seed=4))
    start = beginning(program)
    q, mu = roughly(program, start)
    assert (q > program.lower).all()
    assert (q < program.upper).all()

    def repair(heat):
        return within_limits(program, heat)

    plain = minimise(program, repair, Effort(), start)
    begun = minimise(program, repair, Effort(), q, mu)
    assert begun.iterations < plain.iterations
    assert max(begun.bound, plain.bound) <= min(begun.cost, plain.cost)
    assert begun.gap <= Effort().gap
