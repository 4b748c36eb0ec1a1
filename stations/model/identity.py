"""Names of things: which station, which loop, which point."""

from functools import cache
from typing import NamedTuple, NewType

StationId = NewType("StationId", str)
"""Identity of a station, unique in a site and stable over years, e.g. ``"S017"``."""

LoopNumber = NewType("LoopNumber", int)
"""0 is the primary side (and everything that belongs to the whole station), 1..4 the secondary loops."""

PRIMARY = LoopNumber(0)
MAX_LOOPS = 4


class Point(NamedTuple):
    """One quantity of one station: the loop it belongs to and its name from ``stations.model.points``."""

    loop: int
    name: str

    def __str__(self) -> str:
        """Render as ``1/T_supply_secondary``, the form used in logs and the API."""
        return f"{self.loop}/{self.name}"


@cache
def one_point(loop: int, name: str) -> Point:
    """Return the one object that stands for a point wherever it is asked for here.

    A dictionary finds a key at a glance that is the same object, and must compare loop and name of one that
    is only equal. Names are those of profiles: there are few.
    """
    return Point(loop, name)
