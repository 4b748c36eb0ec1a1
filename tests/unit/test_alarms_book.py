"""The life cycle of an alarm (ISA-18.2): delays, people's moves, explanations, what is told of it."""

from dataclasses import dataclass, field

import pytest

from controller.alarms.book import AlarmBook, Sight
from controller.alarms.definitions import Scope, definitions, rendered
from controller.alarms.lifecycle import SHELF_MAX_S, MoveRefused
from controller.alarms.model import Alarm, AlarmKey, Finding, LifeState, Why

PUMP = AlarmKey("pump_stopped", "S01", 1)  # 120 s on, 60 s off
DRIVEN = AlarmKey("not_driven", "S01", 1)  # 1800 s on; explained by pump_stopped
LIMITED = AlarmKey("setpoint_limited", "S01", 1)  # asks for no acknowledgement
NORMAL, UNACK, ACK, RETURNED = LifeState.NORMAL, LifeState.UNACK, LifeState.ACK, LifeState.RETURNED_UNACK


@dataclass
class Told:
    """A sink that remembers."""

    steps: list = field(default_factory=list)
    alarms: dict = field(default_factory=dict)

    def take(self, alarms, transitions):
        self.alarms |= alarms
        self.steps += transitions


@dataclass
class Bench:
    told: Told = field(default_factory=Told)
    now: float = 0.0
    sight: Sight = field(default_factory=Sight)

    def __post_init__(self):
        self.book = AlarmBook(self.told)

    def look(self, *keys, after=10.0, unknown=()):
        self.now += after
        findings = [Finding(key=key) for key in keys] + [Finding(key=key, unknown=True) for key in unknown]
        self.book.update(findings, self.sight, 1e9 + self.now, self.now)
        return self

    def raised(self, *keys):
        """Hold conditions until their alarms stand."""
        return self.look(*keys).look(*keys, after=2000.0)

    def state(self, key=PUMP):
        return self.book.alarms.get(key, Alarm(key=key)).state


@pytest.fixture
def bench():
    return Bench()


def test_an_alarm_is_raised_after_its_on_delay_and_ends_after_its_off_delay(bench):
    states = [bench.look(PUMP, after=after).state() for after in (10.0, 60.0, 59.0, 1.0)]
    assert states == [NORMAL, NORMAL, NORMAL, UNACK]
    states = [bench.look(after=after).state() for after in (10.0, 59.0, 1.0)]
    assert states == [UNACK, UNACK, RETURNED]


def test_a_condition_that_pauses_begins_its_delay_anew(bench):
    bench.look(PUMP).look(PUMP, after=100.0).look(after=5.0).look(PUMP, after=5.0).look(PUMP, after=100.0)
    assert bench.state() is NORMAL
    assert bench.look(PUMP, after=20.0).state() is UNACK


def test_an_alarm_remembers_when_its_condition_began(bench):
    bench.look(PUMP)
    bench.look(PUMP, after=500.0)
    assert bench.book.alarms[PUMP].since == 1e9 + 10.0
    assert bench.book.alarms[PUMP].raised_at == 1e9 + 510.0


def test_acknowledged_and_ended_is_normal_whichever_came_first(bench):
    bench.raised(PUMP)
    bench.book.acknowledge(PUMP, "li", "pump 2 is started", 1.0)
    assert bench.state() is ACK
    bench.look().look(after=60.0)
    assert bench.state() is NORMAL
    bench.raised(PUMP).look().look(after=60.0)
    assert bench.state() is RETURNED
    bench.book.acknowledge(PUMP, "li", "", 1.0)
    assert bench.state() is NORMAL
    assert bench.told.alarms == {PUMP: None}


def test_an_alarm_that_comes_back_before_anybody_knew_asks_again(bench):
    bench.raised(PUMP).look().look(after=60.0).raised(PUMP)
    assert bench.state() is UNACK
    assert bench.book.alarms[PUMP].count == 2


def test_a_diagnostic_alarm_comes_and_goes_without_asking(bench):
    bench.raised(LIMITED)
    assert bench.state(LIMITED) is ACK
    bench.look().look(after=600.0)
    assert bench.state(LIMITED) is NORMAL


