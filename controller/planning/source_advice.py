"""From the newest plan to what each heat source is advised, hour by hour to the end of the next day. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from controller.decisions import LoopKey
from controller.image import StationImage
from controller.knowing.belief import Belief
from controller.knowing.loads import Loads
from controller.planning.forecast_heat import off_forecast, with_forecasts
from controller.planning.network_heat import excluded_heat
from controller.planning.published import Published
from controller.planning.source_scene import SourceNow, hydraulics
from controller.planning.source_water import Hours, mixed, water_by_hour
from optimizer.building import Floats
from optimizer.dispatch import Plants, dispatched
from optimizer.estimate.state import LAW
from optimizer.forecast.weather import NoWeather, Outlook
from optimizer.plan.laid_in import laid_in
from optimizer.reason import Reason, because
from optimizer.sending import HOUR_S, hour_of, hourly

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


def _outdoor(outlook: Outlook | NoWeather, first: float, count: int) -> Floats | None:
    """Return the outdoor temperature (count,) of hours, degC; None where nobody forecasts it."""
    if isinstance(outlook, NoWeather):
        return None
    at = first + HOUR_S * (np.arange(count, dtype=np.float64) + 0.5)
    return np.interp(at, outlook.series.times, outlook.series.T_outdoor)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ahead:
    times: Floats
    q: Floats
    """(n, k) W/m2, loops outside of the plan by their forecast, else as they are now."""
    Q: Floats
    """(k,) kW at the sources."""
    planned: int
    """Steps of the plan itself."""
    lost: float
    """kW that pipes lose now."""
    by_forecast: int
    """Loops outside of the plan that are counted by their forecast."""


def advised(
    published: Published | None,
    sources: Sequence[SourceNow],
    outlook: Outlook | NoWeather,
    beliefs: Mapping[LoopKey, Belief],
    images: Mapping[str, StationImage],
    timezone: str,
    now: float,
    loads: Loads | None = None,
) -> Advice:
    """Return the advice at UTC second ``now``; without a plan or a source's word there is none but reasons.

    ``outlook`` is the weather to the end of the next local day, in steps of ``STEP_S`` from ``now``;
    ``loads`` the newest forecast of what loops take, by which those outside of the plan are counted.
    """
    if not sources:
        return _nothing(because("dispatch.no_source"))
    silent = [source.id for source in sources if not source.tells]
    if silent:
        return _nothing(because("dispatch.source_silent", source=", ".join(silent)))
    if published is None or not published.usable(now):
        return _nothing(because("dispatch.no_plan"))
    first = HOUR_S * math.ceil(now / HOUR_S)
    ahead = _ahead(published, sources, outlook, first, end_of_next_day(now, timezone), loads)
    hours = hour_of(ahead.times, STEP_S, first)
    count = int(hours.max()) + 1 if len(hours) else 0
    Q = hourly(ahead.Q, hours, count)
    if count <= 0 or not np.isfinite(Q).all():
        return _nothing(because("dispatch.heat_unknown"))
    who = dispatched(Q, _plants(sources))
    water = water_by_hour(
        published,
        Hours(
            q=ahead.q,
            Q=Q,
            of_step=hours,
            T_outdoor=_outdoor(outlook, first, count),
            Q_lost=ahead.lost,
        ),
        sources,
        hydraulics(published.known, published.known.state.mean[:, LAW], beliefs, images, mixed(sources), now),
    )
    plan_hours = int(hours[ahead.planned - 1]) + 1
    reasons = [*who.reasons, *water.reasons, *_laid_in(published)]
    if ahead.by_forecast:
        reasons.append(because("dispatch.by_forecast", loops=ahead.by_forecast))
    off = off_forecast(published, loads, first, hourly(ahead.q, hours, count))
    if off is not None:
        reasons.append(off)
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
    loads: Loads | None,
) -> _Ahead:
    """Return heat by step to ``end``: the plan's, and beyond it the day before, scaled with the cold.

    Loops outside of the plan are counted by their forecast where they have one.
    """
    plan, state, area = published.plan, published.known.state, published.known.buildings.area
    q_now = np.maximum(state.q, 0.0)
    asked = published.problem
    outside = q_now if asked is None else np.maximum(asked.q_before, 0.0)  # as ``excluded_heat`` has it
    q: Floats = np.where(np.isfinite(plan.q), plan.q, outside[:, None])
    sent = sum(source.Q_flow or 0.0 for source in sources)
    lost = min(max(sent - float(area @ q_now) / 1000.0, 0.0), LOSS_MOST * sent)
    P = plan.P + excluded_heat(published) + lost
    times: Floats = plan.start + STEP_S * np.arange(len(P), dtype=np.float64)
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
    counted = with_forecasts(published, loads, times, q)
    P = P + area @ (counted.q - q) / 1000.0
    q = counted.q
    # an hour of which only a part is known is no hour
    full = times + STEP_S <= first + HOUR_S * ((times[-1] + STEP_S - first) // HOUR_S) + 1e-6
    return _Ahead(
        times=times[full],
        q=q[:, full],
        Q=P[full],
        planned=min(planned, int(full.sum())),
        lost=lost,
        by_forecast=counted.loops,
    )


def _laid_in(published: Published) -> list[Reason]:
    plan, problem = published.plan, published.problem
    laid = None if problem is None else laid_in(problem, plan)
    if laid is None:
        return []
    step_h = plan.dt_h
    begin_h = laid.begin * step_h
    return [because("dispatch.preheats", K=laid.K, begin_h=begin_h, hours=(laid.end - laid.begin) * step_h)]


def _at(values: Floats | None, hour: int) -> float | None:
    return None if values is None else float(values[hour])


def _part(values: Floats | None, hour: int, share: float) -> float | None:
    return None if values is None else float(values[hour]) * share
