"""Counters: they rise, never fall, never faster than the largest meter, and not at all only without power."""

from controller.point_memory import Metered, PointMemory
from stations.model.quality import Reason

STUCK_S = 1800.0
STUCK_STEPS = 3.0
"""Steps of the counter's own display that it may owe: a coarse one stands still for hours."""
STUCK_UNKNOWN = 100.0
"""Times the floor, while the counter's own step is not known because it never rose."""


def counter_fault(memory: PointMemory, value: float, spacing_s: float, at: float) -> Reason | None:
    """Judge a counter's new value: a fall (reset, exchange, roll-over) or an impossible rise (torn read).

    The new level is the base of the next comparison: one reading is doubted, not the rest of the season.
    """
    last = memory.last
    if last is None or value == last:
        return None
    rise = value - last
    memory.owed, memory.risen_at = 0.0, at
    limits = memory.limits
    if rise < 0.0 or rise > limits.rise_per_s * spacing_s + 2.0 * limits.resolution:
        return Reason.COUNTER_RESET
    if memory.quantum is None or rise < memory.quantum:
        memory.quantum = rise
    return None


def stuck(memory: PointMemory, metered: Metered, power: float | None, elapsed_s: float) -> bool:
    """Tell whether a counter stands still although its power says that it must have risen.

    ``power`` is the undoubted reading for the last ``elapsed_s`` seconds, None where there is none.
    """
    if power is not None and power > 0.0:
        memory.owed += power * elapsed_s * metered.per_unit_second
    if memory.owed < metered.floor or memory.at - memory.risen_at < STUCK_S:
        return False
    resolution = memory.limits.resolution
    if memory.quantum is None:
        return memory.owed >= max(STUCK_UNKNOWN * metered.floor, STUCK_STEPS * resolution)
    return memory.owed >= STUCK_STEPS * max(memory.quantum, resolution)
