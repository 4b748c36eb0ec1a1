"""A restart sets no rate back: what was sent in the last hour, and what was in force when it began."""

from controller.decisions import Action, LoopKey
from controller.guard import guard
from controller.historian.records import State
from controller.sent_before import changed_before, sent_before
from stations.model.reading import good
from tests.support.field_world import intent
from tests.support.guard_world import MONOTONIC, NOW, context, loop_traits, observation, sent, wish


def told(number, minutes_ago, T, previous=None, state=State.CONFIRMED, **changes):
    at = NOW - 60.0 * minutes_ago
    held = {} if previous is None else {"previous_T_supply_set": previous, "previous_m_flow_set": 40.0}
    changes = {"T_supply_set": T, "m_flow_set": 40.0} | held | changes
    return intent(number, **{"at": at, "state": state, "state_at": at + 5.0} | changes)


def listed(*intents):
    """(seconds ago, degC) of each."""
    found = sent_before(intents, NOW, MONOTONIC)
    return {key: [(round(MONOTONIC - one.at), one.T_supply) for one in each] for key, each in found.items()}


def test_what_was_sent_stands_with_the_time_of_its_last_step_behind_what_it_replaced():
    first, second = told(1, 5.0, 48.6, previous=47.6), told(2, 4.0, 49.6, previous=48.6)
    assert listed(first, second, told(3, 2.0, 55.0, loop=2)) == {
        LoopKey("S001", 1): [(3600, 47.6), (295, 48.6), (235, 49.6)],
        LoopKey("S001", 2): [(115, 55.0)],
    }


def test_what_was_refused_was_never_in_force_and_a_cap_is_none_of_it():
    refused = told(1, 5.0, 48.6, previous=47.6, state=State.REJECTED)
    cap = told(2, 4.0, None, loop=0)
    assert listed(refused, told(3, 2.0, 48.0, previous=47.6), cap) == {
        LoopKey("S001", 1): [(3600, 47.6), (115, 48.0)]
    }


def test_an_instruction_of_more_than_an_hour_ago_tells_nothing_of_the_rates():
    assert listed(told(1, 61.0, 48.0, previous=47.0)) == {}
    assert listed(told(1, 61.0, 48.0, previous=47.0), told(2, 59.0, 49.0, previous=48.0)) == {
        LoopKey("S001", 1): [(3600, 48.0), (3535, 49.0)]
    }


def test_a_loop_that_rose_by_three_kelvin_before_a_restart_rises_no_further_within_the_quarter_of_an_hour():
    """It held 47.6 degC for hours; three steps later its controller was killed."""
    steps = [told(n, 6.0 - n, 47.6 + n, previous=46.6 + n) for n in (1, 2, 3)]
    of = loop_traits(1, own_curve=lambda _: 50.0)
    whole = context(
        [of],
        [observation(T_supply_effective=good(50.6, NOW - 5.0))],
        {of.key: (sent(1, 50.6),)},
        sent_before=sent_before(steps, NOW, MONOTONIC),
    )
    decision = guard([wish(52.0)], whole).decisions[of.key]
    assert (decision.action, decision.T_supply) == (Action.RENEW, 50.6)


def test_a_change_counts_from_when_its_write_was_answered_and_not_from_when_it_was_decided():
    late, soon = told(1, 10.0, 48.0, state_at=NOW - 300.0), told(2, 9.0, 48.5)
    changes = changed_before([late, soon], NOW, MONOTONIC)
    assert [round(MONOTONIC - at) for at in changes[LoopKey("S001", 1)]] == [535, 300]
