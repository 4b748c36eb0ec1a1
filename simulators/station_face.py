"""One simulated station as its server sees it: what it can report, and the door for a centre.

The works (``simulators.works_port``) hold the numbers, ``simulators.plc`` the logic; this is both's face.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulators.plc.curve import HeatingCurve
from simulators.plc.loop import ControlState, LoopPlc, PlcEvent
from simulators.plc.station import StationPlc
from simulators.sitefile import SimStation
from simulators.works_port import Works
from stations.model.identity import MAX_LOOPS, Point, one_point
from stations.model.setpoint import StationClass
from stations.profile import builtin_profile

DEVICE_ID_DEFAULT = 1000
FIRMWARE = 2.62

_PRIMARY = tuple(
    one_point(0, name)
    for name in (
        "T_supply_primary",
        "T_return_primary",
        "m_flow_primary",
        "p_supply_primary",
        "p_return_primary",
        "y_valve_primary",
        "Q_flow_primary",
        "E_heat_primary",
        "V_primary",
        "T_outdoor",
        "alarm_word",
        "A_heated",
        "T_outdoor_centre",
        "T_outdoor_centre_readback",
        "T_outdoor_centre_effective",
        "m_flow_primary_max",
        "m_flow_primary_max_readback",
        "heartbeat",
        "lease_valid_for",
        "deadman_remaining",
        "device_id",
        "firmware",
    )
)
"""Points of the primary side, in the order in which ``_primary_values`` gives their values."""
_LOOP = {
    number: tuple(
        one_point(number, name)
        for name in (
            "T_supply_secondary",
            "T_return_secondary",
            "m_flow_secondary",
            "p_supply_secondary",
            "p_return_secondary",
            "y_valve_loop",
            "y_pump_secondary",
            "P_pump_secondary",
            "E_pump_secondary",
            "V_secondary",
            "m_flow_makeup",
            "V_makeup",
            "level_makeup",
            "T_indoor_mean",
        )
    )
    for number in range(1, MAX_LOOPS + 1)
}
"""The same of each loop. Made once: a city's servers ask for all of them at every poll."""
_FLOW = "m_flow_secondary_set"
"""Stands for what a device calls its circulation channel (``_points``)."""
_SETPOINT = (
    "T_supply_secondary_set_effective",
    f"{_FLOW}_effective",
    "limit_word",
    "remote_level",
    "lease_token",
    "lease_sequence",
)
_HELD = {
    StationClass.A: (
        "T_supply_secondary_set",
        "T_supply_secondary_set_readback",
        _FLOW,
        f"{_FLOW}_readback",
    ),
    StationClass.T: ("T_supply_secondary_set", "T_supply_secondary_set_readback"),
    StationClass.B: (
        "dT_supply_secondary_offset_effective",
        "dT_supply_secondary_offset",
        "dT_supply_secondary_offset_readback",
    ),
    StationClass.C: (),
}
"""What concerns the setpoints of each loop, and what each class holds of them."""

