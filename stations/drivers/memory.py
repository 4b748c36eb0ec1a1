"""The twin of the real drivers: the same contract against a station in memory, without a socket.

Values pass through the profile's wire numbers in both directions, so resolution, bounds and refusals are
those of the real device. Closed-loop evaluation and tests of everything above a driver use it.
"""

import math
from collections.abc import Mapping
from typing import Protocol

from stations.decoding import Decoder, decoder, to_raw
from stations.driver import LinkLost
from stations.drivers.refusals import (
    refuse_beat,
    refuse_cap,
    refuse_command,
    refuse_jump,
    refuse_loop,
    refuse_stranger,
)
from stations.model.clock import Clock
from stations.model.identity import PRIMARY, Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown, WriteOutcome
from stations.model.quality import Reason
from stations.model.reading import Reading, bad
from stations.model.setpoint import FlowCap, Heartbeat, LoopCommand, StationClass
from stations.profile import FLOW_CAP, Profile, ProfilePoint

_NOT_CONNECTED = Unknown("not connected")


class MemoryStation(Protocol):
    """A station as an object: what its registers hold and what a write does. Units inside, UTC seconds."""

    def values(self) -> Mapping[Point, float | None]:
        """Return everything that the station reports now; None where a sensor is missing."""
        ...

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Class A setpoint block; False when fenced off by a newer token or sequence."""
        ...

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Class A heartbeat; False for an old token."""
        ...

    def hand_back(self, loop: int, now: float) -> None:
        """Class A: return the loop to its own curve."""
        ...

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Class B offset in K; False outside the station's own bounds."""
        ...

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Class T supply setpoint in degC; False outside the station's own bounds."""
        ...

    def write_deadman(self, seconds: float, now: float) -> None:
        """Class T: wind the timer up."""
        ...

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Class T level bit."""
        ...

    def write_outdoor_centre(self, T: float, now: float) -> None:
        """Take the centre's outdoor temperature in degC."""
        ...

    def write_cap(self, token: int, sequence: int, m_flow_max: float, now: float) -> bool:
        """Class A cap on primary flow, kg/s; False when fenced off by a newer token or sequence."""
        ...


