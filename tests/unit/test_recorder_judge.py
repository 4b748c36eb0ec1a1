"""What the simulators count as a break of the safety contract, told as little stories of writes."""

import pytest

from simulators import limits_table
from simulators.judge import Held, Judge, LoopBounds
from simulators.meaning import Beat, DeadManTime, Offset, OutdoorCentre, PrimaryCap, Setpoint
from stations.profile import known_profiles

MIN = 60.0


class Story:
    """A judge and a loop of 10 kg/s; ``write`` advances time first and keeps what broke."""

    def __init__(self, device="plc-a", emitter="radiator", remote=True, T=60.0, flow=8.0, slack_s=0.0):
        self.held = Held(remote=remote, T=T, flow=flow, dT=0.0, T_outdoor=-5.0)
        # a curve of 2 K per kelvin through 60 degC at -5 degC, unless the story lies elsewhere
        own_supply = None if T != 60.0 else lambda T_outdoor: 50.0 - 2.0 * T_outdoor
        bounds = LoopBounds(emitter=emitter, m_flow_design=10.0, own_supply=own_supply)
        table = limits_table.DEVICES[device]
        self.drawn, self.cap = 20.0, None
        self.judge = Judge(
            table, {1: bounds}, lambda loop: self.held, slack_s, lambda: (self.drawn, self.cap)
        )
        self.now = 1_000_000.0
        self.sequence = 0

    def write(self, T, flow=8.0, after_s=61.0, token=1):
        self.now += after_s
        self.sequence += 1
        new = Setpoint(loop=1, T=T, flow=flow, token=token, sequence=self.sequence)
        return [breach.what for breach in self.judge.judge(new, self.now)]

    def offset(self, dT, after_s=901.0):
        self.now += after_s
        return [breach.what for breach in self.judge.judge(Offset(loop=1, dT=dT), self.now)]

    def one(self, meaning):
        return [breach.what for breach in self.judge.judge(meaning, self.now)]


BOUNDS = [
    ("the hottest radiator", "radiator", 85.0, 8.0, []),
    ("a radiator too hot", "radiator", 85.2, 8.0, ["T_supply"]),
    ("the hottest floor", "floor", 55.0, 8.0, []),
    ("a floor too hot", "floor", 55.2, 8.0, ["T_supply"]),
    ("the coolest supply", "floor", 25.0, 8.0, []),
    ("too cool", "floor", 24.8, 8.0, ["T_supply"]),
    ("not a number", "radiator", float("nan"), 8.0, ["T_supply", "T_supply step", "T_supply in 15 min"]),
    ("least flow", "radiator", 60.0, 3.0, []),
    ("too little flow", "radiator", 60.0, 2.9, ["flow share"]),
    ("most flow", "radiator", 60.0, 10.0, []),
    ("too much flow", "radiator", 60.0, 10.2, ["flow share"]),
]


@pytest.mark.parametrize(("word", "emitter", "T", "flow", "broken"), BOUNDS, ids=[row[0] for row in BOUNDS])
def test_hard_bounds_by_emitter_and_design_flow(word, emitter, T, flow, broken):
    assert Story(emitter=emitter, T=T, flow=flow).write(T, flow) == broken


def test_one_kelvin_a_minute_is_allowed_until_three_kelvin_in_a_quarter_of_an_hour():
    story = Story()
    assert story.write(60.0) == []
    assert [story.write(60.0 + step) for step in (1.0, 2.0, 3.0)] == [[], [], []]
    assert story.write(64.0) == ["T_supply in 15 min"]


def test_three_kelvin_are_free_again_when_the_first_value_is_a_quarter_of_an_hour_past():
    story = Story()
    story.write(60.0)
    for step in (1.0, 2.0, 3.0):
        story.write(60.0 + step)
    assert story.write(64.0, after_s=15 * MIN) == []


def test_a_step_of_more_than_one_kelvin_is_a_break_up_and_down():
    story = Story()
    story.write(60.0)
    assert story.write(61.2) == ["T_supply step"]
    assert story.write(60.0) == ["T_supply step"]


def test_flow_moves_five_percent_in_five_minutes_and_ten_in_fifteen():
    story = Story()
    story.write(60.0, 8.0)
    assert story.write(60.0, 8.5) == []
    assert story.write(60.0, 8.6, after_s=2 * MIN) == ["flow in 5 min"]
    story = Story()
    story.write(60.0, 8.0)
    assert story.write(60.0, 8.5) == []
    assert story.write(60.0, 9.0, after_s=5 * MIN + 1) == []
    assert story.write(60.0, 9.4, after_s=5 * MIN + 1) == ["flow in 15 min"]


