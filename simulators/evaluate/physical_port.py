"""How a copy of the physical city carries the troubles of ``simulators.faults.plant_port``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simulators.faults.plant_port import (
    CurveMoved,
    Fouled,
    PipeBurst,
    SourceLimited,
    SunOnSensor,
    Trouble,
    ValveStuck,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.evaluate.physical_copy import PhysicalCopy
    from simulators.plant.arrays import Floats, Indices

    End = Callable[[], None]


class PhysicalPort:
    """The door of one copy for faults of its plant; implements ``plant_port.PlantPort``."""

    def __init__(self, copy: PhysicalCopy, curve_shift: Floats) -> None:
        """``curve_shift`` is what the bank of PLCs adds to this copy's own curves, K; changed in place."""
        city = copy.field.city
        self._copy, self._curve_shift = copy, curve_shift
        self._row = {name: row for row, name in enumerate(city.stations.id)}
        self._source = {name: row for row, name in enumerate(city.sources.id)}
        self._station_of_loop = city.loops.station

    def begin(self, station: str, trouble: Trouble) -> End:
        """Begin a trouble at a station (or source); the function returned ends it."""
        copy = self._copy
        if isinstance(trouble, SourceLimited):
            return self._limit_source(self._source[station], trouble.share)
        row = self._row[station]
        loops = np.flatnonzero(self._station_of_loop == row)
        match trouble:
            case ValveStuck(position=None):
                copy.stuck[loops] = True
                return partial(copy.stuck.__setitem__, loops, False)
            case ValveStuck(position=position):
                copy.held[loops] = position
                return partial(copy.held.__setitem__, loops, np.nan)
            case PipeBurst(share=share):
                return self._added(self._leak, loops, share)
            case Fouled(resistance=resistance):
                return self._added(partial(_add, copy.fouling), loops, resistance)
            case CurveMoved(dT=dT):
                return self._added(partial(_add, self._curve_shift), loops, dT)
            case SunOnSensor(K_per_W_m2=gain):
                return self._added(partial(_add, copy.sun_gain), np.array([row]), gain)
            case _:
                raise AssertionError(f"{type(trouble).__name__} is not in troubles.OF_THE_PLANT")

    def _limit_source(self, row: int, share: float) -> End:
        def times(factor: float) -> None:
            self._copy.source_share[row] *= factor

        times(share)
        return partial(times, 1.0 / share)

    def _leak(self, loops: Indices, share: float) -> None:
        plant = self._copy.plant
        leak = plant.params.station.leak.copy()
        leak[loops] += share
        plant.params = replace(plant.params, station=replace(plant.params.station, leak=leak))

    def _added(self, add: Callable[[Indices, float], None], places: Indices, amount: float) -> End:
        add(places, amount)
        return partial(add, places, -amount)


def _add(values: Floats, places: Indices, amount: float) -> None:
    values[places] += amount
