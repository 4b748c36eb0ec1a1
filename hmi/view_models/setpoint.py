"""The setpoint dialog: what was typed, the order for it, its preview, and how far it has come. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from controller.api.order_schema import OrderMessage
from controller.api.schema import LoopState, LoopTraits, Sentence, StationState, Traits
from hmi import terms
from hmi.city import City
from hmi.components.indicators import Indicator, Indicators
from hmi.components.rows import Cell, Column, Row, Table
from hmi.formats import MINUS
from hmi.language import N_, Words
from hmi.view_models.shown import circulation_channel, good_value, is_aged, shown

STEP_K = 0.5
HOURS: Mapping[float, str] = {
    3600.0: N_("1 h"),
    7200.0: N_("2 h"),
    14_400.0: N_("4 h"),
    28_800.0: N_("8 h"),
    43_200.0: N_("12 h"),
    86_400.0: N_("24 h"),
}
DEFAULT_DURATION_S = 14_400.0

Quantity = Literal["T_supply", "flow"]
UNITS: Mapping[Quantity, tuple[str, ...]] = {"T_supply": ("°c", "℃", "c", "degc", "度"), "flow": ("%",)}
UNIT: Mapping[Quantity, str] = {"T_supply": "°C", "flow": "%"}
_NUMBER = re.compile(r"^([+-]?\d{1,4})(?:[.,](\d{1,4}))?\s*(\D*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a person typed: a number, or why it is none."""

    value: float | None
    fault: str = ""


def read(words: Words, text: str, quantity: Quantity, low: float, high: float) -> Entry:
    """Return the number that a person means: with comma or point, with or without its unit.

    Empty text is no number and no fault. Full-width signs of a Chinese keyboard are taken as what they mean.
    """
    plain = text.strip().translate(_NARROW).replace(MINUS, "-")
    if not plain:
        return Entry(value=None)
    found = _NUMBER.match(plain)
    unit = UNIT[quantity]
    if found is None:
        return Entry(
            value=None,
            fault=words("“{text}” is no number; e.g. 61.5 or 61,5 {unit}", text=text[:20], unit=unit),
        )
    whole, rest, said = found.groups()
    if said.strip() and said.strip().casefold() not in UNITS[quantity]:
        return Entry(
            value=None, fault=words("“{text}”: this field takes {unit} only", text=text[:20], unit=unit)
        )
    value = float(f"{whole}.{rest or 0}")
    if not low <= value <= high:
        return Entry(
            value=None,
            fault=words(
                "{value} {unit} is beyond the limits {low}–{high} {unit}",
                value=words.number(value, 1),
                unit=unit,
                low=words.number(low, 1),
                high=words.number(high, 1),
            ),
        )
    return Entry(value=value)


_NARROW = str.maketrans("０１２３４５６７８９．，。％－＋", "0123456789.,.%-+")


def step(words: Words, text: str, by: float, start: float, low: float, high: float) -> str:
    """Return the field's text after a press of a step button; from ``start`` where it holds no number."""
    entry = read(words, text, "T_supply", -1e4, 1e4)
    value = (start if entry.value is None else entry.value) + by
    return f"{min(max(value, low), high):.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What stands beside the fields, in units of the screen: °C and percent of design."""

    T_low: float
    T_high: float
    flow: tuple[float, float] | None
    """None where the loop's device takes no flow."""


def limits(traits: LoopTraits, state: StationState | None) -> Limits:
    """Return the hard limits of a loop; the preview tells those that hold at this moment."""
    channel, _ = circulation_channel(state, traits.loop)
    takes_flow = state is not None and f"{traits.loop}/{channel}_readback" in state.readings
    return Limits(T_low=25.0, T_high=traits.T_supply_max_degC, flow=(30.0, 100.0) if takes_flow else None)


def never(words: Words, station: Traits, traits: LoopTraits) -> str:
    """Return why a loop can not be ordered at all; empty where it can."""
    if traits.emitter == "dhw":
        return words("Hot water is never ordered by the centre.")
    if station.station_class == "C":
        return words("This station is read only (class C).")
    if not traits.proven:
        return words("This loop is not commissioned for control.")
    return ""


def why_not(words: Words, city: City, station: str, traits: LoopTraits) -> str:
    """Return why nothing can be ordered for a loop now, as far as the screen can tell; empty: it may be."""
    state = city.stations.get(station)
    if always := never(words, city.traits[station], traits):
        return always
    if state is None or state.link != "online":
        return words("The station does not answer; what it does now is not known.")
    reading = state.readings.get(f"{traits.loop}/T_supply_secondary")
    if reading is None or reading.value is None:
        return words("The supply temperature is not known; nothing is ordered blind.")
    if is_aged(city, reading):
        return words(
            "The data are {age} old; nothing is ordered on old data.", age=words.span(city.age_s(reading))
        )
    return ""


