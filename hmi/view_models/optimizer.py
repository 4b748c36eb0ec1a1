"""The optimizer's page: how good the plan is, network heat planned beside actual, costs, what binds. Pure."""

from collections.abc import Mapping, Sequence

from controller.api.plan_schema import AccuracyMessage, FlowCapMessage, PlanMessage, RationingMessage, Series
from hmi import terms
from hmi.city import City
from hmi.components import tiles, trend
from hmi.components.rows import Cell, Column, Row, Table
from hmi.components.sheet import Sheet
from hmi.formats import MINUS
from hmi.language import N_, Words
from hmi.view_models.overview import DAY_S, trend_texts

STATUS: dict[str, str] = {
    "optimal": N_("optimal"),
    "usable": N_("usable"),
    "stale": N_("an earlier one, moved on"),
    "none": N_("no plan"),
}
COSTS: Sequence[tuple[str, str, str]] = (
    ("heat", N_("Heat that is paid for"), ""),
    ("cold", N_("Rooms below their band"), N_("weighed, not money")),
    ("hot", N_("Rooms above their band"), N_("weighed, not money")),
    ("moves", N_("Changes of heat"), N_("weighed, not money")),
    ("end", N_("Borrowed from rooms and walls"), N_("to be paid back after the plan")),
    ("plant", N_("Beyond the source's limits"), N_("weighed, not money")),
)
BELOW = -0.005
"""A price below it is told in words: it is drawn as 0."""
SPARES = N_(
    "In {hours} h one more kWh would even spare cost, as the source could change less steeply; its price is"
    " drawn as 0"
)
CAPS = N_(
    "Fast lever, as advice: {n} stations shall draw no more primary water than their share, in t/h: {who}"
)
CAPPED = N_(
    "Fast lever: the primary flow of {n} stations is capped until the shortage is over, in t/h: {who}"
)
TURNS = N_(
    "Who has borne more than others gets up to {turn} % more; from {spared} K h above the mean on a loop is"
    " served first, too"
)
GAP_OPTIMAL_PERCENT = 0.5
KW_PER_MW = 1000.0
GJ_PER_KWH = 0.0036


def headline(words: Words, city: City, plan: PlanMessage | None) -> str:
    """Return the state of planning in a line."""
    if plan is None:
        return words("The plan is not known yet.")
    why = "" if plan.why is None else words.sentence(plan.why)
    if plan.status == "none" or plan.age_s is None:
        said = [words("No plan: every loop keeps the curve"), why]
        return " · ".join(part for part in said if part)
    parts = [
        words("Plan {status}", status=terms.term(words, STATUS, plan.status)),
        words("made {age} ago", age=words.span(age_s(city, plan))),
        "" if plan.usable else words("too old to be followed: every loop keeps the curve"),
        why,
    ]
    return " · ".join(part for part in parts if part)


def age_s(city: City, plan: PlanMessage) -> float:
    """Return how old what the plan was made from is now, scaled seconds."""
    return max(0.0, (plan.age_s or 0.0) + city.clock() - plan.now)


def plan_tiles(words: Words, plan: PlanMessage | None) -> tiles.Tiles:
    """Return the figures by which a plan is judged."""
    found = [] if plan is None else [_saved(words, plan), _gap(words, plan), _heat(words, plan)]
    if plan is not None:
        found += [_following(words, plan), _obeyed(words, plan)]
    seq = 0 if plan is None else round(plan.now)
    return tiles.Tiles(tiles=tuple(found), label=words("Figures of the plan"), seq=seq)


def _saved(words: Words, plan: PlanMessage) -> tiles.Tile:
    label = words("Heat against the curve")
    if plan.saved is None:
        return tiles.Tile(label=label, text=words("not known"))
    return tiles.Tile(
        label=label,
        text=signed(words, -100.0 * plan.saved, 1),
        unit="%",
        note=words("expected, of the loops in the plan"),
    )


