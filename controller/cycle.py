"""The control cycle: freeze the world, think, commit what shall be written, hand it over. Read top down.

Four awaits at most touch the world. The cycle never waits for history, for the network or for a plan; it
waits for one thing, the commit of its intents, and for that half a second.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from controller.admission import Admission
from controller.cap_intents import CapChange, Numbered, cap_changes, cap_intent, cap_key
from controller.deciding import Frozen, Rules, Thought, think
from controller.decisions import Action, Decision, LoopKey, Sent
from controller.guard_pace import WEAR_EVERY_S
from controller.historian.command_log import CommandLog
from controller.historian.records import CommandLogError, Intent, State
from controller.image import Link
from controller.memory import ControlMemory
from controller.modes import Orders
from controller.observe import situation
from controller.outbox import FlowCapWish, Outbox, channel_values
from controller.outdoor import at_pace
from controller.recorder import TransitionRecorder
from controller.state import ControllerState, LoopStatus
from controller.weather.ahead import NOTHING_KNOWN, Ahead
from controller.words.phrase import said, stored
from stations.model.clock import Clock

log = structlog.get_logger("cycle")

COMMIT_LIMIT_S = 0.5
"""Wall seconds that the commit of a cycle's intents may take."""
COMMAND_LIFE_S = 120.0
"""Scaled seconds after which an unsent command is void: two cycles."""
OUTDOOR_STEP_K = 0.3
OUTDOOR_REPEAT_S = 1800.0
"""The stations' validity of T_outdoor_centre is 2 h; a quarter of that survives three lost writes."""
COMMIT_ALARM = said("service.commit")


@dataclass(slots=True, kw_only=True)
class CycleParts:
    """What a cycle works with; all of it lives as long as the controller."""

    clock: Clock
    rules: Rules
    state: ControllerState
    memory: ControlMemory
    outbox: Outbox
    command_log: CommandLog
    recorder: TransitionRecorder
    admissions: dict[str, Admission]
    takes_outdoor: tuple[str, ...]
    """Stations that take the centre's outdoor temperature."""
    sequences: dict[LoopKey, int] = field(default_factory=dict)
    outdoor_told: tuple[float, float] | None = None
    """(scaled monotonic second, degC) of the last T_outdoor_centre handed over, by an earlier run too."""
    orders: Orders = field(default_factory=Orders)
    """What people have ordered."""
    witness: Callable[[Sequence[Intent]], None] = lambda _: None
    """Told of every intent that is committed (the audit); must not block."""
    ahead: Callable[[float], Ahead] = lambda _: NOTHING_KNOWN
    """What the weather sources expect, by UTC second; answers at once."""


async def run_cycle(parts: CycleParts) -> None:
    """Run one control cycle. An exception here is a bug and ends the controller in safe mode."""
    began_wall = parts.clock.wall_monotonic()
    frozen = freeze(parts)
    thought = await asyncio.to_thread(think, frozen, parts.rules)
    remember(parts, frozen, thought)
    T_outdoor_centre = thought.T_outdoor_centre.value
    intents = [] if T_outdoor_centre is None else draft_intents(parts, frozen, thought, T_outdoor_centre)
    caps = draft_caps(parts, frozen, thought)
    kept = await committed(parts, [*intents, *(intent for _, intent in caps)])
    if kept:
        hand_over(parts, frozen, thought, intents)
    cap_flows(parts, caps, kept=kept)
    if T_outdoor_centre is not None:
        tell_outdoor(parts, frozen.monotonic, T_outdoor_centre)
    release(parts, thought)
    show(parts, frozen, thought, began_wall)


def freeze(parts: CycleParts) -> Frozen:
    """Take a copy of the process image and of everything that later steps could move."""
    now, monotonic = parts.clock.now(), parts.clock.monotonic()
    memory, images = parts.memory, parts.state.image.freeze()
    parts.state.follow(parts.orders, now)
    for key, status in parts.state.loops.items():
        if not status.held and memory.sent[key]:
            memory.forget(key)
        elif status.written_at is not None:
            memory.note_written(key, status.written_at)
    availability = {}
    for station, tally in memory.links.items():
        image = images[station]
        tally.note(monotonic, image.polls, image.polls_ok)
        share = tally.availability(image.polls, image.polls_ok, monotonic)
        if share is not None:
            availability[station] = share
    return Frozen(
        now=now,
        monotonic=monotonic,
        dt=0.0 if memory.outdoor_at is None else monotonic - memory.outdoor_at,
        images=images,
        situations={
            key: situation(
                status.mode,
                status.season,
                parts.admissions[key.station].readmitted(monotonic)
                and not _must_rest(parts, status, monotonic),
            )
            for key, status in parts.state.loops.items()
        },
        sent=dict(memory.sent),
        sent_before=memory.sent_before,
        changes_24h=memory.changes_24h(monotonic),
        link_availability_24h=availability,
        T_outdoor_centre=memory.T_outdoor_centre,
        T_outdoor_filtered=memory.T_outdoor_filtered,
        T_outdoor_past=memory.outdoor_past(monotonic),
        ahead=parts.ahead(now),
        records=memory.records,
        known=memory.revised(),
        published=parts.state.published,
        wishes=parts.orders.wishes(now),
        ordered_strategies=parts.orders.ordered_strategies(),
        plan_orders=parts.orders.plan_orders(now),
        mass_change_confirmed=parts.orders.mass_change_confirmed(now),
        source_orders=parts.state.source_orders,
        shortage_at=memory.shortage_at,
        caps=dict(memory.caps),
    )


