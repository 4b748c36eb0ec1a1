"""What estimation may believe of identified loops, and how a cycle is told by name."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.building_prior import prior
from optimizer.estimate.state import measured, trust_before
from optimizer.estimate.trusting import DISTURBANCE_SD_W_PER_M2, trusted
from optimizer.identify.history import History
from optimizer.identify.nightly import believed, identify
from tests.support.houses import recorded, sized


def found(**changes):
    guess = prior(building_type=["residential"], emitter=["radiator"], insulation=["saving"], area=[6e4])
    rows, _ = recorded(sized(1.5), days=9, seed=6)
    return identify(History(**(rows | changes)), believed(guess), guess)


def test_an_identified_loop_is_trusted_as_its_record_says_and_others_as_before():
    one = found()
    trust = trusted([one, None])
    before = trust_before(2)
    assert trust.level_sd[0] == one.T_indoor_sd < before.level_sd[0]
    assert trust.disturbance_sd[0] == DISTURBANCE_SD_W_PER_M2
    assert trust.water[0] == one.candidate.water[0]
    assert trust.sensor_bias[0] == one.candidate.sensor_bias[0]
    for name in ("level_sd", "disturbance_sd", "water", "sensor_bias", "sensor_sd"):
        assert getattr(trust, name)[1] == getattr(before, name)[1]


def test_a_refused_loop_is_trusted_as_little_as_a_new_one():
    absent = np.full(9 * 96, np.nan)
    refused = found(T_indoor=absent, T_supply=absent)
    assert refused.state == "refused"
    assert trusted([refused]).level_sd == pytest.approx(trust_before(1).level_sd)


def test_small_steps_leave_the_doubt_of_what_they_have_not_reached():
    one = found()
    assert one.T_indoor_sd > one.fitted.T_indoor_sd


def test_trust_is_taken_as_loops_are():
    trust = replace(trust_before(3), water=np.array([1.0, 2.0, 3.0]))
    assert trust.take([2, 0]).water == pytest.approx([3.0, 1.0])


def test_a_cycle_is_told_by_name_and_the_rest_is_absent():
    cycle = measured(2, T_outdoor=-3.0, T_indoor=np.array([20.0, np.nan]))
    assert cycle.T_outdoor == pytest.approx([-3.0, -3.0])
    assert np.isnan(cycle.T_indoor).tolist() == [False, True]
    assert np.isnan(cycle.Q_meter).all()


def test_a_name_that_nobody_measures_is_refused():
    with pytest.raises(ValueError, match="T_room: nothing of that name is measured"):
        measured(1, T_room=20.0)
