"""What the dispatch screen shows and builds: districts, overrides with their end, orders that wait. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.api.order_schema import OrderMessage, PlanOrderMessage
from controller.api.schema import LoopState
from hmi import terms
from hmi.city import City
from hmi.components.rows import Cell, Column, Row, Table
from hmi.language import N_, Words

KIND: Mapping[str, str] = {
    "setpoint": N_("setpoint"),
    "mode": N_("mode"),
    "strategy": N_("strategy"),
    "season": N_("season state"),
    "mass_change": N_("mass change"),
    "plan": N_("use of plans"),
    "undo": N_("undo"),
}
STATE: Mapping[str, str] = {
    "prepared": N_("waits"),
    "approved": N_("approved"),
    "committed": N_("in force"),
    "undone": N_("undone"),
    "expired": N_("expired"),
}
PLAN_ROW = "plan:"
"""Before the loop in the id of an override's row that is an order on plans."""
SOON_S = 1800.0
"""An override with less time left than this is printed bold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A loop as the screen saw it, with what is needed to order something."""

    station: str
    district: str
    state: LoopState

    @property
    def id(self) -> str:
        """Name of the loop, ``S017/1``."""
        return f"{self.station}/{self.state.loop}"

    def seen(self) -> dict[str, Any]:
        """Return the loop as an order names it: what was seen of it."""
        return {
            "station": self.station,
            "loop": self.state.loop,
            "order": self.state.order,
            "mode": self.state.mode,
            "T_supply_set": self.state.T_supply_set,
            "m_flow_set": self.state.m_flow_set,
        }


def loops(city: City) -> list[Loop]:
    """Return all loops of the city in the order of their stations."""
    return [
        Loop(station=station, district=city.traits[station].district, state=loop)
        for station, state in city.stations.items()
        if station in city.traits
        for loop in state.loops
    ]


# -------------------------------------------------------------------------------------------- the districts


def district_table(words: Words, city: City, selected: str, allowed: Callable[[str], bool]) -> Table:
    """Return the districts with strategy, modes, and the ways to automatic and local where ``allowed``."""
    strategies = {} if city.modes is None else city.modes.strategies
    by_district: dict[str, list[Loop]] = {district: [] for district in city.site.districts}
    for loop in loops(city):
        by_district.setdefault(loop.district, []).append(loop)
    rows = []
    for district, own in by_district.items():
        modes = Counter(loop.state.mode for loop in own)
        stations = {loop.station for loop in own}
        online = sum(city.stations[station].link == "online" for station in stations)
        area = sum(city.traits[station].A_heated_m2 for station in stations)
        strategy = terms.term(words, terms.STRATEGY, strategies.get(district, ""))
        rows.append(
            Row(
                id=district,
                cells=(
                    Cell(text=words.district(city.site, district), strong=True),
                    Cell(text=strategy),
                    Cell(text=f"{online}/{len(stations)}", strong=online < len(stations)),
                    Cell(text=words.number(area / 1e4, 1)),
                    *(
                        Cell(text=words.number(modes[mode]), muted=not modes[mode])
                        for mode in ("auto", "manual", "local")
                    ),
                    Cell(text=words.number(sum(loop.state.held for loop in own))),
                    Cell(
                        text=words("To automatic…"),
                        action="auto",
                        disabled=not allowed(district) or len(own) == modes["auto"],
                        hint=words("Give every loop of the district back to its strategy"),
                    ),
                    Cell(
                        text=words("To local…"),
                        action="local",
                        disabled=not allowed(district) or not own,
                        hint=words("Return the district to its stations' own controllers"),
                    ),
                ),
            )
        )
    return Table(
        columns=(
            Column(title=words("District"), width="minmax(96px, 1.4fr)"),
            Column(title=words("Strategy"), width="minmax(96px, 1fr)"),
            Column(title=words("Online"), kind="number", width="72px"),
            Column(title=words("10⁴ m²"), kind="number", width="72px", from_px=720),
            Column(title=words("Auto"), kind="number", width="64px"),
            Column(title=words("Manual"), kind="number", width="72px"),
            Column(title=words("Local"), kind="number", width="64px"),
            Column(
                title=words("Held"),
                kind="number",
                width="72px",
                hint=words("loops that hold our setpoint under a lease"),
            ),
            Column(title="", kind="action", width="minmax(122px, auto)"),
            Column(title="", kind="action", width="minmax(122px, auto)"),
        ),
        rows=tuple(rows),
        empty=words("The site has no district."),
        label=words("Districts"),
        seq=city.version,
        selected=selected,
    )


