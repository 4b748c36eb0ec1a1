"""One simulated station as its server sees it: what it can report, and the door for a centre.

``simulators.works`` holds the numbers, ``simulators.plc`` the logic; this is the face of both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.plc.loop import ControlState, LoopPlc, PlcEvent
from simulators.plc.station import StationPlc
from simulators.sitefile import SimStation
from simulators.works import CityWorks
from stations.model.identity import Point
from stations.model.setpoint import StationClass
from stations.profile import builtin_profile

DEVICE_ID_DEFAULT = 1000
FIRMWARE = 2.62

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
        self, works: CityWorks, station: SimStation, plc: StationPlc, index: int, first_loop: int
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

    @property
    def events(self) -> list[PlcEvent]:
        """Every change between the centre and the own curve, oldest first."""
        return self.plc.events

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the station can report, unit inside, as measured; None for a missing sensor."""
        values = self._primary_values()
        for offset, plc in enumerate(self.plc.loops):
            values.update(self._loop_values(self._first + offset, plc))
            values.update(_setpoint_values(plc, self.station_class))
        return values

    def truth(self) -> StationNow:
        """Return the true state behind the instruments."""
        mine = slice(self._first, self._first + self.n_loops)
        loops = self._works.loops
        return StationNow(
            T_indoor=tuple(self._works.indoor[mine].tolist()),
            T_supply=tuple(loops.T_supply[mine].tolist()),
            T_return=tuple(loops.T_return[mine].tolist()),
            Q_flow=tuple(self._works.flows.Q_exchanger[mine].tolist()),
            A_heated=tuple(loop.A_heated for loop in self._loops),
            states=tuple(plc.state for plc in self.plc.loops),
        )

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Class A: take temperature (degC) and circulation (kg/s); False when fenced off or senseless."""
        return self.plc.write_block(loop, token, sequence, heat, circulation, now)

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Class A: extend the leases under ``token``; False for an old token or a repeated counter."""
        return self.plc.heartbeat(token, counter, valid_for_s, now)

    def hand_back(self, loop: int, now: float) -> None:
        """Return the loop to its own curve; the server has checked the token where the wire carries one."""
        self.plc.hand_back(loop, now)

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Class B: take an offset in K on the own curve; False outside -3..+5."""
        return self.plc.write_offset(loop, dT, now)

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Class T: take a supply setpoint in degC; it acts while the dead-man runs."""
        return self.plc.write_absolute(loop, T, now)

    def write_deadman(self, seconds: float, now: float) -> None:
        """Class T: set the dead-man countdown (whole minutes)."""
        self.plc.write_deadman(seconds, now)

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Class T: level bit; True puts the loop under the centre while the dead-man runs."""
        self.plc.write_level(loop, remote, now)

    def write_outdoor_centre(self, T: float, now: float) -> None:
        """Take the centre's outdoor temperature in degC; an implausible one is ignored."""
        self.plc.write_outdoor_centre(T, now)

    def _primary_values(self) -> _Values:
        works, i = self._works, self._index
        shown, plc = works.station_shown, self.plc
        mine = slice(self._first, self._first + self.n_loops)
        outdoor = plc.outdoor
        return {
            Point(0, "T_supply_primary"): shown["T_supply"][i],
            Point(0, "T_return_primary"): shown["T_return"][i],
            Point(0, "m_flow_primary"): max(shown["m_flow"][i], 0.0),
            Point(0, "p_supply_primary"): shown["p_supply"][i],
            Point(0, "p_return_primary"): shown["p_return"][i],
            Point(0, "y_valve_primary"): float(works.loops.y_valve[mine].mean()),
            Point(0, "Q_flow_primary"): float(works.Q_meter[i]),
            Point(0, "E_heat_primary"): float(works.counters.E_heat[i]),
            Point(0, "V_primary"): float(works.counters.V_primary[i]),
            Point(0, "T_outdoor"): works.outdoor_sensor(i),
            Point(0, "alarm_word"): float(plc.alarms),
            Point(0, "A_heated"): float(sum(loop.A_heated for loop in self._loops)),
            Point(0, "T_outdoor_centre"): outdoor.centre,
            Point(0, "T_outdoor_centre_readback"): outdoor.centre,
            Point(0, "T_outdoor_centre_effective"): outdoor.T,
            Point(0, "heartbeat"): float(plc.lease.counter),
            Point(0, "lease_valid_for"): plc.lease.valid_for_s,
            Point(0, "deadman_remaining"): plc.deadman.remaining_s(works.now),
            Point(0, "device_id"): self._device_id,
            Point(0, "firmware"): FIRMWARE,
        }

    def _loop_values(self, i: int, plc: LoopPlc) -> _Values:
        works, n = self._works, plc.number
        shown = works.loop_shown
        return {
            Point(n, "T_supply_secondary"): shown["T_supply"][i],
            Point(n, "T_return_secondary"): shown["T_return"][i],
            Point(n, "m_flow_secondary"): max(shown["m_flow"][i], 0.0),
            Point(n, "p_supply_secondary"): shown["p_supply"][i],
            Point(n, "p_return_secondary"): shown["p_return"][i],
            Point(n, "y_valve_loop"): float(works.loops.y_valve[i]),
            Point(n, "y_pump_secondary"): float(works.loops.y_pump[i]),
            Point(n, "P_pump_secondary"): float(works.flows.P_pump[i]),
            Point(n, "E_pump_secondary"): float(works.counters.E_pump[i]),
            Point(n, "V_secondary"): float(works.counters.V_secondary[i]),
            Point(n, "m_flow_makeup"): float(works.m_flow_makeup[i]),
            Point(n, "V_makeup"): float(works.counters.V_makeup[i]),
            Point(n, "level_makeup"): works.level_makeup(i),
            Point(n, "T_indoor_mean"): shown["T_indoor"][i] if works.has_indoor[i] else None,
        }


def _setpoint_values(plc: LoopPlc, station_class: StationClass) -> _Values:
    n = plc.number
    values: _Values = {
        Point(n, "T_supply_secondary_set_effective"): plc.T_effective,
        Point(n, "m_flow_secondary_set_effective"): plc.m_flow_effective,
        Point(n, "limit_word"): float(plc.limits),
        Point(n, "remote_level"): 1.0 if plc.remote else 0.0,
        Point(n, "lease_token"): float(plc.lease.token),
        Point(n, "lease_sequence"): float(plc.lease.sequence),
    }
    if station_class is StationClass.A:
        held = {"T_supply_secondary_set": plc.lease.T_supply, "m_flow_secondary_set": plc.lease.m_flow}
    elif station_class is StationClass.T:
        held = {"T_supply_secondary_set": plc.level.T_supply}
    elif station_class is StationClass.B:
        held = {"dT_supply_secondary_offset": plc.offset.dT}
        values[Point(n, "dT_supply_secondary_offset_effective")] = plc.offset.dT
    else:
        held = {}
    for name, value in held.items():
        values[Point(n, name)] = value
        values[Point(n, f"{name}_readback")] = value
    return values
