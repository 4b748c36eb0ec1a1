"""``python -m simulators evaluate``: strategies side by side on a simulated city, in virtual time."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from rich.console import Console

from simulators.evaluate.calibration import NotCalibrated, calibrate, contestants, keep, stored
from simulators.evaluate.case import Case
from simulators.evaluate.contestants import BASELINES, known_strategies
from simulators.evaluate.picture import draw
from simulators.evaluate.report import print_report
from simulators.evaluate.trial import run_trial
from simulators.evaluate.verdict import verdict
from simulators.scenario import ScenarioError, load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

DESCRIPTION = "Judge strategies side by side on a simulated city, in virtual time."
OK, FAILED, WRONG_USE = 0, 1, 2
LOG_CRITICAL = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command; ``dhc evaluate`` passes them on as they are."""
    parser.add_argument("scenario", help="january, cold_wave or autumn_start")
    parser.add_argument(
        "--strategy", action="append", metavar="NAME",
        help="what to judge, once for each; default: curve, staged_curve and tuned_curve",
    )  # fmt: skip
    parser.add_argument("--stations", type=_whole(2, 500), default=40, metavar="N", help="default: 40")
    parser.add_argument(
        "--days", type=_whole(1, 120), metavar="N",
        help="all days, the uncounted ones included; default: 3 uncounted and 7 counted",
    )  # fmt: skip
    parser.add_argument("--seed", type=_whole(0, 2**31), default=1, metavar="S", help="default: 1")
    parser.add_argument(
        "--calibrate", action="store_true",
        help="first find the offsets of the baselines anew, and store them with the scenarios",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument(
        "--picture", type=Path, metavar="PNG", help="default: build/evaluate/SCENARIO.png; - for none"
    )


def run(options: argparse.Namespace) -> int:
    """Judge, and print the verdict; exit code 2 for what is not known."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(LOG_CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    names = list(dict.fromkeys(options.strategy or BASELINES))
    unknown = [name for name in names if name not in known_strategies()]
    if unknown:
        known = ", ".join(known_strategies())
        return _fail(WRONG_USE, f"there is no strategy {unknown[0]!r}; known are: {known}")
    try:
        scenario = load_scenario(options.scenario)
    except ScenarioError as error:
        return _fail(WRONG_USE, str(error))
    days = options.days or scenario.uncounted_days + scenario.counted_days
    if days <= scenario.uncounted_days:
        return _fail(WRONG_USE, f"--days {days}: the first {scenario.uncounted_days} days do not count")
    with tempfile.TemporaryDirectory() as folder:
        case = Case(
            scenario=scenario,
            stations=options.stations,
            seed=options.seed,
            uncounted_days=scenario.uncounted_days,
            counted_days=days - scenario.uncounted_days,
            folder=Path(folder),
        )
        try:
            return _judge(case, names, options)
        except NotCalibrated as error:
            return _fail(WRONG_USE, str(error))
        except OSError as error:
            return _fail(FAILED, str(error))


def _judge(case: Case, names: list[str], options: argparse.Namespace) -> int:
    if options.calibrate:
        keep(case, calibrate(case, _progress("calibrating")))
    trial = case.trial(contestants(case, stored(case), names))
    records = run_trial(trial, _progress(f"judging {', '.join(names)}"))
    result = verdict(trial, records)
    picture = options.picture or Path("build", "evaluate", f"{case.scenario.name}.png")
    if str(picture) != "-":
        draw(records, f"{case.scenario.title} ({case.stations} simulated stations)", picture)
        print(f"picture: {picture}", file=sys.stderr)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print_report(result, Console())
    return OK


def _progress(what: str) -> Callable[[float], None]:
    """Return what tells on stderr how far a run has come, in steps of a tenth."""
    began, told = time.monotonic(), 0

    def tell(share: float) -> None:
        nonlocal told
        tenth = int(10.0 * share + 1e-9)
        if tenth > told:
            told = tenth
            print(
                f"{what}: {10 * tenth} % after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True
            )

    return tell


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isdigit() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {low}..{high}")
        return int(text)

    return read


def _fail(code: int, text: str) -> int:
    print(f"evaluate: {text}", file=sys.stderr)
    return code