def where_it_lies(
    words: Words, city: City, station: str, loop: LoopTraits, wanted: float | None
) -> Indicators:
    """Return what is measured (below the bar) and what was typed (above it) between the hard limits."""
    found = limits(loop, None)
    value = shown(words, city, city.reading(station, f"{loop.loop}/T_supply_secondary"), "degC")
    row = Indicator(
        id="wanted",
        label=words("Supply"),
        text="" if wanted is None else words.number(wanted, 1),
        unit="°C",
        value=value.value,
        scale=(found.T_low, found.T_high),
        setpoint=wanted,
        reason=words("no number yet"),
        quality="none" if wanted is None else "good",
        note=words("▽ wanted, ▲ measured"),
    )
    return Indicators(rows=(row,), label=words("Wanted supply temperature"), seq=city.version, row_px=56)


def start_value(city: City, station: str, control: LoopState | None, loop: int) -> float:
    """Return where the temperature field begins: what is ordered, else instructed, else measured."""
    if control is not None and control.mode == "manual" and control.T_supply_ordered is not None:
        return control.T_supply_ordered
    if control is not None and control.T_supply_set is not None:
        return control.T_supply_set
    return good_value(city, station, f"{loop}/T_supply_secondary") or 45.0


# ------------------------------------------------------------------------------------------------- the order


def seen(station: str, control: LoopState) -> dict[str, Any]:
    """Return a loop as the person sees it now: the order is refused where it is no longer so."""
    return {
        "station": station,
        "loop": control.loop,
        "order": control.order,
        "mode": control.mode,
        "T_supply_set": control.T_supply_set,
        "m_flow_set": control.m_flow_set,
    }


def setpoint_order(
    loop: Mapping[str, Any], T_supply: float | None, flow_percent: float | None, duration_s: float
) -> dict[str, Any]:
    """Return the body of an order of values for one loop."""
    order: dict[str, Any] = {"kind": "setpoint", "loops": [dict(loop)], "duration_s": duration_s}
    if T_supply is not None:
        order["T_supply"] = T_supply
    if flow_percent is not None:
        order["flow"] = flow_percent / 100.0
    return order


def mode_order(loop: Mapping[str, Any], mode: Literal["auto", "local"]) -> dict[str, Any]:
    """Return the body of an order that gives a loop back."""
    return {"kind": "mode", "mode": mode, "loops": [dict(loop)]}


# ----------------------------------------------------------------------------------------------- the preview


def preview_table(words: Words, order: OrderMessage, seq: int) -> Table:
    """Return what the order changes in its one loop: now, new, change."""
    loop: Mapping[str, Any] = next(iter(order.preview.get("loops", [])), {})
    found = []
    if order.kind == "mode":
        found.append(
            _line(
                words("Mode"),
                terms.term(words, terms.MODE, str(loop.get("mode", ""))),
                terms.term(words, terms.MODE, str(loop.get("mode_new", ""))),
                "",
            )
        )
    for label, before, after, unit, change in (
        (N_("Supply temperature"), "T_supply_held", "T_supply_new", "degC", "K"),
        (N_("Circulation"), "m_flow_held", "m_flow_new", "kg/s", "kg/s"),
    ):
        old, new = loop.get(before), loop.get(after)
        if isinstance(old, int | float) and isinstance(new, int | float):
            found.append(
                _line(
                    words(label),
                    words.measured(old, unit),
                    words.measured(new, unit),
                    _signed(words, new - old, change),
                )
            )
    effect = loop.get("effect")
    if isinstance(effect, Mapping):
        indoor, heat = effect.get("dT_indoor_K"), effect.get("Q_flow_change")
        if isinstance(indoor, int | float):
            found.append(_line(words("Indoor, settled"), "", "", _signed(words, indoor, "K")))
        if isinstance(heat, int | float):
            found.append(_line(words("Heat, settled"), "", "", _signed(words, heat, "1", 1)))
    return Table(
        columns=(
            Column(title=words("Quantity"), width="1.3fr"),
            Column(title=words("now"), kind="number"),
            Column(title=words("new"), kind="number"),
            Column(title=words("change"), kind="number"),
        ),
        rows=tuple(found),
        empty=words("The preview tells no change."),
        label=words("Preview"),
        seq=seq,
        selectable=False,
    )


def _line(label: str, before: str, after: str, change: str) -> Row:
    return Row(
        id=label,
        cells=(
            Cell(text=label),
            Cell(text=before),
            Cell(text=after, strong=True),
            Cell(text=change, strong=True),
        ),
    )


def _signed(words: Words, value: float, unit: str, decimals: int | None = None) -> str:
    text = words.measured(value, unit, decimals)
    return f"+{text}" if value > 0.0 and not text.startswith("0.0 ") else text


