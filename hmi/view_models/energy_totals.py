"""The city's energy in a few figures, the counted period, and heat against indoor temperature. Pure."""

from collections.abc import Callable, Sequence

from controller.api.schema import Energy
from hmi.components.scatter import Dot, Scatter, nice_axis
from hmi.components.tiles import Tile
from hmi.language import Words
from hmi.view_models.energy import (
    DAY_S,
    T_INDOOR_BAND,
    Metric,
    Peers,
    Used,
    amounts,
    beyond_band,
    decimals_for,
    figures_for,
    peers,
    ranked_by,
)

MOST_NAMES = 12
"""Dots that are named at most: the farthest; a plane full of names names nothing."""
SHORT_S = DAY_S
"""A period below this says little: half a night, or the first hours of a new journal."""


def total_tiles(words: Words, energy: Energy, stations: Sequence[Used]) -> tuple[Tile, ...]:
    """Return the city in a few figures; each over the area of which it is known."""

    def mean(amount: Callable[[Used], float | None]) -> float | None:
        known = [
            (value, station.A_heated_m2) for station in stations if (value := amount(station)) is not None
        ]
        area = sum(A for _, A in known)
        return sum(value * A for value, A in known) / area if area else None

    def tile(label: str, value: float | None, unit: str, note: str = "", decimals: int | None = None) -> Tile:
        if value is None:
            return Tile(label=label, text=words("no data"), note=note)
        places = decimals_for([value]) if decimals is None else decimals
        return Tile(label=label, text=words.number(value, places), unit=unit, note=note)

    def total(label: str, metric: Metric, note: str = "") -> Tile:
        value = mean(amounts(metric))
        column = figures_for(metric, [value])
        return tile(label, None if value is None else value * column.factor, column.unit, note)

    heat_W, pump_W = mean(lambda s: s.heat_W_per_m2), mean(lambda s: s.pump_W_per_m2)
    T_indoor = mean(lambda s: s.T_indoor)
    outdoor = "" if energy.T_outdoor_mean is None else words.measured(energy.T_outdoor_mean, "degC")
    warm = [s for s in stations if s.T_indoor is not None]
    area = sum(s.A_heated_m2 for s in warm)
    over = sum(s.A_heated_m2 for s in warm if (s.T_indoor or 0.0) > T_INDOOR_BAND[1])
    indoor = tile(words("Mean indoor temperature"), T_indoor, "°C", "", 1)
    return (
        tile(
            words("Degree-days"),
            energy.degree_days,
            "K·d",
            words(
                "base {T} °C; outdoor {outdoor}",
                T=words.number(energy.T_base_degC),
                outdoor=outdoor or words("no data"),
            ),
        ),
        total(words("Heat"), "heat", _beside(words, heat_W)),
        total(words("Pump electricity"), "pump", _beside(words, pump_W)),
        total(words("Make-up water"), "water"),
        indoor
        if T_indoor is None
        else Tile(
            label=indoor.label,
            text=indoor.text,
            unit=indoor.unit,
            target=_wanted(words),
            value=T_indoor,
            scale=(16.0, 25.0),
            band=T_INDOOR_BAND,
        ),
        tile(words("Over-heated area"), 100.0 * over / area if area else None, "%", decimals=0),
    )


def _beside(words: Words, value: float | None) -> str:
    if value is None:
        return ""
    return words("mean {power} W/m²", power=words.number(value, 1 if value >= 10.0 else 2))


def period_note(words: Words, energy: Energy, asked_s: float) -> tuple[str, str]:
    """Return (which period was counted, warning): a short or cut period says so."""
    seconds = energy.end - energy.start
    counted = words(
        "counted from {start} to {end} ({span})",
        start=words.datetime(energy.start),
        end=words.datetime(energy.end),
        span=words.span(seconds),
    )
    if seconds <= 0.0:
        return "", words("The journal holds nothing of this period yet.")
    if seconds < SHORT_S:
        return counted, words(
            "Less than a day is counted so far: the ranking is a first impression, not a finding."
        )
    if seconds < 0.95 * asked_s:
        return counted, words("The journal does not reach back further; the period is shorter than asked.")
    return counted, ""


def plane(words: Words, stations: Sequence[Used], seq: int) -> Scatter:
    """Return heat against indoor temperature: who gives heat away, and who is cold all the same."""
    key = ranked_by("heat", stations)
    known = [
        (s, s.T_indoor, value) for s in stations if s.T_indoor is not None and (value := key(s)) is not None
    ]
    group = peers([value for _, _, value in known])
    known.sort(key=lambda entry: (-_oddness(entry[1], entry[2], group), entry[0].id))
    named = {s.id for s, T, value in known if _oddness(T, value, group) > 0.0}
    named = {s.id for s, _, _ in known[:MOST_NAMES] if s.id in named}
    unit = "kJ/(m²·K·d)" if any(s.heat_kJ_per_m2_Kd is not None for s in stations) else "W/m²"
    temperatures = [T for _, T, _ in known] + list(T_INDOOR_BAND)
    heats = [value for _, _, value in known] or [0.0, 1.0]
    low, high = min(heats), max(heats)
    return Scatter(
        dots=tuple(
            Dot(
                id=s.id,
                x=T,
                y=value,
                hint=f"{s.id} {s.name} · {words.number(T, 1)} °C · {words.number(value, 1)} {unit}",
                label=s.id if s.id in named else "",
            )
            for s, T, value in known
        ),
        x=nice_axis(
            words("Indoor °C"),
            min(temperatures) - 0.5,
            max(temperatures) + 0.5,
            0 if _wide(temperatures) else 1,
        ),
        y=nice_axis(unit, low - 0.1 * (high - low), high + 0.1 * (high - low), 0 if high - low > 5.0 else 1),
        label=words("Heat against indoor temperature, one dot a station"),
        empty=words("No station has both a heat counter and indoor sensors."),
        band=T_INDOOR_BAND,
        band_title=_wanted(words),
        corners=(words("much heat, over-heated"), words("little heat, cold")),
        seq=seq,
    )


def _wide(temperatures: Sequence[float]) -> bool:
    return max(temperatures) - min(temperatures) > 3.0


def _oddness(T_indoor: float, value: float, group: Peers | None) -> float:
    """Return how far a station is from what is wanted (K) and usual (quartile spans); 0: not odd."""
    aside = abs(beyond_band(T_indoor))
    reach = 0.0 if group is None else 1.5 * (group.high - group.low)
    if group is None or reach <= 0.0:
        return aside
    return aside + max(0.0, value - group.high - reach, group.low - reach - value) / reach


def _wanted(words: Words) -> str:
    low, high = (words.number(edge, 1) for edge in T_INDOOR_BAND)
    return words("wanted {low}–{high} °C", low=low, high=high)
