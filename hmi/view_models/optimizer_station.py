"""The plan of one station's loops: what was measured, what is planned, and why. Pure."""

from collections.abc import Mapping

from controller.api.city_schema import Sparklines
from controller.api.plan_schema import LoopAhead, StationIdentified, StationPlan
from controller.api.schema import Sentence
from hmi import terms
from hmi.city import City
from hmi.components import trend
from hmi.components.sheet import Sheet
from hmi.language import Words
from hmi.view_models.optimizer import STATUS, Points, steps
from hmi.view_models.optimizer_loops import ROOM_FROM
from hmi.view_models.overview import DAY_S, trend_texts
from hmi.view_models.shown import folded

BACK_S = 0.5 * DAY_S
"""How far back measurements are drawn beside the plan."""
SUPPLY, ROOM = "T_supply_secondary", "T_indoor_mean"


def loop_of(plan: StationPlan | None, loop: int) -> LoopAhead | None:
    """Return what is planned for a loop; None where the plan does not know it."""
    return None if plan is None else next((one for one in plan.loops if one.loop == loop), None)


def plan_sheet(words: Words, plan: StationPlan | None, loop: int) -> Sheet:
    """Return which plan it is, and why the loop is told what it is told or left out."""
    ahead = loop_of(plan, loop)
    facts = [_status(words, plan)]
    sections = []
    if ahead is not None:
        facts.append(_room(words, ahead))
        if ahead.excluded is not None:
            left = words("left out: {why}", why=words.sentence(ahead.excluded))
            sections.append(("", _begun(left)))
        if ahead.explanation is not None:
            heading = "" if ahead.excluded is None else words("What a plan would ask, as advice")
            sections.append((heading, folded(_begun(_ended(words, ahead.explanation)))))
        if ahead.doubts:
            doubts = "; ".join(words.sentence(doubt) for doubt in ahead.doubts)
            sections.append((words("Doubts about its rooms"), _begun(doubts)))
        if ahead.learned:
            known = "; ".join(words.sentence(part) for part in ahead.learned)
            sections.append((words("What was learned of it"), _begun(known)))
    return Sheet(heading="", title="", text="", facts=tuple(facts), sections=tuple(sections))


def _status(words: Words, plan: StationPlan | None) -> str:
    if plan is None:
        return words("The plan is not known yet.")
    if plan.status == "none":
        why = "" if plan.why is None else words.sentence(plan.why)
        return f"{words('no plan')}: {why}" if why else words("no plan")
    status = terms.term(words, STATUS, plan.status)
    age = words.span(max(0.0, plan.age_s or 0.0))
    return f"{words('Plan {status}', status=status)}, {words('made {age} ago', age=age)}"


def _room(words: Words, ahead: LoopAhead) -> str:
    if ahead.T_indoor is None or ahead.T_indoor_sd is None:
        return words("rooms not known")
    return words(
        "rooms {T} °C ± {sd} K, {known}",
        T=words.number(ahead.T_indoor, 1),
        sd=words.number(ahead.T_indoor_sd, 1),
        known=terms.term(words, ROOM_FROM, ahead.room_from),
    )


def _ended(words: Words, sentence: Sentence) -> str:
    return words.sentence(sentence).rstrip("。. ") + ("。" if words.language == "zh" else ".")


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def identified(words: Words, found: StationIdentified, titles: Mapping[int, str]) -> tuple[str, ...]:
    """Return what identification made of each loop in ``titles``, and when that counts."""
    told = [
        f"{titles[one.loop]} · {'; '.join(words.sentence(reason) for reason in one.reasons)}"
        for one in found.loops
        if one.loop in titles
    ]
    if any(one.outcome == "accepted" for one in found.loops):
        told.append(words("What is new counts from the next plan on, after a minute at most."))
    return tuple(told)


def plan_trend(
    words: Words,
    city: City,
    plan: StationPlan | None,
    loop: int,
    means: Mapping[str, Sparklines | None],
    station: str,
    height_px: int,
) -> trend.Trend:
    """Return supply above and rooms below: measured for half a day back, planned for a day ahead.

    ``means`` are the quarter-hour means of ``SUPPLY`` and ``ROOM``.
    """
    now, ahead = city.now, loop_of(plan, loop)
    lines = [
        _line(
            words("supply"), _measured(means.get(SUPPLY), station, loop, now), "actual", "trend_1", 0, SUPPLY
        ),
        _line(words("rooms"), _measured(means.get(ROOM), station, loop, now), "actual", "trend_3", 1, ROOM),
    ]
    if plan is not None and plan.start is not None and ahead is not None:
        lines += _planned(words, ahead, plan.start, plan.step_s)
    drawn = tuple(line for line in lines if line.times)
    panels = (
        trend.Panel(title=words("Supply °C"), decimals=0, share=1.3, span=6.0),
        trend.Panel(title=words("Rooms °C"), decimals=1, span=2.0),
    )
    return trend.Trend(
        lines=drawn,
        panels=panels if any(line.panel for line in drawn) else panels[:1],
        start=now - BACK_S,
        end=now + DAY_S,
        timezone=words.zone,
        texts=trend_texts(words),
        label=words("Plan of a loop beside what was measured"),
        seq=city.version if plan is None else round(plan.now),
        now=now,
        height_px=height_px,
    )


def _planned(words: Words, ahead: LoopAhead, start: float, step_s: float) -> list[trend.Line]:
    found = (
        (words("planned"), ahead.T_supply, "plan", "trend_1", 0, "T_supply"),
        (words("curve"), ahead.curve_T_supply, "baseline", "muted", 0, "curve_T_supply"),
        (words("planned"), ahead.T_room, "plan", "trend_3", 1, "T_room"),
        (words("on the curve"), ahead.curve_T_room, "baseline", "muted", 1, "curve_T_room"),
        (words("at least"), ahead.T_room_min, "step", "mark", 1, "T_room_min"),
    )
    kinds: Mapping[str, trend.Kind] = {"plan": "plan", "baseline": "baseline", "step": "step"}
    colours: Mapping[str, trend.Colour] = {
        "trend_1": "trend_1",
        "trend_3": "trend_3",
        "muted": "muted",
        "mark": "mark",
    }
    return [
        _line(label, steps(start, step_s, values), kinds[kind], colours[colour], panel, name)
        for label, values, kind, colour, panel, name in found
    ]


def _line(
    label: str, points: Points, kind: trend.Kind, colour: trend.Colour, panel: int, name: str
) -> trend.Line:
    times, values = points
    return trend.Line(
        id=name, label=label, times=times, values=values, kind=kind, colour=colour, panel=panel, gap_s=2250.0
    )


def _measured(means: Sparklines | None, station: str, loop: int, now: float) -> Points:
    if means is None or means.start is None:
        return (), ()
    values = means.lines.get(f"{station}/{loop}", [])
    start, step = means.start, means.step_s
    found = [
        (min(start + (n + 0.5) * step, now), value)
        for n, value in enumerate(values)
        if value is not None and start + (n + 0.5) * step >= now - BACK_S
    ]
    return tuple(at for at, _ in found), tuple(value for _, value in found)
