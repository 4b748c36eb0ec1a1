"""A loop whose pump holds a head is told its circulation as one, and everything else of it stays a flow."""

import math
import struct
from dataclasses import dataclass, replace

import pytest

from controller.decisions import Action, Decision, Mode
from controller.head import flow_told, told_of
from controller.image import StationImage
from controller.last_clamp import clamp_fault
from controller.loop_points import points_of
from controller.observe import LoopSituation, observe
from controller.outbox import channel_values
from controller.trial import before, choose
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


@pytest.mark.parametrize(("m_flow", "dp"), [(40.0, 80.0), (20.0, 20.0), (12.0, 7.2), (0.0, 0.0)])
def test_a_head_goes_with_the_square_of_the_flow_both_ways(m_flow, dp):
    assert told_of(m_flow, BY_HEAD) == pytest.approx(dp)
    assert flow_told(dp, BY_HEAD) == pytest.approx(m_flow)
    assert told_of(m_flow, traits_of()) == flow_told(m_flow, traits_of()) == m_flow


def test_what_was_decided_as_a_flow_is_told_as_a_head():
    decided = Decision(
        key=BY_HEAD.key, action=Action.SET, T_supply=56.0, m_flow=20.0, author="a", why=(), cuts=()
    )
    assert channel_values(decided, BY_HEAD, 0.0) == (56.0, pytest.approx(20.0))


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


def test_a_flow_is_never_written_where_a_head_belongs_nor_a_head_where_a_flow_belongs():
    assert "circulation channel" in clamp_fault(BY_HEAD, intent(circulation_value=32.0))
    head = intent(circulation_channel=CirculationChannel.DP, circulation_value=32.0)
    assert "circulation channel" in clamp_fault(traits_of(), head)


def test_the_list_names_the_head_and_the_loop_is_driven(tmp_path):
    station = station_config(profile="plc-d", loops=(loop_config(dp_design_kPa=60.0),))
    (traits,) = loop_traits(site_config(tmp_path, station)).values()
    assert (traits.proven, traits.by_head, traits.dp_design) == (True, True, 60.0)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"profile": "plc-d"}, "column dp_design_kPa: empty; allowed 5..1000"),
        ({"profile": "plc-d", "dp_design_kPa": "2"}, "dp_design_kPa: out of range (got 2); allowed 5..1000"),
        ({"dp_design_kPa": "80"}, "profile plc-a is told no dp_secondary_set (got '80'); allowed blank"),
    ],
    ids=["missing", "too low", "for a device that is told a flow"],
)
def test_a_head_stands_in_the_list_exactly_where_the_device_is_told_one(tmp_path, row, expected):
    (fault,) = faults_of(write_site(tmp_path, [station_row(**row)]))
    assert expected in fault


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


def frame(dp):
    """The setpoint block of the first loop: token 65538, sequence 3, 55.5 degC, then the head."""
    word = struct.pack(">f", dp)
    data = bytes.fromhex("0002 0001 0003 0000 15AE") + word[2:] + word[:2]
    return adu(f"10 0048 0008 10 {data.hex()} {crc16_modbus(data):04X}")


@pytest.mark.parametrize(
    ("dp", "broken"),
    [
        (DP, []),
        (DP * 0.951**2, []),
        (DP * 0.9**2, ["flow in 5 min"]),
        (DP * 1.02**2, ["flow share"]),
    ],
)
def test_the_judge_of_the_wire_counts_a_head_by_the_flow_that_it_drives(tmp_path, dp, broken):
    folder = write_site(tmp_path, [station_row(profile="plc-d", dp_design_kPa=str(DP))])
    (station,) = load_site(folder).stations
    held = {"remote_level": 1.0, "T_supply_secondary_set_effective": 55.5, "dp_secondary_set_effective": DP}
    shown = {Point(1, name): value for name, value in held.items()} | {Point(0, "T_outdoor"): 0.0}
    recorder = StationRecorder(
        station=station.id, device="plc-d", loops=bounds_of(station), values=lambda: shown, clock=Clock()
    )
    recorder.new_tap()(frame(dp))
    assert {found.what for found in recorder.breaks if found.what.startswith("flow")} == set(broken)


def test_a_pump_that_holds_a_head_gives_the_flow_that_it_drives_and_shows_the_head():
    rating = LoopRating(T_supply_max=85.0, m_flow_design=DESIGN, dp_design=DP)
    plc = LoopPlc(
        number=1, station_class=StationClass.A, rating=rating, T_outdoor=-5.0, valve=0.5, pump=0.8,
        curve=HeatingCurve((-20.0, 10.0), (75.0, 35.0)),
    )  # fmt: skip
    station = StationPlc(StationClass.A, [plc])
    assert station.write_block(1, 7, 1, 55.0, 45.0, 0.0)
    assert plc.lease.m_flow == pytest.approx(DESIGN * 0.75)
    assert plc.shown(plc.lease.m_flow) == pytest.approx(45.0)
    assert not station.write_block(1, 7, 2, 55.0, math.inf, 0.0)
    assert station.write_block(1, 7, 2, 55.0, -45.0, 0.0)
    assert plc.lease.m_flow == 0.0, "which the PLC's own clamp lifts to its least"


def test_the_simulated_pump_takes_the_listed_head_at_design_flow(tmp_path):
    folder = write_site(tmp_path, [station_row(profile="plc-d", dp_design_kPa="64")])
    (station,) = load_site(folder).stations
    truth = draw_loop(1, station, station.loops[0])
    assert truth.dp_design == 64.0
    assert truth == replace(draw_loop(1, station, replace(station.loops[0], dp_design=None)), dp_design=64.0)
