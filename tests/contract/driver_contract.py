"""What every station driver must do, whatever wire is behind it.

A driver's test module subclasses ``DriverContract`` (and ``SocketDriverContract`` where there is a socket)
and offers a fixture ``rig`` that returns an object with the interface ``Rig``. The rig plays a class A
station with two loops; it builds what goes over the wire by itself, never with the driver's own codec.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pytest

from stations.driver import LinkLost, NoAnswer, StationDriver
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, Rejected, Unknown
from stations.model.quality import Quality, Reason
from stations.model.setpoint import FlowCap, Heartbeat, Instruction, LoopCommand
from stations.profile import Profile

N_LOOPS = 2

T_PRIMARY = Point(0, "T_supply_primary")
FLOW_PRIMARY = Point(0, "m_flow_primary")
HEAT_PRIMARY = Point(0, "Q_flow_primary")
ENERGY_PRIMARY = Point(0, "E_heat_primary")
T_LOOP_1 = Point(1, "T_supply_secondary")
T_LOOP_2 = Point(2, "T_supply_secondary")
INDOOR_1 = Point(1, "T_indoor_mean")
SHOWN = (T_PRIMARY, FLOW_PRIMARY, HEAT_PRIMARY, ENERGY_PRIMARY, T_LOOP_1, T_LOOP_2, INDOOR_1)
"""Points that a rig must be able to show; all others may show anything."""


@dataclass(frozen=True)
class Setpoint:
    """A setpoint block that arrived at the station, units inside."""

    loop: int
    token: int
    sequence: int
    heat: float
    circulation: float | None


@dataclass(frozen=True)
class Beat:
    """A heartbeat that arrived."""

    token: int
    counter: int
    valid_for_s: float


@dataclass(frozen=True)
class HandBack:
    """A loop that was given back."""

    loop: int


@dataclass(frozen=True)
class Outdoor:
    """The centre's outdoor temperature that arrived."""

    T: float


@dataclass(frozen=True)
class Cap:
    """A cap on the primary flow that arrived, kg/s."""

    token: int
    sequence: int
    m_flow_max: float


Written = Setpoint | Beat | HandBack | Outdoor | Cap


class Rig(Protocol):
    """A class A station with two loops behind a driver under test."""

    profile: Profile
    clock: Clock

    def driver(self) -> StationDriver:
        """A new driver for the station, not connected."""

    def show(self, values: Mapping[Point, float | None]) -> None:
        """From now on the station reports these values (units inside) for points of ``SHOWN``.

        None is a missing sensor, NaN and infinity are sent as such; both only for points that can show them:
        None for T_indoor_mean and T_supply_primary, NaN and infinity for Q_flow_primary.
        """

    def written(self) -> list[Written]:
        """Every write that the station took, oldest first, with the resolution of its wire."""


class SocketRig(Rig, Protocol):
    """A rig with a real socket, whose link can be broken. ``driver`` uses a request deadline of 0.5 s."""

    def unreachable_driver(self) -> StationDriver:
        """A driver for an address where nobody listens."""

    def fall_silent(self) -> None:
        """From now on the station takes requests and answers nothing; connections stay open."""

    def cut_at_next_request(self) -> None:
        """The station drops the connection when the next request arrives, without an answer."""

    def recover(self) -> None:
        """The station behaves again."""


def command(
    loop: int = 1,
    heat: float = 61.25,
    circulation: float | None = 40.0,
    token: int = 7,
    sequence: int = 65538,
) -> LoopCommand:
    """A command within all bounds; each argument can be bent."""
    instruction = Instruction(heat=heat, circulation=circulation)
    return LoopCommand(loop=loop, token=token, sequence=sequence, instruction=instruction)


