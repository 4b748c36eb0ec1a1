"""Faults of registers and counters: right values, wrongly counted, packed or carried over."""

from contextlib import AbstractContextManager

from simulators.faults.data import HOUR_S, each, points
from simulators.faults.library import Library, first_reason, has_any, modbus_only
from simulators.faults.model import Choice, Facts, Family, Number, Points, Settings, Target
from simulators.servers.encoding import inside_per_wire
from stations.model.identity import Point
from stations.model.points import POINTS
from stations.profile import REGISTERS, ProfilePoint

_COUNTERS = tuple(name for name, spec in POINTS.items() if spec.counter)
_SHORT = ("int16", "uint16")
_COUNTING = ("reset", "rollover_16", "rollover_32", "stuck")


def _has_long_words(facts: Facts, settings: Settings) -> str | None:
    if any(REGISTERS[point.type] == 2 for point in facts.profile.points):
        return None
    return f"{facts.profile.name} has no value in two registers"


def _has_short_words(facts: Facts, settings: Settings) -> str | None:
    shown = [point for name in settings.names() if (point := facts.profile.point(name)) is not None]
    if any(point.type in _SHORT for point in shown):
        return None
    return f"{facts.profile.name} has none of the points {', '.join(settings.names())} in one register"


REGISTER = Library(Family.DATA)


@REGISTER.fault(
    "D3",
    "the two registers of every long value have changed places",
    "out of range, or an impossible leap; no such value is used",
    fits=first_reason(modbus_only, _has_long_words),
)
def word_order(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Exchange the two words."""

    def swap(declared: ProfilePoint, value: float | None, words: list[int]) -> list[int]:
        return words[::-1] if REGISTERS[declared.type] == 2 else words

    return target.device.words(swap)


@REGISTER.fault(
    "D4",
    "the device counts in finer steps than declared and its 16-bit register runs over",
    "out of range or an impossible leap; no such value is used",
    Number(key="finer", default=10.0, low=2.0, high=1000.0, does="steps where one is declared"),
    points("T_supply_secondary"),
    fits=first_reason(modbus_only, _has_short_words),
)
def int16_overflow(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Keep the lowest 16 bits of the greater number."""
    names, finer = settings.names(), settings.number("finer")
    layout = target.facts.profile.modbus
    assert layout is not None

    def wrap(declared: ProfilePoint, value: float | None, words: list[int]) -> list[int]:
        if value is None or declared.name not in names or declared.type not in _SHORT:
            return words
        raw = round((value / inside_per_wire(declared) - declared.offset) / declared.scale * finer) & 0xFFFF
        swapped = (declared.byte_order or layout.byte_order) == "little"
        return [raw >> 8 | (raw & 0xFF) << 8 if swapped else raw]

    return target.device.words(wrap)


@REGISTER.fault(
    "D4",
    "a counter begins again at zero, runs over, or stands",
    "no energy below zero; one reading doubted as counter_reset; stuck: alarm counter_stuck",
    Choice(key="how", default="reset", choices=_COUNTING, does="what it does"),
    Points(default=("E_heat_primary",), known=_COUNTERS),
    duration_s=HOUR_S,
    fits=has_any,
)
def counter(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Count from the beginning of the fault, in a register of so many bits, or not at all."""
    how = settings.text("how")
    first: dict[Point, float] = {}
    declared = {point.name: point for point in target.facts.profile.points}

    def change(point: Point, value: float, now: float) -> float:
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

    return each(target, settings.names(), change)


FAULTS = tuple(REGISTER.faults)
