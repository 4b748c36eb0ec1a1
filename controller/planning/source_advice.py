"""From the newest plan to what each heat source is advised, hour by hour to the end of the next day. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from controller.decisions import LoopKey
from controller.image import StationImage
from controller.knowing.belief import Belief
from controller.planning.network_heat import excluded_heat
from controller.planning.published import Published
from controller.planning.source_scene import T_GROUND_DEGC, SourceNow, hydraulics
from optimizer.building import Floats
from optimizer.dispatch import Plants, dispatched
from optimizer.estimate.state import LAW
from optimizer.forecast.weather import NoWeather, Outlook
from optimizer.reason import Reason, because
from optimizer.sending import (
    HOUR_S,
    head_needed,
    hour_of,
    hourly,
    network_flow,
    preheating,
    return_of,
    supply_by_hour,
)
from optimizer.source import lowest_supply

T_ROOM_DEGC = 20.0
LOSS_MOST = 0.3
"""Of a source's heat that pipes may lose; more is a meter that is wrong."""
STEP_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOrder:
    """What one source is advised for one hour; None where too little is known."""

    source: str
    hour: float
    """UTC second at which it begins."""
    phase: str
    """``on``, ``starting`` (ordered to start, no heat yet) or ``off``."""
    Q_flow: float
    """kW, mean."""
    T_supply: float | None
    T_return: float | None
    """degC; the second is expected."""
    m_flow: float | None
    """kg/s."""
    dp: float | None
    """kPa of head."""
    ahead: str
    """``plan``, or ``weather``: beyond the plan's horizon, the day before scaled with the cold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Orders by source and hour, and what is to be known about them."""

    orders: tuple[SourceOrder, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ahead:
    times: Floats
    q: Floats
    """(n, k) W/m2, loops outside of the plan as they are now."""
    Q: Floats
    """(k,) kW at the sources."""
    planned: int
    """Steps of the plan itself."""


def advised(
    published: Published | None,
    sources: Sequence[SourceNow],
    outlook: Outlook | NoWeather,
    beliefs: Mapping[LoopKey, Belief],
    images: Mapping[str, StationImage],
    timezone: str,
    now: float,
) -> Advice:
    """Return the advice at UTC second ``now``; without a plan or a source's word there is none but reasons.

    ``outlook`` is the weather to the end of the next local day, in steps of ``STEP_S`` from ``now``.
    """
    if not sources:
        return _nothing(because("dispatch.no_source"))
    silent = [source.id for source in sources if not source.tells]
    if silent:
        return _nothing(because("dispatch.source_silent", source=", ".join(silent)))
    if published is None or not published.usable(now):
        return _nothing(because("dispatch.no_plan"))
    first = HOUR_S * math.ceil(now / HOUR_S)
    ahead = _ahead(published, sources, outlook, first, end_of_next_day(now, timezone))
    hours = hour_of(ahead.times, STEP_S, first)
    count = int(hours.max()) + 1 if len(hours) else 0
    Q = hourly(ahead.Q, hours, count)
    if count <= 0 or not np.isfinite(Q).all():
        return _nothing(because("dispatch.heat_unknown"))
    who = dispatched(Q, _plants(sources))
    water = _water(published, ahead, hours, count, sources, beliefs, images, Q, now)
    plan_hours = int(hours[ahead.planned - 1]) + 1
    reasons = [*who.reasons, *water.reasons, *_laid_in(published)]
    if plan_hours < count:
        reasons.append(because("dispatch.weather_only", hours=count - plan_hours))
    total = np.maximum(who.Q.sum(axis=0), 1e-9)
    orders = tuple(
        SourceOrder(
            source=source.id,
            hour=first + HOUR_S * h,
            phase="on" if who.on[i, h] else "starting" if who.starting[i, h] else "off",
            Q_flow=float(who.Q[i, h]),
            T_supply=_at(water.T_supply, h) if who.on[i, h] else None,
            T_return=_at(water.T_return, h) if who.on[i, h] else None,
            m_flow=_part(water.m_flow, h, float(who.Q[i, h] / total[h])) if who.on[i, h] else None,
            dp=_at(water.dp.get(source.id), h) if who.on[i, h] else None,
            ahead="plan" if h < plan_hours else "weather",
        )
        for i, source in enumerate(sources)
        for h in range(count)
    )
    return Advice(orders=orders, reasons=tuple(reasons))


def end_of_next_day(now: float, timezone: str) -> float:
    """Return the UTC second at which the next local day ends."""
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(now, zone).date() + timedelta(days=2)
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def _nothing(*reasons: Reason) -> Advice:
    return Advice(orders=(), reasons=reasons)


def _plants(sources: Sequence[SourceNow]) -> Plants:
    most = np.array([source.Q_flow_max or 0.0 for source in sources])
    return Plants(
        Q_most=most,
        Q_least=np.array([source.rules.least_share for source in sources]) * most,
        price=np.array([source.rules.costs for source in sources]),
        start_h=np.array([source.rules.starts_in_h for source in sources]),
        running=np.array([source.runs for source in sources], dtype=np.bool_),
        Q_now=np.array([source.Q_flow or 0.0 for source in sources]),
    )


def _ahead(
    published: Published,
    sources: Sequence[SourceNow],
    outlook: Outlook | NoWeather,
    first: float,
    end: float,
) -> _Ahead:
    """Return heat by step to ``end``: the plan's, and beyond it the day before, scaled with the cold."""
    plan, state, area = published.plan, published.known.state, published.known.buildings.area
    q_now = np.maximum(state.q, 0.0)
    q = np.where(np.isfinite(plan.q), plan.q, q_now[:, None])
    sent = sum(source.Q_flow or 0.0 for source in sources)
    lost = min(max(sent - float(area @ q_now) / 1000.0, 0.0), LOSS_MOST * sent)
    P = plan.P + excluded_heat(published) + lost
    times = plan.start + STEP_S * np.arange(len(P))
    planned = len(P)
    whole = round((end - plan.start) // STEP_S) if end > plan.start else 0
    if whole > planned and planned >= 96 and not isinstance(outlook, NoWeather):
        later = plan.start + STEP_S * np.arange(planned, whole)
        weather = outlook.series
        T = np.interp(np.concatenate([times, later]), weather.times, weather.T_outdoor)
        for step in range(planned, whole):
            before = step - 96
            colder = np.clip((T_ROOM_DEGC - T[step]) / max(T_ROOM_DEGC - T[before], 1.0), 0.3, 3.0)
            q = np.append(q, colder * q[:, before : before + 1], axis=1)
            P = np.append(P, colder * P[before])
        times = np.append(times, later)
    # an hour of which only a part is known is no hour
    full = times + STEP_S <= first + HOUR_S * ((times[-1] + STEP_S - first) // HOUR_S) + 1e-6
    return _Ahead(times=times[full], q=q[:, full], Q=P[full], planned=min(planned, int(full.sum())))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Water:
    T_supply: Floats | None
    T_return: Floats | None
    m_flow: Floats | None
    dp: Mapping[str, Floats]
    """By source."""
    reasons: tuple[Reason, ...]


def _water(
    published: Published,
    ahead: _Ahead,
    hours: NDArray[np.intp],
    count: int,
    sources: Sequence[SourceNow],
    beliefs: Mapping[LoopKey, Belief],
    images: Mapping[str, StationImage],
    Q: Floats,
    now: float,
) -> _Water:
    known, T_sent = published.known, _mixed(sources)
    how = hydraulics(known, known.state.mean[:, LAW], beliefs, images, T_sent, now)
    least = max(source.rules.T_supply_min_degC for source in sources)
    most = min(source.rules.T_supply_max_degC for source in sources)
    change = min(source.rules.change_K_per_h for source in sources)
    dp = np.where(np.isfinite(how.dp), how.dp, how.access.dp_min)
    advice = lowest_supply(
        ahead.q,
        how.rooms,
        dp,
        how.access,
        dt_s=STEP_S,
        T_ground=T_GROUND_DEGC,
        T_least=min(least, most),
        T_most=most,
        warming_K_per_h=change,
    )
    supply = supply_by_hour(advice.T_supply, hours, count, T_sent, change)
    q = hourly(ahead.q, hours, count)
    flow = network_flow(q, known.buildings.area, supply.T, how.rooms, how.access, T_GROUND_DEGC, Q)
    if isinstance(flow, Reason):
        return _Water(T_supply=None, T_return=None, m_flow=None, dp={}, reasons=(flow,))
    found: list[Reason] = []
    if advice.unserved.any():
        found.append(because("dispatch.unserved", stations=int(advice.unserved.sum()), T_most=most))
    if supply.late_K > 0.5:
        found.append(because("dispatch.supply_late", late_K=supply.late_K, change_K=change))
    dearest = int(np.argmax(advice.T_supply))
    if advice.deciding[dearest] >= 0:
        station = known.keys[int(advice.deciding[dearest])].station
        T = float(advice.T_supply[dearest])
        found.append(because("dispatch.decides_supply", station=station, T_supply=T))
    heads: dict[str, Floats] = {}
    flow_now = sum(source.m_flow or 0.0 for source in sources)
    for source in sources:
        measured = np.nan if source.dp is None else source.dp
        head = head_needed(measured, flow_now, how.dp, how.access.dp_min, flow)
        if isinstance(head, Reason):
            found.append(head)
        else:
            heads[source.id] = head[0]
    return _Water(
        T_supply=supply.T,
        T_return=return_of(Q, supply.T, flow),
        m_flow=flow,
        dp=heads,
        reasons=tuple(_once(found)),
    )


def _once(reasons: Sequence[Reason]) -> list[Reason]:
    found: dict[str, Reason] = {}
    for reason in reasons:
        found.setdefault(reason.id, reason)
    return list(found.values())


def _mixed(sources: Sequence[SourceNow]) -> float | None:
    """Return what the sources send together, degC, weighted by their heat; None where nobody tells."""
    told = [(s.T_supply, s.Q_flow or 0.0) for s in sources if s.T_supply is not None and s.runs]
    heat = sum(Q for _, Q in told)
    return sum(T * Q for T, Q in told) / heat if heat > 0.0 else None


def _laid_in(published: Published) -> list[Reason]:
    plan = published.plan
    laid = preheating(plan.T_indoor, published.known.buildings.area)
    if laid is None:
        return []
    step_h = plan.dt_h
    begin_h = laid.begin * step_h
    return [because("dispatch.preheats", K=laid.K, begin_h=begin_h, hours=(laid.end - laid.begin) * step_h)]


def _at(values: Floats | None, hour: int) -> float | None:
    return None if values is None else float(values[hour])


def _part(values: Floats | None, hour: int, share: float) -> float | None:
    return None if values is None else float(values[hour]) * share
