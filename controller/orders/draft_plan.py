"""Working out how loops shall take plans: held back, following by themselves, or as their district. Pure.

A hold is the smallest way to say no: mode and strategy stay, the plan goes on being made and shown, and the
loop keeps the curve until the hold ends. Following is the way from proposals to instructions loop by loop,
before a whole district goes.
"""

from collections.abc import Iterable, Mapping

from controller.decisions import LoopKey
from controller.modes import PlanChoice, PlanOrder, Standing, Subject, plan_subject
from controller.orders.draft import Scene, bulk, known_loops, loop_name, now_of
from controller.orders.model import Draft, PlanWish
from controller.orders.words import Refused
from controller.words.phrase import Phrase, said, word


def draft_plan(wish: PlanWish, scene: Scene) -> Draft:
    """Change how loops take plans; refuses loops to which no plan is ever applied, and what was changed."""
    known_loops(wish.loops, scene)
    if refusals := [*_never(wish.loops, scene), *_moved(wish, scene)]:
        raise Refused(*refusals)
    until = None if wish.choice is PlanChoice.DISTRICT else scene.now + wish.duration_s
    after = PlanOrder(
        order=scene.number,
        author=scene.author.name,
        reason=scene.reason,
        choice=wish.choice,
        until=until,
    )
    subjects: dict[Subject, tuple[Standing, Standing]] = {
        plan_subject(key): (scene.orders.of(plan_subject(key), scene.now), after) for key in wish.loops
    }
    strategies = {**scene.orders.strategies, **scene.orders.ordered_strategies()}
    preview: Mapping[str, object] = {
        "loops": [
            {
                **loop_name(key),
                **now_of(key, scene),
                "choice": present(key, scene).choice.value,
                "choice_new": wish.choice.value,
                "strategy": strategies[scene.traits[key].district],
            }
            for key in wish.loops
        ],
        **({} if until is None else {"until": until}),
    }
    return Draft(
        subjects=subjects,
        districts=frozenset(scene.traits[key].district for key in wish.loops),
        preview=preview,
        second=bulk(len(wish.loops)),
    )


def present(key: LoopKey, scene: Scene) -> PlanOrder:
    """Return how a loop takes plans now."""
    order = scene.orders.of(plan_subject(key), scene.now)
    assert isinstance(order, PlanOrder)
    return order


def _never(loops: Iterable[LoopKey], scene: Scene) -> list[Phrase]:
    """Return which loops take no setpoints whatever is decided: to them a plan is advice at most."""
    found = []
    for key in loops:
        traits = scene.traits[key]
        if traits.is_source:
            found.append(said("source_no_plans", source=key.station))
        elif traits.emitter == "dhw":
            found.append(said("hot_water", loop=str(key)))
        elif not traits.station_class.driven:
            found.append(said("class_c", loop=str(key)))
        elif not traits.proven:
            found.append(said("not_proven", loop=str(key)))
    return found


def _moved(wish: PlanWish, scene: Scene) -> list[Phrase]:
    found = []
    for key, seen in wish.loops.items():
        order = present(key, scene)
        now = word("plan_choice", order.choice)
        if order.order != seen:
            found.append(said("plan_changed", loop=str(key), now=now))
        elif order.choice is wish.choice is PlanChoice.DISTRICT:
            found.append(said("plan_as_it_is", loop=str(key), choice=now))
    return found
