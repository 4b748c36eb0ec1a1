"""Readings to bytes: the writing half of ``block``, in whole columns because a city has 20,000 values a slot.

A device sends integers or singles; decoding multiplies them with a scale and a unit factor. The encoder
finds the pair that reproduces each column exactly, remembers it for the next slot, and stores the wire
numbers again: about 2 bytes a value instead of 8. What no pair reproduces is kept as doubles.
"""

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from controller.historian.block import (
    BAD_CODE,
    CHUNK_ROWS,
    HAS_CODES,
    KINDS,
    TIME_AS_RECEIVED,
    TIME_DOUBLE,
    TIME_MICROSECONDS,
    TIME_PER_ANSWER,
    Column,
    pack_block,
    pack_layout,
)
from controller.historian.slot import Answer, Slot
from stations.model.identity import Point
from stations.model.points import POINTS
from stations.model.quality import Reason
from stations.model.quantity import DENSITY_NOMINAL_KG_PER_M3, WIRE_UNITS
from stations.model.reading import Reading

Matrix = NDArray[np.float64]
"""Shape (answers, points)."""

COMPRESSION = 1
"""zlib level: 6 saves 3 % of the bytes of measured values and takes four times as long."""

_SCALES = (1.0, 0.1, 0.01, 0.001)
_DIVISORS = (10.0, 100.0, 1000.0)
_CODES = {reason: number for number, reason in enumerate(Reason)}
_LARGEST = {"h": 2.0**15 - 1, "i": 2.0**31 - 1}
_BY_STATION = attrgetter("station")
_PROBE = 4
"""Rows that a candidate must reproduce before the whole column is tried."""


@lru_cache(maxsize=256)
def _candidates(name: str) -> Matrix:
    """Return the (scale, divisor, factor) triples, shape (candidates, 3), that the point may be made of."""
    spec = POINTS.get(name)
    factors = [1.0]
    if spec is not None:
        units = WIRE_UNITS[spec.quantity].values()
        factors += [unit.to_inside(DENSITY_NOMINAL_KG_PER_M3) for unit in units]
    triples = [(scale, 1.0, factor) for factor in dict.fromkeys(factors) for scale in _SCALES]
    triples += [(1.0, divisor, 1.0) for divisor in _DIVISORS]
    return np.array(triples)


class _Shape:
    """Answers with the same points: how each of their columns was stored last time."""

    def __init__(self, points: tuple[Point, ...]) -> None:
        self.points = points
        self._kinds = np.full(len(points), "h")
        self._triples = np.ones((len(points), 3))

    def columns(self) -> list[Column]:
        return [
            Column(point, str(kind), *triple)
            for point, kind, triple in zip(self.points, self._kinds, self._triples.tolist(), strict=True)
        ]

    def fit(self, values: Matrix) -> list[NDArray[np.generic]]:
        """Choose the storage of each column of finite ``values``; return the stored matrices by kind."""
        with np.errstate(over="ignore", invalid="ignore"):
            stored, exact = self._apply(values)
            for number in np.flatnonzero(~exact):
                self._search(int(number), values[:, number])
            if not exact.all():
                stored, _ = self._apply(values)
        wide = np.abs(stored).max(axis=0, initial=0.0) > _LARGEST["h"]
        self._kinds[wide & (self._kinds == "h")] = "i"
        return [stored[:, self._kinds == kind].astype("<" + kind) for kind in KINDS]

    def _apply(self, values: Matrix) -> tuple[Matrix, NDArray[np.bool_]]:
        """Return the stored numbers under the present choice, and which columns they reproduce exactly."""
        scale, divisor, factor = self._triples.T
        stored = values / (scale / divisor * factor)
        whole = (self._kinds == "h") | (self._kinds == "i")
        stored[:, whole] = np.rint(stored[:, whole])
        single = self._kinds == "f"
        if single.any():
            stored[:, single] = stored[:, single].astype(np.float32)
        exact = (stored * scale / divisor * factor == values).all(axis=0)
        exact &= ~whole | (np.abs(stored) <= _LARGEST["i"]).all(axis=0)
        # A column of doubles is exact by nature; searching again finds the way back to something smaller.
        return stored, exact & (self._kinds != "d")

    def _search(self, number: int, column: NDArray[np.float64]) -> None:
        triples = _candidates(self.points[number].name)
        probe = column[column != 0.0][:_PROBE]
        for kind, rounded in (("h", np.rint), ("f", np.float32)):
            for triple in triples[self._reproducing(triples, probe, rounded)]:
                if self._reproducing(triple[None, :], column, rounded)[0]:
                    self._kinds[number], self._triples[number] = kind, triple
                    return
        self._kinds[number], self._triples[number] = "d", 1.0

    @staticmethod
    def _reproducing(
        triples: Matrix, column: NDArray[np.float64], rounded: type | np.ufunc
    ) -> NDArray[np.bool_]:
        """Return which triples give every value of ``column`` back from a stored number in range."""
        scale, divisor, factor = triples.T[:, :, None]
        stored = rounded(column / (scale / divisor * factor)).astype(np.float64)
        exact: NDArray[np.bool_] = (stored * scale / divisor * factor == column).all(axis=1)
        if rounded is np.rint:
            exact &= (np.abs(stored) <= _LARGEST["i"]).all(axis=1)
        return exact


