"""Faults of the values: what instruments, wires between them and registers make of the truth."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from simulators.faults.model import Choice, Facts, Family, Fault, Number, Points, Settings, Target
from simulators.servers.encoding import inside_per_wire, physical_value
from simulators.servers.misbehaviour import Values
from stations.model.identity import Point
from stations.model.points import POINTS
from stations.profile import REGISTERS, ProfilePoint

_ODD = {
    "nan": math.nan,
    "infinity": math.inf,
    "minus_infinity": -math.inf,
    "minus_zero": -0.0,
    "denormal": 1e-40,
    "huge": 1e38,
}
_FLOATS = ("float32", "float64")
_COUNTERS = tuple(name for name, spec in POINTS.items() if spec.counter)
_FACTORS = ("0.001", "0.1", "0.277778", "3.6", "10", "100", "1000")
_SIDES = {
    "primary": ("T_supply_primary", "T_return_primary"),
    "secondary": ("T_supply_secondary", "T_return_secondary"),
}


def _points(*default: str) -> Points:
    return Points(default=default, known=tuple(POINTS))


def _each(values: Values, names: tuple[str, ...], change: Callable[[Point, float], float | None]) -> None:
    """Let ``change`` make another value of each point of these names that has one."""
    for point in list(values):
        value = values[point]
        if point.name in names and value is not None:
            values[point] = change(point, value)


@asynccontextmanager
async def _not_a_number(target: Target, settings: Settings) -> AsyncIterator[None]:
    odd, names = _ODD[settings.text("value")], settings.names()
    shown = {
        point.name: physical_value(point, odd)
        for point in target.facts.profile.points
        if point.name in names and point.type in _FLOATS
    }

    def spoil(values: Values, now: float) -> None:
        _each(values, tuple(shown), lambda point, _: shown[point.name])

    with target.device.values(spoil):
        yield


@asynccontextmanager
async def _missing(target: Target, settings: Settings) -> AsyncIterator[None]:
    names = settings.names()
    with target.device.values(lambda values, _: _each(values, names, lambda _point, _value: None)):
        yield


@asynccontextmanager
async def _spikes(target: Target, settings: Settings) -> AsyncIterator[None]:
    names, size, every_s = settings.names(), settings.number("size"), settings.number("every_s")
    began = target.now()

    def spoil(values: Values, now: float) -> None:
        # a spike lasts a tenth of the time between two, so that a poll sees one and the next does not
        if (now - began) % every_s < 0.1 * every_s:
            _each(values, names, lambda _, value: value + size)

    with target.device.values(spoil):
        yield


@asynccontextmanager
async def _frozen(target: Target, settings: Settings) -> AsyncIterator[None]:
    names = settings.names()
    first: dict[Point, float] = {}
    with target.device.values(
        lambda values, _: _each(values, names, lambda point, value: first.setdefault(point, value))
    ):
        yield


@asynccontextmanager
async def _drift(target: Target, settings: Settings) -> AsyncIterator[None]:
    names, per_hour = settings.names(), settings.number("per_hour")
    began = target.now()
    with target.device.values(
        lambda values, now: _each(values, names, lambda _, v: v + per_hour * (now - began) / 3600.0)
    ):
        yield


@asynccontextmanager
async def _swapped(target: Target, settings: Settings) -> AsyncIterator[None]:
    supply, return_ = _SIDES[settings.text("side")]

    def spoil(values: Values, now: float) -> None:
        for point in [p for p in values if p.name == supply]:
            other = Point(point.loop, return_)
            if other in values:
                values[point], values[other] = values[other], values[point]

    with target.device.values(spoil):
        yield


@asynccontextmanager
async def _unit(target: Target, settings: Settings) -> AsyncIterator[None]:
    names, factor = settings.names(), float(settings.text("factor"))
    with target.device.values(lambda values, _: _each(values, names, lambda _point, v: factor * v)):
        yield


@asynccontextmanager
async def _word_order(target: Target, settings: Settings) -> AsyncIterator[None]:
    def swap(declared: ProfilePoint, value: float | None, words: list[int]) -> list[int]:
        return words[::-1] if REGISTERS[declared.type] == 2 else words

    with target.device.words(swap):
        yield


@asynccontextmanager
async def _overflow(target: Target, settings: Settings) -> AsyncIterator[None]:
    names, finer = settings.names(), settings.number("finer")

    def wrap(declared: ProfilePoint, value: float | None, words: list[int]) -> list[int]:
        if value is None or declared.name not in names or declared.type not in ("int16", "uint16"):
            return words
        raw = round((value / inside_per_wire(declared) - declared.offset) / declared.scale * finer) & 0xFFFF
        swapped = _byte_order(target, declared) == "little"
        return [raw >> 8 | (raw & 0xFF) << 8 if swapped else raw]

    with target.device.words(wrap):
        yield


def _byte_order(target: Target, declared: ProfilePoint) -> str:
    assert target.facts.profile.modbus is not None
    return declared.byte_order or target.facts.profile.modbus.byte_order


@asynccontextmanager
async def _counter(target: Target, settings: Settings) -> AsyncIterator[None]:
    names, how = settings.names(), settings.text("how")
    first: dict[Point, float] = {}
    declared = {point.name: point for point in target.facts.profile.points}

    def change(point: Point, value: float) -> float:
        began = first.setdefault(point, value)
        if how == "stuck":
            return began
        if how == "reset":
            return value - began
        bits = 16 if how == "rollover_16" else 32
        shown = declared.get(point.name)
        step = (
            1.0 if shown is None else shown.scale * inside_per_wire(shown, (shown.unit_codes or (None,))[0])
        )
        return value % (2.0**bits * step)

    with target.device.values(lambda values, _: _each(values, names, change)):
        yield


@asynccontextmanager
async def _clock(target: Target, settings: Settings) -> AsyncIterator[None]:
    ahead_s = settings.number("ahead_s")
    target.device.skew_s += ahead_s
    try:
        yield
    finally:
        target.device.skew_s -= ahead_s


def _has_any(facts: Facts, settings: Settings) -> str | None:
    if any(facts.profile.point(name) for name in settings.names()):
        return None
    return f"{facts.profile.name} has none of the points {', '.join(settings.names())}"


def _has_float(facts: Facts, settings: Settings) -> str | None:
    shown = [point for name in settings.names() if (point := facts.profile.point(name)) is not None]
    if any(point.type in _FLOATS for point in shown):
        return None
    return f"{facts.profile.name} shows {', '.join(settings.names())} as whole numbers, or not at all"


def _has_side(facts: Facts, settings: Settings) -> str | None:
    supply, return_ = _SIDES[settings.text("side")]
    if facts.profile.point(supply) and facts.profile.point(return_):
        return None
    return f"{facts.profile.name} does not have both {supply} and {return_}"


def _has_long_words(facts: Facts, settings: Settings) -> str | None:
    if facts.profile.protocol == "modbus" and any(
        REGISTERS[point.type] == 2 for point in facts.profile.points
    ):
        return None
    return f"{facts.profile.name} has no value in two registers"


def _has_short_words(facts: Facts, settings: Settings) -> str | None:
    shown = [point for name in settings.names() if (point := facts.profile.point(name)) is not None]
    if facts.profile.protocol == "modbus" and any(point.type in ("int16", "uint16") for point in shown):
        return None
    return f"{facts.profile.name} has none of the points {', '.join(settings.names())} in one register"


def _has_clock(facts: Facts, settings: Settings) -> str | None:
    return (
        None if facts.profile.protocol == "opcua" else f"{facts.profile.name} sends no time with its values"
    )


FAULTS = (
    Fault(
        name="not_a_number",
        rows=("D1",),
        family=Family.DATA,
        does="floating-point values are what no measurement can be",
        expected="NaN, infinity and 1e38 are bad with the reason; minus zero and denormal are zero; "
        "none gets into history as NaN, into a decision or into JSON",
        options=(
            Choice(key="value", default="nan", choices=tuple(_ODD), does="what is shown"),
            _points("m_flow_secondary"),
        ),
        run=_not_a_number,
        fits=_has_float,
    ),
    Fault(
        name="missing_sensor",
        rows=("D1",),
        family=Family.DATA,
        does="the device shows its sign for a missing sensor, or a bad status",
        expected="no value, reason sentinel; alarm sensor_bad where control needs it",
        options=(_points("T_supply_secondary"),),
        run=_missing,
        fits=_has_any,
    ),
    Fault(
        name="spikes",
        rows=("D2",),
        family=Family.DATA,
        does="a value leaps up for a tenth of the time between two leaps",
        expected="doubted (spike or rate); alarm sensor_erratic when it goes on",
        options=(
            Number(key="size", default=30.0, low=-1e6, high=1e6, does="height, unit inside"),
            Number(key="every_s", default=240.0, low=1.0, high=86_400.0, does="time between two"),
            _points("T_supply_secondary"),
        ),
        duration_s=3600.0,
        run=_spikes,
        fits=_has_any,
    ),
    Fault(
        name="frozen_sensor",
        rows=("D2",),
        family=Family.DATA,
        does="a value stays what it was at the beginning",
        expected="doubted as frozen after 30 min while others move; alarm sensor_frozen",
        options=(_points("T_return_secondary"),),
        duration_s=2 * 3600.0,
        run=_frozen,
        fits=_has_any,
    ),
    Fault(
        name="drifting_sensor",
        rows=("D2",),
        family=Family.DATA,
        does="a value goes off slowly and steadily",
        expected="found by balance and neighbours where there are any; else by nobody until it is far off",
        options=(
            Number(key="per_hour", default=0.5, low=-1e4, high=1e4, does="change each hour, unit inside"),
            _points("T_supply_primary"),
        ),
        duration_s=24 * 3600.0,
        run=_drift,
        fits=_has_any,
    ),
    Fault(
        name="swapped_sensors",
        rows=("D3",),
        family=Family.DATA,
        does="supply and return temperature have changed places",
        expected="doubted as swapped within 15 min; alarm sensor_swapped",
        options=(Choice(key="side", default="secondary", choices=tuple(_SIDES), does="which circuit"),),
        duration_s=3600.0,
        run=_swapped,
        fits=_has_side,
    ),
    Fault(
        name="wrong_unit",
        rows=("D3",),
        family=Family.DATA,
        does="a value is shown in another unit than declared",
        expected="doubted (unit_swap, rate or balance) within 15 min; alarm sensor_unit",
        options=(
            Choice(key="factor", default="3.6", choices=_FACTORS, does="shown over true"),
            _points("m_flow_primary"),
        ),
        duration_s=3600.0,
        run=_unit,
        fits=_has_any,
    ),
    Fault(
        name="word_order",
        rows=("D3",),
        family=Family.DATA,
        does="the two registers of every long value have changed places",
        expected="out of range, or an impossible leap; no such value is used",
        run=_word_order,
        fits=_has_long_words,
    ),
    Fault(
        name="int16_overflow",
        rows=("D4",),
        family=Family.DATA,
        does="the device counts in finer steps than declared and its 16-bit register runs over",
        expected="out of range or an impossible leap; no such value is used",
        options=(
            Number(key="finer", default=10.0, low=2.0, high=1000.0, does="steps where one is declared"),
            _points("T_supply_secondary"),
        ),
        run=_overflow,
        fits=_has_short_words,
    ),
    Fault(
        name="counter",
        rows=("D4",),
        family=Family.DATA,
        does="a counter begins again at zero, runs over, or stands",
        expected="no energy below zero; one reading doubted as counter_reset; stuck: alarm counter_stuck",
        options=(
            Choice(
                key="how",
                default="reset",
                choices=("reset", "rollover_16", "rollover_32", "stuck"),
                does="what it does",
            ),
            Points(default=("E_heat_primary",), known=_COUNTERS),
        ),
        duration_s=3600.0,
        run=_counter,
        fits=_has_any,
    ),
    Fault(
        name="clock_skew",
        rows=("D5",),
        family=Family.DATA,
        does="the time that an OPC UA device sends with its values is off",
        expected="ahead by more than 5 s or behind by three polls: doubted; alarm station_clock",
        options=(Number(key="ahead_s", default=600.0, low=-86_400.0, high=86_400.0, does="how far ahead"),),
        duration_s=3600.0,
        run=_clock,
        fits=_has_clock,
    ),
)