def preview_notes(words: Words, order: OrderMessage) -> list[str]:
    """Return what else the preview says: limits of now, the way there, the end, notes of the controller."""
    loop: Mapping[str, Any] = next(iter(order.preview.get("loops", [])), {})
    notes = []
    low, high = loop.get("T_supply_min"), loop.get("T_supply_max")
    if isinstance(low, int | float) and isinstance(high, int | float):
        notes.append(
            words(
                "Allowed now: {low}–{high} °C (own curve, source, site).",
                low=words.number(low, 1),
                high=words.number(high, 1),
            )
        )
    seconds = loop.get("reached_in_s")
    if isinstance(seconds, int | float):
        notes.append(
            words("The rates lead there in about {time}.", time=words.span(float(seconds)))
            if seconds >= 60.0
            else words("It is reached in one step.")
        )
    until = order.preview.get("until")
    if isinstance(until, int | float):
        notes.append(
            words("Until {at}; then the loop returns to what it was.", at=words.datetime(float(until)))
        )
    if isinstance(loop.get("effect"), Mapping):
        notes.append(words("The effect is a steady-state estimate: a building takes one to three days."))
    for note in order.preview.get("notes", []):
        notes.append(words.sentence(Sentence.model_validate(note)))
    return notes


# ------------------------------------------------------------------------------------------------ the states

Step = Literal["done", "open", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a committed order has come at its station."""

    steps: tuple[tuple[str, Step], ...]
    """Label and state of requested, sent, acknowledged, confirmed."""
    text: str
    over: bool
    """Nothing more will happen to it."""


def progress(words: Words, control: LoopState | None, order: OrderMessage) -> Progress:
    """Return the states of an order, as its loop tells them.

    The write belongs to the order once the loop says that this order is in force.
    """
    if control is None or control.order < order.id:
        return _progress(words, 0, words("Laid down; waiting for the controller to show it."))
    if control.order > order.id:
        text = words("Another order by {who} is in force now.", who=control.ordered_by or "")
        return _progress(words, 1, text, failed=True, over=True)
    if control.mode == "local":
        if control.held:
            return _progress(words, 1, words("Giving the loop back to its station."))
        return _progress(words, 4, words("The station follows its own curve."), over=True)
    if (order.committed_at is None) or control.action is None or control.author is None:
        return _progress(words, 1, words("Requested; the next control cycle carries it out."))
    if control.mode == "manual" and not control.author.startswith("operator:"):
        return _progress(words, 1, words("Requested; the next control cycle carries it out."))
    match control.write_state:
        case None | "requested":
            return _progress(words, 1, words("Requested; on its way to the station."))
        case "sent":
            return _progress(words, 2, words("Sent; waiting for the device."))
        case "acknowledged":
            return _progress(words, 3, words("The device answered; waiting for the read-back."))
        case "rejected":
            text = words("The station refused it; nothing has changed there.")
            return _progress(words, 3, text, failed=True, over=True)
        case "expired":
            text = words("It did not reach the station in time; it is tried again.")
            return _progress(words, 2, text, failed=True)
        case state:
            return _confirmed(words, control, limited=state == "confirmed_limited")


def _confirmed(words: Words, control: LoopState, *, limited: bool) -> Progress:
    wanted, now = control.T_supply_ordered, control.T_supply_set
    if control.mode == "manual" and wanted is not None and now is not None and abs(wanted - now) >= 0.1:
        text = words(
            "{now} of {wanted} °C is confirmed; the rates lead there step by step.",
            now=words.number(now, 1),
            wanted=words.number(wanted, 1),
        )
        return _progress(words, 4, text)
    if limited:
        return _progress(words, 4, words("Read back; the station itself holds it back."), over=True)
    return _progress(words, 4, words("Read back and in force."), over=True)


def _progress(words: Words, done: int, text: str, *, failed: bool = False, over: bool = False) -> Progress:
    labels = (N_("requested"), N_("sent"), N_("acknowledged"), N_("confirmed"))
    steps: list[tuple[str, Step]] = []
    for number, label in enumerate(labels):
        state: Step = "done" if number < done else "open"
        steps.append((words(label), "failed" if failed and number == done else state))
    return Progress(steps=tuple(steps), text=text, over=over)


def progress_line(found: Progress) -> str:
    """Return the steps as a line of signs and words."""
    signs = {"done": "●", "open": "○", "failed": "✕"}
    return "  →  ".join(f"{signs[state]} {label}" for label, state in found.steps)


def second_text(words: Words, reasons: Sequence[Sentence]) -> str:
    """Return why a second person is needed; empty where none is."""
    return "; ".join(words.sentence(reason) for reason in reasons)
