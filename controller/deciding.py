"""The thinking part of a control cycle: all between freezing the inputs and committing the outcome. Pure.

It runs in a thread on frozen inputs, so that a thousand loops do not stop the event loop from polling.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

import structlog

from controller.decisions import (
    Action,
    GuardContext,
    LoopKey,
    LoopTraits,
    Mode,
    Proposal,
    Sent,
    Verdict,
)
from controller.guard import guard
from controller.guard_caps import CapHeld, CapSeen, guard_caps
from controller.image import StationImage
from controller.knowing.known import Known, heard
from controller.modes import PlanChoice, PlanOrder
from controller.observe import LoopSituation, observe, primary_elsewhere
from controller.outdoor import filtered_outdoor, outdoor_centre
from controller.planning.declared import LASTS_S, declares_shortage
from controller.planning.flow_caps import flow_caps, near_share
from controller.planning.published import Published
from controller.planning.source_book import NO_ORDERS, OrdersNow
from controller.planning.source_writes import source_proposals
from controller.strategies.inputs import Proposed, StrategyInputs
from controller.strategies.loop_record import LoopRecord
from controller.strategies.registry import PLANNED, STRATEGIES
from controller.weather.ahead import NOTHING_KNOWN, Ahead
from controller.words.phrase import noted
from optimizer.balance import ComfortRules
from optimizer.regulation import RegulationLaw
from stations.model.identity import PRIMARY, Point
from stations.model.quality import Reason
from stations.model.reading import Reading, bad

log = structlog.get_logger("deciding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a site lays down for all cycles."""

    traits: Mapping[LoopKey, LoopTraits]
    strategy_of: Mapping[str, str]
    """Strategy by district."""
    laws: Mapping[str, RegulationLaw]
    """Regulation law by emitter type."""
    outdoor_filter_s: Mapping[str, float]
    """Time constant of the outdoor temperature's filter by emitter type, scaled seconds."""
    poll_s: float
    """Pace of the polls, scaled seconds."""
    poll_s_by_station: Mapping[str, float] = field(default_factory=dict)
    """Of stations that are polled at a pace of their own."""
    comfort: ComfortRules = field(default_factory=ComfortRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """The world at the beginning of a cycle; nothing in it moves any more."""

    now: float
    """UTC second."""
    monotonic: float
    """Scaled monotonic second."""
    dt: float
    """Scaled seconds since the last cycle."""
    images: Mapping[str, StationImage]
    situations: Mapping[LoopKey, LoopSituation]
    sent: Mapping[LoopKey, tuple[Sent, ...]]
    sent_before: Mapping[LoopKey, tuple[Sent, ...]]
    changes_24h: Mapping[LoopKey, int]
    link_availability_24h: Mapping[str, float]
    T_outdoor_centre: Reading | None
    """Of the last cycle."""
    T_outdoor_filtered: Mapping[str, float | None]
    """By emitter type, of the last cycle."""
    T_outdoor_past: Mapping[int, float]
    ahead: Ahead = NOTHING_KNOWN
    """What the weather sources expect."""
    records: Mapping[LoopKey, LoopRecord] = field(default_factory=dict)
    """What strategies with a memory knew after the last cycle."""
    known: Known | None = None
    """What was believed of the loops after the last cycle; None where nobody asks."""
    published: Published | None = None
    """The newest plan."""
    wishes: Mapping[LoopKey, Proposal] = field(default_factory=dict)
    """What operators ordered for loops in manual."""
    ordered_strategies: Mapping[str, str] = field(default_factory=dict)
    """Strategy by district where a person chose another one than the site file."""
    plan_orders: Mapping[LoopKey, PlanOrder] = field(default_factory=dict)
    """Loops that by a person's word do not take plans as their district does."""
    mass_change_confirmed: bool = False
    source_orders: OrdersNow = NO_ORDERS
    """What heat sources are ordered in this hour."""
    shortage_at: float | None = None
    """Scaled monotonic second of the last cycle with a declared shortage."""
    caps: Mapping[str, CapHeld] = field(default_factory=dict)
    """Caps on primary flow that stations were told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What the cycle decided, before anything was done about it."""

    verdict: Verdict
    T_outdoor_centre: Reading
    T_outdoor_filtered: Mapping[str, float | None]
    records: Mapping[LoopKey, LoopRecord] = field(default_factory=dict)
    known: Known | None = None
    """What is believed after this cycle's readings."""
    context: GuardContext | None = None
    """What the guard judged on; the order desk begins its previews with it."""
    why: Mapping[LoopKey, tuple[str, ...]] = field(default_factory=dict)
    """Of each SET why it is wanted, as the log keeps it; worked out here, off the event loop."""
    shortage: bool = False
    """A shortage of heat is declared in this cycle."""
    caps: Mapping[str, CapHeld | None] = field(default_factory=dict)
    """Of each station that takes a cap on its primary flow: the cap, None for none."""


def think(frozen: Frozen, rules: Rules) -> Thought:
    """Estimate, propose and guard: from the frozen world to what each loop shall do."""
    sensors = {
        station: reading
        for station, image in frozen.images.items()
        if (reading := image.readings.get(Point(0, "T_outdoor"))) is not None
    }
    outdoor = outdoor_centre(frozen.T_outdoor_centre, sensors, None, frozen.now, frozen.dt, frozen.ahead.now)
    filtered = {
        emitter: filtered_outdoor(frozen.T_outdoor_filtered.get(emitter), outdoor, frozen.dt, filter_s)
        for emitter, filter_s in rules.outdoor_filter_s.items()
    }
    observations = observe(frozen.images, rules.traits, frozen.situations, frozen.now)
    rules = replace(rules, strategy_of={**rules.strategy_of, **frozen.ordered_strategies})
    followers = _followers(rules, frozen.plan_orders)
    shortage = bool(followers) and declares_shortage(frozen.published, frozen.images, frozen.now)
    lately = frozen.shortage_at is not None and frozen.monotonic - frozen.shortage_at <= LASTS_S
    context = GuardContext(
        now=frozen.now,
        monotonic=frozen.monotonic,
        poll_s=rules.poll_s,
        poll_s_by_station=rules.poll_s_by_station,
        T_outdoor_centre=outdoor,
        T_outdoor_forecast_min=frozen.ahead.least,
        traits=rules.traits,
        observations=observations,
        T_primary_elsewhere=primary_elsewhere(frozen.images, frozen.now),
        sent=frozen.sent,
        sent_before=frozen.sent_before,
        T_outdoor_past=frozen.T_outdoor_past,
        link_availability_24h=frozen.link_availability_24h,
        changes_24h=frozen.changes_24h,
        mass_change_confirmed=frozen.mass_change_confirmed,
        shortage_declared=shortage or lately,
    )
    inputs = StrategyInputs(
        now=frozen.now,
        monotonic=frozen.monotonic,
        laws=rules.laws,
        T_outdoor=outdoor.value,
        T_outdoor_filtered=filtered,
        observations=observations,
        readings={station: image.readings for station, image in frozen.images.items()},
        sent=frozen.sent,
        comfort=rules.comfort,
        records=frozen.records,
        published=frozen.published,
        T_outdoor_past=frozen.T_outdoor_past,
        plan_orders=frozen.plan_orders,
        shortage=shortage,
    )
    inputs = replace(inputs, known=_listened(frozen, inputs))
    proposed = propose(rules, inputs)
    of_sources = source_proposals(frozen.source_orders, rules.traits, observations, frozen.sent, frozen.now)
    verdict = guard([*proposed.proposals, *of_sources, *frozen.wishes.values()], context)
    return Thought(
        caps=_capped(frozen, followers, context, inputs.known, shortage=shortage),
        verdict=verdict,
        why={
            key: tuple(noted(phrase) for phrase in decision.why)
            for key, decision in verdict.decisions.items()
            if decision.action is Action.SET
        },
        T_outdoor_centre=outdoor,
        T_outdoor_filtered=filtered,
        records=proposed.records,
        known=inputs.known,
        context=context,
        shortage=shortage,
    )


def _capped(
    frozen: Frozen,
    followers: Container[LoopKey],
    context: GuardContext,
    known: Known | None,
    *,
    shortage: bool,
) -> dict[str, CapHeld | None]:
    """Return the caps that the guard allows, for stations of which all loops follow plans.

    A plan that is only looked at caps nobody.
    """
    if not shortage:
        return dict.fromkeys(frozen.caps)
    stations = {key.station for key, traits in context.traits.items() if traits.caps_flow}
    stations -= {key.station for key in context.traits if key not in followers}
    seen = {
        station: CapSeen(
            m_flow=_reading(frozen.images[station], "m_flow_primary", frozen.now),
            readback=_reading(frozen.images[station], "m_flow_primary_max_readback", frozen.now),
        )
        for station in stations
    }
    try:
        near = near_share(frozen.published, known, frozen.caps, frozen.now)
        wished = flow_caps(frozen.published, {}, frozen.images, frozen.now)
        wishes = {cap.station: cap.m_flow_max for cap in wished if cap.station in near}
    except Exception:  # a bug there costs caps only
        log.exception("capping_failed")
        wishes = {}
    caps = guard_caps(wishes, seen, frozen.caps, context, shortage=shortage)
    return dict.fromkeys(frozen.caps) | caps


def _followers(rules: Rules, orders: Mapping[LoopKey, PlanOrder]) -> frozenset[LoopKey]:
    """Return the loops that follow plans: by their district's strategy, or by a person's word."""
    return frozenset(
        key
        for key, traits in rules.traits.items()
        if (
            orders[key].choice is PlanChoice.FOLLOW
            if key in orders
            else not traits.is_source and rules.strategy_of.get(traits.district) == PLANNED
        )
    )


def _reading(image: StationImage, name: str, now: float) -> Reading:
    return image.readings.get(Point(PRIMARY, name)) or bad(Reason.UNKNOWN_POINT, now)


def _listened(frozen: Frozen, inputs: StrategyInputs) -> Known | None:
    """Return what is believed of the loops after this cycle; a bug in that costs plans, never a cycle."""
    if frozen.known is None:
        return None
    try:
        return heard(frozen.known, inputs, frozen.ahead.sun, frozen.ahead.wind)
    except Exception:  # quarantined as a station is
        log.exception("listening_failed")
        return frozen.known


def propose(rules: Rules, inputs: StrategyInputs) -> Proposed:
    """Ask each district's strategy for the loops that are in auto; some follow plans by themselves."""
    by_strategy: dict[str, list[LoopTraits]] = {name: [] for name in STRATEGIES}
    for key, traits in rules.traits.items():
        if inputs.observations[key].mode is Mode.AUTO and not traits.is_source:
            order = inputs.plan_orders.get(key)
            follows = order is not None and order.choice is PlanChoice.FOLLOW
            by_strategy[PLANNED if follows else rules.strategy_of[traits.district]].append(traits)
    answers = [strategy(by_strategy[name], inputs) for name, strategy in STRATEGIES.items()]
    return Proposed(
        proposals=[proposal for answer in answers for proposal in answer.proposals],
        records={key: record for answer in answers for key, record in answer.records.items()},
    )
