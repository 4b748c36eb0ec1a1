"""Which requests a poll needs: points of one function next to each other are read together."""

from dataclasses import dataclass

from stations.drivers.modbus.frames import READ_BITS, Request, read
from stations.model.identity import Point
from stations.profile import REGISTERS, ModbusMap, Profile, ProfilePoint, ReadableBlock


@dataclass(frozen=True, slots=True)
class Slot:
    """One point of one loop and where it stands."""

    point: Point
    declaration: ProfilePoint
    address: int


@dataclass(frozen=True, slots=True)
class BlockRead:
    """One request of the poll and the points that its answer holds, by rising address."""

    function: int
    start: int
    count: int
    every: int
    """It is part of one poll in so many."""
    slots: tuple[Slot, ...]

    @property
    def bits(self) -> bool:
        """Tell whether it reads coils or discrete inputs instead of registers."""
        return self.function in READ_BITS

    @property
    def request(self) -> Request:
        """The request as bytes."""
        return read(self.function, self.start, self.count)


_MAX_BITS = 2000


def plan_reads(profile: Profile, n_loops: int) -> tuple[BlockRead, ...]:
    """Return the requests that read every polled point of a station with ``n_loops`` loops.

    Two neighbours share a request when they have the same function, lie in the same readable block, leave
    at most ``gap`` unused registers between them and fit into ``max_registers``.
    """
    registers = profile.modbus
    if registers is None:
        raise ValueError(f"profile {profile.name} does not speak Modbus")
    placed = sorted(
        (_place(registers, point, declaration) for point, declaration in profile.polled(n_loops)),
        key=lambda item: (item[0], item[1].address),
    )
    reads: list[BlockRead] = []
    run: list[Slot] = []
    run_key: _BlockKey | None = None
    for key, slot in placed:
        if run and run_key is not None and (key != run_key or not _fits(run, slot, key.function, registers)):
            reads.append(_close(run, run_key))
            run = []
        run_key = key
        run.append(slot)
    if run and run_key is not None:
        reads.append(_close(run, run_key))
    return tuple(reads)


@dataclass(frozen=True, slots=True, order=True)
class _BlockKey:
    """What two points must have in common to be read together."""

    function: int
    start: int
    every: int


def _place(registers: ModbusMap, point: Point, declaration: ProfilePoint) -> tuple[_BlockKey, Slot]:
    assert declaration.address is not None  # the profile's own rules
    move = registers.loop_stride * (point.loop - 1) if declaration.per_loop else 0
    function = declaration.function or registers.function
    slot = Slot(point, declaration, declaration.address + move)
    if not registers.blocks:
        return _BlockKey(function, 0, 1), slot
    blocks = [block for block in registers.blocks if block.function == function]
    for block, start in ((b, b.start + shift) for shift in (0, move) for b in blocks):
        if _inside(slot, block, start):
            return _BlockKey(function, start, block.every), slot
    raise ValueError(f"{point} at {slot.address} lies in no readable block")  # the profile's own rules


def _inside(slot: Slot, block: ReadableBlock, start: int) -> bool:
    return start <= slot.address and _end(slot) <= start + block.count


def _end(slot: Slot) -> int:
    return slot.address + REGISTERS[slot.declaration.type]


def _fits(run: list[Slot], slot: Slot, function: int, registers: ModbusMap) -> bool:
    limit = _MAX_BITS if function in READ_BITS else registers.max_registers
    end = max(_end(other) for other in run)
    return slot.address - end <= registers.gap and max(end, _end(slot)) - run[0].address <= limit


def _close(run: list[Slot], key: _BlockKey) -> BlockRead:
    start = run[0].address
    count = max(_end(slot) for slot in run) - start
    return BlockRead(key.function, start, count, key.every, tuple(run))