def _gap(words: Words, plan: PlanMessage) -> tiles.Tile:
    label, target = words("Distance to the best"), f"≤ {words.number(GAP_OPTIMAL_PERCENT, 1)} %"
    if plan.gap_percent is None:
        return tiles.Tile(label=label, text=words("not known"), target=target)
    return tiles.Tile(
        label=label,
        text=words.number(plan.gap_percent, 2),
        unit="%",
        target=target,
        value=plan.gap_percent,
        scale=(0.0, max(5.0, plan.gap_percent)),
        band=(0.0, GAP_OPTIMAL_PERCENT),
        note=words("proven; no plan can be better by more"),
    )


def _heat(words: Words, plan: PlanMessage) -> tiles.Tile:
    label = words("Heat planned")
    if not plan.Q_flow_kW:
        return tiles.Tile(label=label, text=words("none"))
    hours = len(plan.Q_flow_kW) * plan.step_s / 3600.0
    total = sum(value or 0.0 for value in plan.Q_flow_kW) * plan.step_s / 3600.0
    outside = plan.Q_flow_excluded_kW * hours * GJ_PER_KWH
    note = words("in {hours} h", hours=words.number(hours, 1))
    if plan.excluded:
        note += " · " + words("{heat} GJ of it outside of the plan", heat=words.number(outside, 0))
    return tiles.Tile(label=label, text=words.number(total * GJ_PER_KWH, 0), unit="GJ", note=note)


def _following(words: Words, plan: PlanMessage) -> tiles.Tile:
    following = sum(loop.followed for loop in plan.loops)
    everyone = len(plan.loops) + len(plan.excluded)
    return tiles.Tile(
        label=words("Loops that follow it"),
        text=f"{words.number(following)} / {words.number(everyone)}",
        note=words("{n} left out", n=len(plan.excluded)),
        value=float(following) if everyone else None,
        scale=(0.0, float(everyone)) if everyone else None,
    )


def _obeyed(words: Words, plan: PlanMessage) -> tiles.Tile:
    label = words("Instructions obeyed")
    if plan.obeyed is None:
        return tiles.Tile(label=label, text=words("not known"))
    return tiles.Tile(
        label=label,
        text=words.number(100.0 * plan.obeyed),
        unit="%",
        value=100.0 * plan.obeyed,
        scale=(0.0, 100.0),
        note=words("last 24 h; within 1.5 K and 7 % of design flow"),
    )


# ----------------------------------------------------------------------------------------- planned and came


def heat_picture(words: Words, city: City, plan: PlanMessage | None, height_px: int) -> trend.Trend:
    """Return network heat: what came and what was planned for 24 h back, what is planned ahead, the price."""
    now = city.now
    lines = [] if plan is None else _lines(words, plan, now)
    prices = [line for line in lines if line.panel == 1]
    panels = (
        trend.Panel(title="MW", decimals=1, share=2.4, low=0.0),
        trend.Panel(title=words("price per kWh"), decimals=2, low=0.0, span=0.2),
    )
    return trend.Trend(
        lines=tuple(lines),
        panels=panels if prices else panels[:1],
        start=now - DAY_S,
        end=now + DAY_S,
        timezone=words.zone,
        texts=trend_texts(words),
        label=words("Network heat of 24 h back and ahead, planned and actual, with the price"),
        seq=0 if plan is None else round(plan.now),
        now=now,
        height_px=height_px,
    )


def _lines(words: Words, plan: PlanMessage, now: float) -> list[trend.Line]:
    found = []
    if plan.past.start is not None:
        came = _past(plan.past.start, plan.past.step_s, plan.past.actual, now)
        meant = _past(plan.past.start, plan.past.step_s, plan.past.planned, now)
        gap = 2.5 * plan.past.step_s
        found += [
            _line("actual", words("actual"), came, "actual", "text", gap),
            _line("was_planned", words("was planned"), meant, "plan", "trend_3", gap),
        ]
    if plan.start is not None and plan.Q_flow_kW:
        ahead = steps(plan.start, plan.step_s, plan.Q_flow_kW, 1.0 / KW_PER_MW)
        most = steps(plan.start, plan.step_s, plan.Q_flow_max_kW, 1.0 / KW_PER_MW)
        found.append(_line("planned", words("planned"), ahead, "plan", "trend_1"))
        if most[0]:
            found.append(_line("most", words("source at most"), most, "baseline", "muted"))
        price = steps(plan.start, plan.step_s, [None if one is None else max(one, 0.0) for one in plan.price])
        # without a gap a step would be drawn on, or back, to the present
        found.append(_line("price", words("price"), price, "step", "trend_3", 2.5 * plan.step_s, panel=1))
    return [line for line in found if line.times]


