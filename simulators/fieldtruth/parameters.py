"""The frozen parameters of the physical city, and the hash under which figures are published."""

import hashlib
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from simulators.plant.arrays import Floats

FILE = Path(__file__).with_name("parameters.toml")

Table = dict[str, Any]


@cache
def parameters() -> Table:
    """Return the tables of ``parameters.toml``; the same objects at each call, not to be changed."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def parameter_hash(tables: Table | None = None) -> str:
    """Return 12 hex digits of the SHA-256 of the values; comments and order do not count."""
    values = json.dumps(parameters() if tables is None else tables, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(values.encode()).hexdigest()[:12]


def between(rng: np.random.Generator, limits: list[float], size: int | tuple[int, ...]) -> Floats:
    """Draw evenly between two limits of a table."""
    low, high = limits
    return rng.uniform(low, high, size)
