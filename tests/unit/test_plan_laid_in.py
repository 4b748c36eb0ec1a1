"""Heat that a plan lays in before the source lacks it: how much, from when on; the sun's is none."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.plan.laid_in import laid_in
from optimizer.plan.solving import solve
from tests.support.cold_waves import cold_wave


@pytest.mark.parametrize(("share", "at"), [(0.9, 8.0), (0.85, 14.0), (0.8, 14.0), (0.8, 22.0)])
def test_before_a_cold_wave_rooms_take_heat_in_by_at_most_1_kelvin_and_12_h_inside_their_band(share, at):
    _, problem = cold_wave(share, at)
    plan = solve(problem)
    laid = laid_in(problem, plan)
    assert laid is not None
    assert 0.1 < laid.K <= 1.0
    assert 0.25 * (laid.end - laid.begin) <= 12.0
    assert 0.25 * laid.begin < at
    assert plan.T_indoor.max() <= 20.7 + 0.05


def test_where_the_wave_is_near_and_the_source_far_too_weak_rooms_still_stay_inside_their_band():
    """The most that is laid in within 4 h, though far more will lack."""
    _, problem = cold_wave(0.85, 4.0)
    plan = solve(problem)
    assert 0.3 < laid_in(problem, plan).K <= 0.7 + 0.05  # the band is soft
    assert plan.T_indoor.max() <= 20.7 + 0.1


def test_a_source_that_is_strong_enough_lays_nothing_in():
    _, problem = cold_wave(1.5)
    assert laid_in(problem, solve(problem)) is None


def test_the_sun_of_noon_is_no_heat_laid_in():
    """On a demo's page the rise of noon stood as 1.1 K taken in ahead of the cold."""
    _, problem = cold_wave(1.5)
    noon = np.clip(np.sin(np.pi * (0.25 * np.arange(96) - 7.0) / 9.0), 0.0, None)
    sunny = replace(problem, gains=problem.gains + 25.0 * noon, q_min=30.0 * np.ones((3, 96)))
    plan = solve(sunny)
    mean = plan.T_indoor.mean(axis=0)
    assert mean[28:60].max() - mean[60:].min() > 0.5, "rooms rise and fall again"
    assert laid_in(sunny, plan) is None
    weak = replace(sunny, P_max=np.where(np.arange(96) < 90, sunny.P_max, 0.1 * sunny.P_max))
    laid = laid_in(weak, solve(weak))
    assert laid is None or laid.K <= 0.7, "of what is laid in the sun is no part"


def test_a_cold_room_that_is_brought_into_its_band_takes_nothing_in():
    _, problem = cold_wave(1.5, warm_K=-2.0)
    plan = solve(problem)
    assert plan.T_indoor[:, 40].min() > plan.T_indoor[:, 0].max() + 1.0
    assert laid_in(problem, plan) is None


def test_of_a_plan_that_answers_another_question_nothing_is_told():
    _, problem = cold_wave(0.8)
    plan = solve(problem)
    assert laid_in(problem, plan) is not None
    assert laid_in(replace(problem, start=problem.start + 900.0), plan) is None
