"""Orders of values: other temperature or flow for some loops, with limits, effect and second person. Pure."""

from collections.abc import Mapping

from controller.decisions import GuardContext, LoopKey, Mode
from controller.guard_network import AREA_SHARE, MOVE_K
from controller.modes import LoopOrder, Standing, Subject, loop_subject
from controller.orders.check import Checked, check
from controller.orders.draft import Scene, bulk, known_loops, loop_name, must_be_unmoved, now_of
from controller.orders.model import LARGE_FLOW, LARGE_K, Draft, Seen, SetpointWish
from controller.orders.telling import changed_by, moved_by, standing_told, supply_told
from controller.orders.words import Refused
from controller.words.phrase import Phrase, said, word
from optimizer.effect import load, steady_indoor

PACE_K_PER_S = 3.0 / 900.0
PACE_FLOW_PER_S = 0.10 / 900.0
"""What the guard's rates let a loop follow in the long run: K, and fractions of design, per scaled second."""
COMMIT_K = 0.5
"""A strategy may have moved the loop so far since the preview; beyond that the preview was another one."""
SMALL_LOAD = 0.02
"""Below this fraction of design there is no heat to tell a change of."""


def draft_setpoints(wish: SetpointWish, scene: Scene) -> Draft:
    """Other values for some loops until an end."""
    known_loops((seen.key for seen in wish.loops), scene)
    must_be_unmoved(wish.loops, scene, values=True)
    if scene.context is None:
        raise Refused(said("not_started"))
    results = {seen.key: _checked(wish, seen, scene.context, scene) for seen in wish.loops}
    refused = {key: result.refusals for key, result in results.items() if result.refusals}
    if refused and (not wish.leave_out or len(refused) == len(results)):
        raise Refused(*(reason for reasons in refused.values() for reason in reasons))
    taken = {key: result for key, result in results.items() if not result.refusals}
    subjects: dict[Subject, tuple[Standing, Standing]] = {
        loop_subject(key): (
            scene.orders.loop_at(key, scene.now),
            _manual(key, result, wish.duration_s, scene),
        )
        for key, result in taken.items()
    }
    second = [*bulk(len(taken)), *(reason for key in taken for reason in large(key, taken[key], scene))]
    preview = {
        "loops": [shown(key, result, scene) for key, result in taken.items()],
        "left_out": [
            {**loop_name(key), "reasons": [reason.to_json() for reason in reasons]}
            for key, reasons in refused.items()
        ],
        "until": scene.now + wish.duration_s,
        "notes": [note.to_json() for note in _notes(taken, scene)],
    }
    return Draft(
        subjects=subjects,
        districts=frozenset(scene.traits[key].district for key in taken),
        preview=preview,
        second=tuple(second),
    )


def checked_again(after: Mapping[Subject, Standing], scene: Scene) -> dict[LoopKey, Checked]:
    """Judge once more what would be manual: weather or station may have changed since it was ordered."""
    names = {str(key): key for key in scene.traits}
    manual = {
        names[subject.name]: order
        for subject, order in after.items()
        if isinstance(order, LoopOrder) and order.mode is Mode.MANUAL
    }
    if manual and scene.context is None:
        raise Refused(said("not_started"))
    results = {}
    for key, order in manual.items():
        assert scene.context is not None, "refused above"
        flow = order.m_flow if scene.traits[key].circulation is not None else None
        results[key] = check(scene.context, key, order.T_supply, flow, scene.author.name)
    return results


def _checked(wish: SetpointWish, seen: Seen, context: GuardContext, scene: Scene) -> Checked:
    traits = scene.traits[seen.key]
    T_supply = wish.T_supply
    if wish.dT_supply is not None:
        held = scene.loops[seen.key].T_supply_set
        if held is None:
            held = check(context, seen.key, None, None, scene.author.name).T_held
        T_supply = held + wish.dT_supply
    m_flow = None if wish.flow is None else wish.flow * traits.m_flow_design
    return check(context, seen.key, T_supply, m_flow, scene.author.name)


def _manual(key: LoopKey, result: Checked, duration_s: float, scene: Scene) -> LoopOrder:
    before = scene.orders.loop_at(key, scene.now)
    return LoopOrder(
        order=scene.number,
        author=scene.author.name,
        reason=scene.reason,
        mode=Mode.MANUAL,
        base=before.base,
        configured=scene.orders.modes[key],
        T_supply=result.T_supply,
        m_flow=result.m_flow,
        until=scene.now + duration_s,
    )


