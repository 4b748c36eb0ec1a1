"""The dwellings of the physical city: the zones of its houses, and the sensors that hang in some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.plant import zone

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.evaluate.city import Flows
    from simulators.fieldtruth.build import FieldCity
    from simulators.plant.arrays import Floats, Indices
    from simulators.plant.city_parts import CityState
    from simulators.plant.sensing import IndoorSensors


class Housing:
    """Where the occupied zones of each loop are in the arrays of the houses; the same in all copies."""

    def __init__(self, field: FieldCity, sensors: IndoorSensors, dropout: Floats) -> None:
        """``dropout``: share of the readings of each loop's sensors that never come, shape (n_loops,)."""
        loop_of_house = field.params.house.loop
        n_loops = len(field.params.station.UA)
        houses, zones = np.nonzero(field.occupied)
        loop = loop_of_house[houses]
        order = np.argsort(loop, kind="stable")
        counts = np.bincount(loop, minlength=n_loops)
        assert counts.min() > 0, "a loop in which nobody lives"
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        column = np.arange(counts.max())
        # rows that are shorter than the longest repeat their first zone, with no area
        there = column[None, :] < counts[:, None]
        place = order[first[:, None] + np.where(there, column[None, :], 0)]
        self.house: Indices = houses[place]
        self.zone: Indices = zones[place]
        self.A_heated: Floats = np.where(there, field.params.zone.A_heated[self.house, self.zone], 0.0)
        self.sensors = sensors
        self._loop_of_sensor = loop_of_house[sensors.house]
        self._n_loops, self._seed = n_loops, field.city.seed
        self._dropout = dropout[self._loop_of_sensor]

    def mean_of_sensors(self, T_indoor: Floats, time: float) -> list[float | None]:
        """Return the mean in degC of those sensors of each loop that come, None without any.

        Zones (n_houses, n_zones) at UTC second ``time``; what comes depends on seed and moment alone.
        """
        chance = np.random.default_rng([self._seed, 0xD5E5, int(time)])
        came = chance.random(len(self._dropout)) >= self._dropout
        where, T = self._loop_of_sensor[came], self.sensors.show(T_indoor)[came]
        sums = np.bincount(where, weights=T, minlength=self._n_loops).tolist()
        counts = np.bincount(where, minlength=self._n_loops).tolist()
        return [T / count if count else None for T, count in zip(sums, counts, strict=True)]


class ZoneHomes:
    """The dwellings of one copy; implements ``city.Homes``."""

    def __init__(self, housing: Housing, state: Callable[[], CityState]) -> None:
        self._housing, self._state = housing, state

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """Heated m2 of each zone, shape (n_loops, n_dwellings); 0 where a loop has fewer."""
        return self._housing.A_heated

    def temperatures(self) -> Floats:
        """Return their operative temperatures in degC."""
        return np.asarray(zone.indoor(self._state().T)[self._housing.house, self._housing.zone])

    def shown(self) -> list[float | None]:
        """Return the mean of each loop's sensors in degC; None where there are none."""
        state = self._state()
        return self._housing.mean_of_sensors(zone.indoor(state.T), state.time)

    def hour_passed(self, flows: Flows, T_outdoor: float) -> None:
        """Do nothing: zones have their own memory."""
