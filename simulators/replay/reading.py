"""From the lines of a recorded CSV file to rows in UTC order, with a report of everything that was odd.

What a logger did wrong is data here, not an error: hours written twice, hours left out, cells without a
number. Each is left out or kept once, and counted; nothing is filled in.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from simulators.replay.columns import ReplayError, TableFormat

_NOTHING = frozenset({"", "nan", "null", "none"})
"""Cells that say openly that there is no value; spreadsheets and pandas write all of them."""
LISTED = 20
"""Findings of a kind that the printed report names one by one."""


@dataclass(slots=True)
class ReadReport:
    """What reading a table found. Filled by ``read_recording`` only."""

    rows: int = 0
    """Lines with data in the file."""
    kept: int = 0
    doubled: int = 0
    """Rows that repeat an earlier one, cell by cell: kept once."""
    conflicts: list[str] = field(default_factory=list)
    """Rows that say something else of a time that is already taken: the first stays."""
    impossible_times: list[str] = field(default_factory=list)
    """Rows in the hour that summer time leaves out, or whose time can not be read: left out."""
    unreadable: list[str] = field(default_factory=list)
    """Cells that hold neither a number nor an open "nothing": left out."""
    empty: Counter[str] = field(default_factory=Counter)
    """Cells without a value, by column."""
    out_of_order: int = 0
    """Rows older than the one before them; the hour that the end of summer time repeats is not."""
    gaps: list[tuple[float, float]] = field(default_factory=list)
    """(from, to) in UTC seconds of stretches that no row covers."""
    not_served: tuple[str, ...] = ()
    """Columns of the file that the format does not name."""

    def as_json(self) -> dict[str, object]:
        """Return counts, and the first findings of each kind."""
        return {
            "rows": self.rows,
            "kept": self.kept,
            "doubled": self.doubled,
            "conflicts": len(self.conflicts),
            "impossible_times": len(self.impossible_times),
            "unreadable": len(self.unreadable),
            "empty": dict(self.empty),
            "out_of_order": self.out_of_order,
            "gaps": [[utc_text(begin), utc_text(end)] for begin, end in self.gaps[:LISTED]],
            "gaps_h": sum(end - begin for begin, end in self.gaps) / 3600.0,
            "not_served": list(self.not_served),
            "findings": [
                *self.conflicts[:LISTED],
                *self.impossible_times[:LISTED],
                *self.unreadable[:LISTED],
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Rows of a table as written, in UTC order."""

    times: tuple[float, ...]
    """UTC seconds, strictly rising."""
    cells: dict[str, tuple[float | None, ...]]
    """By column, one for each time, in the table's own unit; None is a gap."""
    steps: dict[str, float]
    """By column: the last decimal place that it ever shows, in the table's own unit."""
    report: ReadReport


def utc_text(at: float) -> str:
    """Render a UTC second for people."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def read_recording(path: Path, layout: TableFormat, columns: Sequence[str]) -> Recording:
    """Read ``columns`` of a CSV file (UTF-8, header row); raises ReplayError where there is nothing to read.

    A local time that occurs twice at the end of summer time means the first hour until its row is taken, then
    the second one; only a row that repeats the first cell by cell counts as written twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=layout.delimiter, strict=True)
            header = next(lines, [])
            places = _places(path, header, [layout.time, *columns])
            taken, report = _take(path, layout, len(header), places[layout.time], _numbered(lines))
    except OSError as error:
        raise ReplayError([f"{path}: {error.strerror}"]) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReplayError([f"{path}: not a CSV file in UTF-8: {error}"]) from error
    if not taken:
        raise ReplayError([f"{path}: not one row with a usable time", *report.impossible_times[:1]])
    times = tuple(sorted(taken))
    report.kept = len(times)
    report.gaps = [(a + layout.interval_s, b) for a, b in pairwise(times) if b - a > layout.interval_s]
    known = {layout.time, *columns}
    report.not_served = tuple(name for name in header if name not in known)
    cells: dict[str, tuple[float | None, ...]] = {}
    steps: dict[str, float] = {}
    for name in columns:
        texts = [(at, taken[at][places[name]]) for at in times]
        cells[name] = tuple(_number(path, name, at, text, report) for at, text in texts)
        steps[name] = min((_step(text) for _, text in texts), default=1.0)
    return Recording(times=times, cells=cells, steps=steps, report=report)


def _places(path: Path, header: list[str], wanted: Iterable[str]) -> dict[str, int]:
    faults = [f"{path}: column {name!r} is there twice" for name, n in Counter(header).items() if n > 1]
    places = {name: place for place, name in enumerate(header)}
    faults += [
        f"{path}: has no column {name!r}; it has: {', '.join(header)}"
        for name in dict.fromkeys(wanted)
        if name not in places
    ]
    if faults:
        raise ReplayError(faults)
    return places


def _numbered(lines: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line of the file, cells without blanks around them) of lines that hold anything."""
    for number, line in enumerate(lines, start=2):
        if line:
            yield number, [cell.strip() for cell in line]


def _take(
    path: Path, layout: TableFormat, width: int, time: int, lines: Iterable[tuple[int, list[str]]]
) -> tuple[dict[float, list[str]], ReadReport]:
    """Give each row its moment; rows that repeat, contradict or have no moment go into the report."""
    report = ReadReport()
    taken: dict[float, list[str]] = {}
    newest = -math.inf
    for number, row in lines:
        report.rows += 1
        where = f"{path.name} line {number}"
        if len(row) != width:
            report.unreadable.append(f"{where}: {len(row)} cells, the header has {width}")
            continue
        try:
            moments = layout.moments(row[time])
        except ValueError as error:
            report.impossible_times.append(f"{where}: {error}")
            continue
        if not moments:
            report.impossible_times.append(f"{where}: {row[time]} does not exist in {layout.timezone}")
        elif any(taken.get(at) == row for at in moments):
            report.doubled += 1
        elif (free := next((at for at in moments if at not in taken), None)) is None:
            report.conflicts.append(f"{where}: another row for {row[time]}; the first stays")
        else:
            taken[free] = row
            report.out_of_order += free < newest
            newest = max(newest, free)
    return taken, report


def _number(path: Path, column: str, at: float, text: str, report: ReadReport) -> float | None:
    if text.lower() in _NOTHING:
        report.empty[column] += 1
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    report.unreadable.append(f"{path.name} {utc_text(at)}: {column} = {text!r} is no number")
    return None


def _step(text: str) -> float:
    """Return the value of the last decimal place of a number as written; 1 for whole numbers."""
    _, point, decimals = text.partition(".")
    return 10.0 ** -len(decimals) if point and decimals.isdigit() else 1.0
