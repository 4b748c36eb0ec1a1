"""What instruments show of the truth: errors of each one, dropouts, clocks that are off.

``meter`` gives offset, gain, noise and quantisation; here a reading may also be missing, and its time is that
of a station's own clock.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.meter import Meters, measure
from simulators.plant.network.graph import Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class SensingParams:
    """A bank of instruments, kinds by rows and places by columns, and its stations' clocks."""

    meters: Meters
    dropout: Floats
    """Share of readings that never come, shape (n_places,)."""
    clock_offset: Floats
    """s by which the clock at each place is fast, shape (n_places,)."""
    clock_drift: Floats
    """s by which it gains in a day, shape (n_places,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Readings; where ``there`` is False the value is the true one and must not be used."""

    value: Floats
    there: Flags
    """Shape (n_kinds, n_places)."""
    measured_at: Floats
    """UTC second by the clock of the place, shape (n_places,)."""


def show(true: Floats, params: SensingParams, time: float, since: float, rng: np.random.Generator) -> Shown:
    """Return what is shown of ``true`` (n_kinds, n_places) at UTC second ``time``.

    All clocks were set at ``since``.
    """
    there = rng.random(true.shape) >= params.dropout
    days = (time - since) / 86_400.0
    return Shown(
        value=np.where(there, measure(true, params.meters, rng), true),
        there=there,
        measured_at=time + params.clock_offset + params.clock_drift * days,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndoorSensors:
    """Sensors in dwellings: one element each; a station without any has none here."""

    station: Indices
    house: Indices
    zone: Indices
    """Where they hang, shape (n_sensors,)."""
    bias: Floats
    """K, fixed."""

    def show(self, T_indoor: Floats) -> Floats:
        """Return what they show in degC for the zones' temperatures (n_houses, n_zones)."""
        return np.asarray(T_indoor[self.house, self.zone] + self.bias)
