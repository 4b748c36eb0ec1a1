"""How each loop takes what plans propose for it, and what a person may do about it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.api.order_schema import PlanOrderMessage
from controller.api.plan_schema import LoopPlan, StationPlan
from hmi.city import City
from hmi.components.rows import Cell, Column
from hmi.language import N_, Words
from hmi.view_models.dispatch import loop_name

PLANNED = "optimizer"
ACTIONS: Mapping[str, str] = {
    "hold": N_("Hold…"),
    "follow": N_("Follow…"),
    "district": N_("End…"),
}
"""Buttons of a row, by what they ask for."""
TITLES: Mapping[str, str] = {
    "hold": N_("Hold {loop} back from plans"),
    "follow": N_("Let {loop} follow plans"),
    "district": N_("{loop}: as its district again"),
}
NOTES: Mapping[str, str] = {
    "hold": N_(
        "Plans go on proposing something for it, but nothing of that is applied: where its district follows"
        " plans it keeps the heating curve, until the hold ends or somebody ends it."
    ),
    "follow": N_(
        "From the next control cycle on it holds what each plan proposes for it, although its district"
        " follows another strategy; the guard judges every value. It ends by itself."
    ),
    "district": N_("From the next control cycle on the strategy of its district decides again."),
}
REASONS: Mapping[str, tuple[str, ...]] = {
    "hold": (
        N_("Residents complain of cold"),
        N_("Residents complain of heat"),
        N_("Works on site"),
        N_("Its proposals look wrong"),
    ),
    "follow": (N_("Its proposals were right so far"), N_("Trial before the whole district")),
    "district": (N_("No longer needed"),),
}
"""Usual reasons, to choose from."""
HINTS: Mapping[str, str] = {
    "hold": N_("Keep the loop on the heating curve for a while"),
    "follow": N_("Apply what plans propose for this loop, for a while"),
    "district": N_("End what was ordered: the strategy of its district decides again"),
}


def nobody(_: str) -> bool:
    """Stand for a person who may do nothing."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the person at the screen may order now, by district."""

    order: Callable[[str], bool] = nobody
    approve: Callable[[str], bool] = nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Orders on plans in force, by loop (``S017/1``), with whose districts follow plans and who may act."""

    orders: Mapping[str, PlanOrderMessage] = field(default_factory=dict)
    planned: frozenset[str] = frozenset()
    """Districts whose strategy follows plans."""
    rights: Rights = field(default_factory=Rights)


def choices_of(city: City, rights: Rights) -> Choices:
    """Return what people have laid down, as the screen knows it."""
    if city.modes is None:
        return Choices(rights=rights)
    return Choices(
        orders={f"{one.station}/{one.loop}": one for one in city.modes.plan_orders},
        planned=frozenset(d for d, strategy in city.modes.strategies.items() if strategy == PLANNED),
        rights=rights,
    )


def action_column() -> Column:
    """Return the column of the buttons."""
    return Column(title="", kind="action", width="minmax(84px, auto)")


def follows_cell(words: Words, loop: LoopPlan, choices: Choices) -> Cell:
    """Return whether a loop follows the plan, and by whose word where it does not as its district."""
    order = choices.orders.get(f"{loop.station}/{loop.loop}")
    if order is None:
        return Cell(text=words("plan") if loop.followed else words("proposal"), muted=not loop.followed)
    told = words("held back") if order.choice == "hold" else words("plan")
    if order.choice == "follow" and not loop.followed:
        told = words("proposal")
    return Cell(
        text=told, small=_until(words, order), strong=order.choice == "hold", hint=said_by(words, order)
    )


def said_by(words: Words, order: PlanOrderMessage) -> str:
    """Return who ordered it and why."""
    who = words("order {n} by {who}", n=order.order, who=order.author)
    return f"{who}: {words.quoted(order.reason)}"


def _until(words: Words, order: PlanOrderMessage) -> str:
    if order.until is None:
        return ""
    return words("until {time}", time=f"{words.day(order.until)} {words.time(order.until)}")


def action_cell(words: Words, city: City, station: str, loop: int, choices: Choices) -> Cell:
    """Return the button of a row: end an order, hold a loop that follows, or let one follow that does not."""
    traits = city.traits.get(station)
    if traits is None:
        return Cell()
    act = wanted(f"{station}/{loop}", traits.district, choices)
    may = choices.rights.approve if act == "follow" else choices.rights.order
    return Cell(
        text=words(ACTIONS[act]),
        action=act,
        disabled=not may(traits.district),
        hint=words(HINTS[act]),
    )


def ending_cell(words: Words, city: City, station: str, loop: int, choices: Choices) -> Cell:
    """Return the button of a loop that is not in the plan: only what was ordered can be ended."""
    if f"{station}/{loop}" not in choices.orders:
        return Cell()
    return action_cell(words, city, station, loop, choices)


def ordered(words: Words, station: str, loop: int, choices: Choices) -> tuple[str, str]:
    """Return what was ordered for a loop, in short, and who ordered it and why; empty where nothing was."""
    order = choices.orders.get(f"{station}/{loop}")
    if order is None:
        return "", ""
    told = words("held back") if order.choice == "hold" else words("follows plans by itself")
    return f"{told} {_until(words, order)}".strip(), said_by(words, order)


def wanted(loop: str, district: str, choices: Choices) -> str:
    """Return which choice the button of a loop asks for."""
    if loop in choices.orders:
        return "district"
    return "hold" if district in choices.planned else "follow"


def order_of(loop: str, choice: str, choices: Choices) -> dict[str, Any]:
    """Return the order's body; its duration is asked for in the dialog."""
    station, _, number = loop.partition("/")
    seen = choices.orders.get(loop)
    named = {"station": station, "loop": int(number), "order": 0 if seen is None else seen.order}
    return {"kind": "plan", "choice": choice, "loops": [named]}


def explained(words: Words, plan: StationPlan | None, loop: str) -> tuple[str, ...]:
    """Return what the plan says of a loop now, in its own sentence."""
    number = int(loop.partition("/")[2])
    ahead = None if plan is None else next((one for one in plan.loops if one.loop == number), None)
    found = None if ahead is None else ahead.excluded or ahead.explanation
    return () if found is None else (words.sentence(found),)


def title_of(words: Words, city: City, loop: str, choice: str) -> str:
    """Return the head of the dialog."""
    station, _, number = loop.partition("/")
    return words(TITLES[choice], loop=loop_name(words, city, station, int(number)))
