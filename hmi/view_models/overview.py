"""What the city overview draws beside its map: analogue indicators, deviations, the load of a day. Pure."""

from collections.abc import Sequence
from statistics import median

from controller.api.city_schema import CityLines
from hmi.city import City
from hmi.components import histogram, indicators, trend
from hmi.components.indicators import Indicator
from hmi.formats import SHOWN
from hmi.language import N_, Words
from hmi.view_models import alarms as alarm_model
from hmi.view_models.city_picture import worst_alarms
from hmi.view_models.shown import METER, fresh_from, good_reading, good_value, heat_per_m2, oldest, shown
from stations.model.identity import MAX_LOOPS, PRIMARY

DEVIATION_BAND_K = 1.0
DEVIATION_END_K = 3.0
BIN_K = 0.5
BAR = "bar:"
"""Begins the id of a bar; its lower edge follows."""
LOAD: tuple[tuple[str, str, trend.Colour, int, float], ...] = (
    ("Q_flow_source_kW", N_("Source"), "trend_1", 0, 1e-3),
    ("Q_flow_kW", N_("All stations"), "text", 0, 1e-3),
    ("T_outdoor_degC", N_("Outdoor"), "trend_3", 1, 1.0),
)
"""Lines of the load: name, label, colour, panel, factor to the unit of the panel."""
DAY_S, SHORTEST_S = 86_400.0, 10_800.0
"""Longest and shortest span of a picture of the day, s."""
LEAST_LOOPS = 3
"""Loops of one kind below which a median says nothing."""
ONLINE_TARGET = 0.95
T_INDOOR_BAND = (18.0, 22.0)
"""degC; what dwellings shall have, and where heat is wasted."""


# -------------------------------------------------------------------------------------------- the indicators


def city_indicators(words: Words, city: City, lines: CityLines | None, row_px: int) -> indicators.Indicators:
    """Return the eight figures by which a city is watched."""
    rows = (
        _of_source(words, city, "T_supply_source", N_("Source supply"), "degC", (40.0, 130.0)),
        _of_source(words, city, "T_return_source", N_("Source return"), "degC", (20.0, 90.0)),
        _sum(words, city, lines, "m_flow_primary", N_("Primary flow"), "kg/s", "m_flow_kg_per_s"),
        _sum(words, city, lines, "Q_flow_primary", N_("Heat power"), "kW", "Q_flow_kW"),
        _sum(words, city, lines, "m_flow_makeup", N_("Make-up"), "kg/s", "m_flow_makeup_kg_per_s"),
        _indoor(words, city, lines),
        _specific(words, city),
        _online(words, city, lines),
    )
    return indicators.Indicators(
        rows=rows, label=words("Indicators of the whole city"), seq=city.version, row_px=row_px
    )


def _of_source(
    words: Words, city: City, point: str, label: str, unit: str, scale: tuple[float, float]
) -> Indicator:
    source = next((traits.id for traits in city.traits.values() if traits.kind == "source"), None)
    value = shown(words, city, None if source is None else city.reading(source, f"0/{point}"), unit)
    return Indicator(
        id=point,
        label=words(label),
        text=value.text,
        unit=value.unit,
        value=value.value,
        scale=scale,
        quality=value.quality,
        reason=words("no source is connected") if source is None else value.reason,
        age=value.age,
        note="" if source is None else source,
    )


def _sum(
    words: Words, city: City, lines: CityLines | None, point: str, label: str, unit: str, line: str
) -> Indicator:
    """Return the sum over all meters; what is missing in it is said."""
    since = fresh_from(city)
    keys = [
        (station, key)
        for key in [f"{loop}/{point}" for loop in range(PRIMARY, MAX_LOOPS + 1)]
        for station, state in city.stations.items()
        if key in state.readings
    ]
    readings = [good_reading(city, station, key, since) for station, key in keys]
    used = [reading for reading in readings if reading is not None]
    there = [reading.value for reading in used if reading.value is not None]
    past = () if lines is None else tuple(lines.lines.get(line, ()))
    total = sum(there)
    highest = max([total, *(value for value in past if value is not None)], default=0.0)
    text, unit_text = words.quantity(total, unit, 1 if unit == "kW" else None)
    factor = SHOWN[unit].factor
    missing = len(keys) - len(there)
    return Indicator(
        id=point,
        label=words(label),
        text=text if there else "",
        unit=unit_text,
        value=total * factor if there else None,
        scale=(0.0, _round_up(1.25 * highest * factor)),
        line=past,
        quality="good" if there and not missing else "estimated" if there else "none",
        reason=_missing(words, missing, len(keys)),
        age=oldest(words, city, used),
        note=_missing(words, missing, len(keys)) or words("sum of {n} meters", n=len(keys)),
    )


