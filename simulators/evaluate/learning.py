"""The judged centre learns as the service does: it gathers every cycle, asks loops, identifies every night.

Same code, other keepers: the record lies in memory, and a night's work is done in the turn in which the
night begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from controller.knowing.gathered import MemoryRecord
from controller.knowing.keeper import Keeper, introduced
from controller.knowing.nightly import identified
from controller.knowing.watch import heard_of, last_night

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.cycle import CycleParts
    from controller.decisions import LoopKey, LoopTraits
    from controller.knowing.known import Known


class Learning:
    """Everything that moves what is believed of the loops of one judged centre."""

    def __init__(self, first: Known, traits: Mapping[LoopKey, LoopTraits], now: float, timezone: str) -> None:
        """``first`` is what the trial begins with at UTC second ``now``."""
        self.keeper = Keeper(first, introduced(first, traits, now))
        self._record, self._zone = MemoryRecord(), ZoneInfo(timezone)
        self._night = last_night(now, self._zone)

    def turn(self, parts: CycleParts) -> None:
        """Take in the cycle that has just ended, and learn from it what can be learned now."""
        heard = heard_of(parts)
        if heard is None:
            return
        quarter = self.keeper.note(heard.known, heard.inputs, heard.sun, heard.wind)
        if quarter is not None:
            self._record.add(self.keeper.first.keys, quarter)
        now = heard.inputs.now
        learned = bool(self.keeper.drawn(parts.memory.records, now))
        night = last_night(now, self._zone)
        if night > self._night:
            self._night = night
            window = self._record.window(self.keeper.first.keys)
            self.keeper.learned(list(identified(window, self.keeper.loops, self.keeper.beliefs, now)))
            learned = True
        if learned:
            parts.memory.revise(self.keeper.believe)
