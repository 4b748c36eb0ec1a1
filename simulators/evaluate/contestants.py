"""The strategies that can be judged: those of the controller, and the baselines made of its curve.

- ``curve``: the curve as commonly set. One law for each emitter type, outdoor temperature filtered over 12 h,
  constant flow, and the smallest common offset with which 97 % of the dwelling-hours reach 18 degC.
- ``staged_curve``: the same with circulation in three stages by outdoor temperature, and its own offset.
- ``tuned_curve``: the curve with one offset for each station, the best in hindsight.

Offsets are found by calibration and stored (``calibration``). Anything else is a name in the controller's
registry and runs on the laws of the site, without an offset: it may not know what hindsight knows.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from controller.strategies.registry import STRATEGIES
from controller.wiring import regulation_laws
from optimizer.regulation import FlowBand, RegulationLaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping, Sequence

    from controller.config.model import SiteConfig
    from controller.decisions import LoopTraits
    from controller.strategies.inputs import Proposed, StrategyInputs
    from controller.strategies.registry import Strategy

CURVE, STAGED, TUNED = "curve", "staged_curve", "tuned_curve"
BASELINES = (CURVE, STAGED, TUNED)
OUTDOOR_FILTER_H = 12.0
STAGES = (FlowBand(above_degC=3.0, fraction=0.6), FlowBand(above_degC=-3.0, fraction=0.8))
"""Below -3 degC design flow. Three stages are what operators set by hand (CJJ 34 knows 0.6, 0.8 and 1)."""
HEARTBEAT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsets:
    """What calibration found, K on the supply temperature of the law."""

    common_K: float = 0.0
    by_station_K: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One strategy as it is judged."""

    name: str
    """As asked for on the command line."""
    offsets: Offsets = field(default_factory=Offsets)

    def laws(self, site: SiteConfig) -> dict[str, RegulationLaw]:
        """Return the laws that this strategy works with, by emitter type."""
        laws = regulation_laws(site)
        if self.name not in BASELINES:
            return laws
        stages = STAGES if self.name == STAGED else ()
        offset = 0.0 if self.name == TUNED else self.offsets.common_K
        return {e: replace(law, offset_K=offset, flow_bands=stages) for e, law in laws.items()}

    @property
    def registered(self) -> str:
        """Name in the controller's registry."""
        return CURVE if self.name in (CURVE, STAGED) else self.name


def known_strategies() -> list[str]:
    """Return all names that can be judged."""
    return sorted({*BASELINES, *STRATEGIES})


@contextmanager
def tuned_registered(name: str, offsets: Offsets) -> Iterator[None]:
    """Make the curve with one offset for each station known to the controller under ``name``."""

    def propose(loops: Sequence[LoopTraits], inputs: StrategyInputs) -> Proposed:
        proposed = STRATEGIES[CURVE](loops, inputs)
        shift = offsets.by_station_K
        wishes = [
            replace(wish, T_supply=wish.T_supply + shift.get(wish.key.station, 0.0))
            for wish in proposed.proposals
        ]
        return replace(proposed, proposals=wishes)

    registry = cast("MutableMapping[str, Strategy]", STRATEGIES)
    registry[name] = propose
    try:
        yield
    finally:
        del registry[name]
