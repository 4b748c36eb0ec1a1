"""A seeded table as a logger in the field leaves it, with the truth behind it. Written apart from its reader.

Rows every ten minutes over the night in which summer time ends (Berlin, 27 October 2024), so that two hours
of the night have one name. What is wrong with it is listed in ``Defects``.
"""

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from stations.model.identity import Point

BEGIN = datetime(2024, 10, 26, 16, tzinfo=UTC).timestamp()
STEP_S = 600.0
ROWS = 6 * 36
SUMMER_ENDS = datetime(2024, 10, 27, 1, tzinfo=UTC).timestamp()
"""From here on local time is UTC+1, before it UTC+2."""

FORMAT = """
time = "when"
timezone = "Europe/Berlin"
interval_s = 600

[columns]
E_MWh = {point = "E_heat_primary", unit = "MWh"}
Q_kW = {point = "Q_flow_primary", unit = "kW"}
V_l_per_h = {point = "m_flow_primary", unit = "l/h"}
T1 = {point = "T_supply_primary", unit = "degC"}
T2 = {point = "T_return_primary", unit = "degC"}
T3 = {point = "T_supply_secondary", unit = "degC"}
"""
HEADER = "when,E_MWh,Q_kW,V_l_per_h,T1,T2,T3,operator"
POINTS = (
    Point(0, "E_heat_primary"),
    Point(0, "Q_flow_primary"),
    Point(0, "m_flow_primary"),
    Point(0, "T_supply_primary"),
    Point(0, "T_return_primary"),
    Point(1, "T_supply_secondary"),
)
INSIDE = (1000.0, 1.0, 988.0 / 3.6e6, 1.0, 1.0, 1.0)
"""Units inside for one unit of the column."""


@dataclass(frozen=True)
class Defects:
    """Rows by number, counted in UTC order."""

    missing: range = range(30, 37)
    doubled: range = range(60, 84)
    """Four hours written twice, from before the repeated hour to behind it."""
    contradicted: int = 100
    """A second, different row for the same time."""
    empty: range = range(110, 114)
    """T3 without a value."""
    garbage: int = 120
    """T3 is a word."""
    stuck: range = range(140, 158)
    """The energy counter shows what it showed before."""
    swapped: range = range(180, 192)
    """T1 and T2 in each other's place."""


@dataclass
class RecordedTable:
    """Lines of the file, and what each moment really says of each point in units inside."""

    seed: int
    defects: Defects = Defects()
    lines: list[str] = field(default_factory=list)
    truth: list[dict[Point, float | None]] = field(default_factory=list)
    """By row: what the file says, None where it says nothing; all None for missing rows."""

    def __post_init__(self):
        rng, bad = random.Random(self.seed), self.defects
        self.lines = [HEADER]
        energy, power_before, shown = 41.0, None, None
        for row in range(ROWS):
            power = 210.0 + 40.0 * math.sin(row / 9.0) + rng.uniform(-15.0, 15.0)
            if power_before is not None:
                energy += 0.5 * (power + power_before) * STEP_S / 3.6e6
            power_before = power
            T1, T2 = 84.0 + rng.uniform(-1.0, 1.0), 42.0 + rng.uniform(-1.0, 1.0)
            flow = power / (4.18 * (T1 - T2)) / 988.0 * 3.6e6
            if row not in bad.stuck or shown is None:
                shown = math.floor(energy * 1000.0) / 1000.0
            if row in bad.swapped:
                T1, T2 = T2, T1
            T3 = f"{52.0 + rng.uniform(-0.5, 0.5):.2f}"
            if row in bad.empty:
                T3 = ""
            if row == bad.garbage:
                T3 = "broken"
            cells = [f"{shown:.3f}", f"{power:.1f}", f"{flow:.0f}", f"{T1:.2f}", f"{T2:.2f}", T3]
            self.truth.append({point: None for point in POINTS})
            if row in bad.missing:
                continue
            self.truth[-1] = {
                point: None if cell in ("", "broken") else float(cell) * factor
                for point, cell, factor in zip(POINTS, cells, INSIDE, strict=True)
            }
            line = ",".join([self.local(row), *cells, ""])
            self.lines += [line] * (2 if row in bad.doubled else 1)
            if row == bad.contradicted:
                self.lines.append(",".join([self.local(row), cells[0], "999.0", *cells[2:], "by hand"]))

    @staticmethod
    def local(row):
        """The logger's name of a row's time."""
        at = BEGIN + row * STEP_S
        wall = datetime.fromtimestamp(at, UTC) + timedelta(hours=2 if at < SUMMER_ENDS else 1)
        return wall.strftime("%Y-%m-%d %H:%M")

    @property
    def end(self):
        return BEGIN + ROWS * STEP_S

    def write(self, folder):
        """Write table and format; return the table's path."""
        path = folder / "logger.csv"
        path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        path.with_suffix(".toml").write_text(FORMAT, encoding="utf-8")
        return path

    def says(self, at):
        """What the file says at a UTC second, by point."""
        row = math.floor((at - BEGIN) / STEP_S)
        return self.truth[row] if 0 <= row < ROWS else dict.fromkeys(POINTS)
