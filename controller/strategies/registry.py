"""The strategies that a district may choose, by the name in its site file."""

from collections.abc import Callable, Iterable, Mapping

from controller.decisions import LoopTraits, Proposal
from controller.strategies import curve
from optimizer.regulation import RegulationLaw

Strategy = Callable[[Iterable[LoopTraits], Mapping[str, RegulationLaw], float | None], list[Proposal]]
"""(loops in auto, regulation law by emitter, filtered outdoor temperature) to wishes; pure."""

STRATEGIES: Mapping[str, Strategy] = {"curve": curve.propose}
