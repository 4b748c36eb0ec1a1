"""Scenarios of the judge, as data: from when, how long, and what is done to the generated weather."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from simulators.plant.arrays import Floats
from simulators.weather import HOUR_S, Weather, generate

FOLDER = Path(__file__).parent / "scenarios"
DAY_S = 24 * HOUR_S
WAVE_FALL_H = 36.0


class ScenarioError(Exception):
    """A scenario that is not there or can not be used; the text says what is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens around the city while strategies are judged."""

    name: str
    title: str
    start: float
    """UTC second of the first uncounted day, midnight in the city."""
    season: str
    """Season state of the site."""
    uncounted_days: int
    """Time for take-over, trim and walls before anything counts."""
    counted_days: int
    """Usual length of what is counted."""
    shift_K: float = 0.0
    """Added to the generated outdoor temperature throughout."""
    wave_after_days: float | None = None
    """Begin of a cold wave on top of the generated weather, days from the start; None for none."""
    wave_depth_K: float = 0.0
    wave_recovery_days: float = 4.0
    cold_start_degC: float | None = None
    """Temperature of all houses and their water at the start; None: as the weather of the days before left
    them under heat."""
    faults: Mapping[str, object] = field(default_factory=dict)
    """Tables of faults as ``simulators.faults.scenario`` reads them; empty for none."""

    @property
    def needs_network(self) -> bool:
        """Only the physical city has what this scenario moves."""
        return bool(self.faults) or self.cold_start_degC is not None

    def weather(self, seed: int) -> Weather:
        """Return the weather of this scenario for a city of this seed."""
        base = generate(seed, self.start)
        T = self.outdoor(base.times, base.T_outdoor)
        return Weather(times=base.times, T_outdoor=T, wind=base.wind, irradiation=base.irradiation)

    def outdoor(self, times: Floats, T_outdoor: Floats) -> Floats:
        """Return what this scenario makes of outdoor temperatures (degC) at UTC seconds ``times``."""
        T = T_outdoor + self.shift_K
        if self.wave_after_days is not None:
            age_h = (times - self.start - self.wave_after_days * DAY_S) / HOUR_S
            falling = np.clip(age_h / WAVE_FALL_H, 0.0, 1.0)
            recovery = np.exp(-np.maximum(age_h - WAVE_FALL_H, 0.0) / (24.0 * self.wave_recovery_days))
            T = T - self.wave_depth_K * falling * recovery
        return np.asarray(T)


def known_scenarios() -> list[str]:
    """Return the names of all scenarios, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_scenario(name: str) -> Scenario:
    """Read a scenario by name; raises ScenarioError that lists the known ones."""
    if name not in known_scenarios():
        known = ", ".join(known_scenarios())
        raise ScenarioError(f"there is no scenario {name!r}; known are: {known}")
    path = FOLDER / f"{name}.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        weather = raw.get("weather", {})
        start = datetime.fromisoformat(raw["start"])
        if start.tzinfo is None:
            raise ValueError("start needs an offset from UTC")
        return Scenario(
            name=name,
            title=raw["title"],
            start=start.timestamp(),
            season=raw["season"],
            uncounted_days=int(raw["uncounted_days"]),
            counted_days=int(raw["counted_days"]),
            cold_start_degC=raw.get("cold_start_degC"),
            faults={key: raw[key] for key in ("seed", "fault") if key in raw},
            **weather,
        )
    except (OSError, KeyError, TypeError, ValueError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path.name}: {type(error).__name__}: {error}") from error
