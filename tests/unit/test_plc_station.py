"""A station's PLC scanned by hand: when the own curve begins, and how it comes back."""

import dataclasses

import pytest

from simulators.plc.curve import HeatingCurve
from simulators.plc.limits import Limit, LoopInputs, LoopRating
from simulators.plc.loop import ControlState, LoopPlc
from simulators.plc.station import Alarm, StationPlc
from stations.model.setpoint import StationClass

START = 1_736_899_200.0
CURVE = HeatingCurve((-20.0, 0.0, 10.0), (68.0, 48.0, 36.0))
OUTDOOR = -5.0  # own curve: 53 degC
DT = 5.0
SEEN = LoopInputs(T_supply=53.0, T_return=42.0, T_return_primary=45.0, m_flow=40.0, y_valve=0.6)


class Bench:
    """One PLC and a clock; the measured supply follows the setpoint in force."""

    def __init__(self, station_class, n_loops=1, T_max=85.0):
        rating = LoopRating(T_supply_max=T_max, m_flow_design=40.0)
        self.plc = StationPlc(
            station_class,
            [
                LoopPlc(
                    number=number,
                    station_class=station_class,
                    curve=CURVE,
                    rating=rating,
                    T_outdoor=OUTDOOR,
                    valve=0.6,
                    pump=0.8,
                )
                for number in range(1, n_loops + 1)
            ],
        )
        self.now = START

    @property
    def loop(self):
        return self.plc.loops[0]

    def run(self, seconds, own=OUTDOOR, **changes):
        for _ in range(round(seconds / DT)):
            self.now += DT
            seen = [
                dataclasses.replace(SEEN, T_supply=loop.T_effective, m_flow=loop.m_flow_effective)
                for loop in self.plc.loops
            ]
            outputs = self.plc.step([dataclasses.replace(one, **changes) for one in seen], own, self.now, DT)
        return outputs

    def reasons(self):
        return [(event.state, event.why, event.at - START) for event in self.plc.events]


def test_a_fresh_station_follows_its_own_curve_at_design_flow():
    bench = Bench(StationClass.A)
    bench.run(60)
    assert bench.loop.state is ControlState.OWN_CURVE
    assert bench.loop.T_effective == pytest.approx(53.0)
    assert bench.loop.m_flow_effective == 40.0
    bench.run(5, own=-10.0)
    assert bench.loop.T_effective == pytest.approx(58.0)


def test_silence_ends_the_lease_and_the_own_curve_comes_back_at_a_fifth_of_a_kelvin_a_minute():
    bench = Bench(StationClass.A)
    assert bench.plc.write_block(1, 3, 1, 54.0, 30.0, bench.now)
    bench.run(60)
    assert bench.loop.state is ControlState.REMOTE
    assert (bench.loop.T_effective, bench.loop.m_flow_effective) == (54.0, 30.0)
    assert bench.plc.heartbeat(3, 1, 180.0, bench.now)
    bench.run(180)
    assert bench.loop.state is ControlState.REMOTE
    bench.run(5)
    assert bench.reasons() == [
        (ControlState.REMOTE, "setpoint", 0.0),
        (ControlState.OWN_CURVE, "watchdog", 245.0),
    ]
    assert bench.loop.state is ControlState.RAMPING
    assert bench.loop.T_effective == pytest.approx(54.0 - 0.2 * DT / 60.0)
    bench.run(145)
    assert bench.loop.T_effective == pytest.approx(54.0 - 0.2 * 150.0 / 60.0)
    bench.run(150 + DT)
    assert bench.loop.T_effective == pytest.approx(53.0)
    assert bench.loop.state is ControlState.OWN_CURVE
    assert 30.0 < bench.loop.m_flow_effective < 40.0
    bench.run(30 * 60)
    assert bench.loop.m_flow_effective == pytest.approx(40.0)


def open_and_draw(bench, seconds, scale=30.0):
    """Scan with a valve that follows its command and a primary flow in proportion to it."""
    y = 0.6
    for _ in range(round(seconds / DT)):
        (outputs,) = bench.run(DT, T_supply=45.0, y_valve=y, m_flow_primary=scale * y)
        y = outputs.valve
    return scale * y


def test_a_cap_keeps_primary_flow_below_it_and_silence_opens_it():
    bench = Bench(StationClass.A)
    assert bench.plc.write_cap(3, 1, 12.0, bench.now)
    assert open_and_draw(bench, 170) == pytest.approx(12.0, rel=0.15)
    assert bench.plc.cap.shown(bench.now) == 12.0
    assert bench.plc.heartbeat(3, 1, 180.0, bench.now)
    assert open_and_draw(bench, 170) == pytest.approx(12.0, rel=0.1)
    bench.run(15, T_supply=45.0)
    assert bench.plc.cap.shown(bench.now) == 600.0
    assert open_and_draw(bench, 600) == 30.0


