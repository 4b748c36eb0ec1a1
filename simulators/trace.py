"""What every loop was following over the last two hours, for tests and demos that ask afterwards."""

from collections import deque
from typing import Any

from simulators.station import SimulatedCity

INTERVAL_S = 10.0
KEPT = 720
"""Two scaled hours."""


class ControlTrace:
    """Samples the setpoint in force of every loop each ``INTERVAL_S`` scaled seconds."""

    def __init__(self, city: SimulatedCity) -> None:
        self._city = city
        self._next = city.now
        self._samples: dict[tuple[str, int], deque[tuple[float, str, float, float]]] = {
            (name, loop): deque(maxlen=KEPT)
            for name, sim in city.stations.items()
            for loop in range(1, sim.n_loops + 1)
        }

    def note(self) -> None:
        """Take a sample of every loop if one is due."""
        now = self._city.now
        if now < self._next:
            return
        self._next = now + INTERVAL_S
        for name, sim in self._city.stations.items():
            for plc in sim.plc.loops:
                self._samples[name, plc.number].append(
                    (now, plc.state.value, plc.T_effective, plc.m_flow_effective)
                )

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
                "trace": [list(sample) for sample in self._samples[name, plc.number] if sample[0] >= oldest],
            }
        return {"class": sim.station_class.value, "loops": loops}
