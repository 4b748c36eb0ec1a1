"""Measuring instruments: each has its own offset and gain error, noise and smallest step."""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """A bank of instruments of several kinds (rows) at several places (columns)."""

    offset: Floats
    """Unit of the row, shape (n_kinds, n_places); fixed for the life of the instrument."""
    gain: Floats
    """Relative error, shape (n_kinds, n_places)."""
    noise: Floats
    """Standard deviation, unit of the row, shape (n_kinds, 1) or (n_kinds, n_places)."""
    quantum: Floats
    """Smallest step shown, unit of the row, shape (n_kinds, 1) or (n_kinds, n_places)."""


def measure(true: Floats, meters: Meters, rng: np.random.Generator) -> Floats:
    """Return what is shown for ``true`` (n_kinds, n_places): (1 + gain) x + offset + noise, in steps."""
    shown = true * (1.0 + meters.gain) + meters.offset + meters.noise * rng.standard_normal(true.shape)
    return np.asarray(np.round(shown / meters.quantum) * meters.quantum)
