"""Loops are told their circulation as a flow, a head or a speed, and everything inside stays a flow."""

import math
import struct
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.circulation import flow_told, told_of
from controller.config.loader import load_site as load_controller_site
from controller.decisions import Action, Decision, Mode
from controller.image import StationImage
from controller.last_clamp import clamp_fault
from controller.loop_points import points_of
from controller.observe import LoopSituation, observe
from controller.outbox import channel_values
from controller.trial import before, choose, refusal
from controller.wiring import loop_traits
from simulators.bounds import bounds_of
from simulators.crc import crc16_modbus
from simulators.plc.curve import HeatingCurve
from simulators.plc.limits import LoopRating
from simulators.plc.loop import LoopPlc
from simulators.plc.station import StationPlc
from simulators.recorder import StationRecorder
from simulators.sitefile import load_site
from simulators.truth import draw_loop
from stations.model.identity import Point
from stations.model.reading import good
from stations.model.setpoint import CirculationChannel, StationClass
from stations.profile import builtin_profile
from tests.support.field_world import intent, traits_of
from tests.support.modbus_writes import adu
from tests.support.sites import faults_of, loop_config, site_config, station_config, station_row, write_site


@dataclass
class Clock:
    factor: float = 1.0

    def now(self):
        return 1_000_000.0


DESIGN, DP = 40.0, 80.0
BY_HEAD = traits_of(circulation=CirculationChannel.DP, dp_design=DP)
POINTS = ((0.4, 12.0), (0.6, 24.0), (1.0, 44.0))
BY_SPEED = traits_of(circulation=CirculationChannel.Y_PUMP, pump_points=POINTS)


@pytest.mark.parametrize(("m_flow", "dp"), [(40.0, 80.0), (20.0, 20.0), (12.0, 7.2), (0.0, 0.0)])
def test_a_head_goes_with_the_square_of_the_flow_both_ways(m_flow, dp):
    assert told_of(m_flow, BY_HEAD) == pytest.approx(dp)
    assert flow_told(dp, BY_HEAD) == pytest.approx(m_flow)
    assert told_of(m_flow, traits_of()) == flow_told(m_flow, traits_of()) == m_flow


@pytest.mark.parametrize(
    ("m_flow", "speed"), [(12.0, 0.4), (18.0, 0.5), (34.0, 0.8), (44.0, 1.0), (6.0, 0.2), (0.0, 0.0)]
)
def test_a_speed_lies_on_the_lines_between_the_points_that_were_read_and_below_in_proportion(m_flow, speed):
    assert told_of(m_flow, BY_SPEED) == pytest.approx(speed)
    assert flow_told(speed, BY_SPEED) == pytest.approx(m_flow)


def test_no_speed_is_told_beyond_the_fastest_that_was_read():
    assert told_of(60.0, BY_SPEED) == 1.0
    points = ((0.3, 15.0), (0.5, 25.0), (0.8, 41.0))
    slow = traits_of(circulation=CirculationChannel.Y_PUMP, pump_points=points)
    assert told_of(41.0, slow) == told_of(60.0, slow) == 0.8


def test_what_was_decided_as_a_flow_is_told_in_the_loop_s_channel():
    decided = Decision(
        key=BY_HEAD.key, action=Action.SET, T_supply=56.0, m_flow=20.0, author="a", why=(), cuts=()
    )
    assert channel_values(decided, traits_of(), 0.0) == (56.0, 20.0)
    assert channel_values(decided, BY_HEAD, 0.0) == (56.0, pytest.approx(20.0))
    assert channel_values(decided, BY_SPEED, 0.0) == (56.0, pytest.approx(0.4 + 0.2 * 8.0 / 12.0))


def test_what_the_device_shows_as_a_head_is_seen_as_a_flow():
    at = points_of(BY_HEAD)
    assert at.circulation_readback == Point(1, "dp_secondary_set_readback")
    shown = {at.circulation_readback: 20.0, at.circulation_effective: 5.0, at.m_flow: 17.0}
    readings = {point: good(value, 0.0) for point, value in shown.items()}
    images = {
        BY_HEAD.key.station: StationImage(station=BY_HEAD.key.station, readings=readings, polled_at=0.0)
    }
    situation = LoopSituation(mode=Mode.AUTO, season="heating", readmitted=True)
    seen = observe(images, {BY_HEAD.key: BY_HEAD}, {BY_HEAD.key: situation}, 0.0)[BY_HEAD.key]
    assert seen.m_flow_readback.value == pytest.approx(20.0)
    assert seen.m_flow_effective.value == pytest.approx(10.0)
    assert seen.m_flow.value == 17.0


@pytest.mark.parametrize(("dp", "allowed"), [(7.1, False), (7.2, True), (80.0, True), (80.1, False)])
def test_the_last_clamp_holds_heads_between_thirty_and_a_hundred_percent_of_design_flow(dp, allowed):
    told = intent(circulation_channel=CirculationChannel.DP, circulation_value=dp)
    assert (clamp_fault(BY_HEAD, told) is None) is allowed