def test_the_first_write_after_the_own_curve_must_start_from_what_the_loop_holds():
    story = Story()
    story.write(60.0)
    story.held = Held(remote=False, T=52.0, flow=10.0, dT=0.0)
    assert story.write(60.0, 10.0) == ["T_supply step", "T_supply in 15 min"]
    story = Story()
    story.write(60.0)
    story.held = Held(remote=False, T=52.0, flow=10.0, dT=0.0)
    assert story.write(52.6, 10.0) == []
    assert story.write(52.6, 8.0) == ["flow in 5 min", "flow in 15 min"]


def test_a_setpoint_may_lie_eight_kelvin_beside_the_own_curve_and_not_eleven():
    for outdoor, T, broken in (
        (-5.0, 60.0, []),
        (-1.0, 60.0, []),  # own curve at 52 degC
        (-9.0, 60.0, []),  # own curve at 68 degC
        (0.5, 60.0, ["T_supply beside own curve"]),
        (-10.5, 60.0, ["T_supply beside own curve"]),
    ):
        story = Story()
        story.held = Held(remote=True, T=60.0, flow=8.0, dT=0.0, T_outdoor=outdoor)
        assert story.write(T) == broken, outdoor


def test_a_creeping_curve_leaves_a_held_setpoint_behind_and_the_next_write_is_a_break():
    story = Story()
    assert story.write(60.0) == []
    story.held = Held(remote=True, T=60.0, flow=8.0, dT=0.0, T_outdoor=2.0)
    assert story.write(59.5) == ["T_supply beside own curve"]


def test_a_setpoint_that_a_curve_ran_away_from_comes_back_as_far_as_one_write_may():
    story = Story()
    assert story.write(60.0) == []
    story.held = Held(remote=True, T=60.0, flow=8.0, dT=0.0, T_outdoor=4.0)
    assert story.write(59.0) == []
    story.held = Held(remote=True, T=59.0, flow=8.0, dT=0.0, T_outdoor=4.0)
    assert story.write(60.0) == ["T_supply beside own curve"]


def test_flow_that_turns_within_half_an_hour_is_a_break_and_later_is_none():
    story = Story()
    story.write(60.0, 8.0)
    assert story.write(60.0, 8.4) == []
    assert story.write(60.0, 8.8, after_s=20 * MIN) == []
    assert story.write(60.0, 8.4, after_s=29 * MIN) == ["flow turned after"]
    assert story.write(60.0, 8.0, after_s=20 * MIN) == []
    assert story.write(60.0, 8.4, after_s=31 * MIN) == []


def test_rounding_is_no_turn_of_the_flow_and_a_loop_taken_over_anew_has_no_direction():
    story = Story()
    story.write(60.0, 8.0)
    assert story.write(60.0, 8.4) == []
    assert story.write(60.0, 8.36, after_s=6 * MIN) == []
    story.held = Held(remote=False, T=60.0, flow=8.4, dT=0.0)
    assert story.write(60.0, 8.4, after_s=6 * MIN) == []
    story.held = Held(remote=True, T=60.0, flow=8.4, dT=0.0)
    assert story.write(60.0, 8.0, after_s=6 * MIN) == []


def test_the_outdoor_temperature_moves_three_kelvin_an_hour_and_begins_anew_when_it_was_forgotten():
    story = Story()

    def tell(T, after_min):
        story.now += after_min * MIN
        return story.one(OutdoorCentre(T=T))

    assert tell(-8.0, 0) == []
    assert tell(-7.6, 0) == []  # a step of telling
    assert tell(-7.1, 10) == []
    assert [tell(-7.1 + 0.3 * step, 6) for step in range(1, 11)] == [[]] * 10
    assert tell(-2.9, 6) == ["pace of T_outdoor_centre"]
    assert tell(-12.0, 60) == ["pace of T_outdoor_centre"]
    assert tell(5.0, 121) == []


def test_an_old_or_repeated_token_and_sequence_is_a_break():
    story = Story()
    assert story.write(60.0, token=2) == []
    assert story.write(60.0, token=1) == ["order of token 1"]
    story.sequence = 1
    assert story.write(60.0, token=2) == []
    story.sequence = 1
    assert story.write(60.0, token=2) == ["order of token 2"]
    story.sequence = 0
    assert story.write(60.0, token=3) == []
    assert story.one(Beat(token=2, valid_for_s=180.0)) == ["token of a heartbeat"]


def test_a_loop_that_the_station_does_not_have_is_a_break():
    assert Story().one(Setpoint(loop=2, T=60.0, flow=8.0, token=1, sequence=1)) == ["loop"]