def large(key: LoopKey, result: Checked, scene: Scene) -> list[Phrase]:
    """Return why a loop's change is so large that a second person must agree."""
    found = []
    change = result.T_supply - result.T_held
    if abs(change) > LARGE_K + 1e-9:
        found.append(said("large_supply", loop=str(key), change=change, limit=LARGE_K))
    share = result.m_flow / result.m_held - 1.0 if result.m_held > 0.0 else 0.0
    if scene.traits[key].circulation is not None and abs(share) > LARGE_FLOW + 1e-9:
        limit = 100.0 * LARGE_FLOW
        found.append(said("large_flow", loop=str(key), change=100.0 * share, limit=limit))
    return found


def shown(key: LoopKey, result: Checked, scene: Scene) -> dict[str, object]:
    """Return what a preview tells of a loop that becomes manual."""
    traits = scene.traits[key]
    seconds = max(
        abs(result.T_supply - result.T_held) / PACE_K_PER_S,
        0.0
        if traits.circulation is None
        else abs(result.m_flow - result.m_held) / traits.m_flow_design / PACE_FLOW_PER_S,
    )
    return {
        **loop_name(key),
        **now_of(key, scene),
        "mode_new": Mode.MANUAL.value,
        "T_supply_held": round(result.T_held, 2),
        "m_flow_held": round(result.m_held, 3),
        "T_supply_new": round(result.T_supply, 2),
        "m_flow_new": None if traits.circulation is None else round(result.m_flow, 3),
        "T_supply_min": round(result.T_low, 2),
        "T_supply_max": round(result.T_high, 2),
        "m_flow_min": None if traits.circulation is None else round(result.m_low, 3),
        "m_flow_max": None if traits.circulation is None else round(result.m_high, 3),
        "reached_in_s": round(seconds),
        "effect": _effect(key, result, scene),
    }


def _effect(key: LoopKey, result: Checked, scene: Scene) -> Mapping[str, object] | None:
    """What it does once all has settled, by the design law of the emitter: a difference, not a level."""
    traits = scene.traits[key]
    law = scene.laws.get(traits.emitter)
    assert scene.context is not None
    T_outdoor = scene.context.T_outdoor_centre.value
    if law is None or T_outdoor is None or not traits.m_flow_design > 0.0:
        return None
    flows = [max(m / traits.m_flow_design, 0.05) for m in (result.m_held, result.m_flow)]
    before = steady_indoor(law, T_outdoor, result.T_held - law.offset_K, flows[0])
    after = steady_indoor(law, T_outdoor, result.T_supply - law.offset_K, flows[1])
    load_before, load_after = load(law, T_outdoor, before), load(law, T_outdoor, after)
    return {
        "kind": "steady-state estimate",
        "T_outdoor": round(T_outdoor, 2),
        "dT_indoor_K": round(after - before, 2),
        "Q_flow_change": round(load_after / load_before - 1.0, 4) if load_before > SMALL_LOAD else None,
    }


def _notes(taken: Mapping[LoopKey, Checked], scene: Scene) -> list[Phrase]:
    notes = [
        said("other_mode", loop=str(key), mode=word("mode", Mode.LOCAL))
        for key in taken
        if scene.orders.loop_at(key, scene.now).mode is Mode.LOCAL
    ]
    total = sum(traits.A_heated_m2 for traits in scene.traits.values())
    for sign in (1.0, -1.0):
        moved = sum(
            scene.traits[key].A_heated_m2
            for key, result in taken.items()
            if sign * (result.T_supply - result.T_held) > MOVE_K
        )
        if total > 0.0 and moved / total > AREA_SHARE:
            notes.append(said("mass_change", share=100.0 * moved / total))
    return notes


def unmoved_since(draft: Draft, seen: Mapping[str, float], scene: Scene) -> list[Phrase]:
    """Return where somebody was quicker than the commit of this draft: another order, or the strategy."""
    told = []
    names = {str(key): key for key in scene.traits}
    for subject, (before, after) in draft.subjects.items():
        present = scene.orders.of(subject, scene.now)
        if present != before:  # another order, or a manual one that has ended meanwhile
            told.append(changed_by(subject, present, standing_told(present), standing_told(before)))
        elif _from_auto_to_manual(before, after) and subject.name in seen:
            status = scene.loops[names[subject.name]]
            held = status.T_supply_set
            if held is None or abs(held - seen[subject.name]) > COMMIT_K:
                now, then = supply_told(held), supply_told(seen[subject.name])
                told.append(moved_by(subject, status, now, then))
    return told


def _from_auto_to_manual(before: Standing, after: Standing) -> bool:
    """Tell whether a strategy may have moved the loop while the order waited."""
    if not (isinstance(before, LoopOrder) and isinstance(after, LoopOrder)):
        return False
    return before.mode is Mode.AUTO and after.mode is Mode.MANUAL