@pytest.mark.parametrize(
    ("speed", "allowed"),
    [(0.0, False), (0.39, False), (0.4, True), (0.92, True), (0.93, False), (40.0, False)],
)
def test_the_last_clamp_holds_speeds_by_the_flow_there_and_wants_the_pump_s_points(speed, allowed):
    told = intent(circulation_channel=CirculationChannel.Y_PUMP, circulation_value=speed)
    assert (clamp_fault(BY_SPEED, told) is None) is allowed
    assert clamp_fault(traits_of(circulation=CirculationChannel.Y_PUMP), told) is not None


@given(
    design=st.floats(0.05, 2000.0),
    share=st.floats(0.3, 1.0),
    dp=st.floats(5.0, 1000.0),
    steps=st.lists(st.tuples(st.floats(0.05, 0.15), st.floats(0.05, 0.6)), min_size=3, max_size=6),
)
def test_every_flow_that_the_guard_allows_passes_the_last_clamp_and_comes_back_as_itself(
    design, share, dp, steps
):
    speeds = np.cumsum([step for step, _ in steps])
    flows = np.cumsum([rise for _, rise in steps])
    flows *= 1.1 * design / flows[-1]
    points = tuple(zip(speeds.tolist(), flows.tolist(), strict=True))
    for channel in (CirculationChannel.DP, CirculationChannel.Y_PUMP):
        traits = traits_of(circulation=channel, m_flow_design=design, dp_design=dp, pump_points=points)
        told = told_of(share * design, traits)
        assert flow_told(told, traits) == pytest.approx(share * design)
        assert clamp_fault(traits, intent(circulation_channel=channel, circulation_value=told)) is None


def test_a_flow_is_never_written_where_a_head_belongs_nor_a_head_where_a_flow_belongs():
    assert "circulation channel" in clamp_fault(BY_HEAD, intent(circulation_value=32.0))
    head = intent(circulation_channel=CirculationChannel.DP, circulation_value=32.0)
    assert "circulation channel" in clamp_fault(traits_of(), head)


def test_the_list_names_the_head_and_the_loop_is_driven(tmp_path):
    station = station_config(profile="plc-d", loops=(loop_config(dp_design_kPa=60.0),))
    (traits,) = loop_traits(site_config(tmp_path, station)).values()
    assert (traits.proven, traits.by_head, traits.dp_design) == (True, True, 60.0)


@pytest.mark.parametrize("points", [POINTS, ()])
def test_a_loop_that_is_told_a_speed_is_driven_once_its_pump_was_read(tmp_path, points):
    station = station_config(profile="plc-e", loops=(loop_config(pump_points=points),))
    (traits,) = loop_traits(site_config(tmp_path, station)).values()
    assert traits.proven is bool(points)
    assert flow_told(1.0, traits) == (44.0 if points else 35.0)


TABLE = "0.45:18.2 0.70:28.4 1.00:40.3"


def test_the_list_s_pump_points_are_read_by_both_sides(tmp_path):
    folder = write_site(tmp_path, [station_row(profile="plc-e", pump_points=TABLE)])
    (loop,) = load_controller_site(folder).stations[0].loops
    assert loop.pump_points == ((0.45, 18.2), (0.7, 28.4), (1.0, 40.3))
    rating = load_site(folder).stations[0].loops[0].rating
    assert rating.flow_of(1.0) == pytest.approx(40.3)
    assert rating.told(rating.flow_of(0.5)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"profile": "plc-e", "pump_points": "0.5:20 1.0:40"},
            "allowed speed:kg/s of three to ten",
        ),
        ({"profile": "plc-e", "pump_points": "45%:18 70%:28 100%:40"}, "allowed speed:kg/s of three to ten"),
        (
            {"profile": "plc-e", "pump_points": "0.45:18 0.70:28 1.10:40"},
            "allowed speeds 0.05..1 and flows",
        ),
        (
            {"profile": "plc-e", "pump_points": "0.70:28 0.45:18 1.00:40"},
            "not rising; allowed speeds 0.05",
        ),
        (
            {"profile": "plc-e", "pump_points": "0.45:18 0.70:18 1.00:40"},
            "not rising; allowed speeds 0.05",
        ),
        ({"profile": "plc-e", "pump_points": "0.45:8 0.70:12 1.00:18"}, "no speed gives design circulation"),
        ({"pump_points": TABLE}, "profile plc-a is told no y_pump_secondary_set"),
        ({"profile": "plc-d"}, "column dp_design_kPa: empty; allowed 5..1000"),
        ({"profile": "plc-d", "dp_design_kPa": "2"}, "dp_design_kPa: out of range (got 2); allowed 5..1000"),
        ({"dp_design_kPa": "80"}, "profile plc-a is told no dp_secondary_set (got '80'); allowed blank"),
    ],
    ids=[
        "two points",
        "percent",
        "too fast",
        "falling",
        "flat",
        "too weak",
        "points for a flow",
        "no head",
        "too low",
        "a head for a flow",
    ],
)
def test_what_the_list_says_of_a_pump_is_what_its_device_is_told(tmp_path, row, expected):
    (fault,) = faults_of(write_site(tmp_path, [station_row(**row)]))
    assert expected in fault


