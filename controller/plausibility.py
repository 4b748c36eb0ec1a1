"""Rules of plausibility: what water, metal and meters can do.

A rule gives a reason to doubt, never another value. Every rule lets go by itself: a plant that restarts, a
mended sensor or an exchanged meter is believed again at its new level.
"""

from controller.counter_rules import counter_fault
from controller.point_memory import RECENT, PointLimits, PointMemory
from controller.unit_swap import EXPONENT_ABSURD, unit_fault
from stations.model.quality import Reason
from stations.thermal import T_MAX_DEGC, T_MIN_DEGC, heat_flow

FUTURE_REJECT_S = 60.0
"""A value from further in the future than this would spoil "latest" for ever: it is refused."""
FUTURE_DOUBT_S = 5.0
GAP_S = 600.0
"""After a pause this long (or when our clock went back) a value is not compared with the one before."""
RATE_SLACK = 1.0
"""A step that no rate is judged on: noise and quantisation; K, as only temperatures have a rate."""
SPIKE_SIGMAS = 5.0
FROZEN_S = 1800.0
FROZEN_TIMES_NATURAL = 2.0
"""A calm night is not a fault: wait twice the longest stand-still that the sensor came out of."""
FROZEN_MIN_CHANGES = 20
FROZEN_UNKNOWN_S = 21_600.0
"""Wait for a sensor that is not yet known to move at all."""
NEIGHBOUR_MOVED_K = 1.0
SWAPPED_K = 2.0
SWAPPED_S = 600.0
FLOWING_KG_PER_S = 0.05
BALANCE_SHARE = 0.10
BALANCE_FLOOR_KW = 15.0
BALANCE_FLOOR_K = 1.0
"""A pair of strap-on sensors differs by this much from the pair in the meter; matters below dT = 10 K."""
BALANCE_S = 900.0

_MILDEST_FIRST = (
    Reason.CLOCK_SKEW,
    Reason.STALE,
    Reason.ESTIMATED,
    Reason.SUBSTITUTED,
    Reason.ENERGY_BALANCE,
    Reason.RATE,
    Reason.SPIKE,
    Reason.COUNTER_RESET,
    Reason.STATUS_UNCERTAIN,
    Reason.FROZEN,
    Reason.SWAPPED,
    Reason.UNIT_SWAP,
)
GRAVITY = {reason: rank for rank, reason in enumerate(_MILDEST_FIRST)}
"""Of two reasons to doubt a value the graver is kept: the one that misleads more, for longer."""


def value_fault(memory: PointMemory, value: float, at: float, poll_s: float) -> Reason | None:
    """Judge a new value, received at UTC second ``at``, against the point's own past, and remember it."""
    elapsed_s = at - memory.at
    if not 0.0 <= elapsed_s <= GAP_S:
        memory.begin_anew(at)
    # a late answer followed by a prompt one comes too soon after it, not too fast
    spacing_s = poll_s if elapsed_s < poll_s else elapsed_s
    limits = memory.limits
    reason: Reason | None = None
    if limits.counter:
        reason = counter_fault(memory, value, spacing_s, at)
    else:
        # The busiest lines of a poll: what nearly every value passes stands here, the rest in the rules.
        recent, last = memory.recent, memory.last
        if limits.judges_jumps and recent:
            if spacing_s != memory.near_for_s:
                memory.near, memory.near_for_s = _near(limits, spacing_s), spacing_s
            near = memory.near
            # three of five that lie within ``near`` of the value have their median there
            if abs(value - recent[-1]) > near or (len(recent) == RECENT and abs(value - recent[-2]) > near):
                reason = _jump_fault(limits, recent, value, spacing_s)
        if limits.judges_unit:
            usual = last is not None and EXPONENT_ABSURD < 0.5 * last <= value <= 2.0 * last
            if usual and memory.unit_before is None:
                memory.leapt = False
            else:
                reason = unit_fault(memory, value, at) or reason
        if reason is None and not memory.leapt:
            if at >= memory.bucket_end:
                memory.note_range(value, at)
            else:
                if value < memory.low:
                    memory.low = value
                if value > memory.high:
                    memory.high = value
        before = memory.steady_value
        if before is None or abs(value - before) > limits.moves:
            _note_steady(memory, value, at)
        recent.append(value)
        if len(recent) > RECENT:
            del recent[0]
    memory.last, memory.at, memory.verdict = value, at, reason
    return reason


def _near(limits: PointLimits, spacing_s: float) -> float:
    """Return how far a value may be from the one before, so long ago, without being looked at closely."""
    spike = limits.spike_floor + limits.spike_ramp_per_s * spacing_s
    return min(spike, limits.rate_per_s * spacing_s + RATE_SLACK)


def _jump_fault(limits: PointLimits, recent: list[float], value: float, spacing_s: float) -> Reason | None:
    """Judge by Hampel's test on five values (with a floor: a quiet signal may have noise) and by the rate."""
    floor = limits.spike_floor + limits.spike_ramp_per_s * spacing_s
    rate = limits.rate_per_s * spacing_s + RATE_SLACK
    step = abs(value - recent[-1])
    window = sorted((*recent, value))
    middle = window[len(window) // 2]
    away = abs(value - middle)
    if len(window) == 5:
        spread = 1.4826 * sorted(abs(x - middle) for x in window)[2]
        if away > max(SPIKE_SIGMAS * spread, floor):
            return Reason.SPIKE
    # the step back from a spike is as large as the step into it, but it leads to the usual level
    return Reason.RATE if step > rate and (away > rate or len(window) == 2) else None


def _note_steady(memory: PointMemory, value: float, at: float) -> None:
    """Note that a value has moved by more than a wire step, or is the first one."""
    before = memory.steady_value
    if before is not None:
        resolution = memory.limits.resolution
        step = abs(value - before)
        stood_s = at - memory.steady_since
        # a stand-still that ends in a small step was a calm; one that ends in a leap was a fault
        if stood_s > memory.steady_longest_s and (stood_s < FROZEN_S or step <= 3.0 * resolution + 0.1):
            memory.steady_longest_s = stood_s
        memory.changes += 1
    memory.steady_value, memory.steady_since = value, at


def stands_still(memory: PointMemory) -> bool:
    """Tell whether a point shows one number (within a wire step) for longer than it ever did by itself."""
    stood_s = memory.at - memory.steady_since
    if stood_s < FROZEN_S or memory.steady_value is None:
        return False
    known = memory.changes >= FROZEN_MIN_CHANGES
    return stood_s >= (FROZEN_TIMES_NATURAL * memory.steady_longest_s if known else FROZEN_UNKNOWN_S)


def swapped(T_supply: float, T_return: float, m_flow: float | None) -> bool:
    """Tell whether return is warmer than supply by more than 2 K while water flows; None: flow not known."""
    return T_return > T_supply + SWAPPED_K and (m_flow is None or m_flow > FLOWING_KG_PER_S)


def out_of_balance(Q_flow: float, m_flow: float, T_supply: float, T_return: float) -> bool:
    """Tell whether a power (kW) is more than 10 % off m c dT, and by more than sensors may differ."""
    if not T_MIN_DEGC <= (T_supply + T_return) / 2.0 <= T_MAX_DEGC:
        return False
    expected = heat_flow(m_flow, T_supply, T_return)
    allowed = max(BALANCE_SHARE * abs(expected), BALANCE_FLOOR_KW, 4.19 * BALANCE_FLOOR_K * m_flow)
    return abs(Q_flow - expected) > allowed
