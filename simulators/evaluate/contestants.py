"""The strategies that can be judged: those of the controller, and the baselines made of its curve.

- ``curve``: the curve as commonly set. One law for each emitter type, outdoor temperature filtered over 12 h,
  constant flow, and the smallest common offset with which 97 % of the dwelling-hours reach 18 degC. Operators
  set it in the stations too, so the city that all strategies start from has this offset in its site file.
- ``staged_curve``: the same with circulation in three stages by outdoor temperature, and its own offset.
- ``tuned_curve``: the curve with one more offset for each station, the best in hindsight.
- ``warm_curve``: on the physical city, whose ``curve`` is that of field audits and leaves many cold, the
  curve with the smallest common offset with which 97 % of the dwelling-hours reach 18 degC.

Offsets of the simple plant are found by calibration and stored (``calibration``), those of the physical city
in the run that judges them (``hindsight``). Those on top of the city's are turned up by 1 K an hour from the
first hour on, as an operator would: all at once the guard would hold the network and wait for a
confirmation. Anything else is a name in the controller's registry and runs on the site as it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from controller.strategies.registry import STRATEGIES
from controller.wiring import regulation_laws
from optimizer.regulation import FlowBand, RegulationLaw
from simulators.evaluate.virtual_clock import MONOTONIC_START

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence

    from controller.decisions import LoopTraits
    from controller.knowing.known import Known
    from controller.strategies.inputs import Proposed, StrategyInputs
    from controller.strategies.registry import Strategy
    from simulators.evaluate.town import Town

CURVE, STAGED, TUNED, WARM = "curve", "staged_curve", "tuned_curve", "warm_curve"
BASELINES = (CURVE, STAGED, TUNED, WARM)
BASELINES_OF = {"simple": (CURVE, STAGED, TUNED), "physical": (CURVE, STAGED, WARM, TUNED)}
"""By plant."""
STAGES = (FlowBand(above_degC=3.0, fraction=0.6), FlowBand(above_degC=-3.0, fraction=0.8))
"""Below -3 degC design flow. Three stages are what operators set by hand (CJJ 34 knows 0.6, 0.8 and 1)."""
OFFSET_K_PER_S = 1.0 / 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsets:
    """What calibration found, K on the supply temperature of the law."""

    common_K: float = 0.0
    by_station_K: Mapping[str, float] = field(default_factory=dict)

    def at(self, station: str, elapsed_s: float) -> float:
        """Return the offset of a station, ``elapsed_s`` after the start."""
        wanted, most = self.common_K + self.by_station_K.get(station, 0.0), OFFSET_K_PER_S * elapsed_s
        return min(max(wanted, -most), most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One strategy as it is judged."""

    name: str
    """As asked for on the command line."""
    town: Town
    """The city as its operators have set it."""
    offsets: Offsets = field(default_factory=Offsets)
    believed: Callable[[Known], Known] | None = None
    """What a centre that plans is led to believe of the houses, in place of what it would; None: nothing."""

    def laws(self) -> dict[str, RegulationLaw]:
        """Return the laws that this strategy works with, by emitter type."""
        laws = regulation_laws(self.town.controlled)
        if self.name not in BASELINES:
            return laws
        stages = STAGES if self.name == STAGED else ()
        return {emitter: replace(law, flow_bands=stages) for emitter, law in laws.items()}


def known_strategies(plant: str = "simple") -> list[str]:
    """Return all names that can be judged on a plant."""
    return sorted({*BASELINES_OF[plant], *STRATEGIES})


@contextmanager
def registered(contestants: Sequence[Contestant]) -> Iterator[list[str]]:
    """Make the baselines known to the controller; gives each contestant's name in the registry."""
    registry = cast("MutableMapping[str, Strategy]", STRATEGIES)
    names = [
        f"{contestant.name}@{place}" if contestant.name in BASELINES else contestant.name
        for place, contestant in enumerate(contestants)
    ]
    ours = {
        name: _shifted_curve(contestant.offsets)
        for name, contestant in zip(names, contestants, strict=True)
        if contestant.name in BASELINES
    }
    registry.update(ours)
    try:
        yield names
    finally:
        for name in ours:
            del registry[name]


def _shifted_curve(offsets: Offsets) -> Strategy:
    curve = STRATEGIES[CURVE]

    def propose(loops: Sequence[LoopTraits], inputs: StrategyInputs) -> Proposed:
        proposed, elapsed_s = curve(loops, inputs), inputs.monotonic - MONOTONIC_START
        wishes = [
            replace(wish, T_supply=wish.T_supply + offsets.at(wish.key.station, elapsed_s))
            for wish in proposed.proposals
        ]
        return replace(proposed, proposals=wishes)

    return propose
