"""The queue before the command log: no step is left out, and nothing that can not follow is ever sent."""

import pytest

from controller import recorder as module
from controller.historian.records import CommandLogError, State
from controller.recorder import STORAGE_ALARM, TransitionRecorder
from tests.support.clocks import ManualClock
from tests.support.field_world import intent


class Log:
    """A command log that fails while it is told to, and knows which intents it has kept."""

    def __init__(self):
        self.fails = False
        self.kept = set()
        self.steps = []

    async def record(self, transitions, writes=()):
        if self.fails:
            raise CommandLogError("disk full")
        self.steps += [(step.intent_id, step.state) for step in transitions]

    async def committed(self, ids):
        if self.fails:
            raise CommandLogError("disk full")
        return self.kept.issuperset(ids)


class Controller:
    """What of the controller's state the recorder touches."""

    def __init__(self):
        self.alarms = []


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def state():
    return Controller()


@pytest.fixture
def recorder(log, state):
    return TransitionRecorder(log, ManualClock(), state)


async def test_steps_that_can_not_be_stored_wait_and_go_before_those_that_follow(recorder, log, state):
    log.fails = True
    recorder.note(intent(1), State.SENT)
    assert not await recorder.drain()
    assert state.alarms == [STORAGE_ALARM]
    recorder.note(intent(1), State.ACKNOWLEDGED)
    log.fails = False
    assert await recorder.drain()
    assert log.steps == [(1, State.SENT), (1, State.ACKNOWLEDGED)]
    assert state.alarms == []


async def test_an_intent_that_is_in_the_log_although_its_commit_came_too_late_expires(recorder, log):
    log.kept = {1}
    recorder.doubt([intent(1), intent(2)])
    await recorder.drain()
    assert log.steps == [(1, State.EXPIRED)]


async def test_a_doubt_waits_until_the_log_can_answer_and_is_settled_once(recorder, log):
    log.kept, log.fails = {1, 2}, True
    recorder.doubt([intent(1), intent(2)])
    assert not await recorder.drain()
    log.fails = False
    assert await recorder.drain()
    assert await recorder.drain()
    assert log.steps == [(1, State.EXPIRED), (2, State.EXPIRED)]


async def test_where_too_many_steps_wait_the_oldest_intents_are_left_open(recorder, log, monkeypatch):
    """A step without the one before it would be refused by the log, as a bug, and end the controller."""
    monkeypatch.setattr(module, "QUEUE_LIMIT", 3)
    recorder.note(intent(1), State.SENT)
    recorder.note(intent(1), State.ACKNOWLEDGED)
    recorder.note(intent(2), State.SENT)
    recorder.note(intent(3), State.SENT)
    recorder.note(intent(1), State.CONFIRMED)
    recorder.note(intent(2), State.CONFIRMED)
    await recorder.drain()
    assert log.steps == [(2, State.SENT), (3, State.SENT), (2, State.CONFIRMED)]