class Encoder:
    """Turns slots into blocks. Owned by the writing thread: it remembers how columns were stored."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[Point, ...], _Shape] = {}
        self._shape_of: dict[str, _Shape] = {}
        self._layout_of: tuple[list[tuple[list[str], list[Column]]], bytes] = ([], pack_layout([]))

    def encode(self, slot: Slot) -> bytes:
        """Return the block of ``slot``; readings come back from it equal to what they were."""
        tables: dict[_Shape, list[Answer]] = {}
        for answer in sorted(slot.answers, key=_BY_STATION):
            if answer.readings:
                tables.setdefault(self._shape(answer), []).append(answer)
        chunks: list[bytes] = []
        described = []
        for shape, answers in tables.items():
            chunks += _chunks(shape, answers, slot.start)
            described.append(([answer.station for answer in answers], shape.columns()))
        if described != self._layout_of[0]:
            self._layout_of = described, pack_layout(described)
        return pack_block(slot.start, self._layout_of[1], chunks)

    def _shape(self, answer: Answer) -> _Shape:
        points = tuple(answer.readings)
        shape = self._shape_of.get(answer.station)
        # Comparing is quick where the same Point objects come back; hashing twenty of them is not.
        if shape is None or shape.points != points:
            shape = self._shapes.setdefault(points, _Shape(points))
            self._shape_of[answer.station] = shape
        return shape


def _chunks(shape: _Shape, answers: list[Answer], start: float) -> list[bytes]:
    readings = list(chain.from_iterable(answer.readings.values() for answer in answers))
    size = (len(answers), len(shape.points))
    values = _doubles([reading.value for reading in readings]).reshape(size)
    absent = np.isnan(values)
    values[absent] = 0.0
    codes = _codes(readings, absent)
    received = [reading.received_at for reading in readings]
    measured = [reading.measured_at for reading in readings]
    received_mode, received_stored = _times(received, size, start)
    measured_mode, measured_stored = TIME_AS_RECEIVED, received_stored[:, :0]
    if measured != received:
        measured_mode, measured_stored = _times(measured, size, start)
    flags = received_mode | measured_mode << 2 | (HAS_CODES if codes is not None else 0)
    parts: list[NDArray[np.generic]] = [] if codes is None else [codes]
    parts += [received_stored, measured_stored]
    columns = shape.fit(values)
    chunks = []
    for first in range(0, len(answers), CHUNK_ROWS):
        rows = slice(first, first + CHUNK_ROWS)
        content = [bytes([flags]), *(part[rows].tobytes() for part in parts)]
        content += [column[rows].T.tobytes() for column in columns]
        chunks.append(zlib.compress(b"".join(content), COMPRESSION))
    return chunks


def _doubles(numbers: Sequence[float | None]) -> NDArray[np.float64]:
    """Return ``numbers`` as an array; None becomes NaN, and nothing else can: a Reading refuses NaN."""
    try:
        # Three times as quick as numpy's own conversion, which has to look at the type of each object.
        return np.frombuffer(bytearray(struct.pack(f"<{len(numbers)}d", *numbers)), dtype="<f8")
    except struct.error:
        return np.array(numbers, dtype=np.float64)


def _codes(readings: list[Reading], absent: NDArray[np.bool_]) -> NDArray[np.uint8] | None:
    """Return a code for each reading, shape as ``absent``; None where all are good."""
    reasons = [reading.reason for reading in readings]
    if reasons.count(Reason.OK) == len(reasons):
        return None
    codes = np.array([_CODES[reason] for reason in reasons], dtype=np.uint8).reshape(absent.shape)
    return codes | np.where(absent, BAD_CODE, 0).astype(np.uint8)


def _times(seconds: list[float], size: tuple[int, int], start: float) -> tuple[int, NDArray[np.generic]]:
    """Return the smallest exact storage of times: one each answer, microseconds from start, doubles."""
    times = _doubles(seconds).reshape(size)
    if (times == times[:, :1]).all():
        return TIME_PER_ANSWER, times[:, :1].astype("<f8")
    whole = np.rint(times * 1e6)
    offsets = whole - round(start * 1e6)
    if (whole / 1e6 == times).all() and (np.abs(offsets) <= _LARGEST["i"]).all():
        return TIME_MICROSECONDS, offsets.astype("<i4")
    return TIME_DOUBLE, times.astype("<f8")