class DriverContract:
    """Tests that need only ``Rig``."""

    async def test_a_poll_reports_every_point_of_the_profile(self, rig: Rig):
        driver = await connected(rig)
        readings = await driver.read()
        await driver.close()
        assert set(readings) == {point for point, _ in rig.profile.polled(N_LOOPS)}

    async def test_values_arrive_in_the_units_inside(self, rig: Rig):
        shown = {T_PRIMARY: 95.37, FLOW_PRIMARY: 10.0, HEAT_PRIMARY: 2000.0, ENERGY_PRIMARY: 34_293_550.0}
        shown |= {T_LOOP_1: 61.25, T_LOOP_2: 44.5, INDOOR_1: 20.75}
        rig.show(shown)
        driver = await connected(rig)
        readings = await driver.read()
        await driver.close()
        assert {point: readings[point].value for point in shown} == pytest.approx(shown, rel=1e-6)
        assert {readings[point].quality for point in shown} == {Quality.GOOD}

    async def test_a_reading_carries_the_time_of_the_clock(self, rig: Rig):
        rig.show({T_PRIMARY: 80.0})
        driver = await connected(rig)
        before = rig.clock.now()
        reading = (await driver.read())[T_PRIMARY]
        await driver.close()
        assert before <= reading.received_at <= rig.clock.now()
        assert reading.measured_at <= reading.received_at

    @pytest.mark.parametrize("point", [T_PRIMARY, INDOOR_1], ids=str)
    async def test_a_missing_sensor_is_bad_and_never_zero(self, rig: Rig, point: Point):
        rig.show({point: None})
        driver = await connected(rig)
        reading = (await driver.read())[point]
        await driver.close()
        assert (reading.value, reading.quality) == (None, Quality.BAD)
        assert reading.reason in (Reason.SENTINEL, Reason.STATUS_BAD)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    async def test_what_is_no_number_is_bad(self, rig: Rig, value: float):
        rig.show({HEAT_PRIMARY: value})
        driver = await connected(rig)
        reading = (await driver.read())[HEAT_PRIMARY]
        await driver.close()
        assert (reading.value, reading.reason) == (None, Reason.NOT_A_NUMBER)

    @pytest.mark.parametrize(
        ("point", "value"), [(T_PRIMARY, 260.0), (T_LOOP_1, -40.0), (HEAT_PRIMARY, -5.0)]
    )
    async def test_a_physically_impossible_value_is_bad(self, rig: Rig, point: Point, value: float):
        rig.show({point: value})
        driver = await connected(rig)
        reading = (await driver.read())[point]
        await driver.close()
        assert (reading.value, reading.reason) == (None, Reason.OUT_OF_RANGE)

    @pytest.mark.parametrize("loop", [1, 2])
    async def test_a_command_arrives_whole_in_its_loop(self, rig: Rig, loop: int):
        driver = await connected(rig)
        outcome = await driver.apply(command(loop=loop))
        await driver.close()
        assert outcome == Acknowledged()
        assert rig.written() == [
            Setpoint(loop, 7, 65538, pytest.approx(61.25, abs=0.005), pytest.approx(40.0, rel=1e-6))
        ]

    @pytest.mark.parametrize(
        "bent",
        [
            command(heat=110.5),
            command(heat=5.0),
            command(heat=float("nan")),
            command(heat=float("inf")),
            command(circulation=-1.0),
            command(circulation=float("nan")),
            command(circulation=None),
            command(loop=3),
            command(loop=0),
            command(token=2**32),
            command(sequence=-1),
        ],
        ids=lambda bent: (
            f"loop {bent.loop}, {bent.instruction.heat} degC, {bent.instruction.circulation} kg/s"
        ),
    )
    async def test_a_command_out_of_bounds_is_refused_before_the_wire(self, rig: Rig, bent: LoopCommand):
        driver = await connected(rig)
        outcome = await driver.apply(bent)
        await driver.close()
        assert isinstance(outcome, Rejected)
        assert rig.written() == []

    async def test_a_heartbeat_arrives_with_its_lease(self, rig: Rig):
        driver = await connected(rig)
        outcome = await driver.renew(Heartbeat(token=7, counter=70_000, valid_for_s=180.0))
        await driver.close()
        assert outcome == Acknowledged()
        assert rig.written() == [Beat(7, 70_000, 180.0)]

    @pytest.mark.parametrize("valid_for_s", [59.0, 601.0, 0.0, -1.0, float("nan"), float("inf")])
    async def test_a_lease_outside_60_to_600_seconds_is_refused(self, rig: Rig, valid_for_s: float):
        driver = await connected(rig)
        outcome = await driver.renew(Heartbeat(token=7, counter=1, valid_for_s=valid_for_s))
        await driver.close()
        assert isinstance(outcome, Rejected)
        assert rig.written() == []

    @pytest.mark.parametrize("loop", [1, 2])
    async def test_a_loop_is_handed_back(self, rig: Rig, loop: int):
        driver = await connected(rig)
        await driver.apply(command(loop=loop))
        outcome = await driver.hand_back(loop)
        await driver.close()
        assert outcome == Acknowledged()
        assert rig.written()[1:] == [HandBack(loop)]

    async def test_the_outdoor_temperature_of_the_centre_arrives(self, rig: Rig):
        driver = await connected(rig)
        outcome = await driver.send_outdoor(-8.3)
        await driver.close()
        assert outcome == Acknowledged()
        assert rig.written() == [Outdoor(pytest.approx(-8.3))]

    @pytest.mark.parametrize("T", [-46.0, 46.0, float("nan")])
    async def test_an_impossible_outdoor_temperature_is_refused(self, rig: Rig, T: float):
        driver = await connected(rig)
        outcome = await driver.send_outdoor(T)
        await driver.close()
        assert isinstance(outcome, Rejected)
        assert rig.written() == []

    async def test_a_cap_on_primary_flow_arrives_whole(self, rig: Rig):
        driver = await connected(rig)
        outcome = await driver.cap_flow(FlowCap(token=7, sequence=65_539, m_flow_max=12.5))
        await driver.close()
        assert outcome == Acknowledged()
        assert rig.written() == [Cap(7, 65_539, pytest.approx(12.5, rel=1e-6))]

    @pytest.mark.parametrize(
        "bent",
        [
            FlowCap(token=7, sequence=1, m_flow_max=0.0),
            FlowCap(token=7, sequence=1, m_flow_max=-1.0),
            FlowCap(token=7, sequence=1, m_flow_max=700.0),
            FlowCap(token=7, sequence=1, m_flow_max=float("nan")),
            FlowCap(token=7, sequence=1, m_flow_max=float("inf")),
            FlowCap(token=2**32, sequence=1, m_flow_max=12.5),
            FlowCap(token=7, sequence=-1, m_flow_max=12.5),
        ],
        ids=str,
    )
    async def test_a_cap_out_of_bounds_is_refused_before_the_wire(self, rig: Rig, bent: FlowCap):
        driver = await connected(rig)
        outcome = await driver.cap_flow(bent)
        await driver.close()
        assert isinstance(outcome, Rejected)
        assert rig.written() == []

    async def test_nothing_is_read_or_written_before_the_link_is_open(self, rig: Rig):
        driver = rig.driver()
        with pytest.raises(LinkLost):
            await driver.read()
        assert isinstance(await driver.apply(command()), Unknown)
        cap = FlowCap(token=7, sequence=1, m_flow_max=12.5)
        assert isinstance(await driver.cap_flow(cap), Unknown)
        await driver.close()
        assert rig.written() == []

    async def test_nothing_is_read_or_written_after_the_link_is_closed(self, rig: Rig):
        driver = await connected(rig)
        await driver.close()
        await driver.close()
        with pytest.raises(LinkLost):
            await driver.read()
        assert isinstance(await driver.renew(Heartbeat(token=7, counter=1, valid_for_s=180.0)), Unknown)
        assert rig.written() == []


