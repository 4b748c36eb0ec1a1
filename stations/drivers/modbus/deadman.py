"""Class T: an absolute setpoint that holds while a timer in the device runs.

The order matters. The identity (device and firmware) is checked before anything is written, because the same
register means something else in another device. The timer runs before the setpoint and the level bit are set,
so a loop never follows the centre without it.

A poll cannot know that the timer ends a moment later, and then the device jumps to its own curve. So with the
timer running it is asked again who decides, and what it holds by itself, before it is taken over.
"""

from stations.driver import DriverError
from stations.drivers.modbus.frames import DeviceException, Request
from stations.drivers.modbus.plan import BlockRead, Slot
from stations.drivers.modbus.registers import BlockDecoder, block_decoder
from stations.drivers.modbus.writing import PointWriter
from stations.drivers.refusals import refuse_jump, refuse_stranger
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, Rejected, Unknown, WriteOutcome
from stations.model.setpoint import Heartbeat, LoopCommand
from stations.profile import REGISTERS

EFFECTIVE = "T_supply_secondary_set_effective"


class DeadManWriter:
    """Writes setpoint, timer and level bit of one station; reads each fresh before it decides."""

    def __init__(self, points: PointWriter) -> None:
        assert points.profile.deadman is not None
        assert points.profile.heat is not None
        self._points = points
        self._deadman = points.profile.deadman
        self._channel = points.profile.heat.value
        self._identified = False
        self._questions: dict[Point, tuple[Request, BlockDecoder]] = {}

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Check the identity, arm the timer if it is low, write the setpoint, then set the level bit.

        A setpoint that would move a loop on its own curve by a jump is refused.
        """
        try:
            if (refusal := await self._refuse_stranger()) is not None:
                return refusal
            if not isinstance(armed := await self._arm(), Acknowledged):
                return armed
            if (refusal := await self._refuse_jump(command)) is not None:
                return refusal
            written = await self._points.write(self._channel, command.loop, command.instruction.heat)
            if not isinstance(written, Acknowledged):
                return written
            if await self._value("remote_level", command.loop) == 1.0:
                return written
            return await self._points.write("remote_level", command.loop, 1.0)
        except DriverError as error:
            return Unknown(error.why)

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """Wind the timer up again when it has run low; otherwise nothing is written."""
        try:
            return await self._refuse_stranger() or await self._arm()
        except DriverError as error:
            return Unknown(error.why)

    async def hand_back(self, loop: int) -> WriteOutcome:
        """Set the level bit back to autonomous."""
        try:
            return await self._refuse_stranger() or await self._points.write("remote_level", loop, 0.0)
        except DriverError as error:
            return Unknown(error.why)

    async def _refuse_stranger(self) -> Rejected | None:
        if self._identified:
            return None
        for name, expected in self._points.profile.identity.items():
            if (refusal := refuse_stranger(name, await self._value(name, 0), expected)) is not None:
                return refusal
        self._identified = True
        return None

    async def _refuse_jump(self, command: LoopCommand) -> Rejected | None:
        if self._points.profile.point(EFFECTIVE) is None:
            return None
        if await self._value("remote_level", command.loop) == 1.0:
            return None
        return refuse_jump(command.instruction.heat, await self._value(EFFECTIVE, command.loop))

    async def _arm(self) -> WriteOutcome:
        remaining = await self._value("deadman_remaining", 0)
        if remaining is not None and remaining > self._deadman.rewrite_at_s:
            return Acknowledged()
        return await self._points.write("deadman_remaining", 0, self._deadman.arm_s)

    async def _value(self, name: str, loop: int) -> float | None:
        """Read one point now; None where the device gives no value. Raises DriverError for the link."""
        request, decode = self._question(Point(loop, name))
        data = await self._points.link.read(request)
        if isinstance(data, DeviceException):
            return None
        ((_, reading),) = decode(data, 0.0)
        return reading.value

    def _question(self, point: Point) -> tuple[Request, BlockDecoder]:
        """Return what asks for one point and what understands the answer; the timer's is asked every beat."""
        if (known := self._questions.get(point)) is not None:
            return known
        declaration = self._points.profile.point(point.name)
        assert declaration is not None  # the profile's own rules
        address = self._points.address(declaration, point.loop)
        registers = self._points.registers
        function = declaration.function or registers.function
        slot = Slot(point, declaration, address)
        block = BlockRead(function, address, REGISTERS[declaration.type], 1, (slot,))
        question = self._questions[point] = block.request, block_decoder(block, registers)
        return question
