"""Did a meter begin to speak another unit? A leap by 10, 100, 1000, 3.6 or 65536 that nothing else explains.

Heat and flow leap by themselves when pumps start and valves close; three things tell a unit apart: the ratio,
a level outside everything seen in the last day, and that nothing else at the station leapt in the same poll.
"""

from controller.point_memory import PointMemory
from stations.model.quality import Reason

MIN_BUCKETS = 24
"""Six hours of past before a level may be called unusual."""
TOLERANCE = 0.25
"""Around a ratio to the last values: meter noise, and the swing of a control loop between two polls."""
OUTSIDE_DAY = 1.3
"""A swapped unit leaves the range of the last day by at least this factor; a staged pump does not."""
LETS_GO_S = 86_400.0
"""After a day the alarm has been seen, and what looked like a unit may be how this plant runs now."""
EXPONENT_ABSURD = 1e-20
"""A float with exchanged words is mostly a number like 2e-41; no meter resolves that."""


def unit_fault(memory: PointMemory, value: float, at: float) -> Reason | None:
    """Judge a value by what is known of swapped units, and note whether it is a leap from the one before."""
    last = memory.last
    memory.leapt = (
        last is not None and last >= memory.limits.unit_floor and not 0.5 * last <= value <= 2.0 * last
    )
    if memory.unit_before is not None and _still_swapped(memory, value, at):
        return Reason.UNIT_SWAP
    return Reason.UNIT_SWAP if 0.0 < abs(value) < EXPONENT_ABSURD else None


def leapt_by_unit(memory: PointMemory) -> bool:
    """Tell whether the newest value leapt by another unit; the point is then doubted from now on.

    To be asked only where nothing else at the station leapt in the same poll: otherwise it was the plant.
    """
    value = memory.last
    if not value or len(memory.day_low) < MIN_BUCKETS or memory.unit_before is not None:
        return False
    lowest, highest = min(memory.day_low), max(memory.day_high)
    if lowest / OUTSIDE_DAY <= value <= highest * OUTSIDE_DAY:
        return False
    earlier = sorted(memory.recent[:-1]) or [0.5 * (lowest + highest)]
    before = earlier[len(earlier) // 2]
    if before <= 0.0 or all(abs(value / before / r - 1.0) > TOLERANCE for r in memory.limits.unit_ratios):
        return False
    memory.unit_before, memory.unit_after, memory.unit_since = before, value, memory.at
    return True


def _still_swapped(memory: PointMemory, value: float, at: float) -> bool:
    """Doubt until the value leaps back by the same ratio or is half way back (in decades); at most a day."""
    assert memory.unit_before is not None
    assert memory.last is not None
    if memory.leapt and abs(value / memory.last * memory.unit_after / memory.unit_before - 1.0) <= TOLERANCE:
        memory.unit_before = None
        return False
    half_way_squared = memory.unit_before * memory.unit_after
    fell = memory.unit_after < memory.unit_before
    lets_go = at - memory.unit_since > LETS_GO_S
    if not lets_go and (value * value < half_way_squared) == fell:
        return True
    if lets_go:
        memory.forget_day()
    memory.unit_before = None
    return False
