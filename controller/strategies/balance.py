"""Strategy ``balance``: every loop gets what its houses need, found out from its own measurements.

Each loop follows the curve of its emitter type, shifted. Once an hour, the most over-supplied first, the
shift moves by at most half a kelvin towards what ``optimizer.balance`` says the loop needs, and the flow by
at most 5 % of design towards the least that can carry it. A loop that is not yet known, or that cannot be
measured, keeps to the curve and says why. The heat source decides the total: while it gives all it has,
nobody moves up.
"""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from controller.decisions import LoopKey, LoopTraits, Proposal
from controller.strategies import curve
from controller.strategies.balance_inputs import measure, plain_laws, source_short, supply_limit
from controller.strategies.inputs import Proposed, StrategyInputs
from controller.strategies.loop_record import Gathering, LoopRecord
from controller.words.phrase import Phrase, said
from optimizer.balance import (
    FLOW_DEAD_BAND,
    FLOW_MOVE,
    HOURS_TO_KNOW,
    SURE_K,
    LoopModel,
    conclude,
    indoor_wanted,
    learn,
    move,
)
from optimizer.instructions import least_flow
from optimizer.moving import AREA_PER_CYCLE, Bounds, Place, may_move, next_place
from optimizer.questioning import HOURS_MAX, HOURS_MIN, interrupt, wave
from optimizer.regulation import RegulationLaw, supply_temperature

AUTHOR = "strategy:balance"
BLIND_HOURS = 3
"""Hours without enough measurements after which a loop goes back to the curve."""


class _Curve(NamedTuple):
    """The law of one emitter type in this cycle."""

    law: RegulationLaw
    T_outdoor: float
    """Filtered, degC."""
    T_supply: float
    """At design flow, degC."""


class _Loop(NamedTuple):
    """A loop that can be balanced, in this cycle."""

    traits: LoopTraits
    record: LoopRecord
    law: RegulationLaw
    T_outdoor: float
    """Filtered, degC."""
    supply_by_curve: float
    """Supply temperature of the curve at design flow, degC."""
    obstacle: Phrase | None
    """Why this cycle measured nothing; None if it did."""

    @property
    def asked(self) -> bool:
        """Tell whether the loop is being questioned: no sensor, and its emitters not yet known."""
        return self.record.model.K is None and self.record.model.hours > 0


def propose(loops: Sequence[LoopTraits], inputs: StrategyInputs) -> Proposed:
    """Return a wish for each of ``loops`` (those in auto) and what is known of them now."""
    alone = {station for station, n in Counter(key.station for key in inputs.observations).items() if n == 1}
    known: dict[LoopKey, _Loop] = {}
    why_not: dict[LoopKey, Phrase] = {}
    curves = _curves(inputs)
    for traits in loops:
        if not (traits.station_class.driven and traits.proven):
            why_not[traits.key] = Phrase("balance.no_setpoints")
        elif traits.emitter in curves:
            its = curves[traits.emitter]
            known[traits.key] = _listen(traits, its, inputs, alone=traits.key.station in alone)
    known = _conclude(known)
    known = _move(known, inputs)
    wishes = {
        key: _wish(loop, inputs) for key, loop in known.items() if loop.record.blind_hours < BLIND_HOURS
    }
    blind = [traits for traits in loops if traits.key not in wishes]
    for wish in curve.propose_all(blind, inputs).proposals:
        loop = known.get(wish.key)
        why = why_not[wish.key] if loop is None else loop.obstacle or Phrase("balance.too_little")
        reason = Phrase("balance.on_curve", {"why": why, "wish": wish.reason})
        wishes[wish.key] = replace(wish, author=AUTHOR, reason=reason)
    proposals = [wishes[traits.key] for traits in loops if traits.key in wishes]
    away = {key: _away(record, inputs) for key, record in inputs.records.items() if key not in known}
    return Proposed(proposals=proposals, records=away | {key: loop.record for key, loop in known.items()})


def _away(record: LoopRecord, inputs: StrategyInputs) -> LoopRecord:
    """A loop that has left auto keeps what was learned; where it stands is looked at when it returns."""
    model = replace(record.model, asked=interrupt(record.model.asked))
    return LoopRecord(gathering=Gathering(began=inputs.monotonic), model=model)


