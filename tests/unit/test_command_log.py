"""The command log: durable when it says so, whole or not at all, and nothing old is sent again."""

import asyncio
from dataclasses import replace

import pytest

from controller.historian.command_log import RESTARTED
from controller.historian.records import IllegalTransition, Register, RegisterWrite, State, Wear, season_of
from stations.model.setpoint import HeatChannel
from tests.support.history import START, intent, reopen, step, take


@pytest.fixture
def log(tmp_path):
    opened = reopen(tmp_path, now=START)
    yield opened
    opened.close()


async def test_an_intent_comes_back_equal_to_what_was_committed(log):
    await log.commit([intent(1), intent(2, station="S001")])
    assert log.open_intents() == (intent(1), intent(2, station="S001"))
    assert log.recent(10) == (intent(2, station="S001"), intent(1))
    assert log.recent(10, station="S000") == (intent(1),)
    assert log.recent(1) == (intent(2, station="S001"),)


async def test_an_intent_is_followed_through_its_states(log):
    await take(log, 1, State.SENT, State.ACKNOWLEDGED)
    await log.record([step(1, State.CONFIRMED_LIMITED, at=START + 9.0, detail="effective 52.0")])
    (final,) = log.recent(1)
    assert (final.state, final.state_at, final.detail) == (
        State.CONFIRMED_LIMITED,
        START + 9.0,
        "effective 52.0",
    )
    assert [taken.state for taken in log.transitions(1)] == [
        State.REQUESTED,
        State.SENT,
        State.ACKNOWLEDGED,
        State.CONFIRMED_LIMITED,
    ]
    assert log.open_intents() == ()
    assert log.verify() == ()


OPEN = {State.REQUESTED: (), State.SENT: (State.SENT,), State.ACKNOWLEDGED: (State.SENT, State.ACKNOWLEDGED)}
FINAL = {
    State.CONFIRMED: (State.SENT, State.CONFIRMED),
    State.CONFIRMED_LIMITED: (State.SENT, State.CONFIRMED_LIMITED),
    State.REJECTED: (State.REJECTED,),
    State.EXPIRED: (State.EXPIRED,),
}
ALLOWED = {
    (State.REQUESTED, State.SENT),
    (State.REQUESTED, State.REJECTED),
    (State.REQUESTED, State.EXPIRED),
    (State.SENT, State.ACKNOWLEDGED),
    (State.SENT, State.CONFIRMED),
    (State.SENT, State.CONFIRMED_LIMITED),
    (State.SENT, State.REJECTED),
    (State.SENT, State.EXPIRED),
    (State.ACKNOWLEDGED, State.CONFIRMED),
    (State.ACKNOWLEDGED, State.CONFIRMED_LIMITED),
    (State.ACKNOWLEDGED, State.REJECTED),
    (State.ACKNOWLEDGED, State.EXPIRED),
}


@pytest.mark.parametrize("present", State)
async def test_only_legal_steps_are_taken(log, present):
    for number, wanted in enumerate(State, 1):
        await take(log, number, *(OPEN | FINAL)[present])
        if (present, wanted) in ALLOWED:
            await log.record([step(number, wanted)])
            assert log.recent(1)[0].state is wanted
        else:
            with pytest.raises(IllegalTransition, match=f"is {present} and can not become {wanted}"):
                await log.record([step(number, wanted)])
            assert log.recent(1)[0].state is present
    assert log.verify() == ()


async def test_why_an_instruction_was_wanted_is_kept_beside_the_guard_s_cuts(log):
    told = replace(intent(1), reason=("rate: x",), why=('["plan.not_yet",{}]', '["verbatim",{"text":"室"}]'))
    await log.commit([told, intent(2)])
    assert set(log.recent(2)) == {told, intent(2)}


async def test_a_step_of_an_unknown_intent_is_refused(log):
    with pytest.raises(IllegalTransition, match="intent 7 is not in the log"):
        await log.record([step(7, State.SENT)])


async def test_a_call_with_one_illegal_step_stores_nothing_and_hurts_no_other_call(log):
    await log.commit([intent(1), intent(2), intent(3)])
    write = RegisterWrite(station="S000", loop=1, point="T_supply_secondary_set", at=START)
    outcomes = await asyncio.gather(
        log.record([step(1, State.SENT), step(2, State.CONFIRMED)], [write]),
        log.record([step(3, State.SENT)]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], IllegalTransition)
    assert [left.state for left in log.open_intents()] == [State.REQUESTED, State.REQUESTED, State.SENT]
    assert log.wear() == {}
    assert log.counts()[State.SENT] == 1


