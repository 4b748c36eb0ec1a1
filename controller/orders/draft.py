"""Working out an order: what it would change, for whom, and whether it may be given now. Pure.

Each kind of order has one function here that returns a ``Draft`` or raises ``Refused`` with every reason.
Setpoints are in ``controller/orders/setpoints.py``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.accounts.roles import Principal, Right
from controller.decisions import GuardContext, LoopKey, LoopTraits, MassChange, Mode
from controller.modes import (
    MASS_CHANGE,
    MASS_CHANGE_S,
    LoopOrder,
    MassChangeOrder,
    Orders,
    SeasonOrder,
    Standing,
    StrategyOrder,
    Subject,
    loop_subject,
)
from controller.orders.model import (
    BULK_LOOPS,
    Draft,
    ModeWish,
    SeasonWish,
    Seen,
    StrategyWish,
)
from controller.orders.season import CHECKLIST, NEXT
from controller.orders.telling import changed_by, moved_by, standing_told, values_told
from controller.orders.words import Refused
from controller.state import LoopStatus
from controller.words.phrase import Phrase, said, word
from optimizer.regulation import RegulationLaw

SEEN_K, SEEN_FLOW = 0.051, 0.005
"""Differences between seen and present values that are only a screen's rounding: K, fraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that an order is judged on, at one moment."""

    number: int
    """Of the order that is being prepared."""
    author: Principal
    reason: str
    now: float
    """UTC second (scaled)."""
    traits: Mapping[LoopKey, LoopTraits]
    loops: Mapping[LoopKey, LoopStatus]
    orders: Orders
    context: GuardContext | None
    """What the guard would judge on now; None before the first cycle."""
    laws: Mapping[str, RegulationLaw]
    stations: Mapping[str, str]
    """District by station, heat sources included."""
    strategies: Sequence[str]
    """Strategies that this version has."""
    mass_change: MassChange | None


def draft_modes(wish: ModeWish, scene: Scene) -> Draft:
    """Loops back to auto or to local."""
    if wish.district is not None:
        keys = loops_of_district(wish.district, scene)
    else:
        known_loops((seen.key for seen in wish.loops), scene)
        must_be_unmoved(wish.loops, scene, values=False)
        keys = [seen.key for seen in wish.loops]
    keys = [key for key in keys if scene.traits[key].emitter != "dhw"]
    if not keys:
        raise Refused(said("no_loops"))
    subjects: dict[Subject, tuple[Standing, Standing]] = {}
    for key in keys:
        after = LoopOrder(
            order=scene.number,
            author=scene.author.name,
            reason=scene.reason,
            mode=wish.mode,
            base=wish.mode,
            configured=scene.orders.modes[key],
        )
        subjects[loop_subject(key)] = (scene.orders.loop_at(key, scene.now), after)
    # To the stations' own controllers is the way to the safe side: one click of one person.
    second = () if wish.mode is Mode.LOCAL else bulk(len(keys))
    loops = [{**loop_name(key), **now_of(key, scene), "mode_new": wish.mode.value} for key in keys]
    return Draft(
        subjects=subjects,
        districts=frozenset(scene.traits[key].district for key in keys),
        preview={"loops": loops},
        second=second,
    )


def draft_strategy(wish: StrategyWish, scene: Scene) -> Draft:
    """Another strategy for a district."""
    keys = loops_of_district(wish.district, scene)
    if wish.strategy not in scene.strategies:
        known = ", ".join(scene.strategies)
        raise Refused(said("unknown_strategy", strategy=wish.strategy, known=known))
    subject = Subject("strategy", wish.district)
    before = scene.orders.of(subject, scene.now)
    assert isinstance(before, StrategyOrder)
    if before.strategy != wish.seen:
        seen = replace(before, strategy=wish.seen)
        raise Refused(changed_by(subject, before, standing_told(before), standing_told(seen)))
    after = StrategyOrder(
        order=scene.number,
        author=scene.author.name,
        strategy=wish.strategy,
        configured=scene.orders.strategies[wish.district],
    )
    preview = {
        "district": wish.district,
        "strategy": before.strategy,
        "strategy_new": wish.strategy,
        "loops_in_auto": sum(scene.loops[key].mode is Mode.AUTO for key in keys),
    }
    return Draft(
        subjects={subject: (before, after)},
        districts=frozenset({wish.district}),
        preview=preview,
        second=bulk(len(keys)),
    )


