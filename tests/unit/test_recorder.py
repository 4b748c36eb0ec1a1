"""What the simulators count as a break of the safety contract, told as little stories of writes."""

import struct
from dataclasses import dataclass

import pytest

from simulators import limits_table
from simulators.adu import RequestStream, parse
from simulators.crc import crc16_modbus
from simulators.judge import Held, Judge, LoopBounds
from simulators.meaning import Beat, DeadManTime, Forbidden, Offset, OutdoorCentre, Setpoint
from simulators.recorder import StationRecorder, summary
from stations.model.identity import Point
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
        self.judge = Judge(table, {1: bounds}, lambda loop: self.held, slack_s)
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


# ------------------------------------------------------------------ from bytes to meaning


def adu(pdu, unit=1, transaction=1):
    body = bytes.fromhex(pdu)
    return struct.pack(">HHHB", transaction, 0, len(body) + 1, unit) + body


def plc_a_block(address, crc=None):
    # token 0x00010002, sequence 3, 55.5 degC, 36 t/h; 32-bit values with the low word first
    data = bytes.fromhex("0002 0001 0003 0000 15AE 0000 4210")
    word = crc16_modbus(data) if crc is None else crc
    return f"10 {address:04X} 0008 10 {data.hex()} {word:04X}"


MEANINGS = [
    (
        "class A block of loop 2",
        "plc-a",
        plc_a_block(112),
        Setpoint(loop=2, T=55.5, flow=10.0, token=0x10002, sequence=3),
    ),
    ("heartbeat", "plc-a", "10 0014 0005 0A 0005 0000 0009 0000 00B4", Beat(token=5, valid_for_s=180.0)),
    ("outdoor", "plc-a", "06 001E FFB5", OutdoorCentre(T=-7.5)),
    ("offset", "plc-b", "06 0200 FFF1", Offset(loop=1, dT=-1.5)),
    ("absolute setpoint", "trovis-5578", "06 03E7 028F", Setpoint(loop=1, T=65.5)),
    ("dead-man in minutes", "trovis-5578", "06 004D 000A", DeadManTime(seconds=600.0)),
]


@pytest.mark.parametrize(("word", "device", "pdu", "meaning"), MEANINGS, ids=[row[0] for row in MEANINGS])
def test_bytes_mean(word, device, pdu, meaning):
    read = limits_table.DEVICES[device].meaning(parse(adu(pdu)))
    assert type(read) is type(meaning)
    for name in meaning.__dataclass_fields__:
        assert getattr(read, name) == pytest.approx(getattr(meaning, name))


FORBIDDEN = [
    ("a wrong checksum", "plc-a", plc_a_block(72, crc=1), "checksum"),
    ("half a block", "plc-a", "10 0048 0002 04 0001 0000", "register"),
    ("a register that nobody may write", "plc-a", "06 0000 0001", "register"),
    ("taking over by the level register", "plc-a", "06 0043 0001", "level"),
    ("the valve's level coil", "trovis-5578", "05 0059 0000", "register"),
    ("the outdoor register of a controller", "trovis-5578", "06 0009 FFB5", "register"),
    ("many coils", "trovis-5578", "0F 0073 0001 01 00", "function"),
    ("a mask write", "plc-a", "16 0043 0000 0000", "function"),
    ("read and write at once", "plc-a", "17 0000 0001 0043 0001 02 0000", "function"),
    ("diagnostics", "plc-a", "08 0000 0000", "function"),
    ("a coil of a device without", "plc-a", "05 0000 FF00", "function"),
    ("any write to a read-only controller", "ecl-310", "06 2BAB 0001", "function"),
    ("a count that lies", "plc-a", "10 0048 0008 10 0001 0000", "malformed request"),
]


@pytest.mark.parametrize(("word", "device", "pdu", "what"), FORBIDDEN, ids=[row[0] for row in FORBIDDEN])
def test_forbidden_bytes(word, device, pdu, what):
    read = limits_table.DEVICES[device].meaning(parse(adu(pdu)))
    assert isinstance(read, Forbidden)
    assert read.what == what


def test_reads_mean_nothing():
    assert limits_table.DEVICES["plc-a"].meaning(parse(adu("03 0000 0010"))) is None


def test_crc_of_a_known_frame():
    assert (
        crc16_modbus(bytes.fromhex("01 04 02 FF FF")) == 0x80B8
    )  # Modbus over serial line, appendix example


def test_a_stream_in_any_pieces_gives_the_same_requests_and_garbage_ends_it():
    data = adu("03 0000 0010") + adu("06 001E FFB5", transaction=2) + adu("05 0073 FF00", transaction=3)
    whole = RequestStream().feed(data)
    stream = RequestStream()
    pieces = [request for byte in data for request in stream.feed(bytes([byte]))]
    assert whole == pieces
    assert [request.function for request in whole] == [3, 6, 5]
    assert stream.feed(b"GET / HTTP/1.1\r\n\r\n") == []
    assert stream.broken
    assert stream.feed(data) == []


# ------------------------------------------------------------------ the recorder around it


@dataclass
class Clock:
    utc: float = 1_000_000.0
    factor: float = 1.0

    def now(self):
        return self.utc


def recorder(device="plc-a", values=None):
    held = {(1, "remote_level"): 0.0, (1, "T_supply_secondary_set_effective"): 55.0}
    held |= {(1, "m_flow_secondary_set_effective"): 10.0} | (values or {})
    points = {Point(loop, name): value for (loop, name), value in held.items()}
    return StationRecorder(
        station="S001",
        device=device,
        loops={1: LoopBounds(emitter="radiator", m_flow_design=10.0)},
        values=lambda: points,
        clock=Clock(),
    )


def test_a_recorder_counts_frames_by_function_and_breaks_with_all_that_is_known():
    of = recorder()
    tap = of.new_tap()
    tap(adu("03 0000 0010"))
    tap(adu(plc_a_block(72)))
    tap(adu("06 0000 0001"))
    assert dict(of.counts) == {"FC3": 1, "FC16": 1, "FC6": 1}
    (broken,) = of.breaks
    assert (broken.station, broken.what, broken.value, broken.at) == ("S001", "register", 0, 1_000_000.0)
    assert summary({"S001": of})["frames_out_of_contract"] == 1
    assert summary({"S001": of})["frames"] == 3


def test_a_value_that_is_no_number_does_not_reach_the_report():
    of = recorder("opcua-substation")
    of.ua_call("ApplySetpoint", 1, [1.0, 1.0, float("nan"), 36.0])
    assert [broken.value for broken in of.breaks if broken.what == "T_supply"] == [None]


def test_an_opcua_station_is_judged_by_calls_and_writes():
    of = recorder("opcua-substation")
    of.ua_read(45)
    of.ua_call("ApplySetpoint", 1, [1.0, 1.0, 55.4, 36.0])
    of.ua_call("Heartbeat", 0, [1.0, 1.0, 180.0])
    of.ua_write("Station.T_outdoor_centre", -7.5)
    of.ua_call("Release", 1, [1.0])
    assert of.n_breaks == 0
    of.ua_write("Loop1.T_supply_secondary_set", 60.0)
    of.ua_call("ApplySetpoint", 1, [])
    of.ua_call("OpenValve", 1, [1.0])
    assert of.n_breaks == 3


def test_garbage_on_a_modbus_port_is_one_break_however_long_it_is():
    of = recorder()
    tap = of.new_tap()
    tap(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03")
    tap(b"\x00" * 100)
    assert [broken.what for broken in of.breaks] == ["garbage"]
