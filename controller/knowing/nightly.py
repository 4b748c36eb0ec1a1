"""Every loop once a night: from what was gathered to what is believed from now on. Pure.

Whatever was measured, nothing is raised: what can not be told says why. The house is judged by
``optimizer.identify.nightly`` (champion and challenger, a tenth of change a day at most); beside it stand how
the exchanger fouls, how long water takes from the source and to the rooms, and what circulation the pump's
speed gives.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from controller.decisions import LoopKey
from controller.knowing.belief import Asked, Belief, Introduced, first_belief
from controller.knowing.gathered import QUARTER_S, SERIES, Window
from optimizer import emitters
from optimizer.building import Buildings, Floats
from optimizer.identify.delay import Delay, transport_delay, way_to_rooms
from optimizer.identify.exchanger import ExchangerTrend, cleanest, exchanger_trend, trend_together
from optimizer.identify.greybox import IndoorPrior
from optimizer.identify.nightly import identify
from optimizer.identify.pump import pump_curve
from optimizer.reason import Reason, because

DAY_S = 86_400.0
DAYS_MAX = 14.0
"""However long numbers stood still, they do not move further at once than so many days of tenths."""
DELAY_DAYS = 7
TELLING_LOOPS = 3
"""Loops with sensors from which on they tell how warm others may be."""
Q_MIN_W_PER_M2, DROP_MIN_K = 3.0, 0.3
"""Below these the water tells of no room."""


def identified(
    window: Window,
    loops: Mapping[LoopKey, Introduced],
    beliefs: Mapping[LoopKey, Belief],
    now: float,
    *,
    station: str | None = None,
    at_once: bool = False,
) -> Iterator[Belief]:
    """Give what is believed of each loop of ``window`` that was introduced, one after another.

    ``now`` is a UTC second. ``station``: its loops alone; all others tell how warm one without sensors is.
    ``at_once``: an engineer wants all of the change, not a tenth a day of it.
    """
    usual = usual_room(window)
    for place, key in enumerate(window.keys):
        if key in loops and station in (None, key.station):
            champion = beliefs.get(key) or first_belief(key, loops[key])
            indoor = _indoor(window, place, champion) or usual
            yield _identified(window, place, loops[key], champion, indoor, now, at_once=at_once)


def usual_room(window: Window) -> IndoorPrior | None:
    """Return how warm loops without sensors are thought to be: as those with."""
    T_indoor = np.asarray(window.loops[:, :, SERIES.index("T_indoor")], dtype=np.float64)
    shown = np.isfinite(T_indoor)
    told = shown.sum(axis=0) > 0
    if told.sum() < TELLING_LOOPS:
        return None
    means = np.where(shown, T_indoor, 0.0).sum(axis=0)[told] / shown.sum(axis=0)[told]
    return IndoorPrior(T_indoor=float(means.mean()))


def _identified(
    window: Window,
    place: int,
    introduced: Introduced,
    champion: Belief,
    indoor: IndoorPrior | None,
    now: float,
    *,
    at_once: bool,
) -> Belief:
    days = np.inf if at_once else min(max((now - champion.moved_at) / DAY_S, 0.0), DAYS_MAX)
    found = identify(
        window.history(place),
        champion.identified.candidate,
        introduced.prior,
        indoor,
        float(days),
    )
    if found.T_indoor_sd is None and champion.identified.T_indoor_sd is not None:
        # nothing was fitted tonight: what was known of the room's doubt stays
        found = replace(found, T_indoor_sd=champion.identified.T_indoor_sd)
    delay, to_rooms = _delays(window, place)
    exchanger = _exchanger(window, place) if introduced.alone else _together(window, place)
    return Belief(
        key=champion.key,
        at=now,
        source="night" if found.fitted is not None else champion.source,
        moved_at=now if found.state == "accepted" else champion.moved_at,
        identified=found,
        asked=champion.asked,
        exchanger=exchanger,
        exchanger_clean=cleanest(champion.exchanger_clean, exchanger),
        delay=delay,
        to_rooms=to_rooms,
        pump=pump_curve(window.of(place, "y_pump"), window.of(place, "m_flow")),
    )


def _indoor(window: Window, place: int, champion: Belief) -> IndoorPrior | None:
    """Return how warm the loop was by its own answer, for loops that no sensor tells."""
    asked = champion.asked
    if asked is None:
        return None
    room = room_by(champion.identified.building, asked, *(window.of(place, name) for name in _WATER))
    if room is None:
        return None
    return IndoorPrior(T_indoor=room, sd=asked.T_indoor_sd)


_WATER = ("T_supply", "T_return", "q")


def room_by(building: Buildings, asked: Asked, T_supply: Floats, T_return: Floats, q: Floats) -> float | None:
    """Return the mean room in degC that emitters of the answered size tell; None where no water did."""
    with np.errstate(invalid="ignore"):
        works = (q > Q_MIN_W_PER_M2) & (T_supply - T_return > DROP_MIN_K)
    if not works.any():
        return None
    one = building.take(np.zeros(int(works.sum()), dtype=np.intp))
    load = q[works] / asked.q_n
    excess = one.excess_n * load ** (1.0 / (1.0 + one.exponent))
    above = emitters.supply_above_room(excess, T_supply[works] - T_return[works])
    return float(np.mean(T_supply[works] - above))


_PRIMARY = ("m_flow_primary", "T_supply_primary", "T_return_primary")
_SECONDARY = ("m_flow", "T_supply", "T_return")


def _exchanger(window: Window, place: int) -> ExchangerTrend | Reason:
    m_p, T_sp, T_rp = (window.of(place, name) for name in _PRIMARY)
    m_s, T_ss, T_rs = (window.of(place, name) for name in _SECONDARY)
    return exchanger_trend(window.times, m_p, m_s, T_sp, T_rp, T_ss, T_rs)


def _together(window: Window, place: int) -> ExchangerTrend | Reason:
    """Return the trend of all exchangers of a station with its first loop; for others where it is told."""
    station = window.keys[place].station
    places = sorted((key.loop, at) for at, key in enumerate(window.keys) if key.station == station)
    first, _ = places[0]
    if window.keys[place].loop != first:
        return because("identify.exchanger_shared", loop=float(first))
    m_p, T_sp, T_rp = (window.of(place, name) for name in _PRIMARY)
    m_s, T_ss, T_rs = (np.stack([window.of(at, name) for _, at in places]) for name in _SECONDARY)
    return trend_together(window.times, m_p, m_s, T_sp, T_rp, T_ss, T_rs)


def _delays(window: Window, place: int) -> tuple[Delay | Reason, Delay | Reason]:
    """Return the water's ways over the last week, on an even grid: from the source, and to the rooms."""
    if not len(window.times):
        nothing = because("identify.no_rows", rows=0.0)
        return nothing, nothing
    row = np.round((window.times - window.times[-1]) / QUARTER_S).astype(np.int64) + DELAY_DAYS * 96 - 1
    kept = row >= 0

    def even(series: Floats) -> Floats:
        values = np.full(DELAY_DAYS * 96, np.nan)
        values[row[kept]] = series[kept]
        return values

    T_source, T_primary = even(window.city("T_source")), even(window.of(place, "T_supply_primary"))
    T_supply, T_return = even(window.of(place, "T_supply")), even(window.of(place, "T_return"))
    return transport_delay(QUARTER_S, T_source, T_primary), way_to_rooms(QUARTER_S, T_supply, T_return)


def summary(beliefs: Sequence[Belief]) -> dict[str, int]:
    """Count outcomes by name."""
    counts = dict.fromkeys(("accepted", "kept", "refused"), 0)
    for one in beliefs:
        counts[one.identified.state] += 1
    return counts
