"""The course on a heating curve: emitters by another way of solving them, houses by their own balance."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from optimizer.on_curve import curve_ahead, filtered_ahead, follow
from optimizer.regulation import FlowBand, RegulationLaw
from tests.support.explained import LAW, LOOPS, STEPS, curve_course, houses, problem

C_WATER = 4180.0


def heat_by_root(T_supply, flow, T_room, b, i):
    """The return at which water and emitter agree, by scipy."""
    C = C_WATER * b.flow_design[i] * flow

    def apart(T_return):
        above, back = T_supply - T_room, T_return - T_room
        mean = above if above - back < 1e-9 else (above - back) / math.log(above / back)
        return b.q_n[i] * (mean / b.excess_n[i]) ** (1.0 + b.exponent[i]) - C * (T_supply - T_return)

    return C * (T_supply - brentq(apart, T_room + 1e-9, T_supply - 1e-12, xtol=1e-11))


@pytest.mark.parametrize("exponent", [0.0, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("law_error", [0.0, 0.7])
def test_each_step_gives_the_heat_at_which_water_and_emitter_agree(exponent, law_error):
    question, b = problem(), replace(houses(), exponent=np.full(LOOPS, exponent))
    course = follow(
        question.A,
        question.B,
        question.x0,
        b,
        T_supply=np.full((LOOPS, STEPS), 52.0),
        flow=np.full((LOOPS, STEPS), 0.7),
        T_outdoor=question.T_outdoor,
        gains=question.gains,
        law_error=np.full(LOOPS, law_error),
    )
    before = np.concatenate([question.x0[:, :1], course.T_indoor[:, :-1]], axis=1)
    for i in range(LOOPS):
        for k in (0, 1, 40, 95):
            wanted = heat_by_root(52.0, 0.7, before[i, k] + law_error, b, i)
            assert course.q[i, k] == pytest.approx(wanted, rel=3e-3 if exponent > 0.5 else 1e-5)


def test_rooms_follow_the_question_s_own_houses():
    question = problem()
    course, x = curve_course(question), question.x0
    for k in range(STEPS):
        u = np.stack([course.q[:, k], np.full(LOOPS, question.T_outdoor[k]), question.gains[:, k]], axis=1)
        x = np.einsum("nij,nj->ni", question.A, x) + np.einsum("nij,nj->ni", question.B, u)
        np.testing.assert_allclose(course.T_indoor[:, k], x[:, 0], atol=1e-9)


def test_a_loop_of_which_something_is_not_known_has_no_course_and_spoils_no_other():
    question = problem()
    hole = replace(question, x0=question.x0.copy())
    hole.x0[2, 0] = np.nan
    whole, holed = curve_course(question), curve_course(hole)
    assert np.isnan(holed.q[2]).all()
    others = [0, 1, 3, 4]
    np.testing.assert_array_equal(holed.q[others], whole.q[others])


def test_water_cooler_than_the_rooms_gives_next_to_nothing():
    question = problem()
    cold, full = np.full((LOOPS, STEPS), 0.0), np.ones((LOOPS, STEPS))
    course = follow(
        question.A,
        question.B,
        question.x0,
        houses(),
        T_supply=cold,
        flow=full,
        T_outdoor=question.T_outdoor,
        gains=question.gains,
    )
    assert (course.q >= 0.0).all()
    assert course.q.max() < 0.1


def test_the_filter_goes_over_to_the_forecast_in_its_own_time():
    ahead = filtered_ahead(0.0, np.full(200, -10.0), 0.25, 12.0)
    assert ahead[0] == pytest.approx(-10.0 * (1.0 - math.exp(-0.25 / 12.0)))
    assert ahead[47] == pytest.approx(-10.0 * (1.0 - math.exp(-1.0)))
    np.testing.assert_array_equal(filtered_ahead(5.0, np.array([1.0, 2.0]), 0.25, 0.0), [1.0, 2.0])


def test_the_curve_is_the_law_s_at_its_flow_and_below_the_loop_s_limit():
    staged = RegulationLaw(
        T_indoor=20.0,
        T_outdoor_design=-10.1,
        T_supply_design=75.0,
        T_return_design=50.0,
        exponent=0.3,
        flow_bands=(FlowBand(above_degC=3.0, fraction=0.6),),
    )
    T_supply, flow = curve_ahead(LAW, np.array([0.0, -10.1]), 70.0)
    assert T_supply[0] == pytest.approx(59.3, abs=0.05)
    assert T_supply[1] == 70.0
    assert flow.tolist() == [1.0, 1.0]
    assert curve_ahead(staged, np.array([6.0]), 70.0)[1].tolist() == [0.6]
