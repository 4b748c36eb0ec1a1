"""What a loop tells of itself in its first days: by sensors at once, by its answer to a wave after some."""

import math
from dataclasses import replace

import numpy as np
import pytest

from controller.decisions import Mode
from controller.knowing.asking import asked, drawn_at, listened, question_K, told
from controller.knowing.belief import with_beliefs
from controller.knowing.keeper import Keeper, introduced
from controller.knowing.known import SENSORS_WARM_K, first_known
from controller.strategies.inputs import StrategyInputs
from optimizer import emitters
from optimizer.balance import LoopModel
from optimizer.estimate.cycle import estimate
from optimizer.estimate.state import measured
from optimizer.questioning import HOURS_MAX, HOURS_MIN
from optimizer.regulation import RegulationLaw
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.guard_world import MONOTONIC, NOW, loop_traits, observation

B = 0.3
LAWS = {
    "radiator": RegulationLaw(
        T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=75.0, T_return_design=50.0, exponent=B
    )
}
CYCLE_S = 600.0
T_OUTDOOR, T_SUPPLY = -3.0, 58.0
A, M = 60_000.0, 40.0


def emitted(K, T_supply, T_room):
    """Return water and heat of an emitter at rest in a room: a fixed point of its own."""
    T_return = T_supply - 8.0
    for _ in range(200):
        low = max(T_return - T_room, 0.1)
        excess = (T_supply - T_return) / math.log((T_supply - T_room) / low)
        q = K * excess ** (1 + B)
        T_return += 0.3 * (T_supply - q * A / (4186.0 * M) - T_return)
    return T_return, q


class Loop:
    """A heavy house with or without a sensor, its room follows the wave by 3 %; it does what it is asked."""

    def __init__(self, K, T_room, *, sensor, number=1):
        self.traits = loop_traits(number)
        self.K, self.T_room, self.sensor = K, T_room, sensor


def lived(loops, hours, mode=Mode.AUTO):
    """Records after `hours`, and the largest and the smallest shift that was asked of each loop."""
    records, shifts = {}, {one.traits.key: [] for one in loops}
    traits = [one.traits for one in loops]
    for k in range(round(hours * 3600.0 / CYCLE_S) + 1):
        now = NOW + CYCLE_S * k
        observations, readings = {}, {}
        for one in loops:
            key = one.traits.key
            shift = question_K(records[key], key) if key in records else 0.0
            shifts[key].append(shift)
            T_return, _ = emitted(one.K, T_SUPPLY + shift, one.T_room + 0.03 * shift)
            water = {"T_supply": good(T_SUPPLY + shift, now), "T_return": good(T_return, now)}
            observations[key] = replace(observation(), key=key, mode=mode, m_flow=good(M, now), **water)
            indoor = {Point(1, "T_indoor_mean"): good(one.T_room + SENSORS_WARM_K, now)}
            readings[key.station] = indoor if one.sensor else {}
        inputs = StrategyInputs(
            now=now,
            monotonic=MONOTONIC + CYCLE_S * k,
            laws=LAWS,
            T_outdoor=T_OUTDOOR,
            T_outdoor_filtered={"radiator": T_OUTDOOR},
            observations=observations,
            readings=readings,
            sent={},
            records=records,
        )
        records = listened(traits if mode is Mode.AUTO else [], inputs)
    return records, shifts


def town(loop):
    return {loop.traits.key: loop.traits}


def believed_of(loop, record, days=20.0, belief=None):
    first = first_known(town(loop), T_OUTDOOR)
    begun = introduced(first, town(loop), NOW - 86_400.0 * days)[loop.traits.key]
    return told(loop.traits.key, begun, belief, record.model, NOW), first


def room_of(loop, belief, first):
    """The room that the water tells with what is believed."""
    b = with_beliefs(first, first, {loop.traits.key: belief}).buildings
    T_return, q = emitted(loop.K, T_SUPPLY, loop.T_room)
    return float(emitters.room(b, np.array([T_SUPPLY]), np.array([T_return]), np.array([q]))[0])


def test_a_loop_with_sensors_tells_its_emitters_and_its_loss_after_half_a_day():
    loop = Loop(0.25, 22.0, sensor=True)
    records, shifts = lived([loop], 13)
    record = records[loop.traits.key]
    assert not asked(record)
    assert set(shifts[loop.traits.key]) == {0.0}
    belief, first = believed_of(loop, record)
    assert belief.source == "asked"
    assert room_of(loop, belief, first) == pytest.approx(22.0, abs=0.3)
    _, q = emitted(loop.K, T_SUPPLY, 22.0)
    b = belief.identified.building
    assert b.UA[0] * 25.0 == pytest.approx(q + 2.8 + 0.03 * 60.0, rel=0.03)


@pytest.mark.parametrize("T_room", [18.5, 23.5])
def test_a_loop_without_sensors_is_asked_for_some_days_and_tells_how_warm_it_is(T_room):
    loop = Loop(0.25, T_room, sensor=False)
    records, shifts = lived([loop], HOURS_MIN + 1)
    record, seen = records[loop.traits.key], shifts[loop.traits.key]
    assert (max(seen), min(seen)) == (3.0, -3.0)
    assert not asked(record)
    belief, first = believed_of(loop, record)
    assert room_of(loop, belief, first) == pytest.approx(T_room, abs=1.0)
    assert belief.identified.T_indoor_sd <= 1.5
    assert belief.asked.T_indoor_sd == belief.identified.T_indoor_sd
    assert belief.identified.reasons[0].id == "identify.asked"


