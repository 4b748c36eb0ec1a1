"""What the centre believes of loops, cycle by cycle: from readings of all kinds to finite numbers."""

from dataclasses import replace

import numpy as np
import pytest

from controller.knowing.known import Kind, believing, first_known, heard, measurements
from controller.strategies.inputs import StrategyInputs
from optimizer.building import steady_state
from optimizer.estimate.state import Doubt, Flag
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from tests.support.guard_world import MONOTONIC, NOW, loop_traits, observation

T_OUTDOOR = -3.0
INDOOR = Point(1, "T_indoor_mean")
METER = Point(0, "Q_flow_primary")


def traits(*loops):
    return {one.key: one for one in loops}


def inputs(town, cycle=0, seen=None, readings=None, T_outdoor=T_OUTDOOR):
    """One cycle a minute; every loop shows `seen` besides supply 50, return 40 and its design flow."""
    now = NOW + 60.0 * cycle
    observations = {}
    for key, loop in town.items():
        water = {
            "T_supply": good(50.0, now),
            "T_return": good(40.0, now),
            "m_flow": good(loop.m_flow_design, now),
        }
        observations[key] = replace(observation(), key=key, **(water | (seen or {})))
    told = {INDOOR: good(21.5, now)} if readings is None else readings
    return StrategyInputs(
        now=now,
        monotonic=MONOTONIC + 60.0 * cycle,
        laws={},
        T_outdoor=T_outdoor,
        T_outdoor_filtered={},
        observations=observations,
        readings={key.station: told for key in town},
        sent={},
    )


def test_a_loop_begins_as_houses_of_its_emitter_and_area_with_its_own_water():
    town = traits(loop_traits(1), replace(loop_traits(2), emitter="floor"))
    known = first_known(town, T_OUTDOOR)
    assert known.keys == tuple(town)
    assert known.places == {key: place for place, key in enumerate(town)}
    design = [loop.m_flow_design / loop.A_heated_m2 for loop in town.values()]
    assert known.buildings.flow_design == pytest.approx(design)
    assert known.buildings.exponent[0] > known.buildings.exponent[1]
    assert known.at is None
    assert set(known.state.flags.tolist()) == {Flag.LOST}


def test_what_heats_water_for_taps_is_not_believed_to_have_rooms():
    town = traits(loop_traits(1), replace(loop_traits(2), emitter="dhw"))
    assert first_known(town, None).keys == tuple(town)[:1]


def test_a_school_is_taken_for_a_school():
    town = traits(loop_traits(1), loop_traits(2))
    UA = first_known(town, None, kinds={tuple(town)[1]: Kind("school")}).buildings.UA
    assert UA[1] > UA[0]


def test_sensors_are_believed_within_a_day_and_the_loop_counts_as_measured():
    town = traits(loop_traits(1))
    known = first_known(town, T_OUTDOOR)
    for cycle in range(0, 24 * 60, 10):
        known = heard(known, inputs(town, cycle), sun=0.0, wind=2.0)
    assert known.state.T_indoor[0] == pytest.approx(21.5, abs=0.6)
    assert known.state.flags[0] == Flag.MEASURED
    assert known.at == MONOTONIC + 60.0 * (24 * 60 - 10)


@pytest.mark.parametrize(
    "reading",
    [
        bad(Reason.SENTINEL, NOW),
        uncertain(21.5, Reason.RATE, NOW),
        good(21.5, NOW - 7300.0),
    ],
)
def test_what_is_not_good_or_not_recent_is_absent(reading):
    town = traits(loop_traits(1))
    seen = {"T_supply": reading, "T_return": replace(good(40.0, NOW - 400.0)), "m_flow": reading}
    told = measurements(
        first_known(town, None), inputs(town, seen=seen, readings={INDOOR: reading}), None, None
    )
    for name in ("T_indoor", "T_supply", "T_return", "m_flow", "Q_meter", "sun", "wind"):
        assert np.isnan(getattr(told, name)).all(), name


def test_the_heat_meter_of_a_station_tells_of_its_only_loop_and_of_no_other():
    one, two = loop_traits(1), loop_traits(2)
    readings = {METER: good(1800.0, NOW)}
    both = traits(one, replace(two, key=one.key._replace(loop=2)))
    assert (
        measurements(
            first_known(traits(one), None), inputs(traits(one), readings=readings), None, None
        ).Q_meter
        == 1800.0
    )
    assert np.isnan(
        measurements(first_known(both, None), inputs(both, readings=readings), None, None).Q_meter
    ).all()


def test_behind_a_standing_pump_no_heat_passes():
    town = traits(loop_traits(1))
    standing = {"pump_running": False, "m_flow": bad(Reason.SENTINEL, NOW)}
    told = measurements(first_known(town, None), inputs(town, seen=standing), None, None)
    assert told.Q_meter == 0.0
    measured = measurements(first_known(town, None), inputs(town, seen={"pump_running": False}), None, None)
    assert np.isnan(measured.Q_meter).all()


def test_a_cycle_that_comes_twice_changes_nothing():
    town = traits(loop_traits(1))
    known = heard(first_known(town, None), inputs(town), 0.0, 0.0)
    assert heard(known, inputs(town), 0.0, 0.0) is known


def test_nothing_heard_for_days_stays_finite_and_is_called_lost():
    town = traits(loop_traits(1))
    known = heard(first_known(town, T_OUTDOOR), inputs(town), 0.0, 0.0)
    nothing = dict.fromkeys(("T_supply", "T_return", "m_flow"), bad(Reason.LINK_DOWN, NOW))
    for cycle in range(60, 3 * 1440, 60):
        known = heard(known, inputs(town, cycle, nothing, {}, T_outdoor=None), None, None)
    assert np.isfinite(known.state.mean).all()
    assert known.state.flags[0] == Flag.LOST
    assert known.state.doubts[0] & Doubt.NO_HEAT


def test_other_houses_leave_the_rooms_where_they_were_heard():
    town = traits(loop_traits(1))
    known = heard(first_known(town, T_OUTDOOR), inputs(town), 0.0, 0.0)
    buildings = replace(known.buildings, UA=1.05 * known.buildings.UA)
    trust = replace(known.trust, level_sd=np.full(1, 0.7))
    moved = believing(known, buildings, trust)
    assert moved.state.T_indoor == pytest.approx(known.state.T_indoor)
    assert moved.state.trust is trust
    assert moved.buildings is buildings


def test_a_site_without_heated_loops_has_nothing_to_know():
    town = traits(replace(loop_traits(1), emitter="dhw"))
    known = first_known(town, None)
    assert len(known) == 0
    assert heard(known, inputs(town), None, None) is known
    assert steady_state(known.buildings, 0.0, 0.0, 0.0).shape == (0, 2)
