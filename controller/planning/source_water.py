"""In what water sources are advised to send their heat: supply and head of least cost that serve all. Pure.

As warm as the station that needs it most asks for, or warmer where pumps cost more than pipes lose; with the
head that leaves every station what it needs, those first whose valves are open and who lack heat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.planning.published import Published
from controller.planning.source_scene import RESERVE_MOST, T_GROUND_DEGC, Hydraulics, SourceNow, opened
from optimizer.building import Floats
from optimizer.head import head_needed, pressure_needed
from optimizer.reason import Reason, because
from optimizer.sending import Drawn, hourly, network_flow, return_of, supply_by_hour
from optimizer.source import lowest_supply
from optimizer.water_price import SentNow, cheapest_supply

STEP_S = 900.0
OWN_CURVE_LAG_H = 6.0
"""By which sources' own curves follow the outdoor temperature, as usual."""
OWN_BAND_SHARE = 0.95
"""Of the band about the own curve of a source that is written to, which orders keep to: nobody knows today
where that curve will be tomorrow, and flows and heads were reckoned with what is ordered."""
LOST_LEAST = 0.05
"""Of the sources' heat, that pipes are reckoned to lose where meters show less: those of a city, each off by
a per cent or two, often show none lost at all."""
CALIBRATED = (0.7, 1.5)
"""Between which stations may draw another flow than reckoned: as they are seen to do now, heads are reckoned
with. The flow that is told is that of the heat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The heat that is to be sent."""

    q: Floats
    """(n, steps) W/m2 of each loop."""
    Q: Floats
    """(k,) kW of all sources, by hour."""
    of_step: NDArray[np.intp]
    """(steps,) the hour that each belongs to, < 0 before the first."""
    T_outdoor: Floats | None
    """(k,) degC; None where nobody forecasts it."""
    Q_lost: float
    """kW that pipes lose now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Water:
    """What is advised, by hour (k,); None where too little is known."""

    T_supply: Floats | None
    T_return: Floats | None
    m_flow: Floats | None
    dp: Mapping[str, Floats]
    """By source."""
    reasons: tuple[Reason, ...]


def water_by_hour(published: Published, hours: Hours, sources: Sequence[SourceNow], how: Hydraulics) -> Water:
    """Return what water the sources are advised to send; ``how`` is how loops hang on them now."""
    known, T_sent, count = published.known, mixed(sources), len(hours.Q)
    change = min(source.rules.change_K_per_h for source in sources)
    least, most = _bounds(sources, hours)
    dp = np.where(np.isfinite(how.dp), how.dp, how.access.dp_min)
    advice = lowest_supply(
        hours.q,
        how.rooms,
        dp,
        how.access,
        dt_s=STEP_S,
        T_ground=T_GROUND_DEGC,
        T_least=float(least.min()),
        T_most=float(most.max()),
        warming_K_per_h=change,
    )
    supply = supply_by_hour(advice.T_supply, hours.of_step, count, T_sent, change)
    reckoned = _Reckoned(published, hours, sources, how, T_sent)
    wanted = np.clip(supply.T, least, most)
    flow = reckoned.flow(wanted)
    if isinstance(flow, Reason):
        return Water(T_supply=None, T_return=None, m_flow=None, dp={}, reasons=(flow,))
    wanted = reckoned.cheapest(wanted, most)
    T = supply_by_hour(wanted, np.arange(count), count, T_sent, change).T
    found: list[Reason] = []
    if advice.unserved.any():
        highest = float(most.max())
        found.append(because("dispatch.unserved", stations=int(advice.unserved.sum()), T_most=highest))
    if supply.late_K > 0.5:
        found.append(because("dispatch.supply_late", late_K=supply.late_K, change_K=change))
    dearest = int(np.argmax(advice.T_supply))
    if advice.deciding[dearest] >= 0:
        station = known.keys[int(advice.deciding[dearest])].station
        needs = float(advice.T_supply[dearest])
        found.append(because("dispatch.decides_supply", station=station, T_supply=needs))
    _, heads, lacking = reckoned.heads(T)
    told = reckoned.flow(T)
    m_flow = flow if isinstance(told, Reason) else told
    return Water(
        T_supply=T,
        T_return=return_of(hours.Q, T, m_flow),
        m_flow=m_flow,
        dp=heads,
        reasons=tuple(_once([*found, *lacking])),
    )


def mixed(sources: Sequence[SourceNow]) -> float | None:
    """Return what the sources send together, degC, weighted by their heat; None where nobody tells."""
    told = [(s.T_supply, s.Q_flow or 0.0) for s in sources if s.T_supply is not None and s.runs]
    heat = sum(Q for _, Q in told)
    return sum(T * Q for T, Q in told) / heat if heat > 0.0 else None


class _Reckoned:
    """Flow, heads and cost of supplies, as stations are seen to draw now."""

    def __init__(
        self,
        published: Published,
        hours: Hours,
        sources: Sequence[SourceNow],
        how: Hydraulics,
        T_sent: float | None,
    ) -> None:
        self._hours, self._sources, self._how, self._T_sent = hours, sources, how, T_sent
        self._area = published.known.buildings.area
        self._q = hourly(hours.q, hours.of_step, len(hours.Q))
        self._m_now = sum(source.m_flow or 0.0 for source in sources)
        self._Q_now = sum(source.Q_flow or 0.0 for source in sources)
        self._scale = self._seen(np.maximum(published.known.state.q, 0.0))

    def flow(self, T: Floats) -> Floats | Reason:
        """Return what stations draw (k,) kg/s at supplies (k,)."""
        found = self._drawn(self._q, T, self._hours.Q)
        return found if isinstance(found, Reason) else found.m_flow

    def heads(self, T: Floats) -> tuple[Floats, dict[str, Floats], list[Reason]]:
        """Return the most that is drawn (k,) kg/s, the head of each source (k,) in kPa, and why one lacks.

        While what is sent changes stations have water of both for a while.
        """
        found = [self._drawn(self._q, T, self._hours.Q, before) for before in (None, self._T_sent)]
        drawn = [one for one in found if not isinstance(one, Reason)]
        assert drawn, "asked before"
        m_flow = self._scale * np.maximum(drawn[0].m_flow, drawn[-1].m_flow)
        each = np.maximum(drawn[0].each, drawn[-1].each)
        how, heads = self._how, dict[str, Floats]()
        opens = np.clip(opened(how.y_valve), 1.0, RESERVE_MOST)
        needed = pressure_needed(each, how.flow_primary, opens, how.dp, how.access.dp_min)
        reasons = []
        for source in self._sources:
            measured = np.nan if source.dp is None else source.dp
            head = head_needed(measured, self._m_now, how.dp, needed, m_flow)
            if isinstance(head, Reason):
                reasons.append(head)
            else:
                writes = source.rules.writes
                bounds = (0.0, np.inf) if writes is None else (writes.dp_min_kPa, writes.dp_max_kPa)
                heads[source.id] = np.clip(head[0], *bounds)
        return m_flow, heads, reasons

    def cheapest(self, low: Floats, high: Floats) -> Floats:
        """Return the supply (k,) between these that costs least; ``low`` where that can not be told."""
        runs = [source for source in self._sources if source.runs and source.dp is not None]
        if self._T_sent is None or not runs or self._m_now <= 0.0 or not self.heads(low)[1]:
            return low
        powers = [source.P_pump for source in runs if source.P_pump is not None]
        now = SentNow(
            T_supply=self._T_sent,
            T_return=float(return_of(*(np.array([x]) for x in (self._Q_now, self._T_sent, self._m_now)))[0]),
            m_flow=self._m_now,
            dp=max(source.dp or 0.0 for source in runs),
            Q_lost=max(self._hours.Q_lost, LOST_LEAST * self._Q_now),
            P_pump=sum(powers) if len(powers) == len(runs) else None,
            price_heat=min(source.rules.costs for source in runs),
            price_electricity=max(source.rules.price_electricity for source in runs),
            T_ground=T_GROUND_DEGC,
        )

        def water(T: Floats) -> tuple[Floats, Floats]:
            m_flow, heads, _ = self.heads(T)
            return m_flow, np.max(list(heads.values()), axis=0)

        return cheapest_supply(low, high, self._hours.Q, water, now)

    def _drawn(self, q: Floats, T: Floats, Q: Floats, T_before: float | None = None) -> Drawn | Reason:
        how = self._how
        return network_flow(q, self._area, T, how.rooms, how.access, T_GROUND_DEGC, Q, T_before)

    def _seen(self, q_now: Floats) -> float:
        """Return what stations draw over what they are reckoned to, for the heat of now."""
        if self._T_sent is None or self._m_now <= 0.0 or self._Q_now <= 0.0:
            return 1.0
        found = self._drawn(q_now[:, None], np.array([self._T_sent]), np.array([self._Q_now]))
        if isinstance(found, Reason) or not found.m_flow[0] > 0.0:
            return 1.0
        return float(np.clip(self._m_now / found.m_flow[0], *CALIBRATED))


def _bounds(sources: Sequence[SourceNow], hours: Hours) -> tuple[Floats, Floats]:
    """Return the lowest and the highest supply (k,) that all sources may send, degC."""
    count = len(hours.Q)
    least = np.full(count, max(source.rules.T_supply_min_degC for source in sources))
    most = np.full(count, min(source.rules.T_supply_max_degC for source in sources))
    least = np.minimum(least, most)
    for source in sources:
        writes = source.rules.writes
        if writes is None or hours.T_outdoor is None:
            continue
        T, band = source.T_outdoor, OWN_BAND_SHARE * writes.own_band_K
        for hour, T_outdoor in enumerate(hours.T_outdoor):
            T = T_outdoor if T is None else T + (T_outdoor - T) / (OWN_CURVE_LAG_H + 1.0)
            # the guard holds it near the curve at the weather of now, and near where it would fall back to
            for own in (writes.own_curve(float(T)), writes.own_curve(float(T_outdoor))):
                least[hour], most[hour] = max(least[hour], own - band), min(most[hour], own + band)
    return np.minimum(least, most), most


def _once(reasons: Sequence[Reason]) -> list[Reason]:
    found: dict[str, Reason] = {}
    for reason in reasons:
        found.setdefault(reason.id, reason)
    return list(found.values())
