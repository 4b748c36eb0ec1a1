"""What looks ahead is set aside where it fails: control goes on, and says so."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace

import pytest

from controller import deciding
from controller.decisions import Mode
from controller.looking_ahead import AGAIN_S, kept_going
from controller.strategies import curve, optimizer
from tests.support.clocks import ManualClock
from tests.support.guard_world import loop_traits
from tests.support.planned_town import inputs, published

ONE = loop_traits(1)


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_part_that_fails_is_a_standing_fault_until_it_is_begun_again():
    clock, state, begun = ManualClock(), SimpleNamespace(alarms=[]), []

    async def part():
        begun.append(clock.monotonic())
        if len(begun) == 1:
            raise KeyError("S001")
        await clock.sleep(1e9)

    task = asyncio.create_task(kept_going("knowing", part, state, clock))
    await turns()
    (fault,) = state.alarms
    assert "knowing failed" in fault.en
    assert "knowing 出错" in fault.zh
    clock.advance(AGAIN_S - 1.0)
    await turns()
    assert len(begun) == 1
    clock.advance(1.0)
    await turns()
    assert (len(begun), state.alarms) == (2, [])
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_part_that_is_cancelled_ends():
    task = asyncio.create_task(
        kept_going("planning", lambda: asyncio.sleep(1e9), SimpleNamespace(alarms=[]), ManualClock())
    )
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_bug_in_following_a_plan_leaves_the_loops_to_the_curve_with_the_reason(monkeypatch):
    town = {ONE.key: ONE}
    whole = inputs(town, published(town, T_indoor=21.5))

    def fails(*_):
        raise IndexError("row 7")

    monkeypatch.setattr(optimizer, "follow", fails)
    (wish,) = optimizer.propose([ONE], whole).proposals
    (by_curve,) = curve.propose_all([ONE], whole).proposals
    assert (wish.T_supply, wish.m_flow) == (by_curve.T_supply, by_curve.m_flow)
    assert "planning failed" in wish.reason.en
    assert whole.observations[ONE.key].mode is Mode.AUTO


def test_a_bug_in_listening_leaves_what_was_believed_before(monkeypatch):
    town = {ONE.key: ONE}
    whole = inputs(town, published(town, T_indoor=21.5))

    def fails(*_):
        raise FloatingPointError("overflow")

    monkeypatch.setattr(deciding, "heard", fails)
    frozen = SimpleNamespace(known=whole.known, ahead=SimpleNamespace(sun=None, wind=None))
    assert deciding._listened(frozen, whole) is whole.known