Points = tuple[tuple[float, ...], tuple[float | None, ...]]


def _line(
    name: str,
    label: str,
    points: Points,
    kind: trend.Kind,
    colour: trend.Colour,
    gap_s: float | None = None,
    panel: int = 0,
) -> trend.Line:
    times, values = points
    return trend.Line(
        id=name, label=label, times=times, values=values, kind=kind, colour=colour, gap_s=gap_s, panel=panel
    )


def _past(start: float, step_s: float, values: Series, now: float) -> Points:
    """Return means in MW, each at the middle of its step; the newest is still growing."""
    middles = ((min(start + (n + 0.5) * step_s, now), value) for n, value in enumerate(values))
    there = [(at, value / KW_PER_MW) for at, value in middles if value is not None]
    return tuple(at for at, _ in there), tuple(value for _, value in there)


def steps(start: float, step_s: float, values: Series, factor: float = 1.0) -> Points:
    """Return values of even steps, each at the middle of its step; what is not known is left out."""
    there = [
        (start + (n + 0.5) * step_s, value * factor) for n, value in enumerate(values) if value is not None
    ]
    return tuple(at for at, _ in there), tuple(value for _, value in there)


# ---------------------------------------------------------------------------------------------- what it costs


def cost_table(words: Words, plan: PlanMessage | None) -> Table:
    """Return what a plan costs, split by what for."""
    cost = None if plan is None else plan.cost
    total = 0.0 if cost is None else cost.total
    rows = [
        Row(
            id=name,
            cells=(
                Cell(text=words(label), hint=words(hint) if hint else ""),
                Cell(text=words.number(getattr(cost, name), 0), strong=name == "heat"),
                Cell(text=_share(words, getattr(cost, name), total), muted=True),
            ),
        )
        for name, label, hint in COSTS
        if cost is not None
    ]
    return Table(
        columns=(
            Column(title=words("What for"), width="2fr"),
            Column(title=words("Cost"), kind="number", hint=words("in the currency of the tariff")),
            Column(title="%", kind="number", width="0.6fr"),
        ),
        rows=tuple(rows),
        empty=words("There is no plan that could cost anything."),
        label=words("What the plan costs"),
        seq=0 if plan is None else round(plan.now),
        selectable=False,
    )


def _share(words: Words, part: float, total: float) -> str:
    return words.number(100.0 * part / total, 1) if total > 0.0 else ""


# ----------------------------------------------------------------------------------------------- in sentences


def binding_sheet(words: Words, plan: PlanMessage | None) -> Sheet:
    """Return what keeps the plan from costing less."""
    said = () if plan is None else tuple(words.sentence(reason) for reason in plan.binding)
    if plan is not None and (below := sum(price is not None and price < BELOW for price in plan.price)):
        hours = words.number(below * plan.step_s / 3600.0, 2)
        said += (words(SPARES, hours=hours),)
    if not said:
        known = plan is not None and plan.status != "none"
        said = (words("Nothing binds it.") if known else words("There is no plan."),)
    said += () if plan is None or plan.rationing is None else _rationing(words, plan.rationing)
    return _sheet(plan, *said)