def _missing(words: Words, missing: int, meters: int) -> str:
    if not meters:
        return words("no meter")
    return words("{n} of {all} missing", n=missing, all=meters) if missing else ""


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten: an axis that does not breathe with its value."""
    size = 1e-3
    while True:
        for step in (1.0, 2.0, 5.0):
            if step * size >= value:
                return step * size
        size *= 10.0


def _indoor(words: Words, city: City, lines: CityLines | None) -> Indicator:
    total = area = 0.0
    used = []
    since = fresh_from(city)
    for traits in city.traits.values():
        for loop in traits.loops:
            reading = good_reading(city, traits.id, f"{loop.loop}/T_indoor_mean", since)
            if reading is not None and reading.value is not None:
                total, area = total + reading.value * loop.A_heated_m2, area + loop.A_heated_m2
                used.append(reading)
    mean = total / area if area else None
    low, high = T_INDOOR_BAND
    return Indicator(
        id="T_indoor_mean",
        label=words("Mean indoor"),
        text="" if mean is None else words.number(mean, 1),
        unit="°C",
        value=mean,
        scale=(14.0, 26.0),
        band=T_INDOOR_BAND,
        line=() if lines is None else tuple(lines.lines.get("T_indoor_degC", ())),
        quality="none" if mean is None else "good",
        reason=words("no indoor sensor") if mean is None else "",
        age=oldest(words, city, used),
        note=words("aim {low}–{high} °C", low=words.number(low), high=words.number(high)),
    )


def _specific(words: Words, city: City) -> Indicator:
    heat = area = 0.0
    used = []
    since = fresh_from(city)
    for traits in city.traits.values():
        specific, meter = heat_per_m2(city, traits, since), good_reading(city, traits.id, METER, since)
        if traits.kind == "station" and specific is not None and meter is not None:
            heat, area = heat + specific * traits.A_heated_m2, area + traits.A_heated_m2
            used.append(meter)
    mean = heat / area if area else None
    return Indicator(
        id="W_per_m2",
        label=words("Heat per area"),
        text="" if mean is None else words.number(mean, 1),
        unit="W/m²",
        value=mean,
        scale=(0.0, 80.0),
        quality="none" if mean is None else "good",
        reason=words("no meter") if mean is None else "",
        age=oldest(words, city, used),
        note=words.measured(area, "m2") if area else "",
    )


def _online(words: Words, city: City, lines: CityLines | None) -> Indicator:
    stations = [traits.id for traits in city.traits.values() if traits.kind == "station"]
    online = sum(city.stations[station].link == "online" for station in stations if station in city.stations)
    share = online / len(stations) if stations else None
    past = () if lines is None else tuple(lines.lines.get("online", ()))
    return Indicator(
        id="online",
        label=words("Online"),
        text="" if share is None else words.number(100.0 * share, 1),
        unit="%",
        value=None if share is None else 100.0 * share,
        scale=(50.0, 100.0),
        band=(100.0 * ONLINE_TARGET, 100.0),
        line=tuple(None if value is None else 100.0 * value for value in past),
        line_scale=(50.0, 100.0),
        quality="none" if share is None else "good",
        reason=words("No station is known yet.") if share is None else "",
        age=words("{age} old", age=words.span(city.silent_s() * city.speed)) if city.known else "",
        note=words("{n} of {all} stations", n=online, all=len(stations)),
    )


# -------------------------------------------------------------------------------------------- the deviations


def deviations(city: City) -> dict[tuple[str, int], float]:
    """Return, by (station, loop), secondary mean temperature less the median of its kind, K.

    The mean of supply and return stands for what the radiators get; loops of one emitter should be alike.
    """
    means: dict[tuple[str, int], tuple[str, float]] = {}
    since = fresh_from(city)
    for traits in city.traits.values():
        for loop in traits.loops:
            supply = good_value(city, traits.id, f"{loop.loop}/T_supply_secondary", since)
            back = good_value(city, traits.id, f"{loop.loop}/T_return_secondary", since)
            if supply is not None and back is not None and loop.emitter != "dhw":
                means[traits.id, loop.loop] = (loop.emitter, 0.5 * (supply + back))
    middle = {}
    for emitter in {kind for kind, _ in means.values()}:
        ours = [mean for kind, mean in means.values() if kind == emitter]
        if len(ours) >= LEAST_LOOPS:
            middle[emitter] = median(ours)
    return {key: mean - middle[kind] for key, (kind, mean) in means.items() if kind in middle}


def deviation_picture(words: Words, city: City, height_px: int) -> histogram.Histogram:
    """Return how many loops deviate how far."""
    worst, found = worst_alarms(city), deviations(city)
    end = DEVIATION_END_K
    bins = []
    for number in range(round(2 * end / BIN_K)):
        low = -end + number * BIN_K
        high = low + BIN_K
        inside = [key for key, value in found.items() if _in_bin(value, low, high)]
        far = bool(inside) and min(abs(low), abs(high)) >= 2 * DEVIATION_BAND_K
        names = ", ".join(f"{station}/{loop}" for station, loop in inside[:8])
        alarms = [worst[station] for station, _ in inside if station in worst]
        alarm = min(alarms, key=lambda one: one.priority) if alarms and far else None
        bins.append(
            histogram.Bin(
                low=low,
                high=high,
                count=len(inside),
                hint=names + (" …" if len(inside) > 8 else ""),
                id=inside[0][0] if far and len(inside) == 1 else f"{BAR}{low:g}" if inside else "",
                label=inside[0][0] if far and len(inside) == 1 else "",
                priority=alarm.priority if alarm is not None and alarm.priority <= 3 else None,
                look=alarm_model.LOOKS.get(alarm.state, "ack") if alarm is not None else "ack",
            )
        )
    ticks = [(float(k), words.number(k)) for k in range(-int(end), int(end) + 1)]
    ticks = [(at, f"+{text}" if at > 0 else text) for at, text in ticks]
    ticks[-1] = (end, f"≥ +{words.number(end)} K")
    ticks[0] = (-end, f"≤ {words.number(-end)}")
    return histogram.Histogram(
        bins=tuple(bins) if found else (),
        scale=(-end, end),
        ticks=tuple(ticks),
        label=words("Deviation of secondary mean temperature"),
        empty=words("At least three loops of a kind with good temperatures are needed."),
        seq=city.version,
        band=(-DEVIATION_BAND_K, DEVIATION_BAND_K),
        band_title=words("±{k} K", k=words.number(DEVIATION_BAND_K)),
        middle=0.0,
        height_px=height_px,
    )


def stations_of_bar(city: City, bar: str) -> list[str]:
    """Return the stations of the bar with this id, as they deviate now, in the order of their ids."""
    low = float(bar.removeprefix(BAR))
    found = deviations(city).items()
    return sorted({station for (station, _), value in found if _in_bin(value, low, low + BIN_K)})


def _in_bin(value: float, low: float, high: float) -> bool:
    end = DEVIATION_END_K
    clamped = min(max(value, -end), end - 1e-9)
    return low <= clamped < high


# -------------------------------------------------------------------------------------------------- the load


def load_picture(words: Words, city: City, lines: CityLines | None, height_px: int) -> trend.Trend:
    """Return the heat of a day above the outdoor temperature: of the source, and of the stations.

    The stations' sum ends where too many are silent; the source's meter goes on.
    """
    end = city.now
    drawn = [
        trend.Line(
            id=name, label=words(label), times=times, values=values, colour=colour, panel=panel,
            gap_s=2.5 * (900.0 if lines is None else lines.step_s),
        )
        for name, label, colour, panel, factor in LOAD
        for times, values in [_line(lines, name, factor, end)]
    ]  # fmt: skip
    start = day_start(end, drawn)
    return trend.Trend(
        lines=tuple(drawn),
        panels=(
            trend.Panel(title="MW", decimals=1, share=2.0, low=0.0),
            trend.Panel(title="°C", decimals=0, span=4.0),
        ),
        start=start,
        end=end,
        timezone=words.zone,
        texts=trend_texts(words),
        label=words("Load of the last 24 h with outdoor temperature"),
        seq=city.version,
        height_px=height_px,
    )


def _line(
    lines: CityLines | None, name: str, factor: float, end: float
) -> tuple[tuple[float, ...], tuple[float | None, ...]]:
    """Return (times, values) of the means that have a value; each stands at the middle of its step."""
    if lines is None or lines.start is None:
        return (), ()
    points = [
        (min(lines.start + (number + 0.5) * lines.step_s, end), value * factor)
        for number, value in enumerate(lines.lines.get(name, ()))
        if value is not None
    ]
    return tuple(at for at, _ in points), tuple(value for _, value in points)


def day_start(end: float, lines: Sequence[trend.Line]) -> float:
    """Return where a picture of up to a day begins: with its first value, soon after a first start."""
    first = min((line.times[0] for line in lines if line.times), default=end)
    return min(max(first, end - DAY_S), end - SHORTEST_S)


def trend_texts(words: Words) -> trend.Texts:
    """Return the words of a trend's drawing."""
    return trend.Texts(
        zoom_in=words("Zoom in"),
        zoom_out=words("Zoom out"),
        whole=words("Whole span"),
        now=words("now"),
        empty=words("Nothing is stored of this span."),
        bad=words("doubted or missing"),
        ended=words("until {time}", time="{time}"),
        months=words.months(),
        date=words.either("{month}-{day}", "{day} {month}"),
    )


def headline(words: Words, city: City) -> str:
    """Return what the city is, in a line."""
    stations = [traits for traits in city.traits.values() if traits.kind == "station"]
    loops = sum(len(traits.loops) for traits in stations)
    area = sum(traits.A_heated_m2 for traits in stations)
    return words(
        "{stations} stations · {loops} loops · {area} heated",
        stations=len(stations),
        loops=loops,
        area=f"{words.number(area)} m²",
    )
