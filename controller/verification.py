"""Did the station take it? Compares what was written with what the registers say afterwards. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.words.phrase import Phrase, said, word
from stations.model.identity import Point
from stations.model.quality import Quality
from stations.model.reading import Reading
from stations.profile import Profile

TOLERANCE_K = 0.2
TOLERANCE_FLOW_SHARE = 0.02
POLLS_TO_CONFIRM = 2
"""Read back within this many polls after the write; then a difference is a mismatch."""


class Match(StrEnum):
    """What the read-back says."""

    CONFIRMED = "confirmed"
    LIMITED = "limited"
    """The register holds our value, the station acts on another one: a limiter is at work."""
    DIFFERENT = "different"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Result of one comparison, with a sentence for operators."""

    match: Match
    detail: Phrase


def compare(
    profile: Profile,
    loop: int,
    heat_value: float,
    circulation_value: float | None,
    readings: Mapping[Point, Reading],
) -> ReadBack:
    """Compare both channels of a loop (values in channel units) with their read-back and effective points."""
    assert profile.heat is not None
    results = [compare_point(profile, loop, profile.heat.value, heat_value, readings)]
    if profile.circulation is not None and circulation_value is not None:
        results.append(compare_point(profile, loop, profile.circulation.value, circulation_value, readings))
    order = (Match.UNREADABLE, Match.DIFFERENT, Match.LIMITED, Match.CONFIRMED)
    worst = min(results, key=lambda result: order.index(result.match))
    return worst


def compare_point(
    profile: Profile, loop: int, name: str, wanted: float, readings: Mapping[Point, Reading]
) -> ReadBack:
    """Compare what one point was written with what its register holds and what acts."""
    tolerance, point = _tolerance(profile, name, wanted), word("point", name)
    register = readings.get(Point(loop, f"{name}_readback"))
    if register is None or register.quality is Quality.BAD or register.value is None:
        return ReadBack(Match.UNREADABLE, said("readback.unreadable", point=point))
    if abs(register.value - wanted) > tolerance:
        different = said("readback.different", point=point, wanted=wanted, held=register.value)
        return ReadBack(Match.DIFFERENT, different)
    effective = readings.get(Point(loop, f"{name}_effective"))
    if effective is not None and effective.value is not None and abs(effective.value - wanted) > tolerance:
        limited = said("readback.limited", point=point, held=register.value, effective=effective.value)
        return ReadBack(Match.LIMITED, limited)
    return ReadBack(Match.CONFIRMED, said("readback.confirmed", point=point, held=register.value))


def _tolerance(profile: Profile, name: str, wanted: float) -> float:
    point = profile.point(name)
    resolution = 0.0 if point is None else point.resolution
    base = TOLERANCE_K if name.startswith(("T_", "dT_")) else TOLERANCE_FLOW_SHARE * abs(wanted)
    return max(base, resolution) + 1e-9
