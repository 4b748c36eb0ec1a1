"""One station as the judged controller meets it: values to read, writes that are judged as they arrive."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from simulators.bounds import bounds_of
from simulators.judge import Held, Judge
from simulators.limits_table import DEVICES
from simulators.meaning import (
    Beat,
    DeadManTime,
    Harmless,
    Meaning,
    Offset,
    OutdoorCentre,
    PrimaryCap,
    Setpoint,
)
from simulators.recorder import SLACK_S, ContractBreak, held_by_source
from simulators.station_face import DEVICE_ID_DEFAULT, FIRMWARE
from stations.model.identity import MAX_LOOPS, Point
from stations.model.setpoint import CirculationChannel, StationClass
from stations.profile import Profile, builtin_profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulators.plc.station import StationPlc
    from simulators.servers.misbehaviour import Misbehaviour
    from simulators.servers.served import Driven
    from simulators.sitefile import SimStation
    from simulators.source_face import DrivenSource
    from stations.model.clock import Clock

STATION_NAMES = (
    "T_supply_primary", "T_return_primary", "m_flow_primary", "p_supply_primary", "p_return_primary",
    "T_outdoor", "Q_flow_primary",
)  # fmt: skip
LOOP_NAMES = (
    "T_supply_secondary", "T_return_secondary", "m_flow_secondary", "p_supply_secondary",
    "p_return_secondary", "T_indoor_mean", "y_pump_secondary", "P_pump_secondary",
)  # fmt: skip
"""In the order of ``instruments.STATION_ROWS`` and ``LOOP_ROWS``."""
OF_PRIMARY = ("p_supply_primary", "p_return_primary", "y_valve_primary", "y_valve_loop")
"""What tells how much more a station can draw, and what is left of the head that a source holds."""
NOT_POLLED = (
    *OF_PRIMARY, "p_supply_secondary", "E_heat_primary", "V_primary", "E_pump_secondary", "V_secondary",
    "m_flow_makeup", "V_makeup", "level_makeup", "alarm_word", "limit_word", "A_heated", "lease_token",
    "lease_sequence", "heartbeat", "lease_valid_for",
)  # fmt: skip
"""Counters, make-up and the like, on which no decision rests; valves and pressures, which bound plans where
they are told (``planning/reaching.py``): reading them all would cost half of a run. Where heads of sources
are written, on which these decide, they are read."""


_CENTRE = Point(0, "T_outdoor_centre_readback")
_CAP = Point(0, "m_flow_primary_max_readback")
_DRAWN = Point(0, "m_flow_primary")
_VALVE = Point(0, "y_valve_primary")
_DEADMAN, _DEVICE_ID, _FIRMWARE = (Point(0, name) for name in ("deadman_remaining", "device_id", "firmware"))


class _LoopPoints(NamedTuple):
    y_valve: Point
    T_effective: Point
    circulation_effective: Point
    level: Point
    T_readback: Point
    circulation_readback: Point
    offset_readback: Point


@cache
def _loop_points(channel: str) -> Mapping[int, _LoopPoints]:
    """Return the points of each loop of a device that is told its circulation by this setpoint."""
    return {
        n: _LoopPoints(
            y_valve=Point(n, "y_valve_loop"),
            T_effective=Point(n, "T_supply_secondary_set_effective"),
            circulation_effective=Point(n, f"{channel}_effective"),
            level=Point(n, "remote_level"),
            T_readback=Point(n, "T_supply_secondary_set_readback"),
            circulation_readback=Point(n, f"{channel}_readback"),
            offset_readback=Point(n, "dT_supply_secondary_offset_readback"),
        )
        for n in range(1, MAX_LOOPS + 1)
    }


def polled_profile(name: str, *, of_primary: bool = False) -> Profile:
    """Return a shipped profile without the points that no decision rests on.

    ``of_primary``: with valves and pressures of the primary side.
    """
    profile = builtin_profile(name)
    left_out = {*NOT_POLLED} - {*(OF_PRIMARY if of_primary else ())}
    kept = tuple(point for point in profile.points if point.name not in left_out)
    return profile.model_copy(update={"points": kept})


class Door(ABC):
    """A ``MemoryStation`` in front of one simulated device; every write is weighed against the contract."""

    def __init__(
        self, station: SimStation, device: Driven | StationPlc, clock: Clock, spoils: Misbehaviour | None
    ) -> None:
        self.id = station.id
        self._driven, self._device = device, spoils
        self._tells_time = builtin_profile(station.profile).protocol == "opcua"
        self.breaks: list[ContractBreak] = []
        """Writes that no centre may send."""
        self.writes = 0
        """All writes, heartbeats included."""
        self._clock = clock
        self._measured: dict[Point, float | None] = {}
        self._table = DEVICES[station.profile]
        self._judge = Judge(self._table, bounds_of(station), self._held, SLACK_S, self._primary)

    def show_points(self, measured: dict[Point, float | None]) -> None:
        """Take what is shown from now on by point."""
        self._measured = measured

    def measured_at(self, now: float) -> float:
        """Return the time that goes with its values: of its own clock where the protocol carries time."""
        if self._device is None or not self._tells_time:
            return now
        return now + self._device.ahead_s(now)

    @abstractmethod
    def values(self) -> Mapping[Point, float | None]:
        """Return everything that is polled."""

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Class A setpoint block; False when fenced off."""
        flow = None if circulation is None else self._table.flow_of(circulation)
        self._weigh(Setpoint(loop=loop, T=heat, flow=flow, token=token, sequence=sequence), now)
        return self._driven.write_block(loop, token, sequence, heat, circulation, now)

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Class A heartbeat; False for an old token."""
        self._weigh(Beat(token=token, valid_for_s=valid_for_s), now)
        return self._driven.heartbeat(token, counter, valid_for_s, now)

    def hand_back(self, loop: int, now: float) -> None:
        """Class A: return the loop to its own curve."""
        self._weigh(Harmless(), now)
        self._driven.hand_back(loop, now)

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Class B offset in K; False outside the station's bounds."""
        self._weigh(Offset(loop=loop, dT=dT), now)
        return self._driven.write_offset(loop, dT, now)

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Class T supply setpoint in degC; False when the device refuses it."""
        self._weigh(Setpoint(loop=loop, T=T), now)
        return self._driven.write_absolute(loop, T, now)

    def write_deadman(self, seconds: float, now: float) -> None:
        """Class T: wind the timer up."""
        self._weigh(DeadManTime(seconds=seconds), now)
        self._driven.write_deadman(seconds, now)

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Class T level bit."""
        self._weigh(Harmless(), now)
        self._driven.write_level(loop, remote, now)

    def write_outdoor_centre(self, T: float, now: float) -> None:
        """Take the centre's outdoor temperature in degC."""
        self._weigh(OutdoorCentre(T=T), now)
        self._driven.write_outdoor_centre(T, now)

    def write_cap(self, token: int, sequence: int, m_flow_max: float, now: float) -> bool:
        """Class A cap on primary flow, kg/s; False when fenced off."""
        self._weigh(PrimaryCap(m_flow_max=m_flow_max, token=token, sequence=sequence), now)
        return self._driven.write_cap(token, sequence, m_flow_max, now)

    def _weigh(self, meaning: Meaning, now: float) -> None:
        self.writes += 1
        self.breaks += [
            ContractBreak(
                at=now,
                station=self.id,
                loop=breach.loop,
                what=breach.what,
                value=breach.value if math.isfinite(breach.value) else None,
                limit=breach.limit,
            )
            for breach in self._judge.judge(meaning, now)
        ]

    def _primary(self) -> tuple[float | None, float | None]:
        return None, None

    @abstractmethod
    def _held(self, number: int) -> Held:
        """Return what the loop of this number was doing when a write arrived."""


