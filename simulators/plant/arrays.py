"""The array type of the plant: one number per loop (or per station), never NaN."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Shape (n_loops,) unless a docstring says otherwise."""

Indices = npt.NDArray[np.intp]
"""Positions in another array, e.g. the station of each loop, shape (n_loops,)."""
