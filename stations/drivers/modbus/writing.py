"""How each class of Modbus station is told something. These are the only writes that exist.

Every value passes ``stations.decoding.to_raw``, which refuses what lies outside the profile's bounds, and
goes only to a point that the profile marks writable, with the function code that it names.
"""

from typing import Protocol

from stations.decoding import to_raw
from stations.driver import DriverError
from stations.drivers.modbus.exchange import RequestLink
from stations.drivers.modbus.frames import (
    DeviceException,
    Request,
    crc16,
    is_echo,
    write_coil,
    write_register,
    write_registers,
)
from stations.drivers.modbus.registers import encode, pack
from stations.drivers.refusals import refuse_beat
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown, WriteOutcome
from stations.model.setpoint import FlowCap, Heartbeat, LoopCommand
from stations.profile import FLOW_CAP, ModbusMap, Profile, ProfilePoint


class Writer(Protocol):
    """What a station class does for the calls of ``StationDriver`` that write."""

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Write an instruction to one loop."""
        ...

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """Extend the lease of all loops."""
        ...

    async def hand_back(self, loop: int) -> WriteOutcome:
        """Return one loop to its own curve."""
        ...


async def send(link: RequestLink, request: Request) -> WriteOutcome:
    """Send one write; a lost answer is Unknown, an exception 1..3 Rejected, any other Unknown."""
    try:
        answer = await link.request(request)
    except DriverError as error:
        return Unknown(error.why)
    if isinstance(answer, DeviceException):
        why = f"{request}: {answer}"
        return Rejected(why) if answer.refused else Unknown(why)
    if not is_echo(request, answer):
        link.close()
        return Unknown(f"{request}: the device confirmed something else")
    return Acknowledged()


class PointWriter:
    """Writes single points of one station, as far as its profile allows."""

    def __init__(self, link: RequestLink, profile: Profile) -> None:
        assert profile.modbus is not None
        self.link = link
        self.profile = profile
        self.registers: ModbusMap = profile.modbus

    async def write(self, name: str, loop: int, value: float) -> WriteOutcome:
        """Write ``value`` (unit inside) to the point called ``name``."""
        point = self.profile.point(name)
        if point is None or not point.writable:
            return Rejected(f"{self.profile.name} does not let the centre write {name}")
        try:
            raw = to_raw(point, value)
        except ValueError as error:
            return Rejected(str(error))
        return await send(self.link, self._request(point, self.address(point, loop), raw))

    def address(self, point: ProfilePoint, loop: int) -> int:
        """Return the wire address of ``point`` in ``loop``."""
        assert point.address is not None  # the profile's own rules
        return point.address + (self.registers.loop_stride * (loop - 1) if point.per_loop else 0)

    def _request(self, point: ProfilePoint, address: int, raw: float) -> Request:
        match point.write_function:
            case 5:
                return write_coil(address, on=bool(raw))
            case 6:
                return write_register(address, encode(point, raw, self.registers))
            case _:
                return write_registers(address, encode(point, raw, self.registers))


class LeaseWriter:
    """Class A: setpoints in one fenced block with its own checksum, heartbeat in another."""

    def __init__(self, points: PointWriter) -> None:
        assert points.profile.modbus_lease is not None
        self._points = points
        self._lease = points.profile.modbus_lease

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Write token, sequence, temperature, volume and CRC in one request."""
        address = self._lease.setpoint_address + self._points.registers.loop_stride * (command.loop - 1)
        return await send(self._points.link, write_registers(address, self._block(command)))

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """Write token, counter and how long the setpoints stay valid."""
        if (refusal := refuse_beat(beat)) is not None:
            return refusal
        block = self._numbers(beat.token, beat.counter) + pack(
            "H", round(beat.valid_for_s), self._points.registers
        )
        return await send(self._points.link, write_registers(self._lease.heartbeat_address, block))

    async def hand_back(self, loop: int) -> WriteOutcome:
        """Take the loop out of remote."""
        return await self._points.write("remote_level", loop, 0.0)

    async def cap_flow(self, cap: FlowCap) -> WriteOutcome:
        """Write token, sequence, flow and CRC in one request; ``refuse_cap`` has passed it."""
        address, point = self._lease.cap_address, self._points.profile.point(FLOW_CAP)
        assert address is not None  # the profile's own rules
        assert point is not None
        block = self._numbers(cap.token, cap.sequence)
        block += encode(point, to_raw(point, cap.m_flow_max), self._points.registers)
        block += pack("H", crc16(block), self._points.registers)
        return await send(self._points.link, write_registers(address, block))

    def _block(self, command: LoopCommand) -> bytes:
        profile, registers, instruction = self._points.profile, self._points.registers, command.instruction
        block = self._numbers(command.token, command.sequence)
        for channel, value in (
            (profile.heat, instruction.heat),
            (profile.circulation, instruction.circulation),
        ):
            point = None if channel is None else profile.point(channel.value)
            if point is not None and value is not None:
                block += encode(point, to_raw(point, value), registers)
        return block + pack("H", crc16(block), registers)

    def _numbers(self, token: int, second: int) -> bytes:
        return pack("I", token, self._points.registers) + pack("I", second, self._points.registers)


class OffsetWriter:
    """Class B: one bounded offset in a register; the device keeps the last one for ever."""

    def __init__(self, points: PointWriter) -> None:
        assert points.profile.offset is not None
        assert points.profile.heat is not None
        self._points = points
        self._offset = points.profile.offset
        self._channel = points.profile.heat.value

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Write the offset."""
        return await self._points.write(self._channel, command.loop, command.instruction.heat)

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """There is no lease to extend."""
        return NotApplicable()

    async def hand_back(self, loop: int) -> WriteOutcome:
        """Write the neutral offset."""
        return await self._points.write(self._channel, loop, self._offset.neutral)


class ReadOnlyWriter:
    """Class C: nothing is ever written."""

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Refuse; the instruction is advice to people."""
        return Rejected("read only; not written")

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """There is no lease to extend."""
        return NotApplicable()

    async def hand_back(self, loop: int) -> WriteOutcome:
        """The loop has never left its own curve."""
        return NotApplicable()
