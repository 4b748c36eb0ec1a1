"""The register image of one Modbus station: what a read shows and what a write does. No sockets here.

Values are encoded when somebody reads them. A read must lie inside one readable block of the device; a write
must hit one whitelisted range exactly, with the function that the device takes for it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import assert_never

from simulators.crc import crc16_modbus
from simulators.servers.encoding import Encoder, encoder, from_words
from simulators.servers.misbehaviour import Misbehaviour
from simulators.servers.served import Driven, Observer
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.setpoint import StationClass
from stations.profile import FLOW_CAP, REGISTERS, ModbusMap, Profile, ProfilePoint

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
"""Exception codes of the Modbus Application Protocol V1.1b3, chapter 7."""


PLANS_KEPT = 200
"""Different reads that are remembered."""

_Spelt = tuple[ProfilePoint, Encoder, int]
"""A declaration, what encodes all of its registers, and how many of the first are not asked for."""
_Step = tuple[Encoder, Point, Point, _Spelt | None]
"""What encodes the registers asked for, point, its read-back; the last is None where no point stands."""
_NOWHERE = Point(0, "")
_ABSENT = float("nan")
"""This object, no value of its own: the station has no such point."""


class ModbusException(Exception):
    """The answer is an exception of this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A point at its place in the map."""

    point: Point
    declared: ProfilePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """A writable range and what writing it does."""

    count: int
    functions: frozenset[int]
    take: Callable[[list[int], float], bool]
    """Called with the words and the time; False is answered with "illegal data value"."""


class RegisterImage:
    """Reads and writes of one station through the addresses of its profile."""

    def __init__(
        self,
        profile: Profile,
        n_loops: int,
        station: Driven,
        clock: Clock,
        meter_unit_code: int = 0,
        device: Misbehaviour | None = None,
    ) -> None:
        assert profile.modbus is not None
        self._profile = profile
        self._map: ModbusMap = profile.modbus
        self._loops = range(1, n_loops + 1)
        self._station = station
        self._clock = clock
        self._meter_unit_code = meter_unit_code
        self._device = device or Misbehaviour()
        self._observer = Observer(station, clock, self._device)
        self._cells: dict[tuple[int, int], tuple[_Cell, int]] = {}
        self._plans: dict[tuple[int, int, int], tuple[_Step, ...]] = {}
        for declared, loop, address in self._places():
            cell = _Cell(point=Point(loop, declared.name), declared=declared)
            function = declared.function or self._map.function
            for index in range(REGISTERS[declared.type]):
                self._cells[function, address + index] = (cell, index)
        self._readable = self._readable_ranges()
        self._routes = dict(self._write_routes())
        self.read_functions = frozenset(function for function, _, _ in self._readable)
        self.write_functions = frozenset().union(*(route.functions for route in self._routes.values()))

    def read(self, function: int, address: int, count: int) -> list[int]:
        """Return ``count`` registers (or coils as 0 and 1); raises ModbusException."""
        self._refuse(function)
        plan = self._plans.get((function, address, count))
        if plan is None:
            plan = self._plan(function, address, count)
        look_up, respells = self._observer.look().values.get, self._device.respells
        words: list[int] = []
        for encode, point, readback, spelt in plan:
            value = look_up(point, _ABSENT)
            if value is _ABSENT:  # a setpoint shows what was last taken
                value = look_up(readback)
            if respells and spelt is not None:
                declared, encode_all, skip = spelt
                words += self._device.registers(declared, value, list(encode_all(value)))[skip:]
            else:
                words += encode(value)
        return words if len(words) == count else words[:count]

    def write(self, function: int, address: int, words: list[int]) -> None:
        """Route a write to the station; raises ModbusException where it refuses."""
        self._refuse(function)
        if function not in self.write_functions:
            raise ModbusException(ILLEGAL_FUNCTION)
        route = self._routes.get((function == 5, address))
        if route is None or function not in route.functions or len(words) != route.count:
            raise ModbusException(ILLEGAL_ADDRESS)
        self._observer.forget()
        if not route.take(words, self._clock.now()):
            raise ModbusException(ILLEGAL_VALUE)

    def _plan(self, function: int, address: int, count: int) -> tuple[_Step, ...]:
        """Work out once what a read of these registers shows: clients ask for the same few.

        Raises ModbusException for one that the device does not take.
        """
        if function not in self.read_functions:
            raise ModbusException(ILLEGAL_FUNCTION)
        end = address + count
        if not any(f == function and start <= address and end <= stop for f, start, stop in self._readable):
            raise ModbusException(ILLEGAL_ADDRESS)
        steps: list[_Step] = []
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
                cell, index = hit
                readback = Point(cell.point.loop, f"{cell.point.name}_readback")
                declared = cell.declared
                whole = self._encoder(declared)
                steps.append((_tail(whole, index), cell.point, readback, (declared, whole, index)))
                at += REGISTERS[declared.type] - index
        if len(self._plans) >= PLANS_KEPT:
            self._plans.clear()
        plan = self._plans[function, address, count] = tuple(steps)
        return plan

    def _encoder(self, declared: ProfilePoint) -> Encoder:
        code = self._meter_unit_code % len(declared.unit_codes) if declared.unit_codes else 0
        return encoder(declared, self._map, code)

    def _refuse(self, function: int) -> None:
        code = self._device.refusal(function)
        if code is not None:
            raise ModbusException(code)

    def _places(self) -> Iterator[tuple[ProfilePoint, int, int]]:
        """Yield every declared point with its loop and wire address."""
        for declared in self._profile.points:
            assert declared.address is not None
            if declared.per_loop:
                for loop in self._loops:
                    yield declared, loop, declared.address + (loop - 1) * self._map.loop_stride
            else:
                yield declared, 0, declared.address

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

    def _write_routes(self) -> Iterator[tuple[tuple[bool, int], _Route]]:
        """Yield ((is a coil, address), route) of everything that may be written."""
        lease = self._profile.modbus_lease
        in_block: set[str | None] = set()
        if lease is not None:
            in_block = {self._profile.heat, self._profile.circulation, FLOW_CAP}
        for declared, loop, address in self._places():
            if declared.writable and declared.name not in in_block:
                functions = frozenset({declared.write_function or (5 if declared.type == "bool" else 16)})
                take = self._point_writer(declared, loop)
                yield (
                    (declared.type == "bool", address),
                    _Route(count=REGISTERS[declared.type], functions=functions, take=take),
                )
        if lease is None:
            return
        yield (
            (False, lease.heartbeat_address),
            _Route(count=5, functions=frozenset({16}), take=self._take_heartbeat),
        )
        if lease.cap_address is not None:
            yield self._cap_block(lease.cap_address)
        for loop in self._loops:
            yield self._setpoint_block(loop, lease.setpoint_address + (loop - 1) * self._map.loop_stride)

    def _setpoint_block(self, loop: int, address: int) -> tuple[tuple[bool, int], _Route]:
        """Return the block [token, sequence, heat, circulation, CRC] of a loop."""
        channels = [
            point
            for channel in (self._profile.heat, self._profile.circulation)
            if channel is not None and (point := self._profile.point(channel.value)) is not None
        ]
        widths = [REGISTERS[point.type] for point in channels]

        def take(words: list[int], now: float) -> bool:
            data = b"".join(word.to_bytes(2, "big") for word in words[:-1])
            if words[-1] != crc16_modbus(data):
                return False
            values, cursor = [], 4
            for point, width in zip(channels, widths, strict=True):
                values.append(from_words(point, words[cursor : cursor + width], self._map))
                cursor += width
            if not all(map(math.isfinite, values)):
                return False
            token, sequence = self._uint32(words[0:2]), self._uint32(words[2:4])
            heat, circulation = values[0], values[1] if len(values) > 1 else None
            return self._station.write_block(loop, token, sequence, heat, circulation, now)

        return (False, address), _Route(count=5 + sum(widths), functions=frozenset({16}), take=take)

    def _cap_block(self, address: int) -> tuple[tuple[bool, int], _Route]:
        """Return the block [token, sequence, primary flow, CRC] of the station."""
        point = self._profile.point(FLOW_CAP)
        assert point is not None  # the profile's own rules
        width = REGISTERS[point.type]

        def take(words: list[int], now: float) -> bool:
            data = b"".join(word.to_bytes(2, "big") for word in words[:-1])
            flow, (low, high) = from_words(point, words[4 : 4 + width], self._map), point.bounds()
            if words[-1] != crc16_modbus(data) or not (math.isfinite(flow) and low <= flow <= high):
                return False
            return self._station.write_cap(self._uint32(words[0:2]), self._uint32(words[2:4]), flow, now)

        return (False, address), _Route(count=5 + width, functions=frozenset({16}), take=take)

    def _take_heartbeat(self, words: list[int], now: float) -> bool:
        return self._station.heartbeat(
            self._uint32(words[0:2]), self._uint32(words[2:4]), float(words[4]), now
        )

    def _uint32(self, words: list[int]) -> int:
        high, low = words if self._map.word_order == "big" else words[::-1]
        return high << 16 | low

    def _point_writer(self, declared: ProfilePoint, loop: int) -> Callable[[list[int], float], bool]:
        """Return what writing a single point does."""
        station, cls = self._station, self._profile.station_class

        def take(words: list[int], now: float) -> bool:
            value = from_words(declared, words, self._map)
            low, high = declared.bounds()
            if not (math.isfinite(value) and low <= value <= high):
                return False
            match declared.name:
                case "T_outdoor_centre":
                    station.write_outdoor_centre(value, now)
                case "deadman_remaining":
                    station.write_deadman(value, now)
                case "dT_supply_secondary_offset":
                    return station.write_offset(loop, value, now)
                case "T_supply_secondary_set":
                    return station.write_absolute(loop, value, now)
                case "remote_level":
                    return _write_level(station, cls, loop, remote=bool(value), now=now)
                case _:
                    return False
            return True

        return take


def _write_level(station: Driven, cls: StationClass, loop: int, *, remote: bool, now: float) -> bool:
    """Class T switches with the level bit; class A only hands back with it, it takes over with a setpoint."""
    match cls:
        case StationClass.T:
            station.write_level(loop, remote, now)
            return True
        case StationClass.A:
            if remote:
                return False
            station.hand_back(loop, now)
            return True
        case StationClass.B | StationClass.C:
            return False
        case _:
            assert_never(cls)


def _zeros(count: int) -> Encoder:
    """Return what shows so many registers that no point has."""
    empty = (0,) * count
    return lambda _: empty


def _tail(encode: Encoder, skip: int) -> Encoder:
    """Return what encodes all but the first ``skip`` registers of a point."""
    return (lambda value: encode(value)[skip:]) if skip else encode
