"""The twin in memory keeps the same contract as the real drivers."""

import pytest

from stations.drivers.memory import MemoryDriver
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected
from stations.model.quality import Reason
from stations.model.setpoint import FlowCap, Heartbeat
from stations.profile import builtin_profile
from tests.contract import driver_contract as contract


class Station:
    """Keeps what it is told; reports what the test says."""

    def __init__(self):
        self.reported = {}
        self.writes = []
        self.takes = True

    def values(self):
        return self.reported

    def write_block(self, loop, token, sequence, heat, circulation, now):
        self.writes.append(contract.Setpoint(loop, token, sequence, heat, circulation))
        return self.takes

    def heartbeat(self, token, counter, valid_for_s, now):
        self.writes.append(contract.Beat(token, counter, valid_for_s))
        return self.takes

    def hand_back(self, loop, now):
        self.writes.append(contract.HandBack(loop))

    def write_offset(self, loop, dT, now):
        self.writes.append(("offset", loop, dT))
        return self.takes

    def write_absolute(self, loop, T, now):
        self.writes.append(("absolute", loop, T))
        return self.takes

    def write_deadman(self, seconds, now):
        self.writes.append(("deadman", seconds))

    def write_level(self, loop, remote, now):
        self.writes.append(("level", loop, remote))

    def write_outdoor_centre(self, T, now):
        self.writes.append(contract.Outdoor(T))

    def write_cap(self, token, sequence, m_flow_max, now):
        self.writes.append(contract.Cap(token, sequence, m_flow_max))
        return self.takes


class MemoryRig:
    def __init__(self, profile="plc-a", n_loops=contract.N_LOOPS):
        self.profile = builtin_profile(profile)
        self.clock = SystemClock()
        self.station = Station()
        self.n_loops = n_loops
        self.show(dict.fromkeys(contract.SHOWN, 50.0))

    def driver(self):
        return MemoryDriver("S001", self.profile, self.n_loops, self.station, self.clock)

    def show(self, values):
        self.station.reported |= values

    def written(self):
        return self.station.writes


@pytest.fixture
def rig():
    return MemoryRig()


class TestMemoryDriver(contract.DriverContract):
    """The shared suite."""


async def test_a_value_has_the_resolution_of_its_register(rig):
    rig.show({contract.T_PRIMARY: 80.0149})
    driver = await contract.connected(rig)
    assert (await driver.read())[contract.T_PRIMARY].value == pytest.approx(80.01, abs=1e-9)


async def test_a_point_that_the_station_does_not_report_is_bad(rig):
    driver = await contract.connected(rig)
    assert (await driver.read())[Point(0, "alarm_word")].reason is Reason.UNKNOWN_POINT


async def test_a_station_that_holds_a_newer_token_rejects(rig):
    rig.station.takes = False
    driver = await contract.connected(rig)
    assert isinstance(await driver.apply(contract.command()), Rejected)
    assert isinstance(await driver.renew(Heartbeat(token=1, counter=1, valid_for_s=180.0)), Rejected)
    assert isinstance(await driver.cap_flow(FlowCap(token=1, sequence=1, m_flow_max=9.0)), Rejected)


@pytest.mark.parametrize("profile", ["plc-b", "trovis-5578", "multical-603"])
async def test_a_device_without_such_a_point_takes_no_cap(profile):
    rig = MemoryRig(profile, 1)
    driver = await contract.connected(rig)
    assert await driver.cap_flow(FlowCap(token=1, sequence=1, m_flow_max=9.0)) == NotApplicable()
    assert rig.written() == []


DEADMAN, IDENTITY, LEVEL = Point(0, "deadman_remaining"), Point(0, "device_id"), Point(1, "remote_level")
FIRMWARE = Point(0, "firmware")