def _must_rest(parts: CycleParts, status: LoopStatus, monotonic: float) -> bool:
    """Tell whether a lost loop must wait because its register wears out: a take-over is a change too."""
    if status.held or not parts.rules.traits[status.key].wears_out:
        return False
    changed_at = max(status.written_at or float("-inf"), parts.memory.last_change(status.key))
    return monotonic - changed_at < WEAR_EVERY_S


def remember(parts: CycleParts, frozen: Frozen, thought: Thought) -> None:
    """Carry the outdoor temperature and what strategies have learned over to the next cycle."""
    memory = parts.memory
    memory.records = thought.records
    memory.known = thought.known
    memory.T_outdoor_centre = parts.state.T_outdoor_centre = thought.T_outdoor_centre
    memory.T_outdoor_filtered = thought.T_outdoor_filtered
    memory.outdoor_at = frozen.monotonic
    if thought.shortage:
        memory.shortage_at = frozen.monotonic
    if thought.T_outdoor_centre.value is not None:
        memory.note_outdoor(frozen.monotonic, thought.T_outdoor_centre.value)


def draft_intents(
    parts: CycleParts, frozen: Frozen, thought: Thought, T_outdoor_centre: float
) -> list[Intent]:
    """Turn every SET into an intent in channel units; what the register holds already is no intent."""
    intents = []
    for key, decision in thought.verdict.decisions.items():
        if decision.action is not Action.SET:
            continue
        heat, circulation = channel_values(decision, parts.rules.traits[key], T_outdoor_centre)
        status = parts.state.loops[key]
        if status.held and (heat, circulation) == (status.heat_value, status.circulation_value):
            continue
        why = thought.why.get(key, ())
        intents.append(_intent(parts, frozen, decision, heat, circulation, why))
    return intents


def _intent(
    parts: CycleParts,
    frozen: Frozen,
    decision: Decision,
    heat: float,
    circulation: float | None,
    why: tuple[str, ...],
) -> Intent:
    key, status, traits = decision.key, parts.state.loops[decision.key], parts.rules.traits[decision.key]
    assert traits.heat is not None
    parts.sequences[key] = parts.sequences.get(key, 0) + 1
    return Intent(
        id=parts.command_log.next_ids(1)[0],
        at=frozen.now,
        station=key.station,
        loop=key.loop,
        token=parts.state.token,
        sequence=parts.sequences[key],
        T_supply_set=decision.T_supply,
        m_flow_set=decision.m_flow,
        heat_channel=traits.heat,
        heat_value=heat,
        circulation_channel=traits.circulation,
        circulation_value=circulation,
        author=decision.author,
        reason=tuple(f"{cut.rule}: {stored(cut.detail)}" for cut in decision.cuts),
        why=why,
        previous_T_supply_set=status.T_supply_set,
        previous_m_flow_set=status.m_flow_set,
        valid_until=frozen.now + COMMAND_LIFE_S,
        state=State.REQUESTED,
        state_at=frozen.now,
    )


async def committed(parts: CycleParts, intents: Sequence[Intent]) -> bool:
    """Make the intents durable; without that nothing is written, and leases of held values go on."""
    if not intents:
        return True
    try:
        async with asyncio.timeout(COMMIT_LIMIT_S):
            await parts.command_log.commit(intents)
    except (TimeoutError, CommandLogError) as error:
        log.error("commit_failed", intents=len(intents), why=str(error) or "time limit")
        if COMMIT_ALARM not in parts.state.alarms:
            parts.state.alarms.append(COMMIT_ALARM)
        # the log may have kept them all the same: nobody will carry them out, so they must end
        parts.recorder.doubt(intents)
        return False
    if COMMIT_ALARM in parts.state.alarms:
        parts.state.alarms.remove(COMMIT_ALARM)
    return True


