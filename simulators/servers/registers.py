"""The register image of one Modbus station: what a read shows and what a write does. No sockets here.

Values are encoded when somebody reads them. A read must lie inside one readable block of the device; a write
must hit one whitelisted range exactly, with the function that the device takes for it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import assert_never

from simulators.crc import crc16_modbus
from simulators.servers.encoding import from_words
from simulators.servers.misbehaviour import Misbehaviour
from simulators.servers.reads import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    ModbusException,
    device_reads,
)
from simulators.servers.served import Driven, Observer
from stations.model.clock import Clock
from stations.model.setpoint import StationClass
from stations.profile import FLOW_CAP, REGISTERS, ModbusMap, Profile, ProfilePoint

_ABSENT = float("nan")
"""This object, no value of its own: the station has no such point."""


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
        self._device = device or Misbehaviour()
        self._observer = Observer(station, clock, self._device)
        self._reads = device_reads(profile, n_loops, meter_unit_code)
        self._routes = dict(self._write_routes())
        self.read_functions = self._reads.functions
        self.write_functions = frozenset().union(*(route.functions for route in self._routes.values()))

    def read(self, function: int, address: int, count: int) -> list[int]:
        """Return ``count`` registers (or coils as 0 and 1); raises ModbusException."""
        self._refuse(function)
        plan = self._reads.plan(function, address, count)
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

    def _refuse(self, function: int) -> None:
        code = self._device.refusal(function)
        if code is not None:
            raise ModbusException(code)

    def _write_routes(self) -> Iterator[tuple[tuple[bool, int], _Route]]:
        """Yield ((is a coil, address), route) of everything that may be written."""
        lease = self._profile.modbus_lease
        in_block: set[str | None] = set()
        if lease is not None:
            in_block = {self._profile.heat, self._profile.circulation, FLOW_CAP}
        for declared, loop, address in self._reads.places():
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
