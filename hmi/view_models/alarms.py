"""What the alarm screen shows: the list with marks and times, the answer to one, quality, journal. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from controller.api.alarm_schema import AlarmKpisMessage, AlarmMessage, RuleMessage, StepMessage
from hmi import terms
from hmi.city import City
from hmi.components.rows import Cell, Column, Look, Row, Table
from hmi.components.sheet import Sheet
from hmi.components.tiles import Tile
from hmi.language import N_, Words

Tab = Literal["open", "unack", "shelved", "suppressed", "out_of_service"]
TABS: Mapping[Tab, tuple[str, tuple[str, ...]]] = {
    "open": (N_("On the list"), ("unack", "ack", "returned_unack")),
    "unack": (N_("Unacknowledged"), ("unack", "returned_unack")),
    "shelved": (N_("Shelved"), ("shelved",)),
    "suppressed": (N_("Suppressed by design"), ("suppressed",)),
    "out_of_service": (N_("Out of service"), ("out_of_service",)),
}
LOOKS: Mapping[str, Look] = {
    "unack": "unack",
    "ack": "ack",
    "returned_unack": "returned",
    "shelved": "shelved",
}
ASKING = ("unack", "returned_unack")
BY_ITSELF = ("condition", "explained", "unexplained")
"""Steps that no person makes: what stands in their place is what explains the alarm."""
QUIET = ("season", "maintenance")
WHY: Mapping[str, str] = {
    "acknowledged": N_("acknowledged by a person"),
    "shelved": N_("shelved"),
    "unshelved": N_("put back on the list"),
    "shelf_over": N_("time on the shelf is over"),
    "explained": N_("suppressed by design"),
    "unexplained": N_("no longer suppressed"),
    "removed": N_("taken out of service"),
    "restored": N_("back in service"),
}


def title(words: Words, alarm: AlarmMessage) -> str:
    """Return what kind of alarm it is."""
    return words.either(alarm.title_zh, alarm.title_en)


def text(words: Words, alarm: AlarmMessage | StepMessage) -> str:
    """Return the deciding values in a sentence, with points by their names."""
    said = words.either(alarm.text_zh, alarm.text_en)
    name = alarm.point if isinstance(alarm, AlarmMessage) else None
    return said if name is None else said.replace(name, terms.point(words, name))


def place(words: Words, city: City, alarm_id: str) -> str:
    """Return where an alarm is, by its id: station, district or the whole city."""
    _, _, rest = alarm_id.partition(":")
    name = rest.split(":")[0]
    if not name:
        return words.site_title(city.site) or words("Whole city")
    traits = city.traits.get(name)
    if traits is not None:
        return f"{name} {words.name(traits)}" if words.name(traits) != name else name
    return words.district(city.site, name)


def loop_text(words: Words, alarm: AlarmMessage) -> str:
    """Return the loop, or the side, that an alarm is about."""
    if alarm.loop is None:
        return ""
    return words("loop {n}", n=alarm.loop) if alarm.loop > 0 else words("primary side")


def by_id(alarms: Iterable[AlarmMessage], chosen: str) -> AlarmMessage | None:
    """Return the alarm with this id, if it is still there."""
    return next((alarm for alarm in alarms if alarm.id == chosen), None)


def in_tab(alarms: Iterable[AlarmMessage], tab: Tab) -> list[AlarmMessage]:
    """Return the alarms of one tab in the order of the list."""
    return [alarm for alarm in alarms if alarm.state in TABS[tab][1]]


def respond_by(alarm: AlarmMessage, rule: RuleMessage | None) -> float | None:
    """Return the UTC second by which somebody should have acted; None where nothing waits for an act."""
    if rule is None or alarm.raised_at is None or not alarm.active or alarm.state not in TABS["open"][1]:
        return None
    return alarm.raised_at + 60.0 * rule.respond_min


# ------------------------------------------------------------------------------------------------ the list


def alarm_table(
    words: Words,
    city: City,
    alarms: Sequence[AlarmMessage],
    tab: Tab,
    *,
    may_write: bool,
    now: float,
    selected: str = "",
    priority: int | None = None,
) -> Table:
    """Return one tab as a table, of one priority or all; what an alarm explains lies folded under it."""
    shown = [alarm for alarm in in_tab(alarms, tab) if priority in (None, alarm.priority)]
    known = {alarm.id: alarm for alarm in alarms}
    rows = []
    for alarm in shown:
        rows.append(_row(words, city, alarm, now, may_write=may_write))
        rows += [
            _row(words, city, known[child], now, may_write=False, parent=alarm.id)
            for child in alarm.children
            if tab != "suppressed" and child in known
        ]
    return Table(
        columns=(
            Column(title=words("State"), kind="mark", width="52px"),
            Column(title=words("Since"), width="76px"),
            Column(title=words("Place"), width="minmax(96px, 1.2fr)"),
            Column(title=words("Part"), width="96px", from_px=820),
            Column(title=words("Alarm"), width="minmax(150px, 2.2fr)"),
            Column(title=words("Group"), width="minmax(92px, auto)"),
            Column(title=words("Respond"), kind="number", width="minmax(76px, auto)"),
            Column(title="", kind="action", width="minmax(118px, auto)"),
        ),
        rows=tuple(rows),
        empty=words(EMPTY[tab] if priority is None else NONE_OF_THIS),
        label=words("Alarm list"),
        seq=city.version,
        selected=selected,
        height_px=500,
    )


NONE_OF_THIS = N_("No alarm of this priority here.")
EMPTY: Mapping[Tab, str] = {
    "open": N_("No alarm: nothing asks for you."),
    "unack": N_("Every alarm is acknowledged."),
    "shelved": N_("Nothing is shelved."),
    "suppressed": N_("Nothing is suppressed by design."),
    "out_of_service": N_("Nothing is out of service."),
}


def _row(
    words: Words, city: City, alarm: AlarmMessage, now: float, *, may_write: bool, parent: str = ""
) -> Row:
    asks = alarm.state in ASKING
    said = text(words, alarm)
    told = alarm.raised_at or alarm.since  # as in the strip: when it was brought before people
    return Row(
        id=alarm.id,
        parent=parent,
        cells=(
            Cell(
                priority=alarm.priority,
                look=LOOKS.get(alarm.state, "aside"),
                hint=state_text(words, alarm),
            ),
            Cell(text=when(words, told, now), hint=words.datetime(told)),
            Cell(text=place(words, city, alarm.id), strong=asks),
            Cell(text=loop_text(words, alarm)),
            Cell(text=title(words, alarm), small=said, strong=asks, hint=said),
            _group(words, alarm, folds=bool(alarm.children) and not parent),
            _respond(words, city, alarm, now),
            _act(words, alarm, may_write=may_write, folded=bool(parent)),
        ),
    )


def when(words: Words, at: float, now: float) -> str:
    """Return a moment as short as it can be told: the time of today, else with its day."""
    if words.local(at).date() == words.local(now).date():
        return words.time(at, seconds=True)
    return f"{words.day(at)} {words.time(at)}"


def _group(words: Words, alarm: AlarmMessage, *, folds: bool) -> Cell:
    if folds:
        return Cell(text=words("{n} beneath", n=len(alarm.children)), action="fold")
    return Cell(text=words("first out") if alarm.first_out else "")


def _respond(words: Words, city: City, alarm: AlarmMessage, now: float) -> Cell:
    if alarm.shelf is not None and alarm.shelf.until is not None:
        return Cell(text=words("until {time}", time=when(words, alarm.shelf.until, now)))
    rule = city.rules.get(alarm.rule)
    due = respond_by(alarm, rule)
    if due is None:
        return Cell(text=words("over") if not alarm.active else "", muted=True)
    if due < now:
        return Cell(text=words("late {span}", span=words.span(now - due)), strong=True)
    return Cell(text=words("{span} left", span=words.span(due - now)), hint=words.datetime(due))


def _act(words: Words, alarm: AlarmMessage, *, may_write: bool, folded: bool) -> Cell:
    if folded:
        return Cell()
    if alarm.state in ASKING:
        return Cell(text=words("Acknowledge"), action="ack", disabled=not may_write)
    return Cell(text=_person(alarm), muted=True)


def _person(alarm: AlarmMessage) -> str:
    if alarm.shelf is not None:
        return alarm.shelf.by
    if alarm.out_of_service is not None:
        return alarm.out_of_service.by
    return alarm.acknowledged_by


def state_text(words: Words, alarm: AlarmMessage) -> str:
    """Return priority and state in words, so that the mark is not all there is."""
    return f"{alarm.priority} {words(terms.PRIORITY[alarm.priority])}, " + terms.term(
        words, terms.ALARM_STATE, alarm.state
    )


# ----------------------------------------------------------------------------------------- the answer to it


def answer_to(words: Words, city: City, alarm: AlarmMessage, now: float) -> Sheet:
    """Return all that is known about one alarm."""
    rule = city.rules.get(alarm.rule)
    facts = [
        state_text(words, alarm),
        words(
            "since {time}, for {span}", time=words.datetime(alarm.since), span=words.span(now - alarm.since)
        ),
    ]
    due = respond_by(alarm, rule)
    if due is not None:
        facts.append(words("to be dealt with by {time}", time=when(words, due, now)))
    if alarm.first_out:
        facts.append(words("began first of those at this place"))
    if alarm.count > 1:
        facts.append(words("came {n} times", n=alarm.count))
    parts = [part for part in (place(words, city, alarm.id), loop_text(words, alarm)) if part]
    return Sheet(
        heading=" · ".join(parts),
        title=title(words, alarm),
        text=text(words, alarm),
        facts=tuple(facts),
        sections=tuple(
            [*_meaning(words, rule), *_said(words, city, alarm, now), *_beneath(words, city, alarm)]
        ),
        seq=city.version,
    )


def _meaning(words: Words, rule: RuleMessage | None) -> Iterable[tuple[str, str]]:
    if rule is not None:
        yield words("Cause"), words.either(rule.cause_zh, rule.cause_en)
        yield words("Consequence"), words.either(rule.consequence_zh, rule.consequence_en)
        yield words("Action"), words.either(rule.action_zh, rule.action_en)


def _beneath(words: Words, city: City, alarm: AlarmMessage) -> Iterable[tuple[str, str]]:
    if alarm.children:
        named = dict.fromkeys(place(words, city, child) for child in alarm.children)
        yield words("Explains {n} alarms at", n=len(alarm.children)), "\n".join(named)


def _said(words: Words, city: City, alarm: AlarmMessage, now: float) -> Iterable[tuple[str, str]]:
    if alarm.acknowledged_by and alarm.acknowledged_at is not None:
        moment = when(words, alarm.acknowledged_at, now)
        note = f": {words.quoted(alarm.note)}" if alarm.note else ""
        yield words("Acknowledged"), f"{alarm.acknowledged_by} {moment}{note}"
    if alarm.shelf is not None:
        until = (
            ""
            if alarm.shelf.until is None
            else words("until {time}", time=when(words, alarm.shelf.until, now))
        )
        yield words("Shelved"), f"{alarm.shelf.by}: {words.quoted(alarm.shelf.reason)} ({until})"
    if alarm.out_of_service is not None:
        yield (
            words("Out of service"),
            f"{alarm.out_of_service.by}: {words.quoted(alarm.out_of_service.reason)}",
        )
    if alarm.suppressed_by in QUIET:
        yield words("Suppressed by design"), words("It means nothing in the present season state.")
    elif alarm.suppressed_by:
        rule = city.rules.get(alarm.suppressed_by.partition(":")[0])
        named = alarm.suppressed_by if rule is None else words.either(rule.title_zh, rule.title_en)
        yield (
            words("Suppressed by design"),
            words("explained by: {alarm}", alarm=f"{place(words, city, alarm.suppressed_by)} {named}"),
        )


# ------------------------------------------------------------------------------------- quality and journal


def quality_tiles(words: Words, kpis: AlarmKpisMessage) -> tuple[Tile, ...]:
    """Return the measures of ISA-18.2; the band is the target, and a measure outside of it is no alarm."""

    def tile(
        label: str, value: float, unit: str, target: str, good: float, high: float, decimals: int = 0
    ) -> Tile:
        return Tile(
            label=label,
            target=words("target {range}", range=target),
            text=words.number(value, decimals),
            unit=unit,
            value=value,
            scale=(0.0, max(high, value)),
            band=(0.0, good),
        )

    return (
        tile(words("Mean rate"), kpis.per_10_min, words("per 10 min"), "≤ 1", 1.0, 3.0, 2),
        tile(words("Peak in 10 min"), kpis.peak_10_min, words("alarms"), "≤ 10", 10.0, 20.0),
        tile(words("Time in flood"), 100.0 * kpis.flood_share, "%", "< 1 %", 1.0, 5.0, 1),
        tile(words("Stale, over 24 h"), len(kpis.stale), words("alarms"), "< 5", 4.0, 10.0),
        tile(words("Chattering"), len(kpis.chattering), words("alarms"), "0", 0.0, 5.0),
        tile(words("Share of the top ten"), 100.0 * kpis.top_share, "%", "< 5 %", 5.0, 100.0, 0),
    )


def priority_split(words: Words, kpis: AlarmKpisMessage) -> tuple[tuple[int, str], ...]:
    """Return (priority, share) of the alarms that asked, diagnostic ones left out; empty without any."""
    total = sum(kpis.by_priority.get(priority, 0) for priority in (1, 2, 3))
    if total == 0:
        return ()
    return tuple(
        (priority, f"{words.number(100.0 * kpis.by_priority.get(priority, 0) / total)} %")
        for priority in (3, 2, 1)
    )


def journal_table(
    words: Words, city: City, steps: Sequence[StepMessage], needle: str, seq: int, limit: int = 200
) -> Table:
    """Return the newest steps first, those whose line holds ``needle`` (in any case of letters)."""
    wanted = needle.strip().lower()[:200]
    rows = []
    for number, step in enumerate(reversed(steps)):
        row = _step(words, city, step, number)
        line = " ".join(f"{cell.text} {cell.small}" for cell in row.cells).lower()
        if wanted in line or wanted in step.id.lower():
            rows.append(row)
        if len(rows) == limit:
            break
    return Table(
        columns=(
            Column(title=words("Time"), width="172px"),
            Column(title=words("Place"), width="minmax(110px, 1fr)"),
            Column(title=words("Alarm"), width="minmax(160px, 2fr)"),
            Column(title=words("Step"), width="minmax(120px, 1fr)"),
            Column(title=words("By"), width="100px"),
        ),
        rows=tuple(rows),
        empty=words("No step in this span matches."),
        label=words("Alarm journal"),
        seq=seq,
        height_px=260,
        selectable=False,
    )


def _step(words: Words, city: City, step: StepMessage, number: int) -> Row:
    rule = city.rules.get(step.id.partition(":")[0])
    named = step.id if rule is None else words.either(rule.title_zh, rule.title_en)
    return Row(
        id=f"{step.at}:{number}",
        cells=(
            Cell(text=words.datetime(step.at)),
            Cell(text=place(words, city, step.id)),
            Cell(text=named, small=text(words, step), hint=text(words, step)),
            Cell(
                text=step_text(words, step),
                small=words.quoted(step.note),
                hint=step.note,
            ),
            Cell(text=_by(words, city, step), hint=_by(words, city, step), muted=not step.by),
        ),
    )


def _by(words: Words, city: City, step: StepMessage) -> str:
    """Return who did it; where the city explains the alarm, what: another alarm, or its season state."""
    if step.why not in BY_ITSELF or not step.by:
        return step.by or words("controller")
    if step.by in QUIET:
        return words("season state")
    rule = city.rules.get(step.by.partition(":")[0])
    named = step.by if rule is None else words.either(rule.title_zh, rule.title_en)
    return f"{place(words, city, step.by)} {named}"


def step_text(words: Words, step: StepMessage) -> str:
    """Return what happened to the alarm."""
    if step.why == "condition":
        return words("raised") if step.after in ("unack", "ack") else words("condition ended")
    return terms.term(words, dict(WHY), step.why)
