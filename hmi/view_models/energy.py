"""What the energy screen shows: stations ranked among their peers by heat, electricity and water. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal

from controller.api.schema import CountedMessage, Energy, StationEnergy, Traits
from hmi import terms
from hmi.components.rows import Cell, Column, Row, Scale, Table
from hmi.language import N_, Words

KJ_PER_KWH, GJ_PER_KWH, DAY_S = 3600.0, 0.0036, 86_400.0
T_INDOOR_BAND = (19.0, 21.5)
"""Where mean indoor temperatures should lie, degC: below it people complain, above it heat is given away."""
LEAK_TIMES = 2.0
"""Make-up of so many times the peers' median is worth a look for a leak."""

Metric = Literal["heat", "pump", "water"]
METRICS: Mapping[Metric, str] = {"heat": N_("Heat"), "pump": N_("Electricity"), "water": N_("Water")}
DOUBT: Mapping[str, str] = {
    "no_counter": N_("no counter"),
    "no_data": N_("no data"),
    "gap": N_("part of the period is missing"),
    "reset": N_("counter fell; that part is left out"),
    "leap": N_("counter leapt; that part is left out"),
    "doubtful": N_("its values were doubted"),
    "coarse": N_("counter is coarse for this period"),
}
MISSING = ("no_counter", "no_data", "gap")
"""Of these the first one that holds says why there is no figure at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one station used, per heated area."""

    id: str
    name: str
    emitter: str
    """``radiator``, ``floor`` or ``mixed``."""
    A_heated_m2: float
    heat_GJ_per_m2: float | None
    heat_W_per_m2: float | None
    heat_kJ_per_m2_Kd: float | None
    """Per degree-day: what makes a mild and a cold week comparable."""
    pump_kWh_per_m2: float | None
    pump_W_per_m2: float | None
    water_t_per_m2: float | None
    water_kg_per_m2_d: float | None
    T_indoor: float | None
    doubts: Mapping[Metric, tuple[str, ...]]


def used(words: Words, energy: Energy, traits: Mapping[str, Traits]) -> list[Used]:
    """Return what each station used per area, in the order of the answer."""
    return [_used(words, station, traits.get(station.id)) for station in energy.stations]


def _used(words: Words, station: StationEnergy, traits: Traits | None) -> Used:
    area = station.A_heated_m2
    heat, pump, water = station.heat, station.pump, station.makeup
    kd = station.degree_days
    heat_kWh = heat.amount if area > 0.0 else None
    return Used(
        id=station.id,
        name=station.id if traits is None else words.name(traits),
        emitter=_emitter(traits),
        A_heated_m2=area,
        heat_GJ_per_m2=None if heat_kWh is None else heat_kWh * GJ_PER_KWH / area,
        heat_W_per_m2=_per_time(heat, area, 3.6e6),
        heat_kJ_per_m2_Kd=None if heat_kWh is None or not kd else heat_kWh * KJ_PER_KWH / area / kd,
        pump_kWh_per_m2=None if pump.amount is None or not area else pump.amount / area,
        pump_W_per_m2=_per_time(pump, area, 3.6e6),
        water_t_per_m2=None if water.amount is None or not area else water.amount / area,
        water_kg_per_m2_d=_per_time(water, area, 1000.0 * DAY_S),
        T_indoor=station.T_indoor_mean,
        doubts={"heat": tuple(heat.doubts), "pump": tuple(pump.doubts), "water": tuple(water.doubts)},
    )


def _per_time(found: CountedMessage, area: float, factor: float) -> float | None:
    if found.amount is None or not area or not found.counted_s:
        return None
    return found.amount * factor / area / found.counted_s


def _emitter(traits: Traits | None) -> str:
    kinds = {loop.emitter for loop in traits.loops if loop.emitter != "dhw"} if traits else set()
    return kinds.pop() if len(kinds) == 1 else "mixed"


# --------------------------------------------------------------------------------------------- the ranking


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """How the others stand: median and quartiles of what is ranked."""

    low: float
    middle: float
    high: float


def peers(values: Sequence[float]) -> Peers | None:
    """Return median and quartiles; None below four stations, of which nobody is a peer."""
    if len(values) < 4:
        return None
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Peers(low=low, middle=median(values), high=high)