@pytest.mark.parametrize("state", [state for state in State if state is not State.REQUESTED])
async def test_only_requested_intents_are_committed(log, state):
    with pytest.raises(ValueError, match="only requested ones"):
        await log.commit([intent(1), intent(2, state=state)])
    assert log.recent(1) == ()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_an_intent_with_a_number_that_is_none_is_refused(number):
    with pytest.raises(ValueError, match="not finite"):
        intent(1, at=number)


async def test_an_id_is_used_once(log):
    await log.commit([intent(1)])
    with pytest.raises(Exception, match="UNIQUE"):
        await log.commit([intent(2), intent(1)])
    assert log.recent(10) == (intent(1),)


async def test_a_text_that_is_no_text_does_not_break_the_log(log):
    await log.commit([intent(1)])
    await log.record([step(1, State.REJECTED, detail="device said \ud800")])
    assert log.recent(1)[0].detail == "device said \\ud800"


@pytest.mark.parametrize("left", OPEN)
async def test_after_a_restart_what_was_open_is_expired_and_told(tmp_path, left):
    log = reopen(tmp_path, now=START)
    await take(log, 1, *OPEN[left])
    await take(log, 2, State.SENT, State.CONFIRMED)
    log.close()
    again = reopen(tmp_path, now=START + 100.0)
    (expired,) = again.expired_at_start
    assert (expired.id, expired.state, expired.state_at) == (1, State.EXPIRED, START + 100.0)
    assert expired.detail == RESTARTED
    assert again.open_intents() == ()
    assert again.last_by_loop()["S000", 1].state is State.CONFIRMED
    assert again.verify() == ()
    with pytest.raises(IllegalTransition):
        await again.record([step(1, State.SENT)])
    again.close()


async def test_ids_grow_over_restarts_also_where_some_were_never_committed(tmp_path):
    log = reopen(tmp_path)
    assert list(log.next_ids(3)) == [1, 2, 3]
    await log.commit([intent(number) for number in log.next_ids(2)])
    log.close()
    again = reopen(tmp_path)
    assert list(again.next_ids(1)) == [6]
    again.close()


async def test_the_newest_intent_of_each_loop_is_known(log):
    await log.commit([intent(1), intent(2, station="S001"), intent(3)])
    assert log.last_by_loop() == {("S000", 1): intent(3), ("S001", 1): intent(2, station="S001")}


async def test_looking_back_gives_the_intents_since_a_moment(log):
    await log.commit([intent(number, at=START + 60.0 * number) for number in range(1, 6)])
    assert [found.id for found in log.since(START + 180.0)] == [3, 4, 5]


async def test_states_are_counted_since_the_start(log):
    await take(log, 1, State.SENT, State.CONFIRMED)
    await take(log, 2, State.SENT)
    counts = log.counts()
    assert (counts[State.REQUESTED], counts[State.SENT], counts[State.CONFIRMED]) == (2, 2, 1)
    assert counts[State.REJECTED] == 0


async def test_wear_is_counted_per_register_and_season_and_survives(tmp_path):
    log = reopen(tmp_path)
    summer_later = START + 200 * 86_400.0
    for at in (START, START + 60.0, summer_later):
        write = RegisterWrite(station="S000", loop=1, point=HeatChannel.T_SUPPLY, at=at)
        await log.record([], [write])
    log.close()
    again = reopen(tmp_path)
    assert again.wear() == {
        Register("S000", 1, "T_supply_secondary_set", "2025/26"): Wear(writes=2, last_at=START + 60.0),
        Register("S000", 1, "T_supply_secondary_set", "2026/27"): Wear(writes=1, last_at=summer_later),
    }
    assert again.verify() == ()
    again.close()


@pytest.mark.parametrize(
    ("at", "season"),
    [
        (1_751_327_999.0, "2024/25"),
        (1_751_328_000.0, "2025/26"),
        (1_767_225_600.0, "2025/26"),
        (946_684_800.0, "1999/00"),
    ],
    ids=["last second of June", "first of July", "new year", "turn of the century"],
)
def test_a_season_runs_from_july_to_june(at, season):
    assert season_of(at) == season
