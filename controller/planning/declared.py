"""When a shortage of heat is declared: then a city may go down faster than else a person is asked for.

Two witnesses are needed, a plan that shares out and sources that give nearly all that they can. A plan alone
may be wrong about what loops need; the guard's mass-change rule would then be off when it is needed.
"""

from collections.abc import Mapping

from controller.image import StationImage
from controller.planning.flow_caps import shares_out
from controller.planning.published import Published
from controller.planning.seen import source_seen

NEARLY_ALL = 0.9
"""Of what the sources can give. Loops that follow a plan take 0.5 % less than that (``question.P_MARGIN``),
and sources' own control swings by some percent."""
LASTS_S = 3600.0
"""The guard judges the network against an hour ago: for so long what was moved in the shortage counts."""


def declares_shortage(published: Published | None, images: Mapping[str, StationImage], now: float) -> bool:
    """Tell whether there is a shortage at UTC second ``now``, by the plan and by the sources."""
    if published is None or not shares_out(published) or not published.usable(now):
        return False
    source = source_seen(images, now)
    if source.Q_flow is None or source.Q_flow_max is None:
        return False
    return source.Q_flow >= NEARLY_ALL * source.Q_flow_max
