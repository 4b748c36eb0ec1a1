"""The recorder around the judge: it counts what comes to a station and keeps every break with its time."""

from dataclasses import dataclass

from simulators.judge import LoopBounds
from simulators.recorder import StationRecorder, summary
from stations.model.identity import Point
from tests.support.modbus_writes import adu, plc_a_block


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
