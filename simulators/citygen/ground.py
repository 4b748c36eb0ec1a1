"""Where a city lies: main streets, the quarters between them, heights, and where the stations stand.

Main streets form an irregular grid about 950 m wide. The city grows from its centre quarter by quarter, so it
is always in one piece, with an outline that bulges more in some directions than in others. Each quarter has
two side streets with stations left and right of them.
"""

import heapq
from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats

STREET_m = 950.0
STREET_SPREAD = 0.12
STATIONS_PER_QUARTER = (6, 10)
"""About 11 hectares for each station: 0.6 m2 heated for each m2 of land."""
SIDE_STREETS = (0.27, 0.73)
"""Where they run through a quarter."""
SLOTS = 5
"""Stations along a side street."""
SET_BACK_m = (25.0, 110.0)
"""A station's distance from its side street."""

HEIGHT_CENTRE_m = 785.0
SLOPE = 0.004
"""A river valley; greater cities lie flatter, or they would have reservoirs and pressure zones."""
RISE_MAX_m = 60.0
HILL_m = 6.0

Quarter = tuple[int, int]
"""Column and row; its corners are the crossings (i, j) .. (i + 1, j + 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A station's place beside a side street of a quarter."""

    quarter: Quarter
    street: int
    """0 or 1."""
    along: float
    """Share of the way through the quarter."""
    offset: float
    """m beside the street, left or right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The ground plan."""

    street_x: Floats
    street_y: Floats
    """m of each main street from the centre."""
    quarters: tuple[Quarter, ...]
    slots: tuple[Slot, ...]
    """One for each station, quarter by quarter."""
    waves: Floats
    """Amplitude m, wave numbers 1/m east and north, phase of each hill; shape (n_waves, 4)."""
    slope: tuple[float, float]
    """Rise per m to the east and to the north."""

    def height(self, x: Floats | float, y: Floats | float) -> Floats:
        """Return m above the sea."""
        hills = np.zeros(np.shape(x))
        for amplitude, kx, ky, phase in self.waves:
            hills = hills + amplitude * np.sin(kx * np.asarray(x) + ky * np.asarray(y) + phase)
        tilt = self.slope[0] * np.asarray(x) + self.slope[1] * np.asarray(y)
        return np.asarray(HEIGHT_CENTRE_m + tilt + hills, dtype=np.float64)


def ground(rng: np.random.Generator, stations: int) -> Ground:
    """Return the ground plan for a number of stations."""
    counts: list[int] = []
    while sum(counts) < stations:
        counts.append(int(rng.integers(*STATIONS_PER_QUARTER, endpoint=True)))
    counts[-1] -= sum(counts) - stations
    quarters = _grown(rng, len(counts))
    reach = 2 + max(max(abs(i), abs(j)) for i, j in quarters)
    xs, ys = _streets(rng, reach), _streets(rng, reach)
    base = (min(i for i, _ in quarters), min(j for _, j in quarters))
    quarters = [(i - base[0], j - base[1]) for i, j in quarters]
    x_used = xs[reach + base[0] : reach + max(i for i, _ in quarters) + base[0] + 2]
    y_used = ys[reach + base[1] : reach + max(j for _, j in quarters) + base[1] + 2]
    x_used, y_used = x_used - x_used.mean(), y_used - y_used.mean()
    slots = [
        slot for quarter, count in zip(quarters, counts, strict=True) for slot in _slots(rng, quarter, count)
    ]
    extent = float(max(np.ptp(x_used), np.ptp(y_used)))
    steep = min(SLOPE, RISE_MAX_m / extent)
    direction = rng.uniform(0.0, 2.0 * np.pi)
    return Ground(
        street_x=x_used,
        street_y=y_used,
        quarters=tuple(quarters),
        slots=tuple(slots),
        waves=_waves(rng),
        slope=(steep * float(np.cos(direction)), steep * float(np.sin(direction))),
    )


def _grown(rng: np.random.Generator, n: int) -> list[Quarter]:
    """Return ``n`` quarters around (0, 0), each beside one that came before."""
    swell = [(rng.uniform(0.05, 0.15), int(k), rng.uniform(0.0, 2.0 * np.pi)) for k in (1, 2, 3)]

    def reluctance(quarter: Quarter) -> float:
        angle = np.arctan2(quarter[1], quarter[0])
        bulge = sum(a * np.sin(k * angle + phase) for a, k, phase in swell)
        return float(np.hypot(*quarter) * (1.0 + bulge) + rng.uniform(0.0, 0.6))

    taken: list[Quarter] = []
    seen, waiting = {(0, 0)}, [(0.0, (0, 0))]
    while len(taken) < n:
        _, (i, j) = heapq.heappop(waiting)
        taken.append((i, j))
        for beside in ((i + 1, j), (i, j + 1), (i - 1, j), (i, j - 1)):
            if beside not in seen:
                seen.add(beside)
                heapq.heappush(waiting, (reluctance(beside), beside))
    return taken


def _streets(rng: np.random.Generator, reach: int) -> Floats:
    widths = STREET_m * np.exp(rng.normal(0.0, STREET_SPREAD, 2 * reach + 2))
    return np.asarray(np.cumsum(np.clip(widths, 650.0, 1300.0)), dtype=np.float64)


def _slots(rng: np.random.Generator, quarter: Quarter, count: int) -> list[Slot]:
    chosen = np.sort(rng.permutation(2 * SLOTS)[:count])
    return [
        Slot(
            quarter=quarter,
            street=int(k) // SLOTS,
            along=(int(k) % SLOTS + 0.5 + rng.uniform(-0.3, 0.3)) / SLOTS,
            offset=float(rng.uniform(*SET_BACK_m) * rng.choice((-1.0, 1.0))),
        )
        for k in chosen
    ]


def _waves(rng: np.random.Generator) -> Floats:
    lengths = rng.uniform(2_500.0, 7_000.0, 5)
    directions = rng.uniform(0.0, 2.0 * np.pi, 5)
    k = 2.0 * np.pi / lengths
    return np.stack(
        [
            HILL_m / 5.0 * rng.uniform(0.6, 1.4, 5),
            k * np.cos(directions),
            k * np.sin(directions),
            rng.uniform(0.0, 2.0 * np.pi, 5),
        ],
        axis=1,
    )
