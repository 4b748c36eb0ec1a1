"""Frozen dataclasses as plain values for the browser, short: what has its usual value is left out."""

import base64
import dataclasses
import math
import re
from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")


def plain(thing: Any) -> Any:  # noqa: ANN401 - any tree of dataclasses, mappings, tuples and plain values
    """Return ``thing`` as dicts, lists and plain values; fields with their default are not in the dict."""
    kind = type(thing)
    if kind in _ATOMS:
        return thing
    usual = _usual(kind)
    if usual is not None:
        return {
            name: plain(value)
            for name, default in usual
            if (value := getattr(thing, name)) is not default and value != default
        }
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple | list):
        return [plain(value) for value in thing]
    return thing


_ATOMS = frozenset({str, float, int, bool, type(None)})


def part(thing: object, names: Iterable[str]) -> dict[str, Any]:
    """Return what ``plain`` returns of a dataclass, of some of its fields only."""
    usual = dict(_usual(type(thing)) or ())
    return {name: plain(value) for name in names if (value := getattr(thing, name)) != usual[name]}


def ready(thing: _T | Mapping[str, Any], of: Callable[[_T], Mapping[str, Any]] = plain) -> Mapping[str, Any]:
    """Return the payload of a drawing; one that is a mapping is ready: it comes from a live region."""
    return thing if isinstance(thing, Mapping) else of(thing)


def packed(values: Iterable[float | None], zero: float = 0.0) -> str:
    """Return numbers less ``zero`` as little-endian 32-bit floats in base64; None travels as a NaN.

    A day of one point is 8,640 samples: as text it would be three times as long and slow to read.
    """
    numbers = array("f", (math.nan if value is None else value - zero for value in values))
    return base64.b64encode(numbers.tobytes()).decode("ascii")


def forms(texts: Iterable[str]) -> dict[str, Any]:
    """Return texts as the sentences they are made of, which of these each is, and the numbers in their order.

    The hints of 1,000 stations are a handful of sentences and differ in numbers only. Where a number was, a
    zero character stands; ``filled`` in ``map_data.js`` puts the texts together again.
    """
    known: dict[str, int] = {}
    which: list[int] = []
    numbers: list[str] = []
    for text in texts:
        numbers += _NUMBER.findall(text)
        which.append(known.setdefault(_NUMBER.sub("\0", text), len(known)))
    return {"forms": list(known), "which": which, "numbers": " ".join(numbers)}


_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def _usual(kind: type) -> tuple[tuple[str, Any], ...] | None:
    """Fields of a dataclass with their defaults; None for other types."""
    if kind not in _known:
        fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else None
        _known[kind] = None if fields is None else tuple((field.name, field.default) for field in fields)
    return _known[kind]


_known: dict[type, tuple[tuple[str, Any], ...] | None] = {}
