"""``python -m simulators evaluate``: strategies side by side on a simulated city, in virtual time."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from rich.console import Console

from controller.config.faults import SiteError
from simulators.citygen.model import SPREAD_K
from simulators.evaluate.calibration import NotCalibrated, calibrate, contestants, keep, stored
from simulators.evaluate.case import ADVISED, PHYSICAL, PLANTS, SIMPLE, WRITTEN, Case
from simulators.evaluate.contestants import BASELINES_OF, CURVE, STAGED, known_strategies
from simulators.evaluate.hindsight import FOUND, copies, side_by_side
from simulators.evaluate.physical_town import NotGenerated, origin_of
from simulators.evaluate.picture import draw
from simulators.evaluate.report import known_by, plant_title, print_report, print_together
from simulators.evaluate.several import together
from simulators.evaluate.trial import run_trial
from simulators.evaluate.verdict import verdict
from simulators.plant.network.errors import NetworkError
from simulators.scenario import Scenario, ScenarioError, known_scenarios, load_scenario
from simulators.sitefile import SiteFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.evaluate.record import Record
    from simulators.evaluate.trial import Trial

DESCRIPTION = "Judge strategies side by side on a simulated city, in virtual time."
OK, FAILED, WRONG_USE = 0, 1, 2
LOG_CRITICAL = 50
USUAL = {SIMPLE: BASELINES_OF[SIMPLE], PHYSICAL: (CURVE, STAGED, "balance")}
"""What is judged where nobody says."""
SPREADS_K = (1.0, 1.5, 2.0, 2.5)
"""Of the honest series: what a strategy saves hangs on how far apart stations are."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command; ``dhc evaluate`` passes them on as they are."""
    parser.add_argument("scenario", help=", ".join(known_scenarios()))
    parser.add_argument(
        "--strategy", action="append", metavar="NAME",
        help="what to judge, once for each; default: curve, staged_curve and balance, "
        "on the simple plant curve, staged_curve and tuned_curve",
    )  # fmt: skip
    parser.add_argument(
        "--plant", choices=PLANTS, default=None,
        help="physical: a generated city with its network, calibrated to field audits (default); simple: the "
        "demo city, which is not",
    )  # fmt: skip
    parser.add_argument("--stations", type=_whole(2, 500), default=40, metavar="N", help="default: 40")
    parser.add_argument(
        "--site",
        type=Path,
        metavar="DIR",
        help="site of `dhc city new`, as it stands there, in place of --stations and --seed",
    )
    parser.add_argument(
        "--days", type=_whole(1, 120), metavar="N",
        help="all days, the uncounted ones included; default: 3 uncounted and 7 counted",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=_whole(0, 2**31), action="append", metavar="S",
        help="default: 1; given several times, mean and worst of these cities are told",
    )  # fmt: skip
    parser.add_argument(
        "--calibrate", action="store_true",
        help="on the simple plant: first find the offsets of the baselines anew, and store them with the "
        "scenarios (the physical city's are found in the run that judges them)",
    )  # fmt: skip
    parser.add_argument(
        "--spread", type=float, choices=SPREADS_K, metavar="K", default=None,
        help="on the physical plant: K between stations' mean indoor temperatures (standard deviation), "
        f"{', '.join(map(str, SPREADS_K))}; default: {SPREAD_K}, as the field was audited",
    )  # fmt: skip
    parser.add_argument(
        "--write-sources", action="store_true",
        help="on the physical plant: heat sources take the orders of strategies that plan as setpoints; "
        "default: they are advised and keep to their own curve and head. With --site its file decides",
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
    plant = options.plant or PHYSICAL
    names = list(dict.fromkeys(options.strategy or USUAL[plant]))
    unknown = [name for name in names if name not in known_strategies(plant)]
    if unknown:
        known = ", ".join(known_strategies(plant))
        return _fail(
            WRONG_USE, f"there is no strategy {unknown[0]!r} on the {plant} plant; known are: {known}"
        )
    if options.site is not None and (plant == SIMPLE or options.seed):
        return _fail(WRONG_USE, "--site is a city of its own: it goes with --plant physical, without --seed")
    if options.spread is not None and (plant == SIMPLE or options.site is not None):
        return _fail(WRONG_USE, "--spread goes with --plant physical, without --site, which has its own")
    if options.calibrate and plant == PHYSICAL:
        return _fail(
            WRONG_USE, f"--calibrate goes with --plant simple; {' and '.join(FOUND)} are found in every run"
        )
    if options.write_sources and (plant == SIMPLE or options.site is not None):
        return _fail(
            WRONG_USE,
            "--write-sources goes with --plant physical, without --site, whose site.toml says it: "
            "[planning.sources.ID.writes]",
        )
    try:
        scenario = load_scenario(options.scenario)
    except ScenarioError as error:
        return _fail(WRONG_USE, str(error))
    if plant == SIMPLE and scenario.needs_network:
        return _fail(WRONG_USE, f"scenario {scenario.name!r} needs --plant physical")
    days = options.days or scenario.uncounted_days + scenario.counted_days
    if days <= scenario.uncounted_days:
        return _fail(WRONG_USE, f"--days {days}: the first {scenario.uncounted_days} days do not count")
    try:
        return _judge(_cases(options, scenario, plant, days), names, options)
    except (NotCalibrated, NotGenerated, ScenarioError, SiteError, SiteFileError) as error:
        return _fail(WRONG_USE, str(error))
    except OSError as error:
        return _fail(FAILED, str(error))
    except NetworkError as error:
        where = "" if options.site is None else f"{options.site}: {type(error).__name__}: "
        return _fail(FAILED, f"{where}{error}")


def _cases(options: argparse.Namespace, scenario: Scenario, plant: str, days: int) -> list[Case]:
    """Return one case for each city; raises NotGenerated. Their folders are named, not made."""
    cities = [(options.stations, seed) for seed in dict.fromkeys(options.seed or [1])]
    if options.site is not None:
        origin = origin_of(options.site)
        cities = [(origin.stations, origin.seed)]
    return [
        Case(
            scenario=scenario,
            stations=stations,
            seed=seed,
            uncounted_days=scenario.uncounted_days,
            counted_days=days - scenario.uncounted_days,
            folder=Path(f"seed{seed}"),
            plant=plant,
            spread_K=options.spread,
            site=options.site,
            sources=WRITTEN if options.write_sources else ADVISED,
        )
        for stations, seed in cities
    ]


def _judge(cases: list[Case], names: list[str], options: argparse.Namespace) -> int:
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            verdicts.append(_verdict(case.within(Path(folder)), names, options, several=len(cases) > 1))
    result = verdicts[0] if len(verdicts) == 1 else together(verdicts)
    if options.json:
        print(json.dumps(result, indent=2))
        return OK
    for one in verdicts:
        print_report(one, Console())
    if len(verdicts) > 1:
        print_together(result, Console())
    return OK


def _verdict(case: Case, names: list[str], options: argparse.Namespace, *, several: bool) -> dict[str, Any]:
    """Judge one city and draw its picture."""
    seed = f" (seed {case.seed})" if several else ""
    judged = _of_physical if case.plant == PHYSICAL else _of_simple
    trial, records = judged(case, names, options, seed)
    told = verdict(trial, records)
    picture = options.picture or Path("build", "evaluate", f"{case.scenario.name}.png")
    if str(picture) != "-":
        path = picture.with_stem(f"{picture.stem}-{case.seed}") if several else picture
        title = f"{case.scenario.title} ({case.stations} simulated stations)"
        draw(records, f"{title}\n{plant_title(told)}; {known_by(told)}", path)
        print(f"picture: {path}", file=sys.stderr)
    return told


def _of_physical(
    case: Case, names: list[str], _options: argparse.Namespace, seed: str
) -> tuple[Trial, list[Record]]:
    found = [name for name in names if name in FOUND]
    if found:
        print(
            f"evaluate: {' and '.join(found)} can only be known in hindsight, which takes two runs with "
            f"{copies(names)} copies of the city, in place of one with {len(names)}",
            file=sys.stderr,
        )
    return side_by_side(case, names, lambda what: _progress(f"judging {what}{seed}"))


def _of_simple(
    case: Case, names: list[str], options: argparse.Namespace, seed: str
) -> tuple[Trial, list[Record]]:
    if options.calibrate:
        keep(case, calibrate(case, _progress(f"calibrating{seed}")))
    found = stored(case)
    days = case.uncounted_days + case.counted_days
    if found.days != days:
        print(
            f"evaluate: the offsets for {case.key} are of {found.days:g} days, this run has {days:g}",
            file=sys.stderr,
        )
    if found.out_of_reach:
        print(
            f"evaluate: with {found.city_K:g} K, the most that a site takes, 97 % of the dwelling-hours of "
            f"{case.key} reach {found.reached_degC:.1f} degC only",
            file=sys.stderr,
        )
    trial = case.trial(contestants(case, found, names))
    return trial, run_trial(trial, _progress(f"judging {', '.join(names)}{seed}"))


def _progress(what: str) -> Callable[[float], None]:
    """Tell on stderr that a run begins, and return what tells how far it has come, in steps of a tenth."""
    began, told = time.monotonic(), 0
    print(f"{what}: begun; the city settles first", file=sys.stderr, flush=True)

    def tell(share: float) -> None:
        nonlocal told
        tenth = int(10.0 * share + 1e-9)
        if tenth > told:
            told = tenth
            passed_s = time.monotonic() - began
            left = f", about {passed_s * (1.0 / share - 1.0):.0f} s to go" if share < 1.0 else ""
            print(f"{what}: {10 * tenth} % after {passed_s:.0f} s{left}", file=sys.stderr, flush=True)

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