@pytest.mark.parametrize(
    ("remaining_s", "level", "writes"),
    [
        (0.0, 0.0, [("deadman", 600.0), ("absolute", 1, 61.2), ("level", 1, True)]),
        (360.0, 1.0, [("deadman", 600.0), ("absolute", 1, 61.2)]),
        (420.0, 1.0, [("absolute", 1, 61.2)]),
        (None, 1.0, [("deadman", 600.0), ("absolute", 1, 61.2)]),
    ],
)
async def test_a_device_with_a_dead_man_is_written_in_the_same_order_as_the_real_one(
    remaining_s, level, writes
):
    rig = MemoryRig("trovis-5578", n_loops=1)
    rig.show({IDENTITY: 5578.0, FIRMWARE: 2.62, DEADMAN: remaining_s, LEVEL: level})
    driver = await contract.connected(rig)
    assert await driver.apply(contract.command(heat=61.2, circulation=None)) == Acknowledged()
    assert [(*entry[:-1], pytest.approx(entry[-1])) for entry in rig.written()] == writes


@pytest.mark.parametrize(
    ("level", "holds", "taken"),
    [(0.0, 60.1, True), (0.0, 59.9, False), (0.0, 62.5, False), (0.0, None, True), (1.0, 55.0, True)],
)
async def test_a_loop_on_its_own_curve_is_not_taken_over_by_a_jump(level, holds, taken):
    """Its timer may have ended since the poll that was decided on; under the centre it may lag behind."""
    rig = MemoryRig("trovis-5578", n_loops=1)
    rig.show({IDENTITY: 5578.0, FIRMWARE: 2.62, DEADMAN: 0.0, LEVEL: level})
    rig.show({Point(1, "T_supply_secondary_set_effective"): holds})
    driver = await contract.connected(rig)
    outcome = await driver.apply(contract.command(heat=61.2, circulation=None))
    assert isinstance(outcome, Acknowledged if taken else Rejected)
    assert any(entry[0] == "absolute" for entry in rig.written()) is taken


async def test_a_dead_man_is_renewed_only_when_low_and_the_level_bit_hands_back():
    rig = MemoryRig("trovis-5578", n_loops=1)
    rig.show({IDENTITY: 5578.0, FIRMWARE: 2.62, DEADMAN: 420.0, LEVEL: 1.0})
    driver = await contract.connected(rig)
    beat = Heartbeat(token=1, counter=1, valid_for_s=180.0)
    assert await driver.renew(beat) == Acknowledged()
    rig.show({DEADMAN: 300.0})
    assert await driver.renew(beat) == Acknowledged()
    assert await driver.hand_back(1) == Acknowledged()
    assert rig.written() == [("deadman", 600.0), ("level", 1, False)]


@pytest.mark.parametrize(("device_id", "firmware"), [(5573.0, 2.62), (5578.0, 2.63), (5578.0, None)])
async def test_nothing_is_written_to_a_device_with_another_identity_or_firmware(device_id, firmware):
    rig = MemoryRig("trovis-5578", n_loops=1)
    rig.show({IDENTITY: device_id, FIRMWARE: firmware, DEADMAN: 0.0, LEVEL: 0.0})
    driver = await contract.connected(rig)
    assert isinstance(await driver.apply(contract.command(heat=61.2, circulation=None)), Rejected)
    assert isinstance(await driver.renew(Heartbeat(token=1, counter=1, valid_for_s=180.0)), Rejected)
    assert isinstance(await driver.hand_back(1), Rejected)
    assert rig.written() == []


async def test_an_offset_controller_gets_its_offset_and_is_made_neutral():
    rig = MemoryRig("plc-b", n_loops=1)
    driver = await contract.connected(rig)
    assert await driver.apply(contract.command(heat=-2.5, circulation=None)) == Acknowledged()
    assert isinstance(await driver.apply(contract.command(heat=-3.1, circulation=None)), Rejected)
    assert await driver.renew(Heartbeat(token=1, counter=1, valid_for_s=180.0)) == NotApplicable()
    assert await driver.hand_back(1) == Acknowledged()
    assert await driver.send_outdoor(-5.0) == NotApplicable()
    assert rig.written() == [("offset", 1, pytest.approx(-2.5)), ("offset", 1, 0.0)]


async def test_a_read_only_device_is_never_written():
    rig = MemoryRig("ecl-310", n_loops=1)
    driver = await contract.connected(rig)
    assert isinstance(await driver.apply(contract.command(circulation=None)), Rejected)
    assert await driver.hand_back(1) == NotApplicable()
    assert rig.written() == []
