"""The shadow report: what plans saved or would have saved beside what was done, what speaks against. Pure."""

from collections.abc import Callable

from controller.api.shadow_schema import ShadowDistrict, ShadowLoop, ShadowMessage, ShadowReport
from hmi.city import City
from hmi.components.rows import Cell, Column, Row, Scale, Table
from hmi.language import Words
from hmi.view_models.dispatch import loop_name
from hmi.view_models.optimizer import signed

SCALE = Scale(low=-30.0, high=30.0, band=(0.0, 0.0), middle=0.0)
"""Percent that the drawn saving reaches to."""


def shadow_table(
    words: Words,
    city: City,
    report: ShadowReport | None,
    height_px: int,
    may_promote: Callable[[str], bool],
) -> Table:
    """Return the districts, and beneath each its loops; those that drifted stand open, with a button."""
    districts = [] if report is None else report.districts
    rows = []
    for district in districts:
        loops = _loops_of(city, report, district.district)
        rows.append(_district(words, city, district, len(loops)))
        rows += [_loop(words, city, one, district.district, may_promote) for one in loops]
    return Table(
        columns=(
            Column(title=words("District, loop"), width="minmax(190px, 1.5fr)"),
            Column(
                title=words("Days"),
                kind="number",
                width="92px",
                hint=words("whole days that count; small: of them under plans"),
            ),
            Column(title=words("Curve W/m²"), kind="number", width="84px", hint=words("by the model")),
            Column(title=words("Plan W/m²"), kind="number", width="84px", hint=words("as plans said")),
            Column(title=words("Taken W/m²"), kind="number", width="84px", hint=words("measured")),
            Column(
                title=words("Saving %"),
                kind="number",
                width="minmax(150px, 0.8fr)",
                hint=words("small: holds it nine times in ten"),
            ),
            Column(
                title=f"{words.number(SCALE.low)} … {words.number(SCALE.high)} %",
                kind="deviation",
                width="minmax(120px, 0.9fr)",
                from_px=1100,
            ),
            Column(title=words("What speaks against"), width="2.2fr"),
            Column(title="", kind="action", width="auto"),
        ),
        rows=tuple(rows),
        empty=words("Nothing was gathered yet: a day counts when it is over."),
        label=words("Shadow report"),
        seq=0 if report is None else round(report.now),
        height_px=height_px,
        scale=SCALE,
        selectable=False,
    )


def _loops_of(city: City, report: ShadowReport | None, district: str) -> list[ShadowLoop]:
    found = [] if report is None else report.loops
    mine = [one for one in found if _district_of(city, one.station) == district]
    return sorted(mine, key=lambda one: (one.drift is None, one.station, one.loop))


def _district_of(city: City, station: str) -> str:
    traits = city.traits.get(station)
    return "" if traits is None else traits.district


def _district(words: Words, city: City, one: ShadowDistrict, loops: int) -> Row:
    against = "" if one.why is None else words.sentence(one.why)
    return Row(
        id=one.district,
        cells=(
            _folding(words, words.district(city.site, one.district), loops),
            *_figures(words, one),
            Cell(text=against, muted=True),
            Cell(),
        ),
    )


def _folding(words: Words, district: str, loops: int) -> Cell:
    if not loops:
        return Cell(text=district, strong=True)
    return Cell(text=f"{district} · {words.loops(loops)}", strong=True, action="fold")


def _loop(
    words: Words, city: City, one: ShadowLoop, district: str, may_promote: Callable[[str], bool]
) -> Row:
    against = " · ".join(words.sentence(reason) for reason in one.lacking)
    act = Cell()
    if one.drift is not None:
        act = Cell(
            text=words("Promote…"),
            action="promote",
            disabled=not may_promote(district),
            hint=words("Let a loop that drifted from its model follow plans again"),
        )
    return Row(
        id=f"{one.station}/{one.loop}",
        # one that drifted is not folded away: somebody has to decide about it
        parent="" if one.drift is not None else district,
        cells=(
            Cell(text=loop_name(words, city, one.station, one.loop)),
            *_figures(words, one),
            Cell(
                text=against or words("Nothing speaks against it."),
                hint=against,
                strong=one.drift is not None,
                muted=one.drift is None,
            ),
            act,
        ),
    )


def _figures(words: Words, one: ShadowMessage) -> tuple[Cell, ...]:
    heat = tuple(
        Cell(text="" if value is None else words.number(value, 1))
        for value in (one.curve, one.plan, one.actual)
    )
    days = Cell(text=words.number(one.days), small=words.number(one.days_on_plan) if one.days_on_plan else "")
    if one.saved is None or one.low is None or one.high is None:
        return (days, *heat, Cell(text=words("not known"), muted=True), Cell())
    saved, low, high = (100.0 * value for value in (one.saved, one.low, one.high))
    told = words("proposed only") if one.proposed else words("under plans")
    return (
        days,
        *heat,
        Cell(
            text=signed(words, saved, 1),
            small=f"{signed(words, low, 1)} … {signed(words, high, 1)}",
            strong=not one.proposed,
            hint=told,
        ),
        Cell(value=saved, span=(low, high), hint=told),
    )


def loop_of(report: ShadowReport | None, loop: str) -> ShadowLoop | None:
    """Return what is told of a loop (``S017/1``)."""
    found = [] if report is None else report.loops
    return next((one for one in found if f"{one.station}/{one.loop}" == loop), None)
