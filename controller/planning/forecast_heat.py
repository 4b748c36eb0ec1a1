"""Where load forecasts count: in the heat that sources are ordered, hour by hour. Pure.

A plan knows its own loops. Those outside of it go on as they do, and by it they take tomorrow what they take
now; in a colder night they do not. What they will take is told by what they did take in such weather, which
is what their forecast has learned.

All loops together are held against the forecast, too: heat that is ordered beyond its band and by more than
15 % is told. No plan is thrown away for it. A forecast has learned how loops were driven; where a plan drives
them otherwise for the first time, as a city that was overheated, it is the forecast that is off.
"""

from typing import NamedTuple

import numpy as np

from controller.knowing.loads import Loads
from controller.planning.flow_caps import shares_out
from controller.planning.published import Published
from optimizer.building import Floats
from optimizer.forecast.network import on_steps
from optimizer.reason import Reason, because

HOUR_S = 3600.0
AGE_MAX_S = 36.0 * HOUR_S
"""One night without a forecast is bridged by that of the night before."""
NEAR = (0.5, 2.0)
"""Times what a loop takes now, between which its forecast of now lies: else one of them is wrong."""
OFF_SHARE = 0.15
"""Of the forecast heat of an hour, by which an order may differ from it and nothing is told."""
LOW, HIGH = 0.05, 0.95
"""Levels of the band: nine hours in ten lie within."""


class Counted(NamedTuple):
    """Heat to come."""

    q: Floats
    """(n, k) W/m2."""
    loops: int
    """How many of them are counted by their forecast."""


def with_forecasts(published: Published, loads: Loads | None, times: Floats, q: Floats) -> Counted:
    """Return ``q`` with the forecasts of loops outside of the plan, where there are any.

    ``q`` (n, k) W/m2 in even steps that begin at UTC seconds ``times`` (k,). A loop that a person sets goes
    on as it does, whatever it did before; and in a shortage all get their share and not what they would take.
    """
    taken = np.maximum(published.known.state.q, 0.0)
    if not _fresh(published, loads) or loads is None or shares_out(published) or len(times) < 2:
        return Counted(q, 0)
    inside = (times >= loads.times[0]) & (times < loads.times[-1] + HOUR_S)
    if not inside.any():
        return Counted(q, 0)
    q, loops = q.copy(), 0
    for place, key in enumerate(published.keys):
        why, load = published.excluded.get(key), loads.loops.get(key)
        if why is None or load is None or why.params.get("mode") == "manual":
            continue
        told = on_steps(loads.times, load.load, times)
        near = NEAR[0] * taken[place] <= told[int(np.argmax(inside))] <= NEAR[1] * taken[place]
        if near and np.isfinite(told).all():
            q[place] = np.where(inside, told, q[place])
            loops += 1
    return Counted(q, loops)


def off_forecast(published: Published, loads: Loads | None, first: float, q: Floats) -> Reason | None:
    """Return by how much heat ``q`` (n, k) of hours from UTC second ``first`` on leaves the forecast's band.

    None where it does not, where nothing is forecast, or where a shortage is shared out.
    """
    if not _fresh(published, loads) or loads is None or loads.network is None or shares_out(published):
        return None
    area = dict(zip(published.keys, published.known.buildings.area, strict=True))
    if not loads.loops.keys() <= area.keys():
        return None  # of another set of loops
    rows = [place for place, key in enumerate(published.keys) if key in loads.loops]
    ordered = published.known.buildings.area[rows] @ q[rows] / 1000.0
    begin = round((first - float(loads.times[0])) / HOUR_S)
    at = begin + np.arange(len(ordered))
    there = (at >= 0) & (at < len(loads.times)) & np.isfinite(ordered)
    at, ordered = at[there], ordered[there]
    load, low, high = (
        np.maximum(row[at], 1e-9)
        for row in (loads.network.load, loads.network.quantile(LOW), loads.network.quantile(HIGH))
    )
    off = (np.abs(ordered - load) > OFF_SHARE * load) & ((ordered < low) | (ordered > high))
    if not off.any():
        return None
    worst = int(np.argmax(np.where(off, np.abs(ordered / load - 1.0), 0.0)))
    return because(
        "dispatch.off_forecast",
        hours=int(off.sum()),
        of_h=len(ordered),
        off_percent=100.0 * float(ordered[worst] / load[worst] - 1.0),
    )


def _fresh(published: Published, loads: Loads | None) -> bool:
    age_s = np.inf if loads is None or not len(loads.times) else published.made_at - loads.made_at
    return bool(0.0 <= age_s <= AGE_MAX_S)