def test_caps_are_fenced_and_what_is_none_is_refused():
    bench = Bench(StationClass.A)
    assert bench.plc.write_cap(3, 5, 12.0, bench.now)
    assert not bench.plc.write_cap(3, 5, 10.0, bench.now)
    assert not bench.plc.write_cap(2, 9, 10.0, bench.now)
    for senseless in (0.0, -1.0, float("nan"), float("inf")):
        assert not bench.plc.write_cap(3, 6, senseless, bench.now)
    assert bench.plc.cap.shown(bench.now) == 12.0
    assert bench.plc.heartbeat(4, 1, 180.0, bench.now), "a new controller that has not capped"
    bench.run(185)
    assert bench.plc.cap.shown(bench.now) == 600.0
    for other in (StationClass.T, StationClass.B, StationClass.C):
        assert not Bench(other).plc.write_cap(3, 1, 12.0, START)


def test_frost_protection_opens_a_capped_valve():
    bench = Bench(StationClass.A)
    assert bench.plc.write_cap(3, 1, 0.2, bench.now)
    assert open_and_draw(bench, 170) <= 30.0 * 0.1 + 1e-9
    (outputs,) = bench.run(DT, T_return=4.0, y_valve=0.1, m_flow_primary=3.0)
    assert outputs.valve >= 0.3


def test_eight_kelvin_of_fallback_take_forty_minutes():
    bench = Bench(StationClass.A)
    bench.plc.write_block(1, 1, 1, 61.0, None, bench.now)
    bench.run(175)
    assert bench.loop.T_effective < 61.0
    for beat in range(1, 20):
        bench.plc.heartbeat(1, beat, 180.0, bench.now)
        bench.run(20)
    assert bench.loop.T_effective == 61.0
    bench.plc.hand_back(1, bench.now)
    bench.run(39 * 60)
    assert bench.loop.state is ControlState.RAMPING
    bench.run(60 + DT)
    assert bench.loop.state is ControlState.OWN_CURVE


def test_after_the_end_only_a_greater_block_brings_the_centre_back():
    bench = Bench(StationClass.A)
    bench.plc.write_block(1, 3, 1, 54.0, None, bench.now)
    bench.run(200)
    assert bench.plc.heartbeat(3, 1, 180.0, bench.now)
    assert not bench.plc.write_block(1, 3, 1, 54.0, None, bench.now)
    bench.run(20)
    assert not bench.loop.remote
    assert bench.plc.write_block(1, 3, 2, 54.0, None, bench.now)
    bench.run(5)
    assert bench.loop.remote


def test_loops_hold_leases_of_their_own():
    bench = Bench(StationClass.A, n_loops=2)
    bench.plc.write_block(1, 3, 1, 54.0, None, bench.now)
    bench.run(100)
    bench.plc.write_block(2, 3, 1, 52.0, None, bench.now)
    bench.run(100)
    assert [loop.state for loop in bench.plc.loops] == [ControlState.RAMPING, ControlState.REMOTE]
    assert not bench.plc.write_block(3, 3, 9, 52.0, None, bench.now)
    bench.plc.hand_back(2, bench.now)
    assert bench.plc.events[-1].why == "hand_back"


@pytest.mark.parametrize(
    ("T_max", "heat", "effective", "bit"), [(55.0, 80.0, 55.0, Limit.T_MAX), (85.0, 20.0, 25.0, Limit.T_MIN)]
)
def test_whatever_is_written_the_hard_clamps_hold(T_max, heat, effective, bit):
    bench = Bench(StationClass.A, T_max=T_max)
    bench.plc.write_block(1, 1, 1, heat, 0.0, bench.now)
    for beat in range(1, 100):
        bench.plc.heartbeat(1, beat, 180.0, bench.now)
        bench.run(20)
        assert 25.0 <= bench.loop.T_effective <= T_max
    assert bench.loop.T_effective == effective
    assert bench.loop.lease.T_supply == heat
    assert bit in bench.loop.limits
    assert Limit.FLOW in bench.loop.limits
    assert bench.loop.m_flow_effective == 12.0


def test_a_big_jump_is_stretched_and_says_so():
    bench = Bench(StationClass.A)
    bench.plc.write_block(1, 1, 1, 59.0, None, bench.now)
    bench.run(60)
    assert bench.loop.T_effective == pytest.approx(55.0)
    assert Limit.RAMP in bench.loop.limits


