"""``python -m simulators season``: a generated city through days of a winter on its stations' own curves."""

import argparse
from dataclasses import fields
from pathlib import Path

from simulators.citygen.generate import generate
from simulators.citygen.model import SPREAD_K
from simulators.fieldtruth.build import SEASON_DAYS, build, season_start, sky_at
from simulators.fieldtruth.commission import FACTOR_LIMITS
from simulators.fieldtruth.parameters import parameter_hash
from simulators.fieldtruth.picture import draw
from simulators.fieldtruth.season import SEASON_STEP_S, Figures, run_season, season_plant
from simulators.fieldtruth.watch import Watched
from simulators.plant.city_parts import CityOutputs, CityState
from simulators.plant.network.errors import NetworkError

OK, FAILED, WRONG_USE = 0, 1, 2


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code: 0 ok, 1 the city failed, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        city = build(generate(options.stations, options.seed, options.spread))
    except ValueError as error:
        print(error)
        return WRONG_USE
    weather = city.city.weather
    begin = season_start(weather) + options.begin * 86_400.0
    print(f"parameters {parameter_hash()}: {options.stations} stations, seed {options.seed}, "
          f"spread {options.spread} K", flush=True)  # fmt: skip
    if city.at_limits.any():
        low, high = FACTOR_LIMITS
        print(f"{city.at_limits.sum()} of {city.at_limits.size} zones: emitters stand at {low:g} or {high:g} "
              "times what was drawn and would need more")  # fmt: skip
    watched = Watched(city)

    def watch(state: CityState, out: CityOutputs) -> None:
        if options.picture is not None:
            watched.see(state, out, sky_at(weather, state.time).T_outdoor)

    try:
        plant = season_plant(city, options.step)
        figures = run_season(city, options.days, options.step, begin, watch, plant)
    except NetworkError as error:
        print(error)
        return FAILED
    for field in fields(Figures):
        print(f"{field.name:28} {getattr(figures, field.name):10.4g}")
    if options.picture is not None:
        title = f"{options.stations} stations, own curves, parameters {parameter_hash()} (synthetic)"
        draw(watched, plant.primary.p, options.step, title, options.picture)
        print(options.picture)
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators season", description=__doc__)
    parser.add_argument("--stations", type=int, default=40, help="1..5000 (40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--spread",
        type=float,
        default=SPREAD_K,
        help=f"K between stations' mean indoor temperatures, standard deviation ({SPREAD_K})",
    )
    parser.add_argument("--days", type=_days, default=SEASON_DAYS, help=f"whole days ({SEASON_DAYS})")
    parser.add_argument(
        "--begin", type=int, default=0, help="day of the season to begin with (0: 1 November)"
    )
    parser.add_argument(
        "--step", type=float, default=SEASON_STEP_S, help=f"seconds, 60..600 ({SEASON_STEP_S:.0f})"
    )
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw the days")
    return parser


def _days(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 200):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days, 1..200")
    return int(text)
