"""The border between wire numbers and readings: the one place where raw values become values, or BAD."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from stations.model.quality import Reason
from stations.model.reading import Reading, bad, good, good_within
from stations.profile import ProfilePoint

_INTEGER_RANGE = {
    "bool": (0, 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
}

FLOAT32_MAX = 3.4028234663852886e38
"""Largest finite float32; anything beyond would be written as infinity."""

Decoder = Callable[[float, float, float], Reading]
"""Turns (raw, measured_at, received_at) into a reading; made once by ``decoder``, called for every value."""


def decoder(point: ProfilePoint, unit: str | None = None) -> Decoder:
    """Return the function that turns raw wire numbers of ``point`` into readings.

    Sentinels, NaN, infinity and what lies outside the point's bounds become BAD. ``unit`` overrides the
    profile's unit where the device names its unit in the answer.
    """
    low, high = point.bounds()
    assert math.isfinite(high - low), point.name
    sentinels = frozenset(point.sentinels)
    inverted, is_bool = point.inverted, point.type == "bool"
    scale, offset, factor = point.scale, point.offset, point.factor(unit)

    def why_bad(raw: float) -> Reason:
        if raw in sentinels:
            return Reason.SENTINEL
        return Reason.OUT_OF_RANGE if math.isfinite(raw) else Reason.NOT_A_NUMBER

    def decode(raw: float, measured_at: float, received_at: float) -> Reading:
        value = (raw * scale + offset) * factor
        if low <= value <= high and not (sentinels and raw in sentinels):  # NaN lies nowhere
            return good_within(value, measured_at, received_at)
        return bad(why_bad(raw), measured_at, received_at)

    def decode_bool(raw: float, measured_at: float, received_at: float) -> Reading:
        value = float(bool(raw) != inverted)
        if math.isfinite(raw) and low <= value <= high and raw not in sentinels:
            return good(value, measured_at, received_at)
        return bad(why_bad(raw), measured_at, received_at)

    return decode_bool if is_bool else decode


@dataclass(frozen=True, slots=True)
class Straight:
    """How a point's number becomes its value where only the bounds can make it BAD: nearly always."""

    scale: float
    offset: float
    factor: float
    low: float
    high: float
    """A value outside of these goes to the point's ``decoder``, which knows what to make of it."""


def straight(point: ProfilePoint) -> Straight:
    """Return the straight way of a point; a bool has none, nor a point whose sentinel looks like a value.

    Then the bounds are empty.
    """
    low, high = point.bounds()
    scale, offset, factor = point.scale, point.offset, point.factor()
    believable = any(low <= (sentinel * scale + offset) * factor <= high for sentinel in point.sentinels)
    if believable or point.type == "bool":
        low, high = math.inf, -math.inf
    return Straight(scale, offset, factor, low, high)


def to_reading(
    point: ProfilePoint, raw: float, measured_at: float, received_at: float, unit: str | None = None
) -> Reading:
    """Turn one raw wire number into a reading; ``decoder`` says how, and is cheaper for many values."""
    return decoder(point, unit)(raw, measured_at, received_at)


def raw_range(point: ProfilePoint) -> tuple[int, int] | None:
    """Return the least and the greatest raw number of an integer on the wire; None of other types."""
    return _INTEGER_RANGE.get(point.type)


def to_raw(point: ProfilePoint, value: float) -> float:
    """Turn an inside value into the raw number to write; raises ValueError outside the point's bounds.

    The last clamp before the wire refuses instead of clipping: by then the guard has clipped already, so a
    value out of bounds is a bug upstream and must not reach a station.
    """
    low, high = point.bounds()
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{point.name} = {value} is outside {low}..{high}; not written")
    if point.type == "bool":
        return float(bool(value) != point.inverted)
    raw = (value / point.factor() - point.offset) / point.scale
    limits = _INTEGER_RANGE.get(point.type)
    if limits is None:
        if point.type == "float32" and abs(raw) > FLOAT32_MAX:
            raise ValueError(f"{point.name} = {value} does not fit float32; not written")
        return raw
    whole = round(raw)
    if not limits[0] <= whole <= limits[1] or whole in point.sentinels:
        raise ValueError(f"{point.name} = {value} does not fit {point.type}; not written")
    return float(whole)