def test_the_device_takes_the_least_head_that_the_list_and_the_guard_allow():
    assert builtin_profile("plc-d").point("dp_secondary_set").minimum <= 0.3**2 * 5.0


def test_both_sides_read_the_same_head(tmp_path):
    folder = write_site(tmp_path, [station_row(profile="plc-d", dp_design_kPa="64")])
    (station,) = load_site(folder).stations
    assert station.loops[0].rating.dp_design == 64.0


def test_a_commissioning_tries_a_twentieth_of_the_flow_as_a_head():
    shown = {(0, "T_outdoor"): -5.0, (1, "T_supply_secondary_set_effective"): BY_HEAD.own_curve(-5.0)}
    shown |= {(1, "dp_secondary_set_effective"): DP}
    readings = {Point(*point): good(value, 0.0) for point, value in shown.items()}
    trial = choose(BY_HEAD, before(BY_HEAD, readings), None)
    assert trial.m_flow == pytest.approx(0.95 * DESIGN)
    assert trial.instruction.circulation == pytest.approx(0.95**2 * DP)


def frame(told):
    """The setpoint block of the first loop: token 65538, sequence 3, 55.5 degC, then head or speed."""
    word = struct.pack(">f", told)
    data = bytes.fromhex("0002 0001 0003 0000 15AE") + word[2:] + word[:2]
    return adu(f"10 0048 0008 10 {data.hex()} {crc16_modbus(data):04X}")


def test_a_pump_of_which_no_speed_was_read_is_not_tried():
    assert "pump_points" in refusal(traits_of(circulation=CirculationChannel.Y_PUMP), {})
    assert "pump_points" not in refusal(BY_SPEED, {})


@pytest.mark.parametrize(
    ("profile", "row", "channel", "as_told"),
    [
        ("plc-d", {"dp_design_kPa": "80"}, "dp_secondary_set", lambda share: (DP * share**2, 1.0)),
        ("plc-e", {"pump_points": TABLE}, "y_pump_secondary_set", lambda share: (35.0 / 40.3 * share, 100.0)),
    ],
    ids=["head", "speed"],
)
@pytest.mark.parametrize(
    ("share", "broken"),
    [(1.0, set()), (0.951, set()), (0.9, {"flow in 5 min"}), (1.02, {"flow share"})],
)
def test_the_judge_of_the_wire_counts_what_is_told_by_the_flow_behind_it(
    tmp_path, profile, row, channel, as_told, share, broken
):
    folder = write_site(tmp_path, [station_row(profile=profile, m_flow_design_kg_per_s="35", **row)])
    (station,) = load_site(folder).stations
    held = {"remote_level": 1.0, "T_supply_secondary_set_effective": 55.5}
    held[f"{channel}_effective"], _ = as_told(1.0)
    shown = {Point(1, name): value for name, value in held.items()} | {Point(0, "T_outdoor"): 0.0}
    recorder = StationRecorder(
        station=station.id, device=profile, loops=bounds_of(station), values=lambda: shown, clock=Clock()
    )
    inside, on_the_wire = as_told(share)
    recorder.new_tap()(frame(inside * on_the_wire))
    assert {found.what for found in recorder.breaks if found.what.startswith("flow")} == broken


def test_a_simulated_pump_that_holds_a_head_gives_the_flow_that_it_drives_and_shows_the_head():
    rating = LoopRating(T_supply_max=85.0, m_flow_design=DESIGN, dp_design=DP)
    plc = LoopPlc(
        number=1, station_class=StationClass.A, rating=rating, T_outdoor=-5.0, valve=0.5, pump=0.8,
        curve=HeatingCurve((-20.0, 10.0), (75.0, 35.0)),
    )  # fmt: skip
    station = StationPlc(StationClass.A, [plc])
    assert station.write_block(1, 7, 1, 55.0, 45.0, 0.0)
    assert plc.lease.m_flow == pytest.approx(DESIGN * 0.75)
    assert plc.rating.told(plc.lease.m_flow) == pytest.approx(45.0)
    assert not station.write_block(1, 7, 2, 55.0, math.inf, 0.0)
    assert station.write_block(1, 7, 2, 55.0, -45.0, 0.0)
    assert plc.lease.m_flow == 0.0, "which the PLC's own clamp lifts to its least"


def test_the_simulated_pump_takes_the_listed_head_at_design_flow(tmp_path):
    folder = write_site(tmp_path, [station_row(profile="plc-d", dp_design_kPa="64")])
    (station,) = load_site(folder).stations
    truth = draw_loop(1, station, station.loops[0])
    assert truth.dp_design == 64.0
    assert truth == replace(draw_loop(1, station, replace(station.loops[0], dp_design=None)), dp_design=64.0)
