"""The guard's rules for caps on the primary flow of a station. Pure; they fail open, to no cap at all.

A cap takes heat from those who are above their share, so that others get theirs. Without one a station is
warmer than it need be; with a wrong one people freeze behind a valve that looks healthy. So whatever is
missing, old, unknown or out of the ordinary lifts the cap, and no cap takes more than half of what a station
drew by itself. Between caps and setpoints nothing has to be weighed: temperature works beneath the cap.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.decisions import GuardContext, LoopKey, Mode
from controller.guard_gates import INPUT_AGE_S
from stations.model.reading import Reading

LEAST_SHARE = 0.5
"""Of what the station drew before it was capped. Rooms that get half of their heat cool by some kelvins in a
day and freeze nothing."""
STEP_SHARE = 0.2
"""Of the same, by which a cap goes down at once."""
WORTH_SHARE = 0.03
"""Of the same; a smaller change is not worth a write. Exchangers are known no better."""
EVERY_S = 60.0
"""Between two changes, as volatile registers have it."""
T_RETURN_MIN_DEGC = 15.0
"""Secondary return below which frost is near enough that nothing is taken away."""
FOUND_S = 150.0
"""Scaled seconds in which a cap must be read back; then it was lost, refused or has run out."""
SAME_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class CapHeld:
    """A cap as it was told a station."""

    m_flow_max: float
    """kg/s."""
    uncapped: float
    """kg/s that the station drew when it was first capped."""
    at: float
    """Scaled monotonic second of the last change."""
    wish: float = field(default=math.nan, compare=False)
    """kg/s that was wanted; told beside the cap, and no part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapSeen:
    """What a poll says of a station's primary side."""

    m_flow: Reading
    """kg/s that the station draws."""
    readback: Reading
    """kg/s that its register holds; bad where it holds no cap."""


def guard_caps(
    wishes: Mapping[str, float],
    seen: Mapping[str, CapSeen],
    held: Mapping[str, CapHeld],
    context: GuardContext,
    *,
    shortage: bool,
) -> dict[str, CapHeld | None]:
    """Return the cap of each station of ``seen``, which are those that take one; None for no cap.

    ``wishes`` are kg/s by station, ``shortage`` tells whether one is declared in this cycle. A ``CapHeld``
    that is the very one of ``held`` asks for no write.
    """
    loops: dict[str, list[LoopKey]] = {}
    for key in context.traits:
        loops.setdefault(key.station, []).append(key)
    return {
        station: _cap(wishes[station], primary, _still(held.get(station), primary, context), context)
        if shortage and station in wishes and all(_calm(key, context) for key in loops.get(station, [None]))
        else None
        for station, primary in seen.items()
    }


def _calm(key: LoopKey | None, context: GuardContext) -> bool:
    """Tell whether a loop is ours, follows, and is far from frost; all of it known and fresh."""
    seen = None if key is None else context.observations.get(key)
    if key is None or seen is None:
        return False
    traits = context.traits[key]
    ours = traits.proven and traits.station_class.driven and traits.caps_flow and traits.emitter != "dhw"
    follows = seen.remote is True and seen.readmitted and seen.mode is Mode.AUTO
    age_s = max(3.0 * context.poll_s_of(key.station), INPUT_AGE_S)
    back, polled = seen.T_return, seen.polled_at
    warm = back.value is not None and back.usable(context.now, age_s) and back.value >= T_RETURN_MIN_DEGC
    fresh = polled is not None and 0.0 <= context.now - polled <= age_s
    return ours and follows and seen.season.accepts_setpoints and warm and fresh and seen.pump_running is True


def _still(held: CapHeld | None, seen: CapSeen, context: GuardContext) -> CapHeld | None:
    """Return the cap if the station has it, or may still be about to take it."""
    if held is None or context.monotonic - held.at <= FOUND_S:
        return held
    shown = seen.readback.value
    found = shown is not None and abs(shown - held.m_flow_max) <= SAME_SHARE * held.m_flow_max
    return held if found else None


def _cap(wish: float, seen: CapSeen, held: CapHeld | None, context: GuardContext) -> CapHeld | None:
    drawn = seen.m_flow.value
    if not (math.isfinite(wish) and wish > 0.0):
        return None
    if drawn is None or not seen.m_flow.usable(context.now, INPUT_AGE_S * 3.0) or not drawn > 0.0:
        return None
    uncapped, before = (drawn, drawn) if held is None else (held.uncapped, held.m_flow_max)
    cap = max(wish, LEAST_SHARE * uncapped, before - STEP_SHARE * uncapped)
    if held is not None:
        small = abs(cap - held.m_flow_max) < WORTH_SHARE * uncapped
        if small or context.monotonic - held.at < EVERY_S:
            return held
    return CapHeld(m_flow_max=cap, uncapped=uncapped, at=context.monotonic, wish=wish)
