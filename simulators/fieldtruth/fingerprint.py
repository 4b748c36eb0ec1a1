"""A hash of what was drawn: two cities with the same one are the same city, whatever it was drawn by.

The hash of ``parameters.toml`` covers what the field was calibrated with. Drawing, sizing and commissioning
are code; this hash changes with what they give. Numbers count with six digits, so that another machine's
last bit does not make another city.
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

import numpy as np

from simulators.fieldtruth.build import FieldCity

DIGITS = 6


def city_hash(field: FieldCity) -> str:
    """Return 12 hex digits for network, sources, stations, houses and curves of a city; not its weather."""
    return fingerprint(field.params, field.curves, field.dp_source, field.fouling, field.occupied)


def fingerprint(*things: object) -> str:
    """Return 12 hex digits of the SHA-256 of dataclasses, arrays, mappings, sequences and plain values.

    Paths do not count: they say where something lies, not what it is. Raises TypeError on anything else.
    """
    digest = hashlib.sha256()
    for piece in _pieces(things):
        digest.update(piece.encode() + b"\0")
    return digest.hexdigest()[:12]


def _pieces(thing: object) -> Iterator[str]:
    if isinstance(thing, np.ndarray):
        yield f"{thing.shape}"
        yield " ".join(map(_text, thing.ravel().tolist()))
    elif isinstance(thing, Mapping):
        for key in sorted(thing):
            yield _text(key)
            yield from _pieces(thing[key])
    elif isinstance(thing, list | tuple):
        yield f"{len(thing)}"
        for item in thing:
            yield from _pieces(item)
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            value = getattr(thing, field.name)
            if field.default == () and value == ():
                continue  # a part that a thing may have and has not: it is what it was before there were such
            yield field.name
            yield from _pieces(value)
    elif not isinstance(thing, Path):
        yield _text(thing)


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, float | np.floating):
        return f"{value:.{DIGITS}g}"
    if value is None or isinstance(value, str | int | slice | np.integer | np.bool_):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no fingerprint")
