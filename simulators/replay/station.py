"""A station that says again what a real one once said, through the map of any profile."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from simulators.replay.columns import ReplayError
from simulators.replay.table import Table
from simulators.servers.encoding import physical_value, wire_number
from stations.model.clock import Clock
from stations.model.identity import PRIMARY, Point
from stations.model.points import PROTOCOL
from stations.profile import Profile, ProfilePoint

FLOAT32_MAX = 3.4028234663852886e38


class ReplayStation:
    """Serves recorded tables (``simulators.servers.served.Driven``). A recording can not be driven.

    Every write is refused where the device can refuse, and has no effect where it can not. What no table
    holds is missing, as a broken sensor is; so is everything in a gap. Of itself it says that it follows no
    centre.
    """

    def __init__(self, profile: Profile, tables: Sequence[Table], clock: Clock, shift_s: float = 0.0) -> None:
        """Show, at UTC second t of ``clock``, what the tables say of t - ``shift_s``.

        Raises ReplayError where a table holds what the profile has not, or what another table holds already.
        """
        loops = {point.loop for table in tables for point in table.values}
        self.n_loops = min(profile.max_loops, max({1, *loops}))
        self.unfit: Counter[Point] = Counter()
        """Values that the wire of this profile can not show: served as missing, never as something else."""
        self._clock = clock
        self._shift_s = shift_s
        declared = _declared(profile, self.n_loops)
        faults = _faults(profile, tables, declared)
        if faults:
            raise ReplayError(faults)
        self._still = {point: _still(profile, point, place) for point, place in declared.items()}
        self._tables = [self._fitting(table, declared) for table in tables]

    def values(self) -> Mapping[Point, float | None]:
        """Return what the tables say now, units inside; None in a gap and where they say nothing."""
        values = dict(self._still)
        for table in self._tables:
            values.update(table.at(self._clock.now() - self._shift_s))
        return values

    def _fitting(self, table: Table, declared: Mapping[Point, ProfilePoint]) -> Table:
        fitting: dict[Point, tuple[float | None, ...]] = {}
        for point, column in table.values.items():
            fitting[point] = tuple(
                value if value is not None and _fits(declared[point], value) else None for value in column
            )
            if lost := fitting[point].count(None) - column.count(None):
                self.unfit[point] = lost
        return replace(table, values=fitting)

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Refuse."""
        return False

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Refuse."""
        return False

    def hand_back(self, loop: int, now: float) -> None:
        """Stay as it is: on its own curve, always."""

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Refuse."""
        return False

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Refuse."""
        return False

    def write_deadman(self, seconds: float, now: float) -> None:
        """Have no timer."""

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Stay on its own curve."""

    def write_outdoor_centre(self, T: float, now: float) -> None:
        """Have no use for it."""

    def write_cap(self, token: int, sequence: int, m_flow_max: float, now: float) -> bool:
        """Refuse."""
        return False


def _declared(profile: Profile, n_loops: int) -> dict[Point, ProfilePoint]:
    return {
        Point(loop, declared.name): declared
        for declared in profile.points
        for loop in (profile.loops(n_loops) if declared.per_loop else (PRIMARY,))
    }


def _faults(profile: Profile, tables: Sequence[Table], declared: Mapping[Point, ProfilePoint]) -> list[str]:
    faults = []
    owners: dict[Point, str] = {}
    for table in tables:
        for point in table.values:
            if point not in declared:
                faults.append(f"{table.name}: profile {profile.name} has no {point}")
            elif profile.protocol == "modbus" and not _shows_absence(declared[point]):
                faults.append(f"{table.name}: profile {profile.name} can not show a missing {point}")
            if (other := owners.setdefault(point, table.name)) != table.name:
                faults.append(f"{table.name}: {point} is in {other} already")
    return faults


def _still(profile: Profile, point: Point, declared: ProfilePoint) -> float | None:
    """Return what a point shows that no table holds: nothing, or zero where zero is the truth of a recording.

    Nobody leads it, no lease runs, no limit acts. An alarm word without a way to be missing is zero as well:
    all ones would be every alarm at once.
    """
    if point.name in profile.identity:
        return profile.identity[point.name]
    if point.name in PROTOCOL or (profile.protocol == "modbus" and not _shows_absence(declared)):
        return 0.0
    return None


def _shows_absence(declared: ProfilePoint) -> bool:
    """Tell whether a missing value of the point can be told from a real one on Modbus."""
    if declared.sentinels or declared.type in ("float32", "split_decimal"):
        return True
    low, high = declared.bounds()
    return not low <= physical_value(declared, wire_number(declared, None)) <= high


def _fits(declared: ProfilePoint, value: float) -> bool:
    """Tell whether the wire shows ``value`` itself and not the end of a range instead of it."""
    if declared.type == "split_decimal":
        return value >= 0.0
    raw = wire_number(declared, value)
    if not math.isfinite(raw) or (declared.type == "float32" and abs(raw) > FLOAT32_MAX):
        return False
    return abs(physical_value(declared, raw) - value) <= 0.501 * declared.resolution + 1e-9 * abs(value)