def _rationing(words: Words, told: RationingMessage) -> tuple[str, ...]:
    """Return who is served first, and who has borne how much of shortages so far."""
    said = []
    if told.first:
        said.append(words("In a shortage served first: {who}", who=", ".join(told.first)))
    if told.borne:
        most = ", ".join(f"{one.station}/{one.loop} {words.number(one.K_h, 1)} K h" for one in told.borne[:5])
        said.append(words("Borne in shortages so far by {n} loops, most by: {who}", n=told.loops, who=most))
    capped = [(one, one.told) for one in told.caps if one.told is not None]
    advised = [(one, one.m_flow_max) for one in told.caps if one.told is None]
    for sentence, caps in ((CAPPED, capped), (CAPS, advised)):
        if caps:
            who = ", ".join(_cap(words, one, most) for one, most in caps[:5])
            said.append(words(sentence, who=who, n=len(caps)))
    turn, spared = words.number(told.turn_percent), words.number(told.spared_K_h)
    said.append(words(TURNS, turn=turn, spared=spared))
    return tuple(said)


def _cap(words: Words, one: FlowCapMessage, m_flow_max: float) -> str:
    most, _ = words.quantity(m_flow_max, "kg/s")
    return f"{one.station} ≤ {most}"


def planner_sheet(words: Words, plan: PlanMessage | None) -> Sheet:
    """Return how the solver does, and how well the weather is known."""
    if plan is None:
        return _sheet(plan, words("not known"))
    facts = []
    if plan.planner is not None:
        facts.append(_solver(words, plan))
        if plan.planner.last_failure is not None:
            failed = words.sentence(plan.planner.last_failure)
            facts.append(words("last failure: {why}", why=failed))
    forecast = plan.forecast
    if forecast is None:
        facts.append(words("no forecast"))
    else:
        facts.append(_weather(words, plan))
        facts += [words.sentence(note) for note in forecast.notes]
        facts += [_accuracy(words, one) for one in forecast.accuracy]
    return _sheet(plan, *facts)


def _solver(words: Words, plan: PlanMessage) -> str:
    planner = plan.planner
    assert planner is not None
    state = words("at work") if planner.busy else words("waits")
    return words(
        "Solver {state}: {plans} plans, {failures} failures",
        state=state,
        plans=words.number(planner.plans),
        failures=words.number(planner.failures),
    )


def _weather(words: Words, plan: PlanMessage) -> str:
    forecast = plan.forecast
    assert forecast is not None
    share = words.number(100.0 * forecast.told_share)
    if forecast.age_s is None:
        return words("Weather: no source tells the present; {share} % of the day are told", share=share)
    age = words.span(forecast.age_s)
    return words("Weather: told {age} ago, {share} % of the day", age=age, share=share)


ACCURACY: Mapping[str, tuple[str, str]] = {
    "T_outdoor": (N_("Outdoor temperature a day ahead"), "K"),
    "load": (N_("Load a day ahead"), "kW"),
}


def _accuracy(words: Words, one: AccuracyMessage) -> str:
    """Return how far off one forecast was a day ahead, and how often it kept within its band."""
    kind, _, source = one.what.partition(":")
    label, unit = ACCURACY.get(kind, (kind, "K"))
    error, bias = words.measured(one.mae, unit), words.measured(one.bias, unit)
    what = f"{words(label)} ({source})" if source else words(label)
    told = words("{what}: off by {error} on average, bias {bias}", what=what, error=error, bias=bias)
    if kind == "load" and one.wape is not None:
        told += " · " + words("{share} % of the load", share=words.number(100.0 * one.wape, 1))
    within, hours = words.number(100.0 * one.coverage), words.number(one.hours)
    return told + " · " + words("within its band in {within} % of {hours} h", within=within, hours=hours)


def _sheet(plan: PlanMessage | None, *facts: str) -> Sheet:
    begun = tuple(fact[:1].upper() + fact[1:] for fact in facts)
    return Sheet(
        heading="", title="", text="", facts=begun, sections=(), seq=0 if plan is None else round(plan.now)
    )


def signed(words: Words, value: float, decimals: int) -> str:
    """Return a number with its sign, also where it is above 0."""
    text = words.number(value, decimals)
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"
