"""Faults of the values: what instruments, and wires between them, make of the truth."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from simulators.faults.library import Library, has_any
from simulators.faults.model import Choice, Facts, Family, Number, Points, Settings, Target
from simulators.servers.encoding import physical_value
from simulators.servers.misbehaviour import Values
from stations.model.identity import Point
from stations.model.points import POINTS

_ODD = {
    "nan": math.nan,
    "infinity": math.inf,
    "minus_infinity": -math.inf,
    "minus_zero": -0.0,
    "denormal": 1e-40,
    "huge": 1e38,
}
_FLOATS = ("float32", "float64")
_FACTORS = ("0.001", "0.1", "0.277778", "3.6", "10", "100", "1000")
_SIDES = {
    "primary": ("T_supply_primary", "T_return_primary"),
    "secondary": ("T_supply_secondary", "T_return_secondary"),
}
HOUR_S = 3600.0


def points(*default: str) -> Points:
    """Return the option that names the points of a fault."""
    return Points(default=default, known=tuple(POINTS))


def each(
    target: Target, names: tuple[str, ...], change: Callable[[Point, float, float], float | None]
) -> AbstractContextManager[None]:
    """Let ``change`` (point, value, UTC second) make another value of each point that has one."""

    def spoil(values: Values, now: float) -> None:
        for point in list(values):
            value = values[point]
            if point.name in names and value is not None:
                values[point] = change(point, value, now)

    return target.device.values(spoil)


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


def _has_clock(facts: Facts, settings: Settings) -> str | None:
    if facts.profile.protocol == "opcua":
        return None
    return f"{facts.profile.name} sends no time with its values"


DATA = Library(Family.DATA, fits=has_any)


@DATA.fault(
    "D1",
    "floating-point values are what no measurement can be",
    "NaN, infinity and 1e38 are bad with the reason; minus zero and denormal are zero; "
    "none gets into history as NaN, into a decision or into JSON",
    Choice(key="value", default="nan", choices=tuple(_ODD), does="what is shown"),
    points("m_flow_secondary"),
    fits=_has_float,
)
def not_a_number(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Show the odd number where the device shows floating point."""
    odd, names = _ODD[settings.text("value")], settings.names()
    shown = {
        point.name: physical_value(point, odd)
        for point in target.facts.profile.points
        if point.name in names and point.type in _FLOATS
    }
    return each(target, tuple(shown), lambda point, _value, _now: shown[point.name])


@DATA.fault(
    "D1",
    "the device shows its sign for a missing sensor, or a bad status",
    "no value, reason sentinel; alarm sensor_bad where control needs it",
    points("T_supply_secondary"),
)
def missing_sensor(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Take the value away; how that shows is the device's."""
    return each(target, settings.names(), lambda _point, _value, _now: None)


@DATA.fault(
    "D2",
    "a value leaps up for a tenth of the time between two leaps",
    "doubted (spike or rate); alarm sensor_erratic when it goes on",
    Number(key="size", default=30.0, low=-1e6, high=1e6, does="height, unit inside"),
    Number(key="every_s", default=240.0, low=1.0, high=86_400.0, does="time between two"),
    points("T_supply_secondary"),
    duration_s=HOUR_S,
)
def spikes(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Add the height for so long that a poll sees a spike and the next does not."""
    size, every_s, began = settings.number("size"), settings.number("every_s"), target.now()
    return each(
        target,
        settings.names(),
        lambda _, value, now: value + (size if (now - began) % every_s < 0.1 * every_s else 0.0),
    )


@DATA.fault(
    "D2",
    "a value stays what it was at the beginning",
    "doubted as frozen after 30 min while others move; alarm sensor_frozen",
    points("T_return_secondary"),
    duration_s=2 * HOUR_S,
)
def frozen_sensor(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Show what was shown first."""
    first: dict[Point, float] = {}
    return each(target, settings.names(), lambda point, value, _: first.setdefault(point, value))


@DATA.fault(
    "D2",
    "a value goes off slowly and steadily",
    "found by balance and neighbours where there are any; else by nobody until it is far off",
    Number(key="per_hour", default=0.5, low=-1e4, high=1e4, does="change each hour, unit inside"),
    points("T_supply_primary"),
    duration_s=24 * HOUR_S,
)
def drifting_sensor(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Add what has come together since the beginning."""
    per_s, began = settings.number("per_hour") / HOUR_S, target.now()
    return each(target, settings.names(), lambda _, value, now: value + per_s * (now - began))


@DATA.fault(
    "D3",
    "supply and return temperature have changed places",
    "doubted as swapped within 15 min; alarm sensor_swapped",
    Choice(key="side", default="secondary", choices=tuple(_SIDES), does="which circuit"),
    duration_s=HOUR_S,
    fits=_has_side,
)
def swapped_sensors(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Exchange the two of each loop, or of the primary side."""
    supply, return_ = _SIDES[settings.text("side")]

    def swap(values: Values, now: float) -> None:
        for point in [p for p in values if p.name == supply]:
            other = Point(point.loop, return_)
            if other in values:
                values[point], values[other] = values[other], values[point]

    return target.device.values(swap)


@DATA.fault(
    "D3",
    "a value is shown in another unit than declared",
    "doubted (unit_swap, rate or balance) within 15 min; alarm sensor_unit",
    Choice(key="factor", default="3.6", choices=_FACTORS, does="shown over true"),
    points("m_flow_primary"),
    duration_s=HOUR_S,
)
def wrong_unit(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Multiply by the ratio of the units."""
    factor = float(settings.text("factor"))
    return each(target, settings.names(), lambda _point, value, _now: factor * value)


@DATA.fault(
    "D5",
    "the time that an OPC UA device sends with its values is off",
    "ahead by more than 5 s or behind by three polls: doubted; alarm station_clock",
    Number(key="ahead_s", default=600.0, low=-86_400.0, high=86_400.0, does="how far ahead"),
    duration_s=HOUR_S,
    fits=_has_clock,
)
@contextmanager
def clock_skew(target: Target, settings: Settings) -> Iterator[None]:
    """Set the device's clock, and set it back."""
    ahead_s = settings.number("ahead_s")
    target.device.set_ahead(ahead_s)
    try:
        yield
    finally:
        target.device.set_ahead(-ahead_s)


def _in_virtual_time(facts: Facts, settings: Settings) -> str | None:
    """Refuse where the controller's clock is that of a real machine."""
    return None if facts.centre else "the controller's clock can be set in virtual time only (`dhc world`)"


@DATA.fault(
    "D6",
    "somebody sets UTC wrong on the controller's machine, and right again at the end; one clock, whatever "
    "stations are named",
    "durations stay true: polls, cycles and leases go on, no station counts as lost, no setpoint ends early",
    Number(key="ahead_s", default=HOUR_S, low=-86_400.0, high=86_400.0, does="how far ahead"),
    duration_s=900.0,
    fits=_in_virtual_time,
)
@contextmanager
def centre_clock(target: Target, settings: Settings) -> Iterator[None]:
    """Set the clock of the controller's machine, and set it back."""
    assert target.centre is not None
    key = object()
    target.centre.set_clock(key, settings.number("ahead_s"))
    try:
        yield
    finally:
        target.centre.set_clock(key, None)


FAULTS = tuple(DATA.faults)