_Values = dict[Point, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StationNow:
    """The truth of a station at one moment, one entry per loop; for tests and summaries, not for the wire."""

    T_indoor: tuple[float, ...]
    """degC, the mean of the loop's dwellings."""
    T_supply: tuple[float, ...]
    T_return: tuple[float, ...]
    Q_flow: tuple[float, ...]
    """kW handed to the secondary side."""
    A_heated: tuple[float, ...]
    """m2."""
    states: tuple[ControlState, ...]


class StationSim:
    """A station of the simulated city; made and owned by ``SimulatedCity``. ``now`` is always UTC seconds."""

    def __init__(
        self, works: Works, station: SimStation, plc: StationPlc, index: int, first_loop: int
    ) -> None:
        profile = builtin_profile(station.profile)
        self.id = station.id
        self.profile = station.profile
        self.station_class: StationClass = profile.station_class
        self.n_loops = len(station.loops)
        self.plc = plc
        self._works = works
        self._index = index
        self._first = first_loop
        self._loops = station.loops
        self._device_id = float(profile.expected_device_id or DEVICE_ID_DEFAULT)
        self._A_heated = float(sum(loop.A_heated for loop in station.loops))
        channel = _FLOW if profile.circulation is None else profile.circulation.value
        self._points = _points(self.station_class, [loop.number for loop in plc.loops], channel)
        self._values: _Values | None = None
        """What was last reported, until the next scan or write."""
        self._values_at = -math.inf

    @property
    def events(self) -> list[PlcEvent]:
        """Every change between the centre and the own curve, oldest first."""
        return self.plc.events

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the station can report, unit inside, as measured; None for a missing sensor.

        As in a real device nothing moves between two scans, but by a write.
        """
        if self._values is None or self._values_at != self._works.now:
            numbers = self._primary_values()
            for offset, plc in enumerate(self.plc.loops):
                numbers += self._loop_values(self._first + offset, plc)
            self._values = dict(zip(self._points, numbers, strict=True))
            self._values_at = self._works.now
        return self._values

    def truth(self) -> StationNow:
        """Return the true state behind the instruments."""
        mine = slice(self._first, self._first + self.n_loops)
        loops = self._works.loops_now()
        return StationNow(
            T_indoor=tuple(self._works.indoor[mine].tolist()),
            T_supply=tuple(loops.T_supply[mine].tolist()),
            T_return=tuple(loops.T_return[mine].tolist()),
            Q_flow=tuple(loops.Q_exchanger[mine].tolist()),
            A_heated=tuple(loop.A_heated for loop in self._loops),
            states=tuple(plc.state for plc in self.plc.loops),
        )

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Class A: take temperature (degC) and circulation; False when fenced off or senseless.

        Circulation is in kg/s, or in kPa or as a speed where the loop's pump is told those.
        """
        self._values = None
        return self.plc.write_block(loop, token, sequence, heat, circulation, now)

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Class A: extend the leases under ``token``; False for an old token or a repeated counter."""
        self._values = None
        return self.plc.heartbeat(token, counter, valid_for_s, now)

    def hand_back(self, loop: int, now: float) -> None:
        """Return the loop to its own curve; the server has checked the token where the wire carries one."""
        self._values = None
        self.plc.hand_back(loop, now)

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Class B: take an offset in K on the own curve; False outside -3..+5."""
        self._values = None
        return self.plc.write_offset(loop, dT, now)

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Class T: take a supply setpoint in degC; it acts while the dead-man runs."""
        self._values = None
        return self.plc.write_absolute(loop, T, now)

    def write_deadman(self, seconds: float, now: float) -> None:
        """Class T: set the dead-man countdown (whole minutes)."""
        self._values = None
        self.plc.write_deadman(seconds, now)

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Class T: level bit; True puts the loop under the centre while the dead-man runs."""
        self._values = None
        self.plc.write_level(loop, remote, now)

    def write_outdoor_centre(self, T: float, now: float) -> None:
        """Take the centre's outdoor temperature in degC; an implausible one is ignored."""
        self._values = None
        self.plc.write_outdoor_centre(T, now)

    def write_cap(self, token: int, sequence: int, m_flow_max: float, now: float) -> bool:
        """Class A: cap the primary flow of the station in kg/s; False when fenced off or senseless."""
        self._values = None
        return self.plc.write_cap(token, sequence, m_flow_max, now)

    def move_curves(self, dT: float) -> None:
        """Somebody sets the station's own curves ``dT`` K higher."""
        for plc in self.plc.loops:
            plc.curve = HeatingCurve(plc.curve.T_outdoor, tuple(T + dT for T in plc.curve.T_supply))

    def _primary_values(self) -> tuple[float | None, ...]:
        """Return the values of ``_PRIMARY``."""
        works, i = self._works, self._index
        shown, plc = works.station_shown, self.plc
        y_valve = works.loop_told["y_valve"][self._first : self._first + self.n_loops]
        outdoor, m_flow_max = plc.outdoor, plc.cap.shown(works.now)
        return (
            shown["T_supply"][i],
            shown["T_return"][i],
            _not_below_zero(shown["m_flow"][i]),
            shown["p_supply"][i],
            shown["p_return"][i],
            sum(y_valve) / self.n_loops,
            works.Q_shown[i],
            works.counters.E_heat.item(i),
            works.counters.V_primary.item(i),
            works.outdoor_sensor(i),
            float(plc.alarms),
            self._A_heated,
            outdoor.centre,
            outdoor.centre,
            outdoor.T,
            m_flow_max,
            m_flow_max,
            float(plc.lease.counter),
            plc.lease.valid_for_s,
            plc.deadman.remaining_s(works.now),
            self._device_id,
            FIRMWARE,
        )

    def _loop_values(self, i: int, plc: LoopPlc) -> tuple[float | None, ...]:
        """Return the values of ``_LOOP``, ``_SETPOINT`` and ``_HELD``."""
        works = self._works
        shown, told = works.loop_shown, works.loop_told
        return (
            shown["T_supply"][i],
            shown["T_return"][i],
            _not_below_zero(shown["m_flow"][i]),
            shown["p_supply"][i],
            shown["p_return"][i],
            told["y_valve"][i],
            told["y_pump"][i],
            told["P_pump"][i],
            told["E_pump"][i],
            told["V_secondary"][i],
            told["m_flow_makeup"][i],
            told["V_makeup"][i],
            told["level_makeup"][i],
            shown["T_indoor"][i] if works.has_indoor[i] else None,
            plc.T_effective,
            plc.rating.told(plc.m_flow_effective),
            float(plc.limits),
            1.0 if plc.remote else 0.0,
            float(plc.lease.token),
            float(plc.lease.sequence),
            *self._held(plc),
        )

    def _held(self, plc: LoopPlc) -> tuple[float, ...]:
        match self.station_class:
            case StationClass.A:
                T, m = plc.lease.T_supply, plc.rating.told(plc.lease.m_flow)
                return (T, T, m, m)
            case StationClass.T:
                return (plc.level.T_supply, plc.level.T_supply)
            case StationClass.B:
                return (plc.offset.dT, plc.offset.dT, plc.offset.dT)
            case StationClass.C:
                return ()


def _points(station_class: StationClass, loops: Sequence[int], channel: str) -> tuple[Point, ...]:
    """Return what a station of this class with loops of these numbers reports, in order.

    ``channel`` is how the device is told the circulation.
    """
    held = [name.replace(_FLOW, channel) for name in _SETPOINT + _HELD[station_class]]
    return (
        *_PRIMARY,
        *(point for loop in loops for point in (*_LOOP[loop], *(one_point(loop, name) for name in held))),
    )


def _not_below_zero(m_flow: float | None) -> float | None:
    return None if m_flow is None else max(m_flow, 0.0)
