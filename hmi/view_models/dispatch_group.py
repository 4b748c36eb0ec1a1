"""The group setpoint: which loops are meant, the order for them, its preview and who is left out. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controller.api.order_schema import MAX_LOOPS, OrderMessage
from controller.api.schema import Sentence
from hmi import terms
from hmi.city import City
from hmi.components.rows import Cell, Column, Row, Table
from hmi.language import Words
from hmi.view_models.dispatch import Loop, loop_name, loops

_SEPARATORS = re.compile(r"[\s,;，；、]+")


def listed_loops(city: City, text: str) -> tuple[list[Loop], list[str]]:
    """Return (loops, words that are none) of a pasted list of stations or loops, ``S017`` or ``S017/1``.

    A station stands for all its heating loops. Of a very long paste only what can be ordered at once is read.
    """
    known: dict[str, list[Loop]] = {}
    for loop in heating_loops(city):
        known.setdefault(loop.station.upper(), []).append(loop)
        known[loop.id.upper()] = [loop]
    chosen: dict[str, Loop] = {}
    unknown: dict[str, None] = {}
    for entry in _SEPARATORS.split(text.strip()):
        if not entry:
            continue
        found = known.get(entry.upper())
        if found is None:
            unknown[entry[:40]] = None
        else:
            chosen.update((loop.id, loop) for loop in found)
    return list(chosen.values())[:MAX_LOOPS], list(unknown)


def heating_loops(city: City, district: str | None = None) -> list[Loop]:
    """Return loops that heat (hot water is never ordered), of a district where one is given."""
    hot_water = {
        (traits.id, loop.loop)
        for traits in city.traits.values()
        for loop in traits.loops
        if loop.emitter == "dhw"
    }
    return [
        loop
        for loop in loops(city)
        if (loop.station, loop.state.loop) not in hot_water and district in (None, loop.district)
    ]


def group_order(
    chosen: Sequence[Loop], *, dT_supply: float | None, flow: float | None, duration_s: float
) -> dict[str, Any]:
    """Return the order of a group setpoint; loops that can not take it are left out, and named."""
    order: dict[str, Any] = {
        "kind": "setpoint",
        "loops": [loop.seen() for loop in chosen],
        "duration_s": duration_s,
        "leave_out": True,
    }
    if dT_supply is not None:
        order["dT_supply"] = dT_supply
    if flow is not None:
        order["flow"] = flow
    return order


def preview_table(words: Words, city: City, order: OrderMessage, seq: int) -> Table:
    """Return what a prepared order would do to each loop, and which loops it leaves out and why."""
    # those left out first: whoever reads only the top must see them
    rows = [
        Row(
            id=f"out:{entry['station']}/{entry['loop']}",
            cells=(
                Cell(text=loop_name(words, city, str(entry["station"]), int(entry["loop"])), muted=True),
                Cell(text=words("left out"), muted=True),
                Cell(),
                Cell(),
                Cell(),
                Cell(
                    text=" ".join(
                        words.sentence(Sentence.model_validate(r)) for r in entry.get("reasons", [])
                    )
                ),
            ),
        )
        for entry in _entries(order.preview, "left_out")
    ]
    rows += [_previewed(words, city, entry) for entry in _entries(order.preview, "loops")]
    return Table(
        columns=(
            Column(title=words("Loop"), width="minmax(120px, 1.4fr)"),
            Column(title=words("Mode"), width="136px"),
            Column(title=words("Supply °C"), kind="number", width="130px"),
            Column(title=words("Flow t/h"), kind="number", width="140px"),
            Column(title=words("Reached in"), kind="number", width="86px"),
            Column(title=words("Effect"), width="minmax(120px, 1.4fr)"),
        ),
        rows=tuple(rows),
        empty=words("The order changes no loop."),
        label=words("Preview"),
        seq=seq,
        height_px=320,
        selectable=False,
    )


def _entries(preview: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = preview.get(key)
    return found if isinstance(found, list) else []


def _previewed(words: Words, city: City, entry: Mapping[str, Any]) -> Row:
    modes = " → ".join(
        dict.fromkeys(
            terms.term(words, terms.MODE, str(entry[key])) for key in ("mode", "mode_new") if key in entry
        )
    )
    effect = entry.get("effect")
    return Row(
        id=f"{entry['station']}/{entry['loop']}",
        cells=(
            Cell(text=loop_name(words, city, str(entry["station"]), int(entry["loop"])), strong=True),
            Cell(text=modes),
            Cell(text=_change(words, entry.get("T_supply_held"), entry.get("T_supply_new"), 1.0)),
            Cell(text=_change(words, entry.get("m_flow_held"), entry.get("m_flow_new"), 3.6)),
            Cell(text=words.span(float(entry["reached_in_s"])) if "reached_in_s" in entry else ""),
            Cell(text=effect_text(words, effect) if isinstance(effect, Mapping) else ""),
        ),
    )


def _change(words: Words, old: float | None, new: float | None, factor: float) -> str:
    if old is None or new is None:
        return ""
    return f"{words.number(old * factor, 1)} → {words.number(new * factor, 1)}"


def effect_text(words: Words, effect: Mapping[str, Any]) -> str:
    """Return the predicted effect once all has settled."""
    dT = float(effect["dT_indoor_K"])
    sign = "+" if dT > 0.0 else ""
    said = words("indoor {dT} K in the end", dT=f"{sign}{words.number(dT, 1)}")
    heat = effect.get("Q_flow_change")
    if heat is None:
        return said
    sign = "+" if heat > 0.0 else ""
    change = f"{sign}{words.number(100.0 * float(heat), 0)}"
    return f"{said} · {words('heat {change} %', change=change)}"


def sentences(words: Words, found: Iterable[Mapping[str, Any] | Sentence]) -> list[str]:
    """Return sentences of the controller in the person's language."""
    return [
        words.sentence(one if isinstance(one, Sentence) else Sentence.model_validate(one)) for one in found
    ]
