"""What a loop tells of itself within its first days: means of its hours, and its answer to a small question.

Identification wants a week. Until then ``optimizer.balance`` and ``optimizer.questioning`` say how large a
loop's emitters are: at once where sensors hang, after two to four days of a supply that goes up and down by
a kelvin where none do. A loop that is being asked follows the curve and the wave; it is planned for when it
has answered.
"""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from controller.decisions import LoopKey, LoopTraits
from controller.knowing.belief import Asked, Belief, Introduced, first_belief
from controller.knowing.known import SENSORS_WARM_K
from controller.strategies.balance_inputs import measure, plain_laws
from controller.strategies.inputs import StrategyInputs
from controller.strategies.loop_record import Gathering, LoopRecord, Sample
from controller.words.phrase import Phrase
from optimizer.balance import SURE_K, LoopModel, conclude, learn
from optimizer.building import Buildings
from optimizer.identify.parameters import BOX, boxed
from optimizer.inversion import log_mean_excess
from optimizer.questioning import HOURS_MAX, HOURS_MIN, interrupt, wave
from optimizer.reason import because

SUN_W_PER_M2 = 60.0
"""Winter mean on the horizontal, day and night, where no source tells the sun."""
LIFT_MIN_K = 5.0
"""Between rooms and outdoors, below which the loss can not be told."""
LOOKS_H = (12, 24, 48, 96, 168)
"""Hours of measurement after which a loop's numbers are drawn from its means (again)."""


def listened(loops: Sequence[LoopTraits], inputs: StrategyInputs) -> dict[LoopKey, LoopRecord]:
    """Return what is remembered of ``loops`` (those in auto) after this cycle."""
    alone = {station for station, n in Counter(key.station for key in inputs.observations).items() if n == 1}
    records: dict[LoopKey, LoopRecord] = {}
    due, laws = [], plain_laws(inputs)
    for traits in loops:
        law = laws.get(traits.emitter)
        if law is None:
            continue
        key = traits.key
        record = inputs.records.get(key) or LoopRecord(gathering=Gathering(began=inputs.monotonic))
        sample = measure(traits, inputs, alone=key.station in alone)
        gathering = record.gathering.add(_of_dwellings(sample), inputs.monotonic)
        if gathering.over(inputs.monotonic):
            record = _learned(record, gathering, law.exponent, inputs)
            gathering = Gathering(began=inputs.monotonic)
            due.append((traits, law.exponent))
        records[key] = record if gathering is record.gathering else record.with_gathering(gathering)
    for traits, exponent in due:
        model = _concluded(traits, records, loops, exponent)
        if model is not None:
            records[traits.key] = replace(records[traits.key], model=model)
    return records


def _of_dwellings(sample: Sample | Phrase) -> Sample | None:
    """Return what was measured, its rooms those of the mean dwelling; None where a phrase says why not."""
    if isinstance(sample, Phrase):
        return None
    T_indoor = sample.T_indoor
    return replace(sample, T_indoor=None if T_indoor is None else T_indoor - SENSORS_WARM_K)


def question_K(record: LoopRecord, key: LoopKey) -> float:  # noqa: N802 - a unit
    """Return what the supply of a loop is shifted by to ask it, K; 0 where nothing is asked."""
    return wave(record.model.hours, zlib.crc32(str(key).encode()) % 48) if asked(record) else 0.0


def asked(record: LoopRecord) -> bool:
    """Tell whether a loop is being asked: no sensor, and its emitters not yet known."""
    return record.model.K is None and record.model.hours > 0


def told(
    key: LoopKey, introduced: Introduced, belief: Belief | None, model: LoopModel, now: float
) -> Belief | None:
    """Return what a loop's means make of its house; None where they tell nothing, or a night told more.

    Both numbers follow at once from what was measured. What loops of its kind are like is no identification
    that could be lost: held to a tenth of change a day, a loop that loses twice as much as its kind was taken
    for 4 K warmer than its sensors showed, for a week.
    """
    before = first_belief(key, introduced) if belief is None else belief
    if before.source == "night" or not model.known or model.T_indoor is None:
        return None
    building = before.identified.building
    lift = model.T_indoor - model.T_outdoor
    if not model.T_supply >= model.T_return > model.T_indoor or lift < LIFT_MIN_K:
        return None
    excess = log_mean_excess(model.T_supply, model.T_return, model.T_indoor)
    q_n = model.q * float(building.excess_n[0] / excess) ** (1.0 + float(building.exponent[0]))
    free = float(introduced.prior.gain[0] + introduced.prior.solar_aperture[0] * SUN_W_PER_M2)
    UA = (max(model.q - model.q_stored, 0.5 * model.q) + free) / lift
    candidate = before.identified.candidate._replace(buildings=_with(building, q_n, UA))
    return replace(
        before,
        at=now,
        source="asked",
        moved_at=now,
        asked=Asked(now, float(candidate.buildings.q_n[0]), model.sd),
        identified=replace(
            before.identified,
            state="accepted",
            reasons=(because("identify.asked", hours=float(model.hours), sd_K=model.sd),),
            candidate=candidate,
            T_indoor_sd=model.sd,
        ),
    )


def _with(building: Buildings, q_n: float, UA: float) -> Buildings:
    """Return the building with other emitters and another loss, within the box."""
    UA = min(max(UA, BOX["UA"][0]), BOX["UA"][1])
    h_ie = np.maximum(building.h_ie, 1.1 * (1.0 - building.share_direct) * UA)
    return boxed(replace(building, UA=np.array([UA]), q_n=np.array([q_n]), h_ie=h_ie))


def drawn_at(hours: int) -> int:
    """Return the number of the last look at a loop's means after ``hours`` of them; 0 before the first."""
    return sum(hours >= look for look in LOOKS_H)


def _learned(record: LoopRecord, gathering: Gathering, exponent: float, inputs: StrategyInputs) -> LoopRecord:
    hour = gathering.hour()
    if hour is None:
        model = replace(record.model, asked=interrupt(record.model.asked))
        return replace(record, model=model, blind_hours=record.blind_hours + 1)
    return replace(record, model=learn(record.model, hour, exponent, inputs.comfort), blind_hours=0)


def _concluded(
    traits: LoopTraits, records: Mapping[LoopKey, LoopRecord], loops: Sequence[LoopTraits], exponent: float
) -> LoopModel | None:
    """Return the model of a loop that was asked long enough; None where it was not, or nothing tells."""
    record = records[traits.key]
    if not asked(record) or record.model.hours < HOURS_MIN:
        return None
    like = [
        (other.A_heated_m2, records[other.key].model)
        for other in loops
        if other.emitter == traits.emitter
        and other.key in records
        and records[other.key].model.known
        and not records[other.key].model.asked.count  # an estimate is no witness for another
    ]
    model = conclude(record.model, like, exponent)
    sure = model is not None and (model.sd <= SURE_K or record.model.hours >= HOURS_MAX)
    return model if sure else None