def test_a_dead_man_that_runs_out_jumps_back():
    bench = Bench(StationClass.T)
    bench.plc.write_deadman(600.0, bench.now)
    assert bench.plc.write_absolute(1, 55.0, bench.now)
    bench.run(595)
    assert bench.loop.state is ControlState.REMOTE
    assert bench.loop.T_effective == 55.0
    bench.run(10)
    assert bench.loop.T_effective == pytest.approx(53.0)
    assert bench.loop.state is ControlState.OWN_CURVE
    assert bench.reasons()[-1][:2] == (ControlState.OWN_CURVE, "deadman")


def test_rewriting_the_dead_man_keeps_the_setpoint_and_the_level_bit_ends_it():
    bench = Bench(StationClass.T)
    bench.plc.write_deadman(600.0, bench.now)
    bench.plc.write_absolute(1, 55.0, bench.now)
    for _ in range(6):
        bench.run(300)
        bench.plc.write_deadman(600.0, bench.now)
    assert bench.loop.remote
    bench.plc.write_level(1, False, bench.now)
    assert bench.reasons()[-1][:2] == (ControlState.OWN_CURVE, "level")
    bench.plc.write_level(1, True, bench.now)
    bench.run(5)
    assert bench.loop.remote
    assert bench.loop.T_effective > 53.0


def test_a_setpoint_that_comes_after_the_dead_man_ran_out_does_not_hold_the_loop():
    bench = Bench(StationClass.T)
    bench.plc.write_deadman(60.0, bench.now)
    bench.plc.write_absolute(1, 55.0, bench.now)
    assert bench.plc.write_absolute(1, 56.0, bench.now + 61.0)
    bench.run(65)
    assert not bench.loop.remote


def test_an_offset_rides_on_the_own_curve_and_stays_for_ever():
    bench = Bench(StationClass.B)
    assert bench.plc.write_offset(1, 0.8, bench.now)
    bench.run(3600)
    assert bench.loop.T_effective == pytest.approx(53.8)
    bench.run(10, own=-5.5)
    assert bench.loop.T_effective == pytest.approx(54.3)
    assert not bench.plc.write_offset(1, 6.0, bench.now)
    assert bench.plc.write_offset(1, 0.0, bench.now)
    bench.run(600)
    assert bench.loop.T_effective == pytest.approx(53.0)
    assert [event.why for event in bench.plc.events] == ["offset", "neutral"]


@pytest.mark.parametrize("station_class", list(StationClass))
def test_each_class_takes_only_its_own_writes(station_class):
    plc = Bench(station_class).plc
    taken = {
        "block": plc.write_block(1, 1, 1, 53.0, None, START),
        "heartbeat": plc.heartbeat(1, 1, 180.0, START),
        "offset": plc.write_offset(1, 1.0, START),
        "absolute": plc.write_absolute(1, 53.0, START),
    }
    own = {"A": {"block", "heartbeat"}, "B": {"offset"}, "T": {"absolute"}, "C": set()}
    assert {name for name, was in taken.items() if was} == own[station_class.value]


def test_over_temperature_shuts_the_valve_whoever_decides():
    bench = Bench(StationClass.A)
    bench.plc.write_block(1, 1, 1, 54.0, None, bench.now)
    (output,) = bench.run(5, T_supply=90.5)
    assert output.valve == 0.0
    assert Alarm.OVER_TEMPERATURE in bench.plc.alarms


def test_frost_opens_the_valve_and_keeps_water_moving():
    bench = Bench(StationClass.A)
    bench.plc.write_block(1, 1, 1, 25.0, 0.0, bench.now)
    (output,) = bench.run(5, T_supply=60.0, T_return=3.0, m_flow=0.0)
    assert output.valve >= 0.3
    assert output.pump > 0.8
    assert Alarm.FROST in bench.plc.alarms


def test_a_station_that_was_never_given_an_outdoor_sensor_does_not_miss_it():
    bench = Bench(StationClass.C)
    bench.run(5, own=None)
    assert Alarm.OUTDOOR_UNKNOWN not in bench.plc.alarms


@pytest.mark.parametrize("days", [0.1, 2.0])
def test_a_station_that_has_lost_the_centre_and_has_no_sensor_says_so_however_long(days):
    bench = Bench(StationClass.A)
    bench.plc.write_outdoor_centre(-9.0, bench.now)
    bench.run(5, own=None)
    bench.now += days * 86_400.0
    bench.run(5, own=None)
    assert Alarm.OUTDOOR_UNKNOWN in bench.plc.alarms


def test_a_station_that_knows_no_outdoor_temperature_any_more_says_so():
    bench = Bench(StationClass.C)
    bench.run(5)
    bench.run(5, own=None)
    assert Alarm.OUTDOOR_UNKNOWN in bench.plc.alarms
    assert bench.plc.write_outdoor_centre(-9.0, bench.now)
    bench.run(5, own=None)
    assert Alarm.OUTDOOR_UNKNOWN not in bench.plc.alarms
    assert bench.loop.T_effective == pytest.approx(57.0)
