"""What is judged: scenario, city and length, and that city with its curves set in different ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulators.evaluate.town import Town, make_town
from simulators.evaluate.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulators.evaluate.contestants import Contestant
    from simulators.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question to the judge."""

    scenario: Scenario
    stations: int
    seed: int
    uncounted_days: float
    counted_days: float
    folder: Path
    """Takes the site folders."""
    _towns: dict[float, Town] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name under which its calibration is kept: scenario/stations/seed."""
        return f"{self.scenario.name}/{self.stations}/{self.seed}"

    def town(self, offset_K: float) -> Town:
        """Return the city with all curves set by this offset; the same one for the same offset."""
        if offset_K not in self._towns:
            folder = self.folder / f"city{len(self._towns)}"
            self._towns[offset_K] = make_town(
                folder, stations=self.stations, seed=self.seed, offset_K=offset_K
            )
        return self._towns[offset_K]

    def trial(self, contestants: Sequence[Contestant]) -> Trial:
        """Return the run of these contestants."""
        return Trial(
            scenario=self.scenario,
            contestants=contestants,
            uncounted_days=self.uncounted_days,
            counted_days=self.counted_days,
        )
