"""The loops of a plan as tables: what each is told, what is expected, which are left out and why. Pure."""

from controller.api.plan_schema import ExcludedMessage, LoopPlan, PlanMessage
from hmi import terms
from hmi.city import City
from hmi.components.rows import Cell, Column, Row, Table
from hmi.language import N_, Words
from hmi.view_models.optimizer import signed
from hmi.view_models.optimizer_choice import (
    Choices,
    action_cell,
    action_column,
    ending_cell,
    follows_cell,
    ordered,
)

ROOM_FROM: dict[str, str] = {
    "measured": N_("by sensors"),
    "estimated": N_("estimated"),
    "lost": N_("hardly known"),
}
SURE_K = 1.0
"""A room that is known worse than this is drawn muted."""


def loop_table(
    words: Words, city: City, plan: PlanMessage | None, height_px: int, choices: Choices | None = None
) -> Table:
    """Return every loop that is planned for, in the order of stations."""
    known = choices or Choices()
    loops = () if plan is None else plan.loops
    return Table(
        columns=(
            Column(title=words("Station"), width="1.6fr"),
            Column(title=words("Loop"), width="48px"),
            Column(
                title=words("Follows"),
                width="minmax(104px, 0.7fr)",
                hint=words("Proposal: somebody else decides for it."),
            ),
            Column(
                title=words("Supply °C"),
                kind="number",
                width="112px",
                hint=words("instruction now; small: what the plan asks for"),
            ),
            Column(
                title=words("Flow t/h"),
                kind="number",
                width="120px",
                hint=words("instruction now; small: what the plan asks for"),
            ),
            Column(title=words("Room now °C"), kind="number", width="120px"),
            Column(title=words("in 24 h °C"), kind="number", width="90px"),
            Column(
                title=words("Heat against the curve"),
                kind="number",
                width="120px",
                hint=words("expected over the plan"),
            ),
            Column(
                title=words("Obeyed"),
                kind="number",
                width="80px",
                hint=words("measured supply and flow as instructed, last 24 h"),
            ),
            Column(title=words("What binds it"), width="2.4fr", from_px=1000),
            action_column(),
        ),
        rows=tuple(_row(words, city, loop, known) for loop in loops),
        empty=words("No loop is planned for."),
        label=words("Loops of the plan"),
        seq=0 if plan is None else round(plan.now),
        height_px=height_px,
    )


def _row(words: Words, city: City, loop: LoopPlan, choices: Choices) -> Row:
    return Row(
        id=f"{loop.station}/{loop.loop}",
        cells=(
            _station(words, city, loop.station),
            Cell(text=str(loop.loop)),
            follows_cell(words, loop, choices),
            _told(words, loop.T_supply_set, loop.T_supply_asked, "degC"),
            _told(words, loop.m_flow_set, loop.m_flow_asked, "kg/s"),
            _room(words, loop),
            _number(words, loop.T_indoor_end, "degC", _curve_hint(words, loop)),
            _saved(words, loop),
            _obeyed(words, loop),
            Cell(text=_limits(words, loop), muted=True, hint=_limits(words, loop)),
            action_cell(words, city, loop.station, loop.loop, choices),
        ),
    )


def _station(words: Words, city: City, station: str) -> Cell:
    traits = city.traits.get(station)
    return Cell(text=station, small="" if traits is None else words.name(traits), strong=True)


def _number(words: Words, value: float | None, unit: str, hint: str = "") -> Cell:
    if value is None:
        return Cell(text=words("none"), muted=True, hint=hint)
    return Cell(text=words.quantity(value, unit)[0], hint=hint)


def _told(words: Words, told: float | None, asked: float | None, unit: str) -> Cell:
    """Return what is in force, and small what the plan asks for where that is another value."""
    shown = words("none") if told is None else words.quantity(told, unit)[0]
    wanted = "" if asked is None else words.quantity(asked, unit)[0]
    return Cell(text=shown, small="" if wanted in ("", shown) else f"→ {wanted}", muted=told is None)


