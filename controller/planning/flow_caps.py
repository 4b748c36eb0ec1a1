"""Primary flow caps in a shortage: by how much water each station takes no more than its share. Pure.

Supply setpoints share a shortage out within an hour, as rooms and rates allow; a cap on primary flow within
minutes, as valves allow. So the fast lever is a cap by fair share: the flow with which the station's
exchanger gives the plan's heat of this moment, from the water that comes now (``optimizer.source``). No
profile has a point for it yet, so it is advice, for valves that people or the station's maker set.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from controller.decisions import LoopKey
from controller.image import StationImage
from controller.knowing.belief import Belief
from controller.planning.published import Published
from controller.planning.source_scene import hydraulics
from optimizer.estimate.state import LAW
from optimizer.source import primary_flow

RATIONED = "plan.rationed"
LESS = 0.98
"""A flow that lies above this part of what a station can draw caps nothing."""


class FlowCap(NamedTuple):
    """What one station's primary flow shall not be above, kg/s."""

    station: str
    m_flow_max: float
    m_flow: float
    """As it is drawn now."""


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
        cap, can = (sum(row[column] for row in rows) for column in (0, 1))
        if station not in unknown and cap < LESS * can:
            found.append(FlowCap(station, cap, rows[0][2]))
    return tuple(sorted(found, key=lambda one: one.m_flow_max - one.m_flow))
