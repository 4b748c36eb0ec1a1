"""What every loop was following over the last two hours, for tests and demos that ask afterwards."""

from typing import Any

import numpy as np

from simulators.plc.loop import ControlState
from simulators.station import SimulatedCity

INTERVAL_S = 10.0
KEPT = 720
"""Two scaled hours."""

_STATES = tuple(ControlState)
_NUMBER = {state: number for number, state in enumerate(_STATES)}


class ControlTrace:
    """Samples the setpoint in force of every loop each ``INTERVAL_S`` scaled seconds."""

    def __init__(self, city: SimulatedCity) -> None:
        """Take the memory for all samples at once, so that hours of service do not make the process grow."""
        self._city = city
        self._next = city.now
        self._column = {
            (name, loop): column
            for column, (name, loop) in enumerate(
                (name, loop) for name, sim in city.stations.items() for loop in range(1, sim.n_loops + 1)
            )
        }
        self._rows = 0
        """Samples so far; number n stands in row n modulo ``KEPT``."""
        shape = (KEPT, len(self._column))
        self._at = np.full(KEPT, np.nan)
        self._state = np.full(shape, 0xFF, dtype=np.uint8)
        self._T = np.full(shape, np.nan)
        self._flow = np.full(shape, np.nan)

    def note(self) -> None:
        """Take a sample of every loop if one is due."""
        now = self._city.now
        if now < self._next:
            return
        self._next = now + INTERVAL_S
        loops = [plc for sim in self._city.stations.values() for plc in sim.plc.loops]
        row = self._rows % KEPT
        self._rows += 1
        self._at[row] = now
        self._state[row] = [_NUMBER[plc.state] for plc in loops]
        self._T[row] = [plc.T_effective for plc in loops]
        self._flow[row] = [plc.m_flow_effective for plc in loops]

    def station(self, name: str, minutes: float) -> dict[str, Any]:
        """Return state, its beginning, events and the trace of the last ``minutes`` of every loop.

        Each trace entry is [UTC second, state, effective T_supply in degC, effective flow in kg/s].
        """
        sim = self._city.stations[name]
        oldest = self._city.now - 60.0 * minutes
        loops = {}
        for plc in sim.plc.loops:
            events = [event for event in plc.events]
            loops[str(plc.number)] = {
                "state": plc.state.value,
                "since": events[-1].at if events else self._city.start,
                "T_effective": plc.T_effective,
                "T_own": plc.T_own,
                "m_flow_effective": plc.m_flow_effective,
                "events": [
                    {"at": event.at, "state": event.state.value, "why": event.why} for event in events
                ],
                "trace": self._samples(self._column[name, plc.number], oldest),
            }
        return {"class": sim.station_class.value, "loops": loops}

    def _samples(self, column: int, oldest: float) -> list[list[float | str]]:
        """Return the samples of a loop from UTC second ``oldest`` on, the oldest first."""
        rows = [n % KEPT for n in range(max(0, self._rows - KEPT), self._rows)]
        return [
            [
                float(self._at[row]),
                _STATES[self._state[row, column]].value,
                float(self._T[row, column]),
                float(self._flow[row, column]),
            ]
            for row in rows
            if self._at[row] >= oldest
        ]