def test_a_loop_that_never_moves_is_told_by_loops_like_it_after_four_days():
    like = [Loop(0.25, T, sensor=True, number=n) for n, T in ((2, 20.0), (3, 21.0), (4, 22.0))]
    silent = Loop(0.25, 21.0, sensor=False)
    silent.traits = replace(silent.traits, proven=False)
    flat, _ = lived([silent, *like], 13)
    assert asked(flat[silent.traits.key])
    records, _ = lived([silent, *like], HOURS_MAX + 1)
    assert records[silent.traits.key].model.K is not None
    assert records[silent.traits.key].model.sd >= 0.4


def test_a_house_that_loses_much_is_believed_at_once_and_its_sensors_are_not_blamed():
    loop = Loop(0.62, 17.0, sensor=True)
    first = first_known(town(loop), T_OUTDOOR)
    keeper = Keeper(first, introduced(first, town(loop), NOW))
    T_return, q = emitted(loop.K, T_SUPPLY, loop.T_room)
    cycle = {"T_supply": T_SUPPLY, "T_return": T_return, "Q_meter": q * A / 1000.0, "T_outdoor": T_OUTDOOR}
    known = keeper.believed(first)
    for hours in (13, 96):
        state = known.state
        for _ in range(4 * hours):
            state = estimate(state, measured(1, T_indoor=17.0, **cycle), known.buildings, 900.0)
        assert state.T_indoor[0] == pytest.approx(17.0, abs=0.7)
        records, _ = lived([loop], hours)
        keeper.drawn(records, NOW)
        known = keeper.believe(replace(known, state=state))
    assert known.buildings.UA[0] > 1.3 * first.buildings.UA[0]
    assert known.trust.disturbance_sd[0] < 12.0


def test_what_a_night_found_is_not_talked_over():
    loop = Loop(0.25, 22.0, sensor=True)
    records, _ = lived([loop], 13)
    belief, _ = believed_of(loop, records[loop.traits.key])
    assert believed_of(loop, records[loop.traits.key], belief=replace(belief, source="night"))[0] is None


@pytest.mark.parametrize(
    "model",
    [
        LoopModel(),
        LoopModel(hours=20, K=0.2, T_indoor=45.0, T_supply=50.0, T_return=40.0, q=30.0),
        LoopModel(hours=20, K=0.2, T_indoor=20.0, T_outdoor=17.0, T_supply=50.0, T_return=40.0, q=30.0),
    ],
)
def test_hours_that_tell_nothing_make_no_belief(model):
    loop = Loop(0.25, 22.0, sensor=True)
    begun = introduced(first_known(town(loop), T_OUTDOOR), town(loop), NOW)[loop.traits.key]
    assert told(loop.traits.key, begun, None, model, NOW) is None


def test_a_loop_out_of_auto_is_not_asked():
    loop = Loop(0.25, 22.0, sensor=False)
    records, shifts = lived([loop], 5, mode=Mode.LOCAL)
    assert records == {}
    assert set(shifts[loop.traits.key]) == {0.0}


def test_means_are_looked_at_again_as_they_grow():
    assert [drawn_at(hours) for hours in (0, 11, 12, 47, 48, 1000)] == [0, 0, 1, 2, 3, 5]


def test_a_loss_that_no_house_has_is_held_to_what_can_be():
    loop = Loop(0.25, 22.0, sensor=True)
    begun = introduced(first_known(town(loop), T_OUTDOOR), town(loop), NOW - 1e7)[loop.traits.key]
    burns = LoopModel(hours=20, K=9.0, T_indoor=20.0, T_outdoor=14.0, T_supply=50.0, T_return=40.0, q=240.0)
    b = told(loop.traits.key, begun, None, burns, NOW).identified.building
    assert b.UA[0] == 5.0
    assert b.h_ie[0] > (1.0 - b.share_direct[0]) * b.UA[0]


def test_a_keeper_draws_from_each_loop_once_for_each_look():
    loop = Loop(0.25, 22.0, sensor=True)
    records, _ = lived([loop], 13)
    first = first_known(town(loop), T_OUTDOOR)
    keeper = Keeper(first, introduced(first, town(loop), NOW - 86_400.0))
    (belief,) = keeper.drawn(records, NOW)
    assert keeper.drawn(records, NOW) == []
    assert keeper.beliefs == {loop.traits.key: belief}
    assert keeper.believe(first).buildings.q_n == pytest.approx(belief.identified.building.q_n)


def test_new_emitters_move_a_room_that_only_water_tells_and_leave_no_heat_unexplained():
    loop = Loop(0.25, 22.0, sensor=False)
    first = first_known(town(loop), T_OUTDOOR)
    T_return, q = emitted(loop.K, T_SUPPLY, loop.T_room)
    water = {"T_supply": T_SUPPLY, "T_return": T_return, "Q_meter": q * A / 1000.0, "T_outdoor": T_OUTDOOR}
    state = first.state
    for _ in range(96 * 4):
        state = estimate(state, measured(1, **water), first.buildings, 900.0)
    records, _ = lived([loop], HOURS_MIN + 1)
    belief, _ = believed_of(loop, records[loop.traits.key])
    keeper = Keeper(first, introduced(first, town(loop), NOW - 86_400.0), {loop.traits.key: belief})
    before = replace(first, state=state)
    after = keeper.believe(before)
    assert abs(before.state.T_indoor[0] - 22.0) > 1.0
    assert after.state.T_indoor[0] == pytest.approx(22.0, abs=1.0)
    settled = after.state
    for _ in range(12):
        settled = estimate(settled, measured(1, **water), after.buildings, 900.0)
    assert settled.T_indoor[0] == pytest.approx(after.state.T_indoor[0], abs=0.5)
