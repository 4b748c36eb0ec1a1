"""Primary flow caps in a shortage: by how much water each station takes no more than its share. Pure.

Supply setpoints share a shortage out within an hour, as rooms and rates allow; a cap on primary flow within
minutes, as valves allow, and it holds where the guard's band around the own curve lets a setpoint go no
lower. So the fast lever is a cap by fair share: the flow with which the station's exchanger gives the plan's
heat of this moment, from the water that comes now (``optimizer.source``). Stations that take caps are told
(``controller.guard_caps``); for others it is advice, for valves that people or the station's maker set.
"""

from collections.abc import Container, Mapping
from typing import NamedTuple

import numpy as np

from controller.decisions import LoopKey
from controller.image import StationImage
from controller.knowing.belief import Belief
from controller.knowing.known import Known
from controller.planning.published import Published
from controller.planning.source_scene import hydraulics
from optimizer.estimate.state import LAW
from optimizer.source import primary_flow

RATIONED = "plan.rationed"
MARGIN = 1.03
"""A cap lies so much above the share: supply setpoints keep to the share, a cap cuts what is far above it."""
LESS = 0.98
"""A flow that lies above this part of what a station can draw caps nothing."""


BEGIN, KEEP = 0.95, 0.85
"""Of the plan's heat: all loops of a station give at least so much where it begins to be capped, and where it
stays so. Exchangers are not known exactly, and of several loops a cap takes from the one that is open widest.
Capping only stations well above their share (1.08 and 0.97) left a network with a third more unequal rooms:
it is the sum of many small excesses that cools the water."""


class FlowCap(NamedTuple):
    """What one station's primary flow shall not be above, kg/s."""

    station: str
    m_flow_max: float
    m_flow: float
    """As it is drawn now."""
    told: float | None = None
    """The cap that the station was told; None where it is advice."""


def shares_out(published: Published | None) -> bool:
    """Tell whether a plan shares a shortage out."""
    why = None if published is None else published.plan.why
    return why is not None and why.id == RATIONED


def flow_caps(
    published: Published | None,
    beliefs: Mapping[LoopKey, Belief],
    images: Mapping[str, StationImage],
    now: float,
) -> tuple[FlowCap, ...]:
    """Return the caps at UTC second ``now``, those first that take most; none but in a shortage.

    A station with a loop of which too little is known or planned has none.
    """
    if published is None or not shares_out(published) or not published.usable(now):
        return ()
    plan, known = published.plan, published.known
    step = plan.step_at(now)
    if step is None:
        return ()
    how = hydraulics(known, known.state.mean[:, LAW], beliefs, images, None, now)
    most = how.access.flow_primary_max
    shared = primary_flow(plan.q[:, step], how.T_arrives, how.rooms, how.access)
    capped = np.isfinite(shared) & np.isfinite(most) & np.isfinite(plan.q[:, step])
    capped &= np.isfinite(how.T_arrives) & np.isfinite(how.access.UA_exchanger)
    if plan.shares is not None:
        capped &= ~plan.shares.spared
    area, drawn = known.buildings.area, how.drawn
    told: dict[str, list[tuple[float, float, float]]] = {}
    unknown = set()
    for i, key in enumerate(known.keys):
        if capped[i]:
            row = (float(area[i] * shared[i]), float(area[i] * most[i]), float(drawn[i]))
            told.setdefault(key.station, []).append(row)
        else:
            unknown.add(key.station)
    found = []
    for station, rows in told.items():
        share, can = (sum(row[column] for row in rows) for column in (0, 1))
        cap = MARGIN * share
        if station not in unknown and cap < LESS * can:
            found.append(FlowCap(station, cap, rows[0][2]))
    return tuple(sorted(found, key=lambda one: one.m_flow_max - one.m_flow))


def near_share(
    published: Published | None, known: Known | None, capped: Container[str], now: float
) -> frozenset[str]:
    """Return the stations in which no loop lacks so much of its share that a cap could be why, now.

    ``known`` is what is believed now, ``capped`` holds the stations that have a cap already.
    """
    step = None if published is None else published.plan.step_at(now)
    if published is None or step is None or known is None or known.keys != published.keys:
        return frozenset()
    lacking = set()
    for key, gives, shall in zip(known.keys, known.state.q, published.plan.q[:, step], strict=True):
        least = KEEP if key.station in capped else BEGIN
        if not gives >= least * shall:  # also true of what is no number
            lacking.add(key.station)
    return frozenset(key.station for key in known.keys) - lacking