class MemoryDriver:
    """Reads from and writes to a station in memory; implements ``stations.driver.StationDriver``."""

    def __init__(
        self, station_id: str, profile: Profile, n_loops: int, station: MemoryStation, clock: Clock
    ) -> None:
        self._station_id = station_id
        self._profile = profile
        self._n_loops = n_loops
        self._station = station
        self._clock = clock
        self._connected = False
        self._identity = [(Point(PRIMARY, name), value) for name, value in profile.identity.items()]
        self._polled: list[tuple[Point, ProfilePoint, Decoder]] = [
            (point, declaration, decoder(declaration)) for point, declaration in profile.polled(n_loops)
        ]

    async def connect(self) -> None:
        """Begin; there is nothing that could fail."""
        self._connected = True

    async def read(self) -> Mapping[Point, Reading]:
        """Return every polled point as its wire would show it."""
        if not self._connected:
            raise LinkLost(self._station_id, "not connected")
        values, now = self._station.values(), self._clock.now()
        return {
            point: _reading(declaration, decode, values[point], now)
            if point in values
            else bad(Reason.UNKNOWN_POINT, now)
            for point, declaration, decode in self._polled
        }

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Write temperature and volume to one loop, as the profile's class does it."""
        if not self._connected:
            return _NOT_CONNECTED
        if (refusal := refuse_command(self._profile, self._n_loops, command)) is not None:
            return refusal
        assert self._profile.heat is not None  # refuse_command
        heat = self._as_on_wire(self._profile.heat.value, command.instruction.heat)
        now = self._clock.now()
        match self._profile.station_class:
            case StationClass.A:
                flow = command.instruction.circulation
                if flow is not None and self._profile.circulation is not None:
                    flow = self._as_on_wire(self._profile.circulation.value, flow)
                taken = self._station.write_block(
                    command.loop, command.token, command.sequence, heat, flow, now
                )
                return _taken(taken, "the station holds a newer token or sequence")
            case StationClass.T:
                return self._write_with_deadman(command.loop, heat, now)
            case _:
                return _taken(
                    self._station.write_offset(command.loop, heat, now), f"offset {heat} K is refused"
                )

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """Extend the lease of all loops."""
        if not self._connected:
            return _NOT_CONNECTED
        now = self._clock.now()
        if self._profile.station_class is StationClass.T:
            return self._refuse_stranger() or self._arm(now)
        if self._profile.station_class is not StationClass.A:
            return NotApplicable()
        if (refusal := refuse_beat(beat)) is not None:
            return refusal
        taken = self._station.heartbeat(beat.token, beat.counter, beat.valid_for_s, now)
        return _taken(taken, "the station holds a newer token")

    async def hand_back(self, loop: int) -> WriteOutcome:
        """Return the loop to the station's own curve."""
        if not self._connected:
            return _NOT_CONNECTED
        if (refusal := refuse_loop(self._profile, self._n_loops, loop)) is not None:
            return refusal
        now = self._clock.now()
        match self._profile.station_class:
            case StationClass.A:
                self._station.hand_back(loop, now)
            case StationClass.T:
                if (stranger := self._refuse_stranger()) is not None:
                    return stranger
                self._station.write_level(loop, False, now)
            case StationClass.B:
                assert self._profile.offset is not None  # the profile's own rules
                self._station.write_offset(loop, self._profile.offset.neutral, now)
            case StationClass.C:
                return NotApplicable()
        return Acknowledged()

    async def send_outdoor(self, T_outdoor_centre: float) -> WriteOutcome:
        """Hand over the centre's outdoor temperature where the device takes it."""
        if not self._connected:
            return _NOT_CONNECTED
        if not self._profile.takes_outdoor:
            return NotApplicable()
        try:
            T = self._as_on_wire("T_outdoor_centre", T_outdoor_centre)
        except ValueError as error:
            return Rejected(str(error))
        self._station.write_outdoor_centre(T, self._clock.now())
        return Acknowledged()

    async def cap_flow(self, cap: FlowCap) -> WriteOutcome:
        """Cap the station's primary flow."""
        if not self._connected:
            return _NOT_CONNECTED
        if not self._profile.caps_flow:
            return NotApplicable()
        if (refusal := refuse_cap(self._profile, cap)) is not None:
            return refusal
        flow = self._as_on_wire(FLOW_CAP, cap.m_flow_max)
        taken = self._station.write_cap(cap.token, cap.sequence, flow, self._clock.now())
        return _taken(taken, "the station holds a newer token or sequence")

    async def close(self) -> None:
        """End; a closed driver stays closed for reads until it is connected again."""
        self._connected = False

    def _as_on_wire(self, name: str, value: float) -> float:
        """Return ``value`` with the resolution of its register; raises ValueError outside its bounds."""
        point = self._profile.point(name)
        assert point is not None  # the profile's own rules
        return (to_raw(point, value) * point.scale + point.offset) * point.factor()

    def _write_with_deadman(self, loop: int, T: float, now: float) -> WriteOutcome:
        if (stranger := self._refuse_stranger()) is not None:
            return stranger
        self._arm(now)
        if self._value("remote_level", loop) != 1.0:
            holds = self._value("T_supply_secondary_set_effective", loop)
            if (jump := refuse_jump(T, holds)) is not None:
                return jump
        if not self._station.write_absolute(loop, T, now):
            return Rejected(f"setpoint {T} degC is refused")
        if self._value("remote_level", loop) != 1.0:
            self._station.write_level(loop, True, now)
        return Acknowledged()

    def _arm(self, now: float) -> Acknowledged:
        assert self._profile.deadman is not None  # the profile's own rules
        remaining = self._value("deadman_remaining", PRIMARY)
        if remaining is None or remaining <= self._profile.deadman.rewrite_at_s:
            self._station.write_deadman(self._profile.deadman.arm_s, now)
        return Acknowledged()

    def _refuse_stranger(self) -> Rejected | None:
        shown = self._station.values()
        for point, expected in self._identity:
            if (refusal := refuse_stranger(point.name, shown.get(point), expected)) is not None:
                return refusal
        return None

    def _value(self, name: str, loop: int) -> float | None:
        return self._station.values().get(Point(loop, name))


def _reading(declaration: ProfilePoint, decode: Decoder, value: float | None, now: float) -> Reading:
    if value is None:
        return bad(Reason.SENTINEL, now)
    if not math.isfinite(value):
        return bad(Reason.NOT_A_NUMBER, now)
    try:
        return decode(to_raw(declaration, value), now, now)
    except ValueError:
        return bad(Reason.OUT_OF_RANGE, now)


def _taken(taken: bool, otherwise: str) -> WriteOutcome:
    return Acknowledged() if taken else Rejected(otherwise)