# -------------------------------------------------------------------------------------------- the overrides


def override_table(words: Words, city: City, now: float, allowed: Callable[[str], bool]) -> Table:
    """Return loops under a manual order or one on plans, those that end first at the top."""
    rows = [
        (
            loop.state.manual_until,
            loop.id,
            _override(words, city, loop, now, may_write=allowed(loop.district)),
        )
        for loop in loops(city)
        if loop.state.mode == "manual"
    ]
    for one in () if city.modes is None else city.modes.plan_orders:
        traits = city.traits.get(one.station)
        may = traits is not None and allowed(traits.district)
        row = _plan_override(words, city, one, now, may_write=may)
        rows.append((one.until, row.id, row))
    rows.sort(key=lambda row: (row[0] or float("inf"), row[1]))
    return Table(
        columns=(
            Column(title=words("Loop"), width="minmax(120px, 1.4fr)"),
            Column(title=words("Supply"), kind="number", width="88px"),
            Column(title=words("Flow"), kind="number", width="96px"),
            Column(title=words("By"), width="minmax(72px, 0.8fr)"),
            Column(title=words("Order"), kind="number", width="64px", from_px=720),
            Column(title=words("Until"), width="112px"),
            Column(title=words("Left"), kind="number", width="88px"),
            Column(title="", kind="action", width="minmax(96px, auto)"),
        ),
        rows=tuple(row for _, _, row in rows),
        empty=words("No loop is under a manual order, none held back from plans."),
        label=words("Overrides"),
        seq=city.version,
        height_px=320,
        selectable=False,
    )


def _override(words: Words, city: City, loop: Loop, now: float, *, may_write: bool) -> Row:
    state = loop.state
    return Row(
        id=loop.id,
        cells=(
            Cell(text=loop_name(words, city, loop.station, state.loop), strong=True),
            _value(words, state.T_supply_ordered, "degC"),
            _value(words, state.m_flow_ordered, "kg/s"),
            Cell(text=state.ordered_by or "", hint=state.ordered_by or ""),
            Cell(text=str(state.order)),
            *_ending(words, state.manual_until, now),
            Cell(text=words("End now"), action="end", disabled=not may_write),
        ),
    )


def _plan_override(words: Words, city: City, order: PlanOrderMessage, now: float, *, may_write: bool) -> Row:
    said = words.quoted(order.reason)
    return Row(
        id=f"{PLAN_ROW}{order.station}/{order.loop}",
        cells=(
            Cell(
                text=loop_name(words, city, order.station, order.loop),
                small=terms.term(words, terms.PLAN_CHOICE, order.choice),
                strong=True,
                hint=said,
            ),
            Cell(),
            Cell(),
            Cell(text=order.author, hint=said),
            Cell(text=str(order.order)),
            *_ending(words, order.until, now),
            Cell(text=words("End now"), action="end", disabled=not may_write),
        ),
    )


def _ending(words: Words, until: float | None, now: float) -> tuple[Cell, Cell]:
    """Return when an order ends, and how long that is."""
    if until is None:
        return Cell(), Cell(text=words("no end"), muted=True)
    at = Cell(text=f"{words.day(until)} {words.time(until)}")
    if until <= now:
        return at, Cell(text=words("ending"), muted=True)
    return at, Cell(text=words.span(until - now), strong=until - now < SOON_S)


def _value(words: Words, value: float | None, unit: str) -> Cell:
    if value is None:
        return Cell(text=words("as before"), muted=True)
    number, shown = words.quantity(value, unit)
    return Cell(text=number, small=shown, strong=True)


