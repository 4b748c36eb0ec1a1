"""What a server needs of a station, and how it looks at one: a picture of all values, taken when asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from simulators.servers.misbehaviour import Misbehaviour
from stations.model.clock import Clock
from stations.model.identity import Point

PICTURE_MAX_AGE_WALL_S = 0.02
"""Requests that come closer together than this see one picture: a device answers a burst from one scan."""


class Served(Protocol):
    """Everything a device can report."""

    def values(self) -> Mapping[Point, float | None]:
        """Return every point that the device can report, units inside; None where a sensor is missing."""
        ...


class Driven(Served, Protocol):
    """A station that takes setpoints. Times are UTC seconds; False means refused, and nothing changed."""

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Take temperature (degC) and flow (kg/s) of one loop, unless (token, sequence) is not newer."""
        ...

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Extend the lease of all loops."""
        ...

    def hand_back(self, loop: int, now: float) -> None:
        """Return the loop to its own curve."""
        ...

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Take a bounded offset in K on the own curve."""
        ...

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Take an absolute supply temperature in degC (devices with a dead-man timer)."""
        ...

    def write_deadman(self, seconds: float, now: float) -> None:
        """Set the dead-man timer."""
        ...

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Set who leads the loop: the centre (True) or its own curve."""
        ...

    def write_outdoor_centre(self, T: float, now: float) -> None:
        """Take the centre's outdoor temperature in degC."""
        ...

    def write_cap(self, token: int, sequence: int, m_flow_max: float, now: float) -> bool:
        """Take a cap on the primary flow in kg/s, unless (token, sequence) is not newer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All values of a station at one moment."""

    at: float
    """UTC seconds on the scaled clock."""
    values: Mapping[Point, float | None]

    def value(self, point: Point) -> float | None:
        """Return the value of ``point``; a setpoint shows what was last taken."""
        if point in self.values:
            return self.values[point]
        return self.values.get(Point(point.loop, f"{point.name}_readback"))


class Observer:
    """Takes pictures of one station when someone asks, at most one per ``PICTURE_MAX_AGE_WALL_S``."""

    def __init__(self, station: Served, clock: Clock, device: Misbehaviour) -> None:
        self._station = station
        self._clock = clock
        self._device = device
        self._picture: Picture | None = None
        self._taken_at_wall = 0.0
        self._changes = 0

    def look(self) -> Picture:
        """Return a fresh enough picture."""
        wall = self._clock.wall_monotonic()
        if (
            self._picture is None
            or self._changes != self._device.changes
            or wall - self._taken_at_wall > PICTURE_MAX_AGE_WALL_S
        ):
            self._picture = Picture(at=self._clock.now(), values=self._shown())
            self._taken_at_wall = wall
            self._changes = self._device.changes
        return self._picture

    def forget(self) -> None:
        """Drop the picture because a write has changed the station."""
        self._picture = None

    def _shown(self) -> Mapping[Point, float | None]:
        values = self._station.values()
        if not self._device.spoils:
            return values
        spoilt = dict(values)
        self._device.spoil(spoilt, self._clock.now())
        return spoilt


class UaWatch(Protocol):
    """Where an OPC UA server reports what clients asked of it (``simulators.recorder``)."""

    def ua_read(self, nodes: int) -> None:
        """Take note of a Read of so many nodes."""
        ...

    def ua_write(self, node: str, raw: float) -> None:
        """Take note of a Write to the node of this identifier; NaN where it was no number."""
        ...

    def ua_call(self, method: str, loop: int, arguments: list[float]) -> None:
        """Take note of a method call; no arguments where they were not the method's."""
        ...
