"""Owner of what is believed of all loops: hands it to the cycle, gathers what the cycle heard.

On the event loop (or the judge's turn) only; what takes long is done elsewhere and handed in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from controller.decisions import LoopKey, LoopTraits
from controller.knowing.asking import drawn_at, told
from controller.knowing.belief import Belief, Introduced, with_beliefs
from controller.knowing.gathered import Gatherer, Quarter, sampled
from controller.knowing.known import Known, believing, measurements
from controller.strategies.inputs import StrategyInputs
from controller.strategies.loop_record import LoopRecord


class Keeper:
    """What is believed of the loops of ``first``, which holds what they began with."""

    def __init__(
        self,
        first: Known,
        loops: Mapping[LoopKey, Introduced],
        beliefs: Mapping[LoopKey, Belief] | None = None,
    ) -> None:
        """``loops`` tells since when each loop is known, ``beliefs`` what was found of them before."""
        self.first = first
        self.loops = loops
        self.beliefs: dict[LoopKey, Belief] = {}
        self._gatherer = Gatherer(first.keys)
        self._drawn: dict[LoopKey, int] = {}
        self._now = first
        self.learned((beliefs or {}).values())

    def learned(self, beliefs: Iterable[Belief]) -> None:
        """Take over what was found, for loops that are here."""
        self.beliefs.update({one.key: one for one in beliefs if one.key in self.loops})
        self._now = with_beliefs(self.first, self.first, self.beliefs)

    def believe(self, known: Known) -> Known:
        """Return ``known`` with the newest houses and trust; the same object where nothing is new."""
        if known.buildings is self._now.buildings:
            return known
        return believing(known, self._now.buildings, self._now.trust)

    def believed(self, known: Known) -> Known:
        """Return rooms that were heard with these beliefs, by an earlier run, with houses and trust."""
        now = self._now
        return replace(
            known, buildings=now.buildings, trust=now.trust, state=replace(known.state, trust=now.trust)
        )

    def note(
        self, known: Known, inputs: StrategyInputs, sun: float | None, wind: float | None
    ) -> Quarter | None:
        """Gather one cycle that ``known`` has heard; return the quarter of an hour that ended before it."""
        if not known.keys:
            return None
        loops, shared = sampled(known, inputs, measurements(known, inputs, sun, wind))
        return self._gatherer.note(inputs.now, loops, shared)

    def drawn(self, records: Mapping[LoopKey, LoopRecord], now: float) -> list[Belief]:
        """Return what loops have told of themselves since the last call, and take it over."""
        found = []
        for key, record in records.items():
            look = drawn_at(record.model.hours)
            if key not in self.loops or not record.model.known or look <= self._drawn.get(key, 0):
                continue
            self._drawn[key] = look
            belief = told(key, self.loops[key], self.beliefs.get(key), record.model, now)
            if belief is not None:
                found.append(belief)
        if found:
            self.learned(found)
        return found


def introduced(first: Known, traits: Mapping[LoopKey, LoopTraits], at: float) -> dict[LoopKey, Introduced]:
    """Return the loops of ``first`` as they are seen for the first time at UTC second ``at``."""
    loops = Counter(key.station for key in traits)
    return {
        key: Introduced(at, first.buildings.take([place]), loops[key.station] == 1)
        for place, key in enumerate(first.keys)
    }
