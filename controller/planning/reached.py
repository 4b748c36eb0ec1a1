"""What a loop's exchanger shows that it can give: nobody is asked for what it does not reach. Pure.

A loop that stands below what it acts on, long after its valve had time, gives all it can: the exchanger is
fouled or small, the water from the source too cool or too little. Asking for more opens a valve that is open
already. It takes water from stations further out, and a plan that counts on it promises warmth that does not
come. So such a loop is asked for a little more than it gives. That little is the way back: where the
exchanger can give more again, it does, the loop is no longer short, and is asked for more at the usual pace.
"""

from controller.decisions import LoopObservation
from stations.model.reading import Reading

SHORT_K = 0.4
"""By which a loop stays below what it acts on before it counts as short, K: valves stop within 0.3 K of their
setpoint, and thermometers tell tenths."""
PROBE_K = 0.5
"""What such a loop is asked for above what it gives, K: more than ``SHORT_K``, so that the valve stays open
and the bound rises with what arrives."""
SETTLED_S = 600.0
"""After a move valve (up to 2 min from end to end), exchanger and thermometer have come to rest."""
T_MIN_DEGC = 1.0
"""Colder than that no water is that circulates."""


def most_reached(
    seen: LoopObservation, T_told: float | None, since_move_s: float, now: float, age_s: float
) -> float | None:
    """Return the most that a loop may be asked for by what it reaches, degC; None where it is not short.

    ``T_told`` is what the centre told it, None where that is no temperature; a station that limits what it is
    told acts on less. ``since_move_s`` are the seconds since its setpoint was last moved, ``age_s`` is the
    oldest reading that counts at UTC second ``now``.
    """
    if since_move_s < SETTLED_S or seen.pump_running is False:
        return None
    reached, acts_on = (_number(reading, now, age_s) for reading in (seen.T_supply, seen.T_supply_effective))
    return bound_by(reached, warmer(acts_on, T_told))


def warmer(one: float | None, other: float | None) -> float | None:
    """Return the warmer of two temperatures of which none, one or both are known."""
    there = [T for T in (one, other) if T is not None]
    return max(there) if there else None


def bound_by(T_reached: float | None, T_told: float | None) -> float | None:
    """Return the bound in degC where the loop stays short of ``T_told``; None elsewhere."""
    if T_reached is None or T_told is None or T_reached < T_MIN_DEGC or T_told - T_reached <= SHORT_K:
        return None
    return T_reached + PROBE_K


def _number(reading: Reading, now: float, age_s: float) -> float | None:
    return reading.value if reading.usable(now, age_s) else None
