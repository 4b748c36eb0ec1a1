"""A recorded table as points of a station: what it said at any moment, and where its meters disagree."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulators.replay.columns import ReplayError, TableFormat, load_format
from simulators.replay.reading import LISTED, ReadReport, read_recording, utc_text
from stations.model.identity import Point

METERED = {
    "E_heat_primary": ("Q_flow_primary", 1.0 / 3600.0),
    "E_pump_secondary": ("P_pump_secondary", 1.0 / 3600.0),
    "V_primary": ("m_flow_primary", None),
    "V_secondary": ("m_flow_secondary", None),
}
"""Counter: (what it integrates, counter units for one unit and second); None means 1 / density."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A counter that rose by more or less than its flow, read before and after, allows."""

    counter: Point
    begin: float
    """UTC seconds of the two rows."""
    end: float
    rise: float
    """kWh or m3."""
    lowest: float
    """Smallest and largest rise between the two readings of the flow, widened by what the table resolves."""
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns in units inside, by point. A row is true from its time on, for ``interval_s`` at most."""

    name: str
    layout: TableFormat
    times: tuple[float, ...]
    """UTC seconds, strictly rising."""
    values: Mapping[Point, tuple[float | None, ...]]
    """One for each time; None is a gap."""
    steps: Mapping[Point, float]
    """What the table resolves, unit inside."""
    report: ReadReport

    def at(self, moment: float) -> dict[Point, float | None]:
        """Return what the table says of UTC second ``moment``; None in a gap and beyond its ends."""
        row = bisect_right(self.times, moment) - 1
        if row < 0 or moment - self.times[row] >= self.layout.interval_s:
            return dict.fromkeys(self.values)
        return {point: column[row] for point, column in self.values.items()}

    def disagreements(self) -> list[Disagreement]:
        """Return every pair of rows where a counter and its flow can not both be right.

        A flow that is read once a row is a sample, so between two rows it counts as anything between its two
        readings; what a short draw of hot water adds to the counter in between is flagged, rightly: the two
        readings do not tell of it. Over a gap a counter is only asked not to fall.
        """
        return [
            found
            for counter in self.values
            if counter.name in METERED
            for found in self._disagreements(counter)
        ]

    def _disagreements(self, counter: Point) -> list[Disagreement]:
        flow_name, per_unit_second = METERED[counter.name]
        flow = Point(counter.loop, flow_name)
        if flow not in self.values:
            return []
        if per_unit_second is None:
            per_unit_second = 1.0 / next(
                column.density_kg_per_m3 for column in self.layout.columns.values() if column.identity == flow
            )
        found = []
        counts, flows, step = self.values[counter], self.values[flow], self.steps[counter]
        for row in range(len(self.times) - 1):
            before, after = counts[row], counts[row + 1]
            if before is None or after is None:
                continue
            begin, end = self.times[row], self.times[row + 1]
            lowest, highest = 0.0, float("inf")
            first, last = flows[row], flows[row + 1]
            if end - begin <= self.layout.interval_s and first is not None and last is not None:
                counted = (end - begin) * per_unit_second
                lowest = (min(first, last) - 0.5 * self.steps[flow]) * counted
                highest = (max(first, last) + 0.5 * self.steps[flow]) * counted
            rise = after - before
            if not lowest - step <= rise <= highest + step:
                found.append(
                    Disagreement(
                        counter=counter,
                        begin=begin,
                        end=end,
                        rise=rise,
                        lowest=lowest - step,
                        highest=highest + step,
                    )
                )
        return found


def read_table(path: Path, format_path: Path | None = None) -> Table:
    """Read a recorded table by its TOML file (beside it unless named); raises ReplayError."""
    beside = format_path or path.with_suffix(".toml")
    layout = load_format(beside)
    if not layout.columns:
        raise ReplayError([f"{beside.name}: columns: names no column, so there is nothing to replay"])
    recording = read_recording(path, layout, list(layout.columns))
    named = [(name, column.identity, column.factor) for name, column in layout.columns.items()]
    return Table(
        name=path.name,
        layout=layout,
        times=recording.times,
        values={
            point: tuple(None if cell is None else cell * factor for cell in recording.cells[name])
            for name, point, factor in named
        },
        steps={point: recording.steps[name] * factor for name, point, factor in named},
        report=recording.report,
    )


def table_report(table: Table) -> dict[str, object]:
    """Return what is odd about a table, for people and scripts."""
    flagged = table.disagreements()
    return {
        "table": table.name,
        "from": utc_text(table.times[0]),
        "to": utc_text(table.times[-1] + table.layout.interval_s),
        **table.report.as_json(),
        "counters_flagged": {
            str(counter): sum(found.counter == counter for found in flagged)
            for counter in table.values
            if counter.name in METERED
        },
        "flagged": [
            f"{utc_text(found.begin)}: {found.counter} rose by {found.rise:.3f}, "
            f"its flow allows {found.lowest:.3f}..{found.highest:.3f}"
            for found in flagged[:LISTED]
        ],
    }
