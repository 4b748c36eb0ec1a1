"""The border between wire numbers and readings: the one place where raw values become values, or BAD."""

import math

from stations.model.quality import Reason
from stations.model.reading import Reading, bad, good
from stations.profile import ProfilePoint

_INTEGER_RANGE = {
    "bool": (0, 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
}


def to_reading(
    point: ProfilePoint, raw: float, measured_at: float, received_at: float, unit: str | None = None
) -> Reading:
    """Turn a raw wire number into a reading: sentinels, NaN, infinity and the impossible become BAD.

    ``unit`` overrides the profile's unit where the device names its unit in the answer.
    """
    if raw in point.sentinels:
        return bad(Reason.SENTINEL, measured_at, received_at)
    if not math.isfinite(raw):
        return bad(Reason.NOT_A_NUMBER, measured_at, received_at)
    if point.type == "bool":
        value = float(bool(raw) != point.inverted)
    else:
        value = (raw * point.scale + point.offset) * point.factor(unit)
    low, high = point.bounds()
    if not low <= value <= high:
        return bad(Reason.OUT_OF_RANGE, measured_at, received_at)
    return good(value, measured_at, received_at)


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
        return raw
    whole = round(raw)
    if not limits[0] <= whole <= limits[1]:
        raise ValueError(f"{point.name} = {value} does not fit {point.type}; not written")
    return float(whole)