def _room(words: Words, loop: LoopPlan) -> Cell:
    if loop.T_indoor is None:
        return Cell(text=words("not known"), muted=True)
    sd = loop.T_indoor_sd
    known = terms.term(words, ROOM_FROM, loop.room_from)
    return Cell(
        text=words.number(loop.T_indoor, 1),
        small="" if sd is None else f"± {words.number(sd, 1)}",
        muted=sd is None or sd > SURE_K,
        hint=known,
    )


def _curve_hint(words: Words, loop: LoopPlan) -> str:
    if loop.curve_T_indoor_end is None:
        return ""
    return words("on the curve {T} °C", T=words.number(loop.curve_T_indoor_end, 1))


def _saved(words: Words, loop: LoopPlan) -> Cell:
    if loop.saved is None:
        return Cell(text=words("not known"), muted=True)
    return Cell(text=signed(words, -100.0 * loop.saved, 1), small="%")


def _obeyed(words: Words, loop: LoopPlan) -> Cell:
    """Return how far measured water was as instructed; on hovering how heat and rooms were off the plan."""
    said = []
    if loop.heat_off is not None:
        said.append(words("heat {share} % off the plan", share=signed(words, 100.0 * loop.heat_off, 1)))
    if loop.room_off_K is not None:
        said.append(words("rooms {off} K off what was said", off=words.number(loop.room_off_K, 1)))
    hint = " · ".join(said)
    if loop.obeyed is None:
        return Cell(text=words("not known"), muted=True, hint=hint)
    return Cell(text=words.number(100.0 * loop.obeyed), small="%", hint=hint)


def _limits(words: Words, loop: LoopPlan) -> str:
    return " · ".join(words.sentence(limit) for limit in loop.limits)


def excluded_table(
    words: Words, city: City, plan: PlanMessage | None, height_px: int, choices: Choices | None = None
) -> Table:
    """Return the loops that are not planned for, with the reason; advice to those that are only read."""
    known = choices or Choices()
    left: list[ExcludedMessage] = [] if plan is None else plan.excluded
    return Table(
        columns=(
            Column(title=words("Station"), width="1.2fr"),
            Column(title=words("Loop"), width="48px"),
            Column(title=words("Why it is left out"), width="2.4fr"),
            Column(
                title=words("Advice"),
                width="minmax(170px, 1.3fr)",
                hint=words("What the centre would ask; it can not write there: set it on site."),
            ),
            Column(title="", kind="action", width="auto"),
        ),
        rows=tuple(
            Row(
                id=f"{one.station}/{one.loop}",
                cells=(
                    _station(words, city, one.station),
                    Cell(text=str(one.loop)),
                    _why(words, one, known),
                    _advice(words, one),
                    ending_cell(words, city, one.station, one.loop, known),
                ),
            )
            for one in left
        ),
        empty=words("No loop is left out."),
        label=words("Loops that are left out"),
        seq=0 if plan is None else round(plan.now),
        height_px=height_px,
    )


def _why(words: Words, one: ExcludedMessage, choices: Choices) -> Cell:
    told, hint = ordered(words, one.station, one.loop, choices)
    return Cell(text=words.sentence(one.why), small=told, hint=hint)


def _advice(words: Words, one: ExcludedMessage) -> Cell:
    told = [
        words.measured(value, unit)
        for value, unit in ((one.T_supply_advised, "degC"), (one.m_flow_advised, "kg/s"))
        if value is not None
    ]
    if one.y_pump_advised is not None:
        told.append(words("pump {speed} %", speed=words.number(100.0 * one.y_pump_advised, 0)))
    if not told:
        return Cell()
    if one.advice is None:
        return Cell(text=" · ".join(told), small=words("from the curve"))
    return Cell(text=" · ".join(told), small=words("from the plan"), hint=words.sentence(one.advice))


def station_of(picked: str) -> str:
    """Return the station of a row that was chosen; empty where none was."""
    return picked.partition("/")[0]