def _curves(inputs: StrategyInputs) -> dict[str, _Curve]:
    """Return the curve of each emitter type that has a law and an outdoor temperature."""
    return {
        emitter: _Curve(law, T_outdoor, supply_temperature(law, T_outdoor))
        for emitter, law in plain_laws(inputs).items()
        if (T_outdoor := inputs.T_outdoor_filtered.get(emitter)) is not None
    }


def _listen(traits: LoopTraits, its: _Curve, inputs: StrategyInputs, *, alone: bool) -> _Loop:
    """Take in this cycle's measurements, and at the end of an hour learn from it."""
    record = inputs.records.get(traits.key) or LoopRecord(gathering=Gathering(began=inputs.monotonic))
    if record.shift_K is None:
        record = _bumpless(record, traits, its.T_supply, inputs)
    sample = measure(traits, inputs, alone=alone)
    obstacle = sample if isinstance(sample, Phrase) else None
    gathering = record.gathering.add(None if isinstance(sample, Phrase) else sample, inputs.monotonic)
    if gathering.over(inputs.monotonic):
        record = _learned(record, gathering, its.law.exponent, inputs)
        gathering = Gathering(began=inputs.monotonic)
    if gathering is not record.gathering:
        record = record.with_gathering(gathering)
    return _Loop(traits, record, its.law, its.T_outdoor, its.T_supply, obstacle)


def _bumpless(record: LoopRecord, traits: LoopTraits, T_curve: float, inputs: StrategyInputs) -> LoopRecord:
    """Begin with what the loop holds: our last setpoint, else what the station acts on."""
    history, seen = inputs.sent.get(traits.key, ()), inputs.observations[traits.key]
    T_held = history[-1].T_supply if history else seen.T_supply_effective.value
    m_held = history[-1].m_flow if history else seen.m_flow_effective.value
    if T_held is None:
        return record
    flow = 1.0 if m_held is None or traits.circulation is None else m_held / traits.m_flow_design
    return replace(
        record, shift_K=T_held - T_curve, flow=min(max(flow, least_flow(traits.emitter, traits.piping)), 1.0)
    )


def _learned(record: LoopRecord, gathering: Gathering, exponent: float, inputs: StrategyInputs) -> LoopRecord:
    hour = gathering.hour()
    if hour is None:
        model = replace(record.model, asked=interrupt(record.model.asked))
        return replace(record, model=model, blind_hours=record.blind_hours + 1)
    model = learn(record.model, hour, exponent, inputs.comfort)
    return replace(record, model=model, blind_hours=0, due=True)


def _conclude(loops: Mapping[LoopKey, _Loop]) -> dict[LoopKey, _Loop]:
    """End the questioning of loops that were asked long enough."""
    like: dict[str, list[tuple[float, LoopModel]]] = {}
    for loop in loops.values():
        if loop.record.model.known:
            like.setdefault(loop.traits.emitter, []).append((loop.traits.A_heated_m2, loop.record.model))
    result = dict(loops)
    for key, loop in loops.items():
        asked = loop.record.model.hours if loop.asked and loop.record.due else 0
        if asked >= HOURS_MIN:
            model = conclude(loop.record.model, like.get(loop.traits.emitter, ()), loop.law.exponent)
            if model is not None and (model.sd <= SURE_K or asked >= HOURS_MAX):
                result[key] = loop._replace(record=replace(loop.record, model=model))
    return result


def _move(loops: Mapping[LoopKey, _Loop], inputs: StrategyInputs) -> dict[LoopKey, _Loop]:
    """Let the loops that are due move, the most over-supplied first, a tenth of the area in one cycle."""
    result = dict(loops)
    due = [loop for loop in loops.values() if loop.record.due]
    if not due:
        return result
    short = source_short(inputs)
    room = AREA_PER_CYCLE * sum(loop.traits.A_heated_m2 for loop in loops.values())
    for loop in sorted(due, key=lambda loop: _over_supply(loop, inputs), reverse=True):
        if room <= 0.0:
            break
        if loop.record.model.known and loop.record.shift_K is not None:
            since_move_s = inputs.monotonic - loop.record.moved_at
            if not may_move(_over_supply(loop, inputs), since_move_s, source_short=short):
                continue
            record = _moved(loop, inputs)
            if (record.shift_K, record.flow) != (loop.record.shift_K, loop.record.flow):
                record = replace(record, moved_at=inputs.monotonic)
                room -= loop.traits.A_heated_m2
        else:
            record = _opened(loop) if loop.asked else loop.record
        result[loop.traits.key] = loop._replace(record=replace(record, due=False))
    return result