def test_volatile_registers_change_once_a_minute_and_unchanged_values_do_not_wear():
    story = Story()
    story.write(60.0)
    assert story.write(60.0, after_s=5.0) == []
    assert story.write(60.5, after_s=5.0) == ["register wear"]
    assert story.write(61.0, after_s=61.0) == []


def test_a_slow_link_may_bring_two_writes_closer_together():
    story = Story(slack_s=35.0)
    story.write(60.0)
    assert story.write(60.5, after_s=26.0) == []
    assert story.write(60.8, after_s=24.0) == ["register wear"]


def test_an_offset_is_bounded_moves_a_kelvin_and_wears_its_memory_once_a_quarter_of_an_hour():
    story = Story("plc-b")
    assert story.offset(1.0) == []
    assert story.offset(2.5) == ["offset step"]
    assert story.offset(2.0, after_s=MIN) == ["register wear"]
    assert story.offset(2.0, after_s=MIN) == []
    assert story.offset(0.0, after_s=MIN) == []  # neutral hands back, at any time
    assert Story("plc-b").one(Offset(loop=1, dT=-3.2)) == ["offset", "offset step"]
    story = Story("plc-b")
    story.held = Held(remote=True, T=60.0, flow=8.0, dT=4.5)
    assert story.offset(5.0) == []
    assert story.offset(5.2) == ["offset"]


def test_an_absolute_setpoint_wears_memory_of_unknown_kind_like_eeprom():
    story = Story("trovis-5578")

    def write(T, after_s):
        story.now += after_s
        return story.one(Setpoint(loop=1, T=T))

    assert write(60.0, MIN) == []
    assert write(60.5, 10 * MIN) == ["register wear"]
    assert write(61.0, 15 * MIN) == []


def test_more_than_48_changes_a_day_wear_an_eeprom_out():
    story = Story("trovis-5578", slack_s=900.0)
    broken = [story.one(Setpoint(loop=1, T=60.0 + 0.1 * (count % 2))) for count in range(50)]
    assert broken[47] == []
    assert broken[48:] == [["changes a day"], ["changes a day"]]


SINGLE = [
    ("heartbeat", "plc-a", Beat(token=1, valid_for_s=180.0), []),
    ("heartbeat valid for too long", "plc-a", Beat(token=1, valid_for_s=601.0), ["valid_for"]),
    ("heartbeat valid for too short", "plc-a", Beat(token=1, valid_for_s=59.0), ["valid_for"]),
    ("heartbeat into eeprom", "trovis-5578", Beat(token=1, valid_for_s=180.0), ["heartbeat"]),
    ("dead-man of ten minutes", "trovis-5578", DeadManTime(seconds=600.0), []),
    ("dead-man of eleven minutes", "trovis-5578", DeadManTime(seconds=660.0), ["dead-man"]),
    ("outdoor", "plc-a", OutdoorCentre(T=-12.0), []),
    ("impossible outdoor", "plc-a", OutdoorCentre(T=-60.0), ["T_outdoor_centre"]),
    ("outdoor that is no number", "plc-a", OutdoorCentre(T=float("nan")), ["T_outdoor_centre"]),
]


@pytest.mark.parametrize(("word", "device", "meaning", "broken"), SINGLE, ids=[row[0] for row in SINGLE])
def test_single_writes(word, device, meaning, broken):
    assert Story(device).one(meaning) == broken


def test_every_shipped_device_type_has_a_table():
    assert set(known_profiles()) == set(limits_table.DEVICES)


def test_a_cap_goes_down_in_steps_to_two_fifths_of_what_was_drawn_and_up_at_once():
    story = Story()

    def capped(m_flow_max):
        story.sequence += 1
        new = PrimaryCap(m_flow_max=m_flow_max, token=1, sequence=story.sequence)
        broken = story.one(new)
        story.cap = m_flow_max
        return broken

    assert capped(15.5) == []
    assert capped(11.0) == []
    assert capped(8.1) == []
    assert capped(7.0) == ["cap"], "below two fifths of 20 kg/s"
    assert capped(500.0) == []
    story.cap = None
    assert capped(14.0) == ["cap"], "a step of more than a quarter"
    assert capped(float("nan")) == ["cap", "cap"]


def test_a_cap_of_an_older_controller_or_out_of_order_is_a_break():
    story = Story()
    assert story.one(PrimaryCap(m_flow_max=18.0, token=5, sequence=2)) == []
    assert story.one(PrimaryCap(m_flow_max=18.0, token=5, sequence=2)) == ["order of cap, token 5"]
    assert story.one(PrimaryCap(m_flow_max=18.0, token=4, sequence=9)) == ["order of cap, token 4"]