class SocketDriverContract:
    """Tests that break a real link."""

    async def test_an_address_where_nobody_listens_is_a_lost_link(self, rig: SocketRig):
        driver = rig.unreachable_driver()
        with pytest.raises(LinkLost):
            await driver.connect()
        await driver.close()

    async def test_a_silent_station_is_noticed_within_the_deadline(self, rig: SocketRig):
        driver = await connected(rig)
        rig.fall_silent()
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            await driver.read()
        assert time.monotonic() - began < 2.0
        await driver.close()

    async def test_a_write_without_an_answer_is_unknown(self, rig: SocketRig):
        driver = await connected(rig)
        rig.fall_silent()
        assert isinstance(await driver.apply(command()), Unknown)
        await driver.close()

    async def test_a_link_that_breaks_in_a_request_is_noticed_at_once(self, rig: SocketRig):
        driver = await connected(rig)
        rig.cut_at_next_request()
        began = time.monotonic()
        with pytest.raises(LinkLost):
            await driver.read()
        assert time.monotonic() - began < 0.4
        await driver.close()

    async def test_a_fresh_driver_works_after_the_station_has_recovered(self, rig: SocketRig):
        first = await connected(rig)
        rig.fall_silent()
        with pytest.raises(NoAnswer):
            await first.read()
        await first.close()
        rig.recover()
        rig.show({T_PRIMARY: 77.0})
        second = await connected(rig)
        readings = await second.read()
        await second.close()
        assert readings[T_PRIMARY].value == pytest.approx(77.0)


async def connected(rig: Rig) -> StationDriver:
    """A new driver with an open link; the test closes it."""
    driver = rig.driver()
    await driver.connect()
    return driver
