"""Names of things: which station, which loop, which point."""

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
