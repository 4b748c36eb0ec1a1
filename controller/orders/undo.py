"""Working out an undo: what stood before an order, judged like a new one. Pure.

What would be manual again passes the limits of any manual order, and where the step is large or many loops
are taken from their own controllers, a second person agrees. To the strategy or to local is the way to the
safe side, and stays one click of one person.
"""

from collections.abc import Mapping
from dataclasses import replace

from controller.accounts.roles import Right
from controller.decisions import LoopKey, Mode
from controller.modes import (
    LoopOrder,
    MassChangeOrder,
    PlanChoice,
    PlanOrder,
    SeasonOrder,
    Standing,
    Subject,
)
from controller.orders.check import Checked
from controller.orders.draft import Scene, bulk, loop_name, loops_of_district, must_hold, now_of
from controller.orders.model import Draft, Order, State
from controller.orders.setpoints import checked_again, large, shown
from controller.orders.telling import changed_by, standing_told
from controller.orders.words import Refused
from controller.words.phrase import Phrase, said, word

Changes = Mapping[Subject, tuple[Standing, Standing]]
"""By subject: (what stands now, what will stand)."""


def draft_undo(order: Order, scene: Scene) -> Draft:
    """Put back what stood before an order, where nobody has ordered anything since."""
    if order.state is not State.COMMITTED:
        raise Refused(said("over", order=order.id, state=word("order_state", order.state)))
    subjects: dict[Subject, tuple[Standing, Standing]] = {}
    for subject, (before, after) in order.draft.subjects.items():
        if isinstance(after, SeasonOrder):
            raise Refused(said("season_no_undo"))
        present = scene.orders.of(subject, scene.now)
        if present != after:
            if present.order == after.order:
                raise Refused(said("nothing_to_undo", order=order.id))
            raise Refused(changed_by(subject, present, standing_told(present), standing_told(after)))
        subjects[subject] = (present, _again(before, scene))
    for right in {_right(subject, after) for subject, (_, after) in subjects.items()}:
        must_hold(scene.author, right)
    manual = checked_again({subject: after for subject, (_, after) in subjects.items()}, scene)
    if refusals := [reason for result in manual.values() for reason in result.refusals]:
        raise Refused(*refusals)
    preview = {
        "undoes": order.id,
        "changes": [
            {
                "subject": subject.name,
                "now": standing_told(now).en,
                "new": standing_told(new).en,
                "now_sentence": standing_told(now).to_json(),
                "new_sentence": standing_told(new).to_json(),
            }
            for subject, (now, new) in subjects.items()
        ],
        "loops": _loops(subjects, manual, scene),
    }
    ends = {after.until for _, after in subjects.values() if isinstance(after, LoopOrder | PlanOrder)}
    if len(ends) == 1 and (until := ends.pop()) is not None:
        preview["until"] = until
    return Draft(
        subjects=subjects,
        districts=order.draft.districts,
        preview=preview,
        second=_second(subjects, manual, scene),
    )


def _right(subject: Subject, after: Standing) -> Right:
    """Return the right that it asks to put this back."""
    if isinstance(after, PlanOrder):
        return Right.APPROVE if after.choice is PlanChoice.FOLLOW else Right.ORDER
    return Right.ORDER if subject.kind == "loop" else Right.APPROVE


def _again(before: Standing, scene: Scene) -> Standing:
    """Return what stood before as a new order; one that would have ended meanwhile has ended."""
    again = before.at(scene.now) if isinstance(before, LoopOrder | PlanOrder) else before
    if isinstance(again, MassChangeOrder):
        again = replace(again, until=0.0)
    return replace(again, order=scene.number, author=again.author or scene.author.name)


def _second(subjects: Changes, manual: Mapping[LoopKey, Checked], scene: Scene) -> tuple[Phrase, ...]:
    """Return why a second person is needed, as the same change by a new order would need one."""
    driven = sum(
        after.mode is Mode.MANUAL or (now.mode is Mode.LOCAL and after.mode is Mode.AUTO)
        for now, after in subjects.values()
        if isinstance(now, LoopOrder) and isinstance(after, LoopOrder)
    )
    driven += sum(isinstance(after, PlanOrder) for _, after in subjects.values())
    districts = [subject.name for subject in subjects if subject.kind == "strategy"]
    ruled = sum(len(loops_of_district(district, scene)) for district in districts)
    return (
        *bulk(driven + ruled),
        *(reason for key, result in manual.items() for reason in large(key, result, scene)),
    )


def _loops(subjects: Changes, manual: Mapping[LoopKey, Checked], scene: Scene) -> list[dict[str, object]]:
    names = {str(key): key for key in scene.traits}
    told = []
    for subject, (_, after) in subjects.items():
        if not isinstance(after, LoopOrder):
            continue
        key = names[subject.name]
        if key in manual:
            told.append(shown(key, manual[key], scene))
        else:
            told.append({**loop_name(key), **now_of(key, scene), "mode_new": after.mode.value})
    return told
