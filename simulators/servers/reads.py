"""What a read of a Modbus device shows: worked out once for a device type, shared by all of its stations."""

from collections.abc import Iterator
from functools import lru_cache

from simulators.servers.encoding import Encoder, encoder
from stations.model.identity import Point, one_point
from stations.profile import REGISTERS, ModbusMap, Profile, ProfilePoint

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
"""Exception codes of the Modbus Application Protocol V1.1b3, chapter 7."""
PLANS_KEPT = 200
"""Different reads of a device type that are remembered."""

Spelt = tuple[ProfilePoint, Encoder, int]
"""A declaration, what encodes all of its registers, and how many of the first are not asked for."""
Step = tuple[Encoder, Point, Point, Spelt | None]
"""What encodes the registers asked for, point, its read-back; the last is None where no point stands."""
_NOWHERE = Point(0, "")


class ModbusException(Exception):
    """The answer is an exception of this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


@lru_cache(maxsize=256)
def device_reads(profile: Profile, n_loops: int, meter_unit_code: int) -> "DeviceReads":
    """Return the reads of a device type.

    Each station with its own would be the same closures and points over and over, and what each poll touches
    the processor's cache has to hold.
    """
    return DeviceReads(profile, n_loops, meter_unit_code)


class DeviceReads:
    """Readable places of a device with so many loops, and what each read of them shows."""

    def __init__(self, profile: Profile, n_loops: int, meter_unit_code: int) -> None:
        assert profile.modbus is not None
        self._profile = profile
        self._map: ModbusMap = profile.modbus
        self._loops = range(1, n_loops + 1)
        self._meter_unit_code = meter_unit_code
        self._cells: dict[tuple[int, int], tuple[Point, ProfilePoint, int]] = {}
        """By function and address: point, declaration, and which of its registers it is."""
        self._plans: dict[tuple[int, int, int], tuple[Step, ...]] = {}
        for declared, loop, address in self.places():
            point = one_point(loop, declared.name)
            function = declared.function or self._map.function
            for index in range(REGISTERS[declared.type]):
                self._cells[function, address + index] = (point, declared, index)
        self._readable = self._readable_ranges()
        self.functions = frozenset(function for function, _, _ in self._readable)

    def places(self) -> Iterator[tuple[ProfilePoint, int, int]]:
        """Yield every declared point with its loop and wire address."""
        for declared in self._profile.points:
            assert declared.address is not None
            if declared.per_loop:
                for loop in self._loops:
                    yield declared, loop, declared.address + (loop - 1) * self._map.loop_stride
            else:
                yield declared, 0, declared.address

    def plan(self, function: int, address: int, count: int) -> tuple[Step, ...]:
        """Return what a read of these registers shows: clients ask for the same few.

        Raises ModbusException for one that the device does not take.
        """
        plan = self._plans.get((function, address, count))
        return self._plan(function, address, count) if plan is None else plan

    def _plan(self, function: int, address: int, count: int) -> tuple[Step, ...]:
        if function not in self.functions:
            raise ModbusException(ILLEGAL_FUNCTION)
        end = address + count
        if not any(f == function and start <= address and end <= stop for f, start, stop in self._readable):
            raise ModbusException(ILLEGAL_ADDRESS)
        steps: list[Step] = []
        at = address
        while at < address + count:
            hit = self._cells.get((function, at))
            if hit is None:
                empty = 1
                while at + empty < address + count and (function, at + empty) not in self._cells:
                    empty += 1
                steps.append((_zeros(empty), _NOWHERE, _NOWHERE, None))
                at += empty
            else:
                point, declared, index = hit
                readback = one_point(point.loop, f"{point.name}_readback")
                whole = self._encoder(declared)
                steps.append((_tail(whole, index), point, readback, (declared, whole, index)))
                at += REGISTERS[declared.type] - index
        if len(self._plans) >= PLANS_KEPT:
            self._plans.clear()
        plan = self._plans[function, address, count] = tuple(steps)
        return plan

    def _encoder(self, declared: ProfilePoint) -> Encoder:
        code = self._meter_unit_code % len(declared.unit_codes) if declared.unit_codes else 0
        return encoder(declared, self._map, code)

    def _readable_ranges(self) -> tuple[tuple[int, int, int], ...]:
        """Return (function, first, behind last) of every block; without a block list all is readable.

        A block that holds loop points repeats with the stride. A function without any block shows exactly
        its points.
        """
        used = {function for function, _ in self._cells}
        if not self._map.blocks:
            return tuple((function, 0, 65_536) for function in used)
        ranges: list[tuple[int, int, int]] = []
        loop_places = {
            (declared.function or self._map.function, declared.address)
            for declared in self._profile.points
            if declared.per_loop
        }
        for block in self._map.blocks:
            stop = block.start + block.count
            per_loop = any(
                f == block.function and block.start <= a < stop for f, a in loop_places if a is not None
            )
            for loop in self._loops if per_loop else (1,):
                shift = (loop - 1) * self._map.loop_stride
                ranges.append((block.function, block.start + shift, stop + shift))
        with_blocks = {block.function for block in self._map.blocks}
        ranges += [(function, a, a + 1) for function, a in self._cells if function not in with_blocks]
        return tuple(ranges)


def _zeros(count: int) -> Encoder:
    """Return what shows so many registers that no point has."""
    empty = (0,) * count
    return lambda _: empty


def _tail(encode: Encoder, skip: int) -> Encoder:
    """Return what encodes all but the first ``skip`` registers of a point."""
    return (lambda value: encode(value)[skip:]) if skip else encode