def ranked_by(metric: Metric, stations: Sequence[Used]) -> Callable[[Used], float | None]:
    """Return what a metric is ranked by: for heat per degree-day, or per time while there are none."""
    if metric == "pump":
        return lambda station: station.pump_W_per_m2
    if metric == "water":
        return lambda station: station.water_kg_per_m2_d
    if any(station.heat_kJ_per_m2_Kd is not None for station in stations):
        return lambda station: station.heat_kJ_per_m2_Kd
    return lambda station: station.heat_W_per_m2


def ranking(words: Words, stations: Sequence[Used], metric: Metric, seq: int, selected: str) -> Table:
    """Return the stations with the largest consumer first; those without a figure stand last and say why."""
    key = ranked_by(metric, stations)
    placed = sorted(stations, key=lambda station: (-(key(station) or 0.0), station.id))
    with_value = [station for station in placed if key(station) is not None]
    without = [station for station in placed if key(station) is None]
    values = [value for station in with_value if (value := key(station)) is not None]
    group = peers(values)
    water = peers([s.water_kg_per_m2_d for s in stations if s.water_kg_per_m2_d is not None])
    shown = {m: figures_for(m, [amounts(m)(station) for station in stations]) for m in METRICS}
    places = decimals_for(values)
    rows = [
        _row(words, station, str(number), key(station), metric, shown, verdict(words, station, water), places)
        for number, station in enumerate(with_value, start=1)
    ]
    rows += [
        _row(words, station, "", None, metric, shown, why_none(words, station, metric), places)
        for station in without
    ]
    unit = {
        "heat": "kJ/(m²·K·d)" if any(s.heat_kJ_per_m2_Kd is not None for s in stations) else "W/m²",
        "pump": "W/m²",
        "water": "kg/(m²·d)",
    }[metric]
    return Table(
        columns=(
            Column(title=words("Rank"), kind="number", width="54px"),
            Column(title=words("Station"), width="minmax(120px, 1.3fr)"),
            Column(title=words("Type"), width="108px", from_px=1000),
            Column(title=words("10⁴ m²"), kind="number", width="56px", from_px=860),
            Column(title="", kind="deviation", width="minmax(80px, 1.1fr)"),
            Column(title=unit, kind="number", width="112px"),
            *(
                Column(title=shown[of].unit, kind="number", width="80px", from_px=0 if of == metric else 1000)
                for of in METRICS
            ),
            Column(title=words("Indoor °C"), kind="number", width="76px"),
            Column(title=words("Finding"), width="minmax(170px, 2.1fr)"),
        ),
        rows=tuple(rows),
        empty=words("No station has counted anything yet."),
        label=words("Ranking of stations"),
        seq=seq,
        selected=selected,
        height_px=640,
        scale=_scale(values, group),
    )