class SourceDoor(Door):
    """The door of a heat source that takes setpoints."""

    def __init__(
        self, source: SimStation, driven: DrivenSource, clock: Clock, device: Misbehaviour | None = None
    ) -> None:
        """``device`` spoils what is shown, where faults are judged."""
        super().__init__(source, driven, clock, device)
        self._source = driven

    def values(self) -> Mapping[Point, float | None]:
        """Return everything that is polled."""
        values = dict(self._source.values())
        if self._device is not None and self._device.spoils:
            self._device.spoil(values, self._clock.now())
        return values

    def _held(self, number: int) -> Held:
        return held_by_source(self._source.values(), number)


class StationDoor(Door):
    """The door of one simulated PLC."""

    def __init__(
        self, station: SimStation, plc: StationPlc, clock: Clock, device: Misbehaviour | None = None
    ) -> None:
        """``device`` spoils what is shown, where faults are judged."""
        super().__init__(station, plc, clock, device)
        profile = builtin_profile(station.profile)
        self._plc = plc
        self._class = profile.station_class
        self._device_id = float(profile.expected_device_id or DEVICE_ID_DEFAULT)
        self._at = _loop_points((profile.circulation or CirculationChannel.M_FLOW).value)
        self._points = [Point(0, name) for name in STATION_NAMES]
        self._points += [Point(loop.number, name) for loop in plc.loops for name in LOOP_NAMES]

    def show(
        self,
        station: Sequence[float | None],
        loops: Sequence[Sequence[float | None]],
        valves: Sequence[float] = (),
    ) -> None:
        """Take what the instruments show from now on, in the order of the names above.

        ``valves``: how far each loop's stands open, 0..1, where it is asked for.
        """
        row = [*station]
        for loop in loops:
            row += loop
        self.show_points(dict(zip(self._points, row, strict=True)))
        if valves:
            self._measured[_VALVE] = sum(valves) / len(valves)
            for number, y in enumerate(valves, start=1):
                self._measured[self._at[number].y_valve] = y

    def values(self) -> Mapping[Point, float | None]:
        """Return everything that is polled."""
        plc, spoils = self._plc, self._device is not None and self._device.spoils
        # what hooks spoil must not be there any more when they are gone
        values = self._measured.copy() if spoils else self._measured
        values[_CENTRE] = plc.outdoor.centre
        values[_CAP] = plc.cap.shown(self._clock.now())
        if self._class is StationClass.T:
            values[_DEADMAN] = plc.deadman.remaining_s(self._clock.now())
            values[_DEVICE_ID], values[_FIRMWARE] = self._device_id, FIRMWARE
        for loop in plc.loops:
            at = self._at[loop.number]
            values[at.T_effective] = loop.T_effective
            values[at.circulation_effective] = loop.rating.told(loop.m_flow_effective)
            values[at.level] = 1.0 if loop.remote else 0.0
            if self._class is StationClass.A:
                values[at.T_readback] = loop.lease.T_supply
                values[at.circulation_readback] = loop.rating.told(loop.lease.m_flow)
            elif self._class is StationClass.T:
                values[at.T_readback] = loop.level.T_supply
            elif self._class is StationClass.B:
                values[at.offset_readback] = loop.offset.dT
        if spoils and self._device is not None:
            self._device.spoil(values, self._clock.now())
        return values

    def _primary(self) -> tuple[float | None, float | None]:
        return self._measured.get(_DRAWN), self._plc.cap.shown(self._clock.now())

    def _held(self, number: int) -> Held:
        loop = self._plc.loops[number - 1]
        dT = loop.offset.dT if self._class is StationClass.B else None
        return Held(
            remote=loop.remote,
            T=loop.T_effective,
            flow=self._table.flow_of(loop.rating.told(loop.m_flow_effective)),
            dT=dT,
            T_outdoor=self._plc.outdoor.T,
        )
