"""How much heat reaches each loop in the hours ahead: a bound of its plan, where enough is known. Pure.

The water that will arrive within the transport delay is under way and can not be changed; what leaves the
source later can be warmer by no more than the source may change. How much of it a station draws is told by
its valve at the differential pressure that is there, and more if it has shown to; what its exchanger
makes of that, by the UA that it has shown (``optimizer.identify.exchanger``) or shows now, the better one.

Everything is taken at its best: a bound that is too low leaves rooms cold for nothing, one that is too high
is mended by what loops are seen to reach (``reached``).
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from controller.decisions import LoopKey, LoopTraits
from controller.image import StationImage
from controller.knowing.belief import Belief
from controller.knowing.known import Known
from controller.planning.rules import PlanRules
from controller.planning.source_scene import DP_MIN_KPA, T_GROUND_DEGC, Hydraulics, hydraulics, opened
from optimizer.building import Floats
from optimizer.estimate.state import LAW
from optimizer.identify.delay import Delay
from optimizer.identify.exchanger import ExchangerTrend
from optimizer.reach import NEEDED, Access, Reach, on_the_way, reach, resistance

KEPT_S, GAP_MOST_S = 8.0 * 3600.0, 3600.0
"""What the source sent is kept longer than any delay; after a longer gap the record begins anew."""


class SourceHistory:
    """What the sources sent in the last hours, as seen at each plan. Owner: the planning loop."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def note(self, now: float, T_supply: float | None) -> None:
        """Take in what leaves the sources at UTC second ``now``, degC; None: nobody tells."""
        seen = self._seen
        if seen and not 0.0 < now - seen[-1][0] <= GAP_MOST_S:
            seen.clear()
        if T_supply is not None:
            seen.append((now, T_supply))
        while seen and now - seen[0][0] > KEPT_S:
            seen.popleft()

    def series(self) -> tuple[Floats, Floats]:
        """Return UTC seconds and degC, oldest first."""
        told = np.array(self._seen, dtype=np.float64).reshape(-1, 2)
        return told[:, 0], told[:, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waters:
    """What tells how the source's water reaches the stations."""

    images: Mapping[str, StationImage]
    beliefs: Mapping[LoopKey, Belief]
    sent_at: Floats
    T_sent: Floats
    """UTC seconds and degC, oldest first: what left the sources; empty where nobody tells."""


def reaching(
    known: Known, loops: Sequence[LoopTraits], waters: Waters, rules: PlanRules, times: Floats
) -> Reach:
    """Return what reaches the loops of ``known`` at UTC seconds ``times`` (k,), the first of which is now."""
    now, n = float(times[0]), len(known)
    if not len(waters.sent_at):
        nothing = np.full((n, len(times)), np.inf)
        return Reach(nothing, np.full_like(nothing, np.nan), NEEDED[:1] * n)
    told = [waters.beliefs.get(key) for key in known.keys]
    T_now = float(waters.T_sent[-1])
    how = hydraulics(known, known.state.mean[:, LAW], waters.beliefs, waters.images, T_now, now)
    T_most = max(rules.T_source_max_degC, T_now)
    warmest_at = now + 3600.0 * (T_most - T_now) / rules.T_source_change_K_per_h
    arrives = on_the_way(
        np.append(waters.sent_at, [now, warmest_at]),
        np.append(waters.T_sent, [T_now, T_most]),
        how.T_arrives,
        times,
        _delays(told, now - float(waters.sent_at[0])),
        T_GROUND_DEGC,
    )
    return reach(arrives, how.rooms, _at_best(known, loops, told, how))


def _delays(told: Sequence[Belief | None], seen_s: float) -> Floats:
    """Return seconds (n,) from source to station; 0, which binds least, where not known or not yet seen."""
    found = [None if one is None else one.delay for one in told]
    return np.array(
        [one.seconds if isinstance(one, Delay) and one.seconds <= seen_s else 0.0 for one in found]
    )


def _at_best(
    known: Known, loops: Sequence[LoopTraits], told: Sequence[Belief | None], how: Hydraulics
) -> Access:
    """Return how loops are reached with all that their valves, pumps and exchangers have shown."""
    area, now = known.buildings.area, how.access
    found = [None if one is None else one.exchanger for one in told]
    seen = np.array([_shown(one) for one in found]).reshape(-1, 4)
    sets_flow = np.array([loop.circulation is not None for loop in loops], dtype=np.bool_)
    with np.errstate(all="ignore"):
        UA, usual_p, usual_s, most = seen.T / area * np.array([[1000.0], [1.0], [1.0], [1.0]])
        share = np.sqrt(np.clip(np.where(np.isfinite(how.dp), how.dp, DP_MIN_KPA) / DP_MIN_KPA, 0.0, 1.0))
        # what it has shown bounds nothing by itself: it may never have been cold enough for more
        open_fully = how.flow_primary * opened(how.y_valve)
        flow = np.where(np.isfinite(open_fully), np.fmax(open_fully, most * share), np.nan)
        circulates = np.where(
            sets_flow, np.fmax(known.buildings.flow_design, now.flow_secondary), now.flow_secondary
        )
        learned = UA / resistance(flow / usual_p, circulates / usual_s)
        measured = now.UA_exchanger / resistance(flow / how.flow_primary, circulates / now.flow_secondary)
    return replace(
        now,
        UA_exchanger=np.fmax(learned, measured),  # one that was cleaned shows it now
        flow_primary_max=flow,
        flow_secondary=circulates,
        T_supply_max=np.array([loop.T_supply_max_degC for loop in loops]),
    )


def _shown(found: object) -> tuple[float, float, float, float]:
    """Return UA in kW/K, its usual flows and the most that was drawn, kg/s; NaN where not known."""
    if (
        not isinstance(found, ExchangerTrend)
        or found.loops > 1  # of all exchangers of a station together: none of one loop's
        or found.m_flow_primary is None
        or found.m_flow_secondary is None
    ):
        return np.nan, np.nan, np.nan, np.nan
    most = np.nan if found.m_flow_primary_most is None else found.m_flow_primary_most
    return found.UA_kW_per_K, found.m_flow_primary, found.m_flow_secondary, most
