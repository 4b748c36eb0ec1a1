"""What a benchmark run leaves behind: figures beside their targets, as JSON and as a table."""

import json
import os
import platform
import statistics
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
TARGETS_FILE = Path(__file__).with_name("targets.toml")
OUTPUT = ROOT / "build" / "bench"

NOT_MEASURED = "this version has no benchmark for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure shall reach; ``better`` says in which direction."""

    unit: str
    better: str
    target: float
    what: str

    def met(self, value: float) -> bool:
        """Tell whether a value reaches the target."""
        return value <= self.target if self.better == "lower" else value >= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure as measured."""

    name: str
    value: float
    unit: str
    runs: int
    spread: tuple[float, float]
    """Lowest and highest of the runs, or of what the note says."""
    note: str = ""


@dataclass(slots=True)
class Figures:
    """What a measurement brought: results, and names that it could not measure with the reason."""

    results: list[Result] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Figures") -> None:
        """Take the figures of another measurement in."""
        self.results += other.results
        self.missing |= other.missing


def median_of(name: str, unit: str, runs: Sequence[float], note: str = "") -> Result:
    """Return the median of several runs with the lowest and highest as spread."""
    return Result(
        name=name,
        value=statistics.median(runs),
        unit=unit,
        runs=len(runs),
        spread=(min(runs), max(runs)),
        note=note,
    )


def load_targets(path: Path = TARGETS_FILE) -> dict[str, dict[str, Target]]:
    """Return the targets of each area by name."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        area: {name: Target(**target) for name, target in targets.items()} for area, targets in raw.items()
    }


def complete(figures: Figures, targets: Mapping[str, Target]) -> Figures:
    """Return the figures with every official name either measured or missing with a reason.

    Raises ValueError where an official name was measured in another unit, or is both measured and missing.
    """
    measured = {result.name for result in figures.results}
    for result in figures.results:
        if result.name in targets and targets[result.name].unit != result.unit:
            raise ValueError(f"{result.name} is in {targets[result.name].unit}, measured in {result.unit}")
    if both := measured & figures.missing.keys():
        raise ValueError(f"measured and missing: {', '.join(sorted(both))}")
    silent = {name: NOT_MEASURED for name in targets if name not in measured | figures.missing.keys()}
    return Figures(list(figures.results), figures.missing | silent)


def write_json(area: str, figures: Figures, folder: Path = OUTPUT) -> Path:
    """Write ``<area>.json`` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{area}.json"
    document: dict[str, Any] = {
        "commit": commit(),
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "results": [asdict(result) for result in figures.results],
        "missing": dict(figures.missing),
    }
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def print_table(area: str, figures: Figures, targets: Mapping[str, Target], console: Console) -> None:
    """Print every figure beside its target; what has no target stands below, what is missing last."""
    table = Table(title=f"Benchmarks: {area}", title_justify="left")
    for column in ("name", "value", "spread", "unit", "target", "met"):
        table.add_column(column, justify="right" if column in ("value", "spread", "target") else "left")
    for result in sorted(figures.results, key=lambda result: result.name not in targets):
        target = targets.get(result.name)
        spread = f"{_short(result.spread[0])} .. {_short(result.spread[1])}"
        wanted, met = ("", "") if target is None else (goal(target), _yes_no(target.met(result.value)))
        table.add_row(result.name, _short(result.value), spread, result.unit, wanted, met)
    for name in figures.missing:
        target = targets.get(name)
        unit, wanted = ("", "") if target is None else (target.unit, goal(target))
        table.add_row(name, "missing", "", unit, wanted, "")
    console.print(table)
    for result in figures.results:
        if result.note:
            console.print(f"{result.name}: {result.note}", markup=False, highlight=False, soft_wrap=True)
    for name, why in figures.missing.items():
        console.print(f"{name} is missing: {why}", markup=False, highlight=False, soft_wrap=True)


def _yes_no(met: bool) -> str:
    return "yes" if met else "no"


def goal(target: Target) -> str:
    """Return the target as text, like ``<= 0.8``."""
    return f"{'<=' if target.better == 'lower' else '>='} {target.target:g}"


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def commit() -> str:
    """Return the commit that was measured, with ``-dirty`` where files were changed since."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine() -> str:
    """Return processor, cores, memory and interpreter: what a figure depends on."""
    memory_GiB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {usable_cores()} cores, {memory_GiB:.0f} GiB, "
        f"{platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
