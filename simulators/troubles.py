"""What is broken in the plant now: what stands between PLC and actuator, and what leaks where.

Arrays of ``CityWorks``' shapes; with nothing broken they change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats


@dataclass(slots=True, kw_only=True)
class Seepage:
    """Water that gets out of the secondary side, or into it, and moves its pressure."""

    loops: tuple[int, ...]
    station: int
    makeup_share: float
    """Make-up over circulation while it lasts."""
    kPa_per_s: float
    """Pace of the secondary pressure; negative where water gets out."""
    most_kPa: float
    """The pressure moves no farther than this."""
    primary_share: float
    """Primary pressure moves the other way by this share."""
    moved_kPa: float = 0.0

    def advance(self, dt: float) -> None:
        """Let ``dt`` seconds pass."""
        moved = abs(self.moved_kPa) + abs(self.kPa_per_s) * dt
        self.moved_kPa = float(np.copysign(min(moved, self.most_kPa), self.kPa_per_s))


class Troubles:
    """All that is broken. Owner: ``CityWorks``; ``simulators.plant_troubles`` begins and ends it."""

    def __init__(self, n_loops: int, n_stations: int) -> None:
        self.held_valves: dict[int, float] = {}
        """Position 0..1 that a loop's valve goes to, whatever is commanded."""
        self.tripped_pumps: set[int] = set()
        self.seepages: list[Seepage] = []
        self.sun_gain = np.zeros(n_stations)
        """K that an outdoor sensor is too warm per W/m2."""
        self._no_shift = np.zeros(n_loops), np.zeros(n_stations)

    def commands(self, valve: Floats, pump: Floats) -> tuple[Floats, Floats]:
        """Return what reaches valves and pumps of what was commanded."""
        if not self.held_valves and not self.tripped_pumps:
            return valve, pump
        valve, pump = valve.copy(), pump.copy()
        for loop, position in self.held_valves.items():
            valve[loop] = position
        pump[_index(self.tripped_pumps)] = 0.0
        return valve, pump

    def advance(self, dt: float) -> None:
        """Let ``dt`` seconds pass."""
        for seepage in self.seepages:
            seepage.advance(dt)

    def makeup_share(self, usual: Floats) -> Floats:
        """Return make-up over circulation of each loop."""
        if not self.seepages:
            return usual
        share = usual.copy()
        for seepage in self.seepages:
            share[list(seepage.loops)] = seepage.makeup_share
        return share

    def secondary_shift(self) -> Floats:
        """Return how far each loop's static pressure has moved, in kPa."""
        if not self.seepages:
            return self._no_shift[0]
        moved = np.zeros_like(self._no_shift[0])
        for seepage in self.seepages:
            moved[list(seepage.loops)] += seepage.moved_kPa
        return moved

    def primary_shift(self) -> Floats:
        """Return how far the primary pressure at each station has moved, in kPa."""
        if not self.seepages:
            return self._no_shift[1]
        moved = np.zeros_like(self._no_shift[1])
        for seepage in self.seepages:
            moved[seepage.station] -= seepage.primary_share * seepage.moved_kPa
        return moved


def _index(places: set[int]) -> Sequence[int]:
    return sorted(places)
