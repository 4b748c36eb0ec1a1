"""What is judged: scenario, city and length, and that city with its curves set in different ways."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from simulators.citygen.model import SPREAD_K
from simulators.evaluate import physical_town
from simulators.evaluate.town import Town, make_town
from simulators.evaluate.trial import Trial
from simulators.fieldtruth.fingerprint import city_hash, fingerprint
from simulators.fieldtruth.parameters import parameter_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulators.evaluate.contestants import Contestant
    from simulators.fieldtruth.build import FieldCity
    from simulators.scenario import Scenario


SIMPLE, PHYSICAL = "simple", "physical"
PLANTS = (SIMPLE, PHYSICAL)
"""The plant of the demo city, and that of generated cities."""
ADVISED, WRITTEN = "advised", "written"
SOURCES = (ADVISED, WRITTEN)
"""Heat sources are told what to send, and people decide; or they take orders as setpoints."""


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
    plant: str = SIMPLE
    """One of ``PLANTS``."""
    spread_K: float | None = None
    """Between stations' mean indoor temperatures (standard deviation) where the city is generated for the
    physical plant; None: the usual one."""
    site: Path | None = None
    """Site folder of a generated city, for the physical plant; None: it is generated."""
    sources: str = ADVISED
    """One of ``SOURCES``, of a city that is generated for the physical plant; a folder's own file decides."""
    _fields: list[FieldCity] = field(default_factory=list)
    _towns: dict[float, Town] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name under which its calibration is kept: [physical/]scenario/stations/seed[/spread or site]."""
        plant = "" if self.plant == SIMPLE else f"{self.plant}/"
        spread = "" if self.spread_K is None else f"/{self.spread_K:.1f}K"
        site = "" if self.site is None else f"/{self.site.resolve().name}"
        return f"{plant}{self.scenario.name}/{self.stations}/{self.seed}{spread}{site}"

    @property
    def hash(self) -> str:
        """12 hex digits of what offsets are found for, besides the code.

        Frozen parameters, what was drawn, curves and laws as they were before, and what the scenario does.
        """
        town = self.town(0.0)
        scenario = replace(self.scenario, title="", uncounted_days=0, counted_days=0)
        field = () if town.field is None else (parameter_hash(), city_hash(town.field))
        site = town.simulated
        return fingerprint(field, site.stations, site.seed, town.controlled.regulation, scenario)

    def within(self, folder: Path) -> Case:
        """Return this case with its site folders in another folder."""
        return replace(self, folder=folder / self.folder)

    def town(self, offset_K: float) -> Town:
        """Return the city with all curves set by this offset; the same one for the same offset."""
        if offset_K not in self._towns:
            folder = self.folder / f"city{len(self._towns)}"
            self.folder.mkdir(parents=True, exist_ok=True)
            self._towns[offset_K] = self._made(folder, offset_K)
        return self._towns[offset_K]

    def _made(self, folder: Path, offset_K: float) -> Town:
        if self.plant == SIMPLE:
            return make_town(folder, stations=self.stations, seed=self.seed, offset_K=offset_K)
        if not self._fields:
            self._fields.append(physical_town.field_city(self._origin(), self.scenario, self.site))
        return physical_town.make_town(
            folder,
            self._fields[0],
            offset_K=offset_K,
            site=self.site,
            sources_written=self.sources == WRITTEN,
        )

    def _origin(self) -> physical_town.Origin:
        if self.site is not None:
            return physical_town.origin_of(self.site)
        spread_K = SPREAD_K if self.spread_K is None else self.spread_K
        return physical_town.Origin(stations=self.stations, seed=self.seed, spread_K=spread_K)

    def trial(self, contestants: Sequence[Contestant]) -> Trial:
        """Return the run of these contestants."""
        return Trial(
            scenario=self.scenario,
            contestants=contestants,
            uncounted_days=self.uncounted_days,
            counted_days=self.counted_days,
        )