def test_shelving_takes_an_alarm_off_the_list_until_its_time_is_over(bench):
    bench.raised(PUMP)
    bench.book.shelve(PUMP, "wang", "pump is being exchanged", 3600.0, 1e9 + bench.now)
    assert bench.look(PUMP, after=3599.0).state() is LifeState.SHELVED
    assert bench.look(PUMP, after=1.0).state() is UNACK
    assert bench.told.steps[-1].why is Why.SHELF_OVER


def test_a_shelved_alarm_that_ended_meanwhile_is_normal_when_it_comes_back(bench):
    bench.raised(PUMP)
    bench.book.shelve(PUMP, "wang", "exchange", 3600.0, 1e9 + bench.now)
    bench.look().look(after=60.0)
    assert bench.state() is LifeState.SHELVED
    bench.book.unshelve(PUMP, "wang", 1e9 + bench.now)
    assert bench.state() is NORMAL


def test_out_of_service_has_no_end_but_a_person(bench):
    bench.raised(PUMP)
    bench.book.remove(PUMP, "wang", "sensor is at the maker's", 1.0)
    assert bench.look(PUMP, after=1e6).state() is LifeState.OUT_OF_SERVICE
    bench.look().look(after=60.0)
    assert bench.state() is LifeState.OUT_OF_SERVICE
    bench.look(PUMP).look(PUMP, after=1000.0)
    bench.book.restore(PUMP, "wang", 1e9 + bench.now)
    assert bench.state() is UNACK


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        (
            lambda book: (book.acknowledge(PUMP, "li", "", 1), book.acknowledge(PUMP, "wu", "", 2)),
            "acknowledged",
        ),
        (lambda book: book.shelve(PUMP, "li", "  ", 3600.0, 1), "no_reason"),
        (lambda book: book.shelve(PUMP, "li", "x", SHELF_MAX_S + 1, 1), "shelf_length"),
        (lambda book: book.shelve(PUMP, "li", "x", 0.0, 1), "shelf_length"),
        (lambda book: book.shelve(PUMP, "li", "x", float("nan"), 1), "shelf_length"),
        (lambda book: book.unshelve(PUMP, "li", 1), "not_shelved"),
        (lambda book: book.remove(PUMP, "li", "", 1), "no_reason"),
        (lambda book: (book.remove(PUMP, "li", "x", 1), book.remove(PUMP, "wu", "x", 1)), "removed"),
        (lambda book: (book.remove(PUMP, "li", "x", 1), book.acknowledge(PUMP, "li", "", 1)), "not_listed"),
        (lambda book: (book.remove(PUMP, "li", "x", 1), book.shelve(PUMP, "li", "x", 99, 1)), "not_listed"),
        (lambda book: book.restore(PUMP, "li", 1), "in_service"),
    ],
)
def test_moves_that_make_no_sense_are_refused_and_change_nothing(bench, move, reason):
    bench.raised(PUMP)
    with pytest.raises(MoveRefused) as refused:
        move(bench.book)
    assert refused.value.why.id == f"alarm.{reason}"
    assert bench.told.steps[-1].why is not None


def test_who_acknowledges_second_is_told_who_was_first(bench):
    bench.raised(PUMP)
    bench.book.acknowledge(PUMP, "li", "", 1.0)
    with pytest.raises(MoveRefused, match="already acknowledged by li"):
        bench.book.acknowledge(PUMP, "wu", "", 2.0)


def test_what_another_alarm_explains_is_suppressed_and_asks_when_its_explanation_ends(bench):
    bench.raised(PUMP, DRIVEN)
    assert (bench.state(PUMP), bench.state(DRIVEN)) == (UNACK, LifeState.SUPPRESSED)
    assert bench.book.alarms[DRIVEN].suppressed_by == str(PUMP)
    bench.look(DRIVEN).look(DRIVEN, after=60.0)
    assert bench.state(DRIVEN) is UNACK


