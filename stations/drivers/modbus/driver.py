"""The Modbus driver, over TCP or behind a DTU: polls in few requests, writes of the station's class."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from stations.driver import (
    BadAnswer,
    ConfigurationFault,
    Deadlines,
    DialInAddress,
    ModbusAddress,
    NoAnswer,
)
from stations.drivers.modbus.deadman import DeadManWriter
from stations.drivers.modbus.dialin import DialInPort, DialledLink
from stations.drivers.modbus.frames import DeviceException, Request
from stations.drivers.modbus.link import ModbusLink
from stations.drivers.modbus.plan import plan_reads
from stations.drivers.modbus.registers import BlockDecoder, block_decoder
from stations.drivers.modbus.writing import LeaseWriter, OffsetWriter, PointWriter, ReadOnlyWriter, Writer
from stations.drivers.refusals import refuse_cap, refuse_command, refuse_loop
from stations.model.clock import Clock
from stations.model.identity import PRIMARY, Point
from stations.model.outcome import NotApplicable, WriteOutcome
from stations.model.quality import Reason
from stations.model.reading import Reading, bad
from stations.model.setpoint import FlowCap, Heartbeat, LoopCommand, StationClass
from stations.profile import Profile

REFUSED_PAUSE_S = 600.0
"""Scaled seconds until a block that the device refused (exception 1..3) is asked for again: only people can
mend it, and asking every poll would load the link for nothing."""


class ModbusDriver:
    """One connection to one Modbus station; implements ``stations.driver.StationDriver``."""

    def __init__(
        self,
        station_id: str,
        profile: Profile,
        n_loops: int,
        address: ModbusAddress | DialInAddress,
        clock: Clock,
        deadlines: Deadlines | None = None,
        port: DialInPort | None = None,
    ) -> None:
        """``port``: where a station with a ``DialInAddress`` calls."""
        assert profile.modbus is not None
        self._station = station_id
        self._profile = profile
        self._n_loops = n_loops
        self._clock = clock
        limits, pause_s = deadlines or Deadlines(), profile.modbus.pause_s
        self._link: ModbusLink | DialledLink
        if isinstance(address, ModbusAddress):
            self._link = ModbusLink(station_id, address, clock, limits, pause_s)
        else:
            assert port is not None
            self._link = DialledLink(station_id, address, port, clock, limits, pause_s)
        self._points = PointWriter(self._link, profile)
        self._writer = _writer(profile.station_class, self._points)
        self._blocks = tuple(_PolledBlock(block) for block in _compiled(profile, n_loops))
        self._latest: dict[Point, Reading] = {}
        self._poll = 0

    async def connect(self) -> None:
        """Open the connection; raises LinkLost."""
        await self._link.connect()

    async def read(self) -> Mapping[Point, Reading]:
        """Read what this poll has to read; other points keep their last reading with its own time."""
        answered, busy = False, []
        for block in self._blocks:
            if not block.due(self._poll, self._clock.monotonic()):
                continue
            fault = await self._read_block(block)
            if fault is None:
                answered = True
            elif not fault.refused:
                busy.append((fault, f"{block.compiled.request}: {fault}"))
        self._poll += 1
        refusals = [block.refusal for block in self._blocks if block.refusal is not None]
        if len(refusals) == len(self._blocks):
            why = "the device refuses all that the profile asks for: " + "; ".join(refusals)
            raise ConfigurationFault(self._station, why)
        if busy and not answered:
            fault, why = busy[0]
            raise NoAnswer(self._station, why) if fault.from_gateway else BadAnswer(self._station, why)
        return dict(self._latest)

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Write temperature and volume to one loop."""
        refusal = refuse_command(self._profile, self._n_loops, command)
        return refusal or await self._writer.apply(command)

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """Extend the lease of all loops."""
        return await self._writer.renew(beat)

    async def hand_back(self, loop: int) -> WriteOutcome:
        """Return the loop to the station's own curve."""
        return refuse_loop(self._profile, self._n_loops, loop) or await self._writer.hand_back(loop)

    async def send_outdoor(self, T_outdoor_centre: float) -> WriteOutcome:
        """Write the centre's outdoor temperature where the device takes it."""
        if not self._profile.takes_outdoor:
            return NotApplicable()
        return await self._points.write("T_outdoor_centre", PRIMARY, T_outdoor_centre)

    async def cap_flow(self, cap: FlowCap) -> WriteOutcome:
        """Cap the station's primary flow where it takes caps."""
        if not isinstance(self._writer, LeaseWriter) or not self._profile.caps_flow:
            return NotApplicable()
        return refuse_cap(self._profile, cap) or await self._writer.cap_flow(cap)

    async def close(self) -> None:
        """Close at once."""
        self._link.close()

    async def _read_block(self, block: "_PolledBlock") -> DeviceException | None:
        """Read one block into the latest readings; returns the device's exception, if that was the answer."""
        compiled = block.compiled
        data = await self._link.read(compiled.request)
        now = self._clock.now()
        if isinstance(data, DeviceException):
            block.refused(data, self._clock.monotonic())
            self._latest.update((point, bad(Reason.DEVICE_EXCEPTION, now)) for point in compiled.points)
            return data
        block.refusal = None
        self._latest.update(compiled.decode(data, now))
        return None


@dataclass(frozen=True, slots=True)
class _Block:
    """One request of the poll, compiled."""

    request: Request
    points: tuple[Point, ...]
    """Whose values its answer holds."""
    every: int
    """It is part of one poll in so many: of poll 0, and then of those that leave no rest with ``phase``."""
    phase: int
    decode: BlockDecoder


@lru_cache(maxsize=256)
def _compiled(profile: Profile, n_loops: int) -> tuple[_Block, ...]:
    """Compile the poll of a device type once for all its stations and connections: it takes milliseconds.

    Blocks that are not part of every poll are staggered, so that no poll reads many of them.
    """
    assert profile.modbus is not None
    seen: dict[int, int] = {}
    blocks = []
    for read in plan_reads(profile, n_loops):
        phase = seen[read.every] = seen.get(read.every, -1) + 1
        points = tuple(slot.point for slot in read.slots)
        blocks.append(_Block(read.request, points, read.every, phase, block_decoder(read, profile.modbus)))
    return tuple(blocks)


class _PolledBlock:
    """One request of the poll, and when this connection's device is asked for it."""

    def __init__(self, compiled: _Block) -> None:
        self.compiled = compiled
        self.refusal: str | None = None
        self._not_before = float("-inf")

    def due(self, poll: int, monotonic: float) -> bool:
        """Tell whether poll number ``poll`` reads it: the first one always, then one in ``every``."""
        turn = poll == 0 or (poll + self.compiled.phase) % self.compiled.every == 0
        return monotonic >= self._not_before and (turn or self.refusal is not None)

    def refused(self, exception: DeviceException, monotonic: float) -> None:
        """Note that the device has refused it; one that is only busy is asked again in its turn."""
        if exception.refused:
            self.refusal = f"{self.compiled.request}: {exception}"
            self._not_before = monotonic + REFUSED_PAUSE_S


def _writer(station_class: StationClass, points: PointWriter) -> Writer:
    match station_class:
        case StationClass.A:
            return LeaseWriter(points)
        case StationClass.T:
            return DeadManWriter(points)
        case StationClass.B:
            return OffsetWriter(points)
        case StationClass.C:
            return ReadOnlyWriter()
