"""``python -m benchmarks [AREA ...]``: measure, print beside the targets, write build/bench/<area>.json."""

import argparse
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console

from benchmarks import control, cycle, field, hmi, optimizer, simulator
from benchmarks.isolated import Crashed, in_own_process
from benchmarks.measurement import Measurement
from benchmarks.report import Figures, Target, complete, goal, load_targets, print_table, write_json

AREAS: Mapping[str, Sequence[Measurement]] = {
    "field": field.MEASUREMENTS,
    "cycle": cycle.MEASUREMENTS,
    "hmi": hmi.MEASUREMENTS,
    "simulator": simulator.MEASUREMENTS,
    "optimizer": optimizer.MEASUREMENTS,
    "control": control.MEASUREMENTS,
    "control_full": control.FULL_MEASUREMENTS,
}
WHEN_NAMED = ("control", "control_full")
"""Areas that take hours."""
FULL = "_full"
"""Ends the name of an area's long form, which has the same figures and targets."""
OK, CRASHED, WRONG_USE = 0, 1, 2


def main(arguments: list[str] | None = None, areas: Mapping[str, Sequence[Measurement]] = AREAS) -> int:
    """Return 0 also where targets are missed, 1 where a benchmark crashed, 2 for wrong use."""
    options = _parser().parse_args(arguments)
    targets = load_targets()
    if options.list:
        _print_list(areas, targets)
        return OK
    unknown = [area for area in options.areas if area not in areas]
    if unknown:
        known = ", ".join(areas)
        print(f"benchmarks: no area {', '.join(unknown)} in this version; known: {known}", file=sys.stderr)
        return WRONG_USE
    status = OK
    for area in options.areas or [area for area in areas if area not in WHEN_NAMED]:
        goals = targets.get(area.removesuffix(FULL), {})
        figures, crashed = run_area(areas[area])
        status = CRASHED if crashed else status
        figures = complete(figures, goals)
        path = write_json(area, figures)
        console = Console() if sys.stdout.isatty() else Console(width=140)
        print_table(area, figures, goals, console)
        print(f"written: {path}")
    return status


def run_area(measurements: Sequence[Measurement]) -> tuple[Figures, bool]:
    """Run one measurement after the other, each in its own process; one that crashes stops no other.

    Returns all figures and whether something crashed.
    """
    figures, crashed = Figures(), False
    for measurement in measurements:
        print(f"measuring {measurement.title} ...", file=sys.stderr, flush=True)
        try:
            figures.add(in_own_process(measurement.run))
        except Crashed as crash:
            crashed = True
            print(crash.traceback, file=sys.stderr)
            figures.missing |= dict.fromkeys(measurement.names, f"crashed: {crash}")
    return figures, crashed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "areas",
        nargs="*",
        metavar="AREA",
        help=f"{', '.join(AREAS)}; default: all but {' and '.join(WHEN_NAMED)}",
    )
    parser.add_argument(
        "--list", action="store_true", help="print areas, figures and targets; measure nothing"
    )
    return parser


def _print_list(
    areas: Mapping[str, Sequence[Measurement]], targets: Mapping[str, Mapping[str, Target]]
) -> None:
    for area, figures in targets.items():
        print(area if area in areas else f"{area} (not in this version)")
        for name, target in figures.items():
            print(f"  {name:<50} {goal(target):>9} {target.unit:<8} {target.what}")


if __name__ == "__main__":
    sys.exit(main())
