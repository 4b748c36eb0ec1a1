"""The dwellings behind each loop: how far each is from the loop's mean, and which of them are measured.

The plant knows one building for each loop; contracts are about dwellings. So the judge draws 30 dwellings for
each loop, once, from the seed. Two things set a dwelling apart from its loop's mean:

- where it lies and how it is built (corner, top floor, neighbours): fixed, standard deviation 1.07 K;
- its share of the water: a riser that gets r times its share cools the water by dT / r instead of dT, so its
  mean water temperature is off by dT/2 (1 - 1/r). Of that the room shows (T_in - T_out) / (T_m - T_out),
  what an emitter does against a building's losses, after about a day. Less circulation means more dT and so
  more spread: a pump saving is not free.

At the circulation usual in the simulated city both together give about 1.2 K within a station.

Sensors: 30 % of the stations have none; the others measure 3..10 dwellings of each loop, drawn by chance,
each sensor with a fixed bias (standard deviation 0.5 K). A station reports their mean.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simulators.evaluate.city import Flows
    from simulators.evaluate.quick_city import QuickCity
    from simulators.plant.arrays import Floats
    from simulators.sitefile import SimSite

PER_LOOP = 30
PLACE_SD_K = 1.07
FLOW_SHARE_SIGMA = 0.18
FLOW_SHARE_LIMITS = (0.6, 1.5)
ROOM_LAG_S = 86_400.0
HOUR_S = 3600.0
WITHOUT_SENSORS = 0.30
SENSED = (3, 10)
SENSOR_BIAS_SD_K = 0.5


class Dwellings:
    """Dwelling temperatures of one copy of the city; moves with the hours."""

    def __init__(self, site: SimSite) -> None:
        place, uneven, sensed, bias = [], [], [], []
        self.has_sensors: list[bool] = []
        """For each loop, whether its station measures dwellings."""
        for station in site.stations:
            rng = np.random.default_rng([site.seed, zlib.crc32(station.id.encode()), 0xD3E1])
            with_sensors = bool(rng.random() >= WITHOUT_SENSORS)
            for _ in station.loops:
                place.append(rng.normal(0.0, PLACE_SD_K, PER_LOOP))
                share = np.clip(rng.lognormal(0.0, FLOW_SHARE_SIGMA, PER_LOOP), *FLOW_SHARE_LIMITS)
                uneven.append(0.5 * (1.0 - 1.0 / share))
                count = int(rng.integers(SENSED[0], SENSED[1] + 1))
                chosen = np.zeros(PER_LOOP)
                chosen[rng.permutation(PER_LOOP)[:count]] = 1.0 / count
                sensed.append(chosen)
                bias.append(float(rng.normal(0.0, SENSOR_BIAS_SD_K, count).mean()))
                self.has_sensors.append(with_sensors)
        self._place = _centred(np.array(place))
        self._uneven = _centred(np.array(uneven))
        self._sensed, self._bias = np.array(sensed), np.array(bias)
        self._felt = np.zeros(len(bias))
        """Share of the water's temperature fall that rooms show, times that fall, K; shape (n_loops,)."""
        self._begun = False

    def move(self, T_supply: Floats, T_return: Floats, T_indoor: Floats, T_outdoor: float, dt: float) -> None:
        """Let ``dt`` s pass with this water (degC) and these rooms; shape (n_loops,)."""
        mean = 0.5 * (T_supply + T_return)
        share = np.clip((T_indoor - T_outdoor) / np.maximum(mean - T_outdoor, 5.0), 0.0, 1.0)
        felt = share * np.maximum(T_supply - T_return, 0.0)
        weight = -math.expm1(-dt / ROOM_LAG_S) if self._begun else 1.0
        self._felt = self._felt + weight * (felt - self._felt)
        self._begun = True

    def apart(self) -> Floats:
        """Return how far each dwelling is from its loop's mean in K, shape (n_loops, 30)."""
        return self._place + self._felt[:, None] * self._uneven

    def sensor_error(self) -> Floats:
        """Return what the mean of a loop's sensors shows above the loop's mean in K, shape (n_loops,)."""
        return np.asarray((self.apart() * self._sensed).sum(axis=1) + self._bias)


class DrawnHomes:
    """The dwellings of one copy of the simple city: its buildings' temperatures, each dwelling apart."""

    def __init__(self, city: QuickCity, k: int, site: SimSite) -> None:
        self._city, self._k, self._dwellings = city, k, Dwellings(site)
        # rooms show the unevenness of the day before: the run begins as if that had been like now
        self._move(city.state(k).T_supply, city.T_outdoor(city.now))

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """The loop's heated m2 behind each dwelling: all weigh alike."""
        A = self._city.A_heated
        return np.broadcast_to(A[:, None], (len(A), PER_LOOP))

    def temperatures(self) -> Floats:
        """Return how warm they are now in degC, shape (n_loops, 30)."""
        return np.asarray(self._city.T_indoor(self._k)[:, None] + self._dwellings.apart())

    def shown(self) -> list[float | None]:
        """Return the mean of each loop's sensors in degC; None where there are none."""
        mean = self._city.T_indoor(self._k) + self._dwellings.sensor_error()
        return [
            float(T) if there else None for T, there in zip(mean, self._dwellings.has_sensors, strict=True)
        ]

    def hour_passed(self, flows: Flows, T_outdoor: float) -> None:
        """Let an hour pass."""
        self._move(flows.T_supply, T_outdoor)

    def _move(self, T_supply: Floats, T_outdoor: float) -> None:
        T_return, T_indoor = self._city.T_return(self._k), self._city.T_indoor(self._k)
        self._dwellings.move(T_supply, T_return, T_indoor, T_outdoor, HOUR_S)


def _centred(values: Floats) -> Floats:
    """Return the rows with their mean taken off: the plant's building is the mean dwelling."""
    return np.asarray(values - values.mean(axis=1, keepdims=True))