def hand_over(parts: CycleParts, frozen: Frozen, thought: Thought, intents: Sequence[Intent]) -> None:
    """Give committed intents to the supervisors and remember them for the rates."""
    if intents:
        parts.witness(intents)
    for intent in intents:
        if parts.state.image[intent.station].link is not Link.ONLINE:
            # lost while the cycle thought; nobody would look at it before the link is back
            parts.recorder.note(intent, State.EXPIRED, said("write.link_lost_unsent"))
            continue
        key = LoopKey(intent.station, intent.loop)
        decision, status = thought.verdict.decisions[key], parts.state.loops[key]
        assert decision.T_supply is not None
        assert decision.m_flow is not None
        replaced = parts.outbox.post(intent, frozen.monotonic + COMMAND_LIFE_S)
        if replaced is not None:
            parts.recorder.note(replaced, State.EXPIRED, said("write.replaced_unsent"))
        status.intent_id, status.write_state = intent.id, State.REQUESTED
        status.write_state_at = frozen.now
        status.T_supply_set, status.m_flow_set = intent.T_supply_set, intent.m_flow_set
        status.heat_value, status.circulation_value = intent.heat_value, intent.circulation_value
        sent = Sent(
            at=frozen.monotonic,
            T_supply=decision.T_supply,
            m_flow=decision.m_flow,
            T_own_curve=decision.T_own_curve,
        )
        parts.memory.note_sent(key, sent, takes_over=decision.takes_over)


def release(parts: CycleParts, thought: Thought) -> None:
    """Ask for the return of loops to their own curve, once."""
    for key, decision in thought.verdict.decisions.items():
        if decision.action is not Action.RELEASE or not parts.state.loops[key].held:
            continue
        if key.loop not in parts.outbox.box(key.station).releases:
            (why,) = decision.why
            cancelled = parts.outbox.release(key, why)
            if cancelled is not None:
                parts.recorder.note(cancelled, State.EXPIRED, why)


def draft_caps(parts: CycleParts, frozen: Frozen, thought: Thought) -> list[tuple[CapChange, Intent]]:
    """Turn every changed cap on primary flow into an intent, and every one that is lifted."""
    drafts = []
    for change in cap_changes(thought.caps, parts.memory.caps):
        key = cap_key(change.station)
        parts.sequences[key] = parts.sequences.get(key, 0) + 1
        numbered = Numbered(
            id=parts.command_log.next_ids(1)[0],
            at=frozen.now,
            token=parts.state.token,
            sequence=parts.sequences[key],
        )
        its = [traits for key, traits in parts.rules.traits.items() if key.station == change.station]
        drafts.append((change, cap_intent(change, numbered, its, shortage=thought.shortage)))
    return drafts


def cap_flows(parts: CycleParts, drafts: Sequence[tuple[CapChange, Intent]], *, kept: bool) -> None:
    """Pass committed caps to the stations; a lifting goes on also where the log could not take it.

    That of a station without a link waits for the link, however long, and ends in the log at once: what
    stands open there for months would keep it from forgetting.
    """
    caps = parts.memory.caps
    if kept and drafts:
        parts.witness([intent for _, intent in drafts])
    for (station, cap, _), intent in drafts:
        if cap is not None and not kept:
            continue  # wanted anew in the next cycle
        linked = parts.state.image[station].link is Link.ONLINE
        wish = FlowCapWish(intent.m_flow_set, intent.sequence, intent if kept and linked else None)
        if kept and not linked:
            parts.recorder.note(intent, State.EXPIRED, said("write.link_lost_unsent"))
        replaced = parts.outbox.cap(station, wish)
        if replaced is not None:
            parts.recorder.note(replaced, State.EXPIRED, said("write.replaced_unsent"))
        if cap is None:
            del caps[station]
        else:
            caps[station] = cap
    parts.state.caps = {station: cap.m_flow_max for station, cap in caps.items()}


def tell_outdoor(parts: CycleParts, monotonic: float, T_outdoor_centre: float) -> None:
    """Pass the outdoor temperature to stations that take it: when it moved, and before it gets too old.

    After a restart the centre's own value begins anew at what sensors show; what stations are told goes on
    from what they were told before.
    """
    if parts.outdoor_told is not None:
        at, told = parts.outdoor_told
        T_outdoor_centre = at_pace(T_outdoor_centre, told, monotonic - at)
        if abs(T_outdoor_centre - told) < OUTDOOR_STEP_K and monotonic - at < OUTDOOR_REPEAT_S:
            return
    parts.outdoor_told = (monotonic, T_outdoor_centre)
    for station in parts.takes_outdoor:
        parts.outbox.outdoor(station, T_outdoor_centre)


def show(parts: CycleParts, frozen: Frozen, thought: Thought, began_wall: float) -> None:
    """Publish the outcome, count it, and with that extend the licence to renew leases."""
    state, verdict = parts.state, thought.verdict
    cuts = state.counters.guard_cuts
    for key, decision in verdict.decisions.items():
        state.loops[key].decision = decision
        for cut in decision.cuts:
            cuts[cut.rule] = cuts.get(cut.rule, 0) + 1
    if verdict.mass_change is not None and state.mass_change is None:
        log.error("mass_change_held", detail=verdict.mass_change.detail.en)
    state.mass_change = verdict.mass_change
    if thought.context is not None:
        state.context = replace(thought.context, sent=dict(parts.memory.sent))
    state.counters.cycles += 1
    state.last_cycle_at = frozen.now
    state.last_cycle_monotonic = parts.clock.monotonic()
    state.last_cycle_s = parts.clock.wall_monotonic() - began_wall