def draft_season(wish: SeasonWish, scene: Scene) -> Draft:
    """Another season state for a station or the network, once its checklist is confirmed."""
    if wish.station is not None and wish.station not in scene.stations:
        raise Refused(said("unknown_station", station=wish.station))
    subject = Subject("season", wish.station or "")
    before = scene.orders.of(subject, scene.now)
    assert isinstance(before, SeasonOrder)
    if before.season is not wish.seen:
        seen = replace(before, season=wish.seen)
        raise Refused(changed_by(subject, before, standing_told(before), standing_told(seen)))
    if wish.season not in NEXT[before.season]:
        allowed = tuple(word("season", season) for season in NEXT[before.season])
        now, wanted = word("season", before.season), word("season", wish.season)
        raise Refused(said("season_step", now=now, season=wanted, allowed=allowed))
    missing = [item for item in CHECKLIST[wish.season] if item.id not in wish.confirmed]
    if missing:
        raise Refused(said("checklist", missing=tuple(item.phrase for item in missing)))
    after = SeasonOrder(
        order=scene.number,
        author=scene.author.name,
        season=wish.season,
        configured=scene.orders.season,
    )
    keys = [key for key in scene.traits if wish.station in (None, key.station)]
    districts = set(scene.stations.values()) if wish.station is None else {scene.stations[wish.station]}
    preview = {
        "station": wish.station,
        "season": before.season.value,
        "season_new": wish.season.value,
        "accepts_setpoints": wish.season.accepts_setpoints,
        "loops": len(keys),
        "checklist": sorted(wish.confirmed),
    }
    return Draft(
        subjects={subject: (before, after)},
        districts=frozenset(districts),
        preview=preview,
        second=bulk(len(keys)),
    )


def draft_mass_change(scene: Scene) -> Draft:
    """Let the network move for an hour although the guard holds it back."""
    if scene.mass_change is None:
        raise Refused(said("no_mass_change"))
    after = MassChangeOrder(order=scene.number, author=scene.author.name, until=scene.now + MASS_CHANGE_S)
    why = scene.mass_change.detail
    preview = {"held_back": why.en, "held_back_sentence": why.to_json(), "until": after.until}
    return Draft(
        subjects={MASS_CHANGE: (scene.orders.of(MASS_CHANGE, scene.now), after)},
        districts=frozenset(scene.stations.values()),
        preview=preview,
    )


# ----------------------------------------------------------------------------------- shared with setpoints


def known_loops(keys: Iterable[LoopKey], scene: Scene) -> None:
    """Refuse an order that names a loop twice, one that is not there, or none."""
    named = list(keys)
    unknown = [said("unknown_loop", loop=str(key)) for key in named if key not in scene.traits]
    if unknown:
        raise Refused(*unknown)
    if not named or len(set(named)) != len(named):
        raise Refused(said("no_loops"))


def loops_of_district(district: str, scene: Scene) -> list[LoopKey]:
    """Return all loops of a district; refuses one that is not there. A heat source serves all districts."""
    if district not in scene.orders.strategies:
        raise Refused(said("unknown_district", district=district))
    return [key for key, one in scene.traits.items() if one.district == district and not one.is_source]


def must_be_unmoved(loops: Iterable[Seen], scene: Scene, *, values: bool) -> None:
    """Compare what the operator saw with what is: another order or the strategy may have been quicker."""
    told: list[Phrase] = []
    for seen in loops:
        status, standing = scene.loops[seen.key], scene.orders.loop_at(seen.key, scene.now)
        now = values_told(standing.mode, status.T_supply_set, status.m_flow_set)
        then = values_told(seen.mode, seen.T_supply_set, seen.m_flow_set)
        same_order = standing.mode is seen.mode and standing.order == seen.order
        if same_order and (not values or _same_values(seen, status)):
            continue
        if not same_order:
            told.append(changed_by(loop_subject(seen.key), standing, now, then))
        else:
            told.append(moved_by(loop_subject(seen.key), status, now, then))
    if told:
        raise Refused(*told)


def _same_values(seen: Seen, status: LoopStatus) -> bool:
    for was, now, tolerance in (
        (seen.T_supply_set, status.T_supply_set, SEEN_K),
        (seen.m_flow_set, status.m_flow_set, SEEN_FLOW * abs(status.m_flow_set or 0.0) + 1e-6),
    ):
        if (was is None) != (now is None):
            return False
        if was is not None and now is not None and abs(was - now) > tolerance:
            return False
    return True


def bulk(count: int) -> tuple[Phrase, ...]:
    """Ask for a second person where many loops change at once."""
    return (said("bulk", count=count, limit=BULK_LOOPS),) if count > BULK_LOOPS else ()


def loop_name(key: LoopKey) -> dict[str, object]:
    """Return how a preview names a loop."""
    return {"station": key.station, "loop": key.loop}


def now_of(key: LoopKey, scene: Scene) -> dict[str, object]:
    """Return what stands now, and by whom."""
    status, standing = scene.loops[key], scene.orders.loop_at(key, scene.now)
    author = None if status.decision is None else status.decision.author
    return {
        "mode": standing.mode.value,
        "T_supply_set": status.T_supply_set,
        "m_flow_set": status.m_flow_set,
        "author": author,
    }


def outside_zone(draft: Draft, caller: Principal) -> list[Phrase]:
    """Return which districts of a draft are not the caller's."""
    subject = ", ".join(sorted({subject.name or subject.kind for subject in draft.subjects}))
    return [
        said("not_your_zone", subject=subject[:200], district=district)
        for district in sorted(draft.districts)
        if not caller.in_zone(district)
    ]


def must_hold(caller: Principal, right: Right) -> None:
    """Refuse a caller without a right."""
    if not caller.may(right):
        raise Refused(said("right", role=word("role", caller.role)))