def test_a_cause_that_comes_later_takes_its_consequence_off_the_list(bench):
    bench.raised(DRIVEN)
    assert bench.state(DRIVEN) is UNACK
    bench.look(PUMP, DRIVEN)
    assert bench.state(DRIVEN) is UNACK  # the cause may still prove to be nothing
    bench.look(PUMP, DRIVEN, after=120.0)
    assert (bench.state(PUMP), bench.state(DRIVEN)) == (UNACK, LifeState.SUPPRESSED)


@pytest.mark.parametrize(
    ("place", "explained"),
    [
        (AlarmKey("not_driven", "S01", 2), False),
        (AlarmKey("not_driven", "S02", 1), False),
        (AlarmKey("station_alarm", "S01"), True),
    ],
)
def test_an_alarm_explains_only_at_its_own_place_and_above(bench, place, explained):
    bench.raised(PUMP, place)
    assert (bench.state(place) is LifeState.SUPPRESSED) == explained


def test_nobody_can_tell_of_a_silent_station_so_its_alarms_go_on(bench):
    bench.raised(PUMP)
    bench.sight = Sight(blind=frozenset({"S01"}))
    assert bench.look(after=1e5).state() is UNACK
    bench.sight = Sight()
    bench.look().look(after=60.0)
    assert bench.state() is RETURNED


def test_an_unknown_condition_keeps_an_alarm_and_raises_none(bench):
    bench.look(unknown=[PUMP]).look(unknown=[PUMP], after=1e4)
    assert bench.state() is NORMAL
    bench.raised(PUMP)
    assert bench.look(unknown=[PUMP], after=1e4).state() is UNACK


def test_every_step_is_told_once_and_in_order(bench):
    bench.raised(PUMP)
    bench.book.acknowledge(PUMP, "li", "seen", 5.0)
    bench.look().look(after=60.0).look(after=60.0)
    steps = [(s.before, s.after, s.why, s.by, s.note) for s in bench.told.steps]
    assert steps == [
        (NORMAL, UNACK, Why.CONDITION, "", ""),
        (UNACK, ACK, Why.ACKNOWLEDGED, "li", "seen"),
        (ACK, NORMAL, Why.CONDITION, "", ""),
    ]


def test_the_clock_of_the_wall_does_not_hasten_or_hold_delays(bench):
    bench.look(PUMP)
    bench.book.update([Finding(key=PUMP)], Sight(), 1e9 + 1e6, bench.now + 10.0)
    assert bench.state() is NORMAL


def test_ids_are_unique_and_can_stand_in_a_path():
    keys = [PUMP, AlarmKey("disk_full"), AlarmKey("sensor_bad", "S01", 0, "T_supply_primary")]
    ids = ["pump_stopped:S01:1", "disk_full", "sensor_bad:S01:0:T_supply_primary"]
    assert [str(key) for key in keys] == ids


# --------------------------------------------------------------------------------------------- definitions


@pytest.mark.parametrize("rule", definitions())
def test_each_alarm_says_in_both_languages_what_it_is_and_what_to_do(rule):
    definition = definitions()[rule]
    for name in ("title", "text", "cause", "consequence", "action"):
        chinese = getattr(definition, f"{name}_zh")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese) or "{why" in chinese, name
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in getattr(definition, f"{name}_en")), name
        rendered(chinese, {})


def test_explanations_form_no_circle():
    rules = definitions()

    def above(rule, seen=()):
        assert rule not in seen, (*seen, rule)
        for cause in rules[rule].suppressed_by:
            above(cause, (*seen, rule))

    for rule in rules:
        above(rule)


def test_a_parent_is_raised_before_its_children():
    rules = definitions()
    for rule in ("station_lost", "source_lost"):
        for parent in rules[rule].suppressed_by:
            assert rules[parent].on_delay_s < rules[rule].on_delay_s


def test_priorities_are_few_at_the_top():
    of_stations = [d for d in definitions().values() if d.scope in (Scope.STATION, Scope.LOOP, Scope.POINT)]
    assert sum(d.priority == 1 for d in of_stations) <= 3
    assert sum(d.priority >= 3 for d in of_stations) >= 0.7 * len(of_stations)
