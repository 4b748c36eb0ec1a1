"""The strategies that a district may choose, by the name in its site file."""

from collections.abc import Callable, Mapping, Sequence

from controller.decisions import LoopTraits
from controller.strategies import balance, curve, optimizer
from controller.strategies.inputs import Proposed, StrategyInputs

Strategy = Callable[[Sequence[LoopTraits], StrategyInputs], Proposed]
"""(loops in auto, the frozen world) to wishes and memory; pure."""

PLANNED = "optimizer"
"""The one that follows plans."""
STRATEGIES: Mapping[str, Strategy] = {
    "curve": curve.propose_all,
    "balance": balance.propose,
    PLANNED: optimizer.propose,
}