def loop_name(words: Words, city: City, station: str, loop: int) -> str:
    """Return a loop by id, name and number."""
    traits = city.traits.get(station)
    name = "" if traits is None or words.name(traits) == station else f" {words.name(traits)}"
    return f"{station}{name} · {words('loop {n}', n=loop)}"


# ------------------------------------------------------------------------------------------------ approvals


def waiting(orders: Iterable[OrderMessage], utc: float) -> list[OrderMessage]:
    """Return orders that wait for a second person or for their author, and have not expired."""
    return [order for order in orders if order.state in ("prepared", "approved") and order.expires_at > utc]


def waiting_table(
    words: Words,
    orders: Sequence[OrderMessage],
    me: str,
    utc: float,
    seq: int,
    *,
    may_approve: bool,
    may_write: bool,
) -> Table:
    """Return what waits: to be approved by another person, or to be carried out by who prepared it."""
    rows = []
    for order in waiting(orders, utc):
        needs = bool(order.needs_second) and order.state == "prepared"
        if needs:
            own = order.author == me
            act = Cell(
                text=words("Approve…"),
                action="approve",
                disabled=own or not may_approve,
                hint=words("The second person must be another one.") if own else "",
            )
        else:
            act = Cell(
                text=words("Carry out…"), action="commit", disabled=order.author != me or not may_write
            )
        rows.append(
            Row(
                id=str(order.id),
                cells=(
                    Cell(text=str(order.id)),
                    Cell(text=words(KIND[order.kind]), small=summary(words, order), strong=True),
                    Cell(text=order.author),
                    Cell(text=words.quoted(order.reason), hint=order.reason),
                    Cell(text=words("needs a second person") if needs else words(STATE[order.state])),
                    Cell(text=words.span(max(0.0, order.expires_at - utc))),
                    act,
                ),
            )
        )
    return Table(
        columns=(
            Column(title=words("Order"), kind="number", width="56px"),
            Column(title=words("What"), width="minmax(140px, 1.5fr)"),
            Column(title=words("By"), width="88px"),
            Column(title=words("Reason"), width="minmax(110px, 1fr)", from_px=720),
            Column(title=words("State"), width="minmax(96px, 0.8fr)"),
            Column(title=words("Left"), kind="number", width="72px"),
            Column(title="", kind="action", width="minmax(96px, auto)"),
        ),
        rows=tuple(rows),
        empty=words("No order waits for a second person."),
        label=words("Orders that wait"),
        seq=seq,
        selectable=False,
    )


def summary(words: Words, order: OrderMessage) -> str:
    """Return in short what an order would do, from its preview."""
    preview = order.preview
    affected = preview.get("loops")
    if order.kind in ("setpoint", "mode", "undo") and isinstance(affected, list):
        count = words.loops(len(affected))
        left_out = len(preview.get("left_out") or ())
        return f"{count} · {words('{n} left out', n=left_out)}" if left_out else count
    if order.kind == "plan" and isinstance(affected, list):
        return _choice(words, affected, preview.get("until"))
    if order.kind == "strategy":
        old, new = (
            terms.term(words, terms.STRATEGY, str(preview.get(key, "")))
            for key in ("strategy", "strategy_new")
        )
        return f"{preview.get('district', '')}: {old} → {new}"
    if order.kind == "season":
        old, new = (
            terms.term(words, terms.SEASON, str(preview.get(key, ""))) for key in ("season", "season_new")
        )
        return f"{old} → {new}"
    return ""


def _choice(words: Words, affected: Sequence[Mapping[str, Any]], until: object) -> str:
    """Return how loops would take plans, and until when."""
    first = affected[0]
    old, new = (terms.term(words, terms.PLAN_CHOICE, str(first[key])) for key in ("choice", "choice_new"))
    named = [f"{one['station']}/{one['loop']}" for one in affected]
    who = named[0] if len(named) == 1 else words.loops(len(named))
    told = f"{who}: {old} → {new}"
    if isinstance(until, int | float):
        told += " · " + words("until {time}", time=f"{words.day(until)} {words.time(until)}")
    return told
