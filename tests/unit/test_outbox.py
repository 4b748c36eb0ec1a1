"""At most one command per loop waits; a newer one replaces it, a release cancels it."""

import asyncio

import pytest

from controller.decisions import Action, Decision, LoopKey
from controller.outbox import Outbox, Wake, channel_values
from controller.words.phrase import verbatim
from stations.model.setpoint import HeatChannel, StationClass
from tests.support.field_world import STATION, intent, traits_of

KEY = LoopKey(STATION, 1)


@pytest.fixture
def outbox():
    return Outbox([STATION, "S002"])


def test_a_newer_intent_replaces_the_one_that_waits_and_says_which(outbox):
    assert outbox.post(intent(1), 10.0) is None
    replaced = outbox.post(intent(2), 20.0)

    assert replaced.id == 1
    waiting = outbox.box(STATION).setpoints
    assert (waiting[1].intent.id, waiting[1].expires_at) == (2, 20.0)


def test_loops_and_stations_wait_apart(outbox):
    outbox.post(intent(1, loop=1), 10.0)
    outbox.post(intent(2, loop=2), 10.0)
    outbox.post(intent(3, station="S002"), 10.0)

    assert sorted(outbox.box(STATION).setpoints) == [1, 2]
    assert list(outbox.box("S002").setpoints) == [1]


def test_a_release_cancels_the_waiting_intent_and_an_intent_the_waiting_release(outbox):
    outbox.post(intent(1), 10.0)
    cancelled = outbox.release(KEY, verbatim("operator"))

    assert cancelled.id == 1
    assert outbox.box(STATION).setpoints == {}
    assert outbox.box(STATION).releases == {1: verbatim("operator")}
    outbox.post(intent(2), 10.0)
    assert outbox.box(STATION).releases == {}


def test_every_order_wakes_its_supervisor_and_no_other(outbox):
    for order in (
        lambda: outbox.post(intent(1), 10.0),
        lambda: outbox.release(KEY, verbatim("why")),
        lambda: outbox.outdoor(STATION, -5.0),
    ):
        outbox.box(STATION).wake.clear()
        order()
        assert outbox.box(STATION).wake.is_set()
    assert not outbox.box("S002").wake.is_set()


async def test_a_wake_ends_a_wait_at_once_and_a_wait_that_is_cancelled_leaves_nothing_behind():
    wake = Wake()
    assert not await wake.wait(0.0)
    waiting = asyncio.create_task(wake.wait(3600.0))
    await asyncio.sleep(0.0)
    waiting.cancel()
    await asyncio.wait([waiting])
    waiting = asyncio.create_task(wake.wait(3600.0))
    await asyncio.sleep(0.0)
    wake.set()
    assert await waiting
    assert await wake.wait(0.0), "until it is cleared"
    wake.clear()
    assert not await wake.wait(0.0)


def test_only_the_newest_outdoor_temperature_waits(outbox):
    outbox.outdoor(STATION, -5.0)
    outbox.outdoor(STATION, -6.0)

    assert outbox.box(STATION).T_outdoor_centre == -6.0


def test_an_unknown_station_is_a_bug(outbox):
    with pytest.raises(KeyError):
        outbox.box("S999")


def decided(T_supply=56.0, m_flow=32.0):
    return Decision(key=KEY, action=Action.SET, T_supply=T_supply, m_flow=m_flow, author="a", why=(), cuts=())


def test_class_a_is_told_the_canonical_pair():
    assert channel_values(decided(), traits_of(), 0.0) == (56.0, 32.0)


def test_a_loop_without_circulation_channel_is_told_temperature_only():
    assert channel_values(decided(), traits_of(circulation=None), 0.0) == (56.0, None)


@pytest.mark.parametrize(
    ("T_supply", "T_outdoor", "offset"),
    [
        (62.0, 0.0, 2.0),
        (60.0, 0.0, 0.0),
        (60.04, 0.0, 0.0),
        (60.06, 0.0, 0.1),
        (60.0, 2.0, 3.0),
        (70.0, 0.0, 5.0),
        (50.0, 0.0, -3.0),
    ],
)
def test_a_class_b_offset_is_what_differs_from_the_own_curve_in_wire_steps(T_supply, T_outdoor, offset):
    traits = traits_of(station_class=StationClass.B, heat=HeatChannel.DT_OFFSET, circulation=None)

    heat, circulation = channel_values(decided(T_supply), traits, T_outdoor)

    assert heat == pytest.approx(offset, abs=1e-9)
    assert circulation is None
    assert traits.offset_lower_K <= heat <= traits.offset_upper_K


def test_the_same_wish_gives_the_same_wire_value_bit_for_bit():
    traits = traits_of(station_class=StationClass.B, heat=HeatChannel.DT_OFFSET, circulation=None)

    values = {channel_values(decided(61.31 + shift), traits, 0.0) for shift in (0.0, 0.01, -0.01, 0.02)}

    assert len(values) == 1
