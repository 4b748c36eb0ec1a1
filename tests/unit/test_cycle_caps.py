"""Shortages and caps on primary flow in the control cycle, on a real command log."""

from dataclasses import replace

import pytest

import controller.cycle
import controller.deciding
from controller.cycle import cap_flows, draft_caps, freeze
from controller.deciding import think
from controller.guard_caps import CapHeld
from controller.historian.records import State
from controller.image import Link
from controller.modes import PlanChoice, PlanOrder
from controller.outbox import FlowCapWish
from controller.words.phrase import restored
from tests.support.cycle_world import World, thought_of


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.log.close()


def cap(m_flow_max, at=0.0):
    return CapHeld(m_flow_max=m_flow_max, uncapped=20.0, at=at)


async def tell_caps(world, caps, *, kept=True, shortage=True, link=Link.ONLINE):
    thought = replace(thought_of(world), caps=caps, shortage=shortage)
    drafts = draft_caps(world.parts, freeze(world.parts), thought)
    intents = [intent for _, intent in drafts]
    world.state.image.update("S001", link=link)
    if kept:
        await world.log.commit(intents)
    cap_flows(world.parts, drafts, kept=kept)
    return intents


async def test_a_changed_cap_is_handed_over_once_and_lifted_when_it_is_not_wanted_any_more(world):
    box, caps = world.outbox.box("S001"), {"S001": cap(16.0)}
    (first,) = await tell_caps(world, caps)
    assert (box.cap.m_flow_max, box.cap.intent, world.state.caps) == (16.0, first, {"S001": 16.0})
    box.cap = None
    assert await tell_caps(world, caps) == []
    assert box.cap is None, "the same one asks for no write"
    (lower,) = await tell_caps(world, {"S001": cap(14.0)})
    assert box.cap.m_flow_max == 14.0
    (lifted,) = await tell_caps(world, {"S001": None}, shortage=False)
    assert (box.cap.m_flow_max, world.state.caps, world.parts.memory.caps) == (None, {}, {})
    all_three = (first, lower, lifted)
    told = [(one.loop, one.m_flow_set, one.previous_m_flow_set, one.sequence) for one in all_three]
    assert told == [(0, 16.0, None, 1), (0, 14.0, 16.0, 2), (0, None, 14.0, 3)]
    assert {(one.T_supply_set, one.author) for one in all_three} == {(None, "strategy:optimizer")}
    await world.recorder.drain()
    ends = [world.log.transitions(one.id)[-1].state for one in (first, lower, lifted)]
    assert ends == [State.REQUESTED, State.EXPIRED, State.REQUESTED], "one was replaced before it was sent"


@pytest.mark.parametrize(
    ("wish", "shortage", "ids"),
    [
        (16.0, True, ["cap.share"]),
        (9.0, True, ["cap.share", "cap.guarded"]),
        (None, True, ["cap.lifted"]),
        (None, False, ["cap.over"]),
    ],
)
async def test_each_cap_says_why_with_its_numbers(world, wish, shortage, ids):
    world.parts.memory.caps = {"S001": cap(18.0)}
    held = None if wish is None else replace(cap(16.0), wish=wish)
    (told,) = await tell_caps(world, {"S001": held}, shortage=shortage)
    said = [restored(text) for text in told.why]
    assert [phrase.id for phrase in said] == ids
    if wish is not None:
        assert said[0].params == {"share": pytest.approx(3.6 * wish), "drawn": pytest.approx(72.0)}
        assert all(phrase.params == {"allowed": pytest.approx(57.6)} for phrase in said[1:])


async def test_a_lifting_without_a_link_waits_for_it_and_stands_open_nowhere(world):
    world.parts.memory.caps = {"S001": cap(16.0)}
    (lifted,) = await tell_caps(world, {"S001": None}, link=Link.LOST)
    assert world.outbox.box("S001").cap == FlowCapWish(None, lifted.sequence)
    await world.recorder.drain()
    assert world.log.transitions(lifted.id)[-1].state is State.EXPIRED
    assert world.log.open_intents() == ()


async def test_what_the_log_can_not_take_caps_nobody_but_is_lifted_all_the_same(world):
    box = world.outbox.box("S001")
    await tell_caps(world, {"S001": cap(16.0)}, kept=False)
    assert (box.cap, world.state.caps, world.parts.memory.caps) == (None, {}, {})
    world.parts.memory.caps = {"S001": cap(16.0)}
    (lifted,) = await tell_caps(world, {"S001": None}, kept=False)
    assert (box.cap.m_flow_max, box.cap.intent, box.cap.sequence) == (None, None, lifted.sequence)
    assert world.parts.memory.caps == {}


async def test_caps_are_lifted_as_soon_as_no_shortage_is_declared(world):
    world.poll()
    world.parts.memory.caps = {"S001": cap(16.0)}
    await world.cycle()
    assert world.outbox.box("S001").cap.m_flow_max is None
    assert world.state.caps == {}


async def test_the_guard_knows_of_a_shortage_for_an_hour_after_it_was_declared(world):
    world.poll()
    world.parts.memory.shortage_at = world.clock.monotonic() - 3500.0
    assert thought_of(world).context.shortage_declared
    world.parts.memory.shortage_at -= 200.0
    assert not thought_of(world).context.shortage_declared
    assert not thought_of(world).shortage


async def test_a_plan_that_is_only_looked_at_declares_no_shortage_and_caps_nobody(world, monkeypatch):
    """Strategy curve decides; a shadow plan shares a shortage out."""
    monkeypatch.setattr(controller.deciding, "declares_shortage", lambda *_: True)
    world.poll()
    assert not thought_of(world).shortage
    rules = replace(world.parts.rules, strategy_of={"north": "optimizer"})
    assert think(freeze(world.parts), rules).shortage
    held_back = PlanOrder(order=7, author="olga", reason="test", choice=PlanChoice.HOLD, until=1e12)
    frozen = replace(freeze(world.parts), plan_orders=dict.fromkeys(world.parts.rules.traits, held_back))
    assert not think(frozen, rules).shortage


async def test_a_bug_in_caps_costs_caps_and_no_cycle(world, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(controller.deciding, "declares_shortage", lambda *_: True)
    monkeypatch.setattr(controller.deciding, "flow_caps", broken)
    world.poll()
    rules = replace(world.parts.rules, strategy_of={"north": "optimizer"})
    thought = think(freeze(world.parts), rules)
    assert thought.shortage
    assert set(thought.caps.values()) <= {None}