def _scale(values: Sequence[float], group: Peers | None) -> Scale | None:
    if group is None:
        return None
    low, high = min(values), max(values)
    edge = 0.06 * (high - low) or 0.5 * abs(high) or 1.0
    return Scale(low=low - edge, high=high + edge, band=(group.low, group.high), middle=group.middle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """In which unit, and with how many decimals, a column shows amounts: the same in each row."""

    unit: str
    factor: float
    decimals: int


UNITS: Mapping[Metric, tuple[tuple[str, float], ...]] = {
    "heat": (("GJ/m²", 1.0), ("MJ/m²", 1e3), ("kJ/m²", 1e6)),
    "pump": (("kWh/m²", 1.0), ("Wh/m²", 1e3)),
    "water": (("t/m²", 1.0), ("kg/m²", 1e3), ("g/m²", 1e6)),
}
"""Largest first; a short period needs a smaller one to be read at all."""


def figures_for(metric: Metric, values: Sequence[float | None]) -> Figures:
    """Return the largest unit in which the median is at least 0.1, with three figures of it."""
    known = sorted(value for value in values if value)
    units = UNITS[metric]
    middle = median(known) if known else 0.0
    unit, factor = next(((u, f) for u, f in units if middle * f >= 0.1), units[-1] if known else units[0])
    return Figures(unit=unit, factor=factor, decimals=decimals_for([middle * factor]))


def amounts(metric: Metric) -> Callable[[Used], float | None]:
    """Return what a metric sums up over the period."""
    if metric == "pump":
        return lambda station: station.pump_kWh_per_m2
    if metric == "water":
        return lambda station: station.water_t_per_m2
    return lambda station: station.heat_GJ_per_m2


def decimals_for(values: Sequence[float | None], figures: int = 3) -> int:
    """Return with how many decimals the median of the values has ``figures`` figures; at most 6."""
    known = sorted(value for value in values if value)
    if not known:
        return figures
    decimals, middle = 0, median(known)
    while middle < 10.0 ** (figures - 1) and decimals < 6:
        middle, decimals = 10.0 * middle, decimals + 1
    return decimals


def _row(
    words: Words,
    station: Used,
    rank: str,
    value: float | None,
    metric: Metric,
    columns: Mapping[Metric, Figures],
    finding: str,
    places: int,
) -> Row:
    doubts = "; ".join(words(DOUBT[doubt]) for doubt in station.doubts[metric] if doubt in DOUBT)
    emitter = words(terms.EMITTER[station.emitter]) if station.emitter in terms.EMITTER else words("mixed")

    def amount(of: Metric) -> Cell:
        number, column = amounts(of)(station), columns[of]
        if number is None:
            return Cell(text=_short_why(words, station.doubts[of]), muted=True)
        return Cell(text=words.number(number * column.factor, column.decimals))

    shown = Cell(text=_short_why(words, station.doubts[metric]), muted=True)
    if value is not None:
        doubted = words("doubted") if doubts else ""
        shown = Cell(text=words.number(value, places), small=doubted, strong=True, hint=doubts)
    indoor = Cell(text=words("no sensor"), muted=True)
    if station.T_indoor is not None:
        outside = beyond_band(station.T_indoor) != 0.0
        indoor = Cell(text=words.number(station.T_indoor, 1), strong=outside)
    return Row(
        id=station.id,
        cells=(
            Cell(text=rank),
            Cell(
                text=f"{station.id} {station.name}" if station.name != station.id else station.id, strong=True
            ),
            Cell(text=emitter),
            Cell(text=words.number(station.A_heated_m2 / 1e4, 2)),
            Cell(value=value),
            shown,
            *(amount(of) for of in METRICS),
            indoor,
            Cell(text=finding, hint="; ".join(part for part in (finding, doubts) if part)),
        ),
    )


def _short_why(words: Words, doubts: Sequence[str]) -> str:
    reason = next((doubt for doubt in MISSING if doubt in doubts), "no_data")
    return words("no data") if reason == "gap" else words(DOUBT[reason])


def why_none(words: Words, station: Used, metric: Metric) -> str:
    """Return why a station has no figure."""
    reasons = [words(DOUBT[doubt]) for doubt in station.doubts[metric] if doubt in DOUBT]
    return "; ".join(reasons) or words("no data")


def beyond_band(T_indoor: float | None) -> float:
    """Return by how much an indoor temperature lies above (+) or below (−) the wanted band, in tenths of K.

    0 within it, and where a screen would show ``0.0``: that is no finding.
    """
    if T_indoor is None:
        return 0.0
    low, high = T_INDOOR_BAND
    return round(max(0.0, T_indoor - high) - max(0.0, low - T_indoor), 1)


def verdict(words: Words, station: Used, water: Peers | None) -> str:
    """Return what to look at first: a leak, heat given away, or a house that stays cold."""
    found = []
    loss = station.water_kg_per_m2_d
    if water is not None and loss is not None and loss > max(LEAK_TIMES * water.middle, water.high) > 0.0:
        found.append(words("loses water: look for a leak"))
    beyond = beyond_band(station.T_indoor)
    if beyond > 0.0:
        found.append(words("over-heated by {dT} K: can be lowered", dT=words.number(beyond, 1)))
    elif beyond < 0.0:
        found.append(words("too cold by {dT} K: check flow and balance", dT=words.number(-beyond, 1)))
    return "; ".join(found)