def _opened(loop: _Loop) -> LoopRecord:
    """Bring a loop to design flow before it is asked; at half the flow, pipes take twice as long to settle.

    Until more is known, the curve's own law says how much cooler more water must be. Each step begins the
    learning anew.
    """
    record, law = loop.record, loop.law
    if record.shift_K is None or record.model.hours > 1 or record.flow >= 1.0 - FLOW_DEAD_BAND:
        return record
    flow = move(record.flow, 1.0, FLOW_DEAD_BAND, FLOW_MOVE)
    T_then, T_now = (supply_temperature(law, loop.T_outdoor, f) for f in (flow, record.flow))
    return replace(record, flow=flow, shift_K=record.shift_K + T_then - T_now, model=LoopModel())


def _over_supply(loop: _Loop, inputs: StrategyInputs) -> float:
    """Indoor temperature above the wanted one, K; 0 while it is not known."""
    model = loop.record.model
    T_indoor = model.T_indoor_now
    return 0.0 if T_indoor is None else T_indoor - indoor_wanted(inputs.comfort, model.sd)


def _moved(loop: _Loop, inputs: StrategyInputs) -> LoopRecord:
    traits, record, model = loop.traits, loop.record, loop.record.model
    assert record.shift_K is not None
    bounds = Bounds(
        T_outdoor=loop.T_outdoor,
        T_curve=loop.supply_by_curve,
        T_own=traits.own_curve(loop.T_outdoor),
        T_supply_max=supply_limit(traits, loop.T_outdoor, inputs),
        m_flow_per_area=traits.m_flow_design / traits.A_heated_m2,
        flow_min=None if traits.circulation is None else least_flow(traits.emitter, traits.piping),
        wears_out=traits.wears_out,
    )
    place = Place(shift_K=record.shift_K, flow=record.flow)
    there = next_place(place, model, indoor_wanted(inputs.comfort, model.sd), loop.law.exponent, bounds)
    return replace(record, shift_K=there.shift_K, flow=there.flow)


def _phase(key: LoopKey) -> int:
    """A number that spreads loops over the hours of the wave, the same at every start."""
    return zlib.crc32(str(key).encode()) % 48


def _wish(loop: _Loop, inputs: StrategyInputs) -> Proposal:
    record, model = loop.record, loop.record.model
    asked = wave(model.hours, _phase(loop.traits.key)) if loop.asked else 0.0
    T_supply = loop.supply_by_curve + (record.shift_K or 0.0) + asked
    return Proposal(
        key=loop.traits.key,
        T_supply=T_supply,
        m_flow=record.flow * loop.traits.m_flow_design,
        author=AUTHOR,
        reason=said(
            "balance.asks",
            why=_why(loop, asked, inputs),
            T_supply=T_supply,
            flow=100 * record.flow,
            T_outdoor=loop.T_outdoor,
        ),
    )


def _why(loop: _Loop, asked: float, inputs: StrategyInputs) -> Phrase:
    """Say what the wish follows: a question, the curve, or what is known of the house."""
    model = loop.record.model
    if loop.asked:
        return said("balance.questioned", dT=asked, hours=model.hours, hours_max=HOURS_MAX)
    if not model.known:
        return said("balance.learns", hours=model.hours, hours_to_know=HOURS_TO_KNOW)
    T_indoor = model.T_indoor if model.T_indoor_now is None else model.T_indoor_now
    assert T_indoor is not None, "a known loop has one"
    T_wanted = indoor_wanted(inputs.comfort, model.sd)
    if model.sd <= inputs.comfort.sd_sensors:
        return said("balance.measured", T_indoor=T_indoor, T_wanted=T_wanted)
    return said("balance.estimated", T_indoor=T_indoor, sd=model.sd, T_wanted=T_wanted)
