"""``python -m simulators savings``: what a strategy saves, against how far apart the stations were.

Made of verdicts that ``evaluate --json`` printed, one for each spread and scenario: two tables in Markdown
and a picture. What can be saved hangs on the spread and on the curve that it is held against, so both are
told of all baselines, each with the comfort that it gives. Nothing is computed anew.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from simulators.evaluate.contestants import CURVE, TUNED, WARM
from simulators.evaluate.picture import COLOURS, GREY
from simulators.evaluate.report import WARM_PERCENT, set_up
from simulators.evaluate.verdict import possible_saving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

Verdict = dict[str, Any]
DESCRIPTION = (
    "Tell what a strategy saves against the spread between stations, of verdicts of `evaluate --json`."
)
OK, WRONG_USE = 0, 2
BASES = (CURVE, WARM, TUNED)
COMFORT, SD = "share_at_least_18_percent", "indoor_sd_between_stations_K"


class NoSeries(Exception):
    """Files that are no verdicts of such a series."""


def run(arguments: Sequence[str]) -> int:
    """Print the table and draw the picture; exit code 2 for files that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m simulators savings", description=DESCRIPTION)
    parser.add_argument("verdict", type=Path, nargs="+", help="what `evaluate --json` printed of one city")
    parser.add_argument(
        "--strategy", default="optimizer", metavar="NAME", help="whose savings; default: optimizer"
    )
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw them there too")
    options = parser.parse_args(arguments)
    try:
        series = read(options.verdict, options.strategy)
        if options.picture is not None:
            draw(series, options.strategy, options.picture)
    except (NoSeries, OSError) as error:
        print(f"savings: {error}", file=sys.stderr)
        return WRONG_USE
    print(tables(series, options.strategy))
    return OK


def read(files: Sequence[Path], strategy: str) -> dict[str, list[Verdict]]:
    """Return the verdicts by scenario, each list by rising spread; raises NoSeries, OSError."""
    series: dict[str, list[Verdict]] = {}
    for file in files:
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            missing = {*BASES, strategy} - told["strategies"].keys()
            if not missing:
                for row in (_saved, _rooms):  # finds what is not there while the file can be named
                    row(told, strategy)
                series.setdefault(told["scenario"], []).append(told)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoSeries(
                f"{file}: no verdict of `evaluate --plant physical --json` on one city: {error!r}"
            ) from error
        if missing:
            raise NoSeries(f"{file}: {', '.join(sorted(missing))} did not take part")
    return {name: sorted(those, key=lambda told: told["spread_K"]) for name, those in series.items()}


def tables(series: Mapping[str, Sequence[Verdict]], strategy: str) -> str:
    """Return two tables in Markdown, of savings and of rooms, each with one row for each verdict."""
    every = [told for those in series.values() for told in those]
    names = (*BASES, strategy)
    saved = [("scenario", "apart, K", *(f"heat against `{base}`" for base in BASES),
              "heat against a curve as warm", "balance saves at most",
              *(f"pumps against `{base}`" for base in (CURVE, WARM)), "safety breaks")]  # fmt: skip
    rooms = [("scenario", "apart, K", f"`{WARM}` set by, K",
              *(f"at 18 °C under `{name}`, %" for name in names),
              *(f"apart under `{name}`, K" for name in names),
              *(f"over-heating, of that of `{base}`" for base in (CURVE, WARM)))]  # fmt: skip
    saved += [_saved(told, strategy) for told in every]
    rooms += [_rooms(told, strategy) for told in every]
    return f"{_markdown(saved)}\n\n{_markdown(rooms)}"


def as_warm(told: Verdict, strategy: str) -> float | None:
    """Return what is saved in % of the heat of a common curve that keeps as many dwellings warm.

    Its heat is read from the line between ``curve`` and ``warm_curve`` over the normal quantile of the share
    of dwelling-hours at 18 degC: rooms are spread nearly normally, so that grows with their mean, as the heat
    does; the share itself grows ever slower. None where fewer or more are kept warm than under these two.
    """
    every = told["strategies"]
    (x0, y0), (x1, y1), (x, y) = (
        (every[name][COMFORT] / 100.0, every[name]["heat_GJ"]) for name in (CURVE, WARM, strategy)
    )
    if x0 == x1 or not min(x0, x1) <= x <= max(x0, x1) or max(x0, x1) >= 1.0:
        return None
    z0, z1, z = (NormalDist().inv_cdf(share) for share in (x0, x1, x))
    return float(100.0 - 100.0 * y / (y0 + (z - z0) * (y1 - y0) / (z1 - z0)))


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    ruled = (rows[0], ["---"] * len(rows[0]), *rows[1:])
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled)


def _saved(told: Verdict, strategy: str) -> tuple[str, ...]:
    """Return one row: what was used less is negative, as in all tables of the documentation."""
    less, fair = told["against"][strategy], as_warm(told, strategy)
    return (
        f"`{told['scenario']}`",
        f"{told['spread_K']:.1f}",
        *(f"{0.0 - less[f'heat_saving_vs_{base}_percent']:+.1f} %" for base in BASES),
        "" if fair is None else f"{0.0 - fair:+.1f} %",
        f"{-possible_saving(told['strategies'][WARM][SD]):+.1f} %",
        *(f"{0.0 - less[f'pump_saving_vs_{base}_percent']:+.1f} %" for base in (CURVE, WARM)),
        f"{sum(kpis['safety_breaks'] for kpis in told['strategies'].values()):.0f}",
    )


def _rooms(told: Verdict, strategy: str) -> tuple[str, ...]:
    every = told["strategies"]
    hot, names = {name: kpis["over_heating_K_h"] for name, kpis in every.items()}, (*BASES, strategy)
    return (
        f"`{told['scenario']}`",
        f"{told['spread_K']:.1f}",
        f"{set_up(told):+.1f}",
        *(f"{every[name][COMFORT]:.1f}" for name in names),
        *(f"{every[name][SD]:.2f}" for name in names),
        *(f"{100.0 * hot[strategy] / hot[base]:.0f} %" if hot[base] else "" for base in (CURVE, WARM)),
    )


def draw(series: Mapping[str, Sequence[Verdict]], strategy: str, path: Path) -> None:
    """Write the picture as PNG: heat saved and comfort against the spread, a column for each scenario."""
    with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "lines.marker": "o"}):
        figure = Figure(figsize=(5.0 * len(series) + 1.0, 6.4), layout="constrained")
        axes = figure.subplots(2, len(series), sharex=True, sharey="row", squeeze=False)
        for column, (scenario, those) in enumerate(series.items()):
            axes[0, column].set_title(f"{scenario}: {those[0]['stations']} stations, seed {those[0]['seed']}")
            _draw_saved(axes[0, column], those, strategy)
            _draw_comfort(axes[1, column], those, strategy)
            axes[1, column].set_xlabel("stations' mean rooms apart, as generated: standard deviation, K")
        axes[0, 0].set_ylabel(f"heat saved by {strategy}, %")
        axes[1, 0].set_ylabel("dwelling-hours at 18 °C, %")
        for row in axes:
            row[0].legend(loc="best")
        commits = sorted({told["commit"] for those in series.values() for told in those})
        figure.suptitle(f"Synthetic city, calibrated to field audits; commit {', '.join(commits)}")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110, metadata={"Software": None})


def _draw_saved(axis: Axes, those: Sequence[Verdict], strategy: str) -> None:
    spreads = [told["spread_K"] for told in those]
    for base, colour in zip(BASES, COLOURS, strict=False):
        saved = [told["against"][strategy][f"heat_saving_vs_{base}_percent"] for told in those]
        axis.plot(spreads, saved, color=colour, label=f"against {base}")
    fair = [as_warm(told, strategy) for told in those]
    as_numbers = [math.nan if percent is None else percent for percent in fair]
    axis.plot(spreads, as_numbers, color=COLOURS[3], linestyle=":", label="against a curve as warm")
    most = [possible_saving(told["strategies"][WARM][SD]) for told in those]
    axis.plot(spreads, most, color=GREY, linestyle="--", marker="", label="perfect balance")
    axis.axhline(0.0, color=GREY, linewidth=0.8, marker="")


def _draw_comfort(axis: Axes, those: Sequence[Verdict], strategy: str) -> None:
    for name, colour in zip((*BASES, strategy), COLOURS, strict=False):
        shares = [told["strategies"][name][COMFORT] for told in those]
        axis.plot([told["spread_K"] for told in those], shares, color=colour, label=name)
    axis.axhline(WARM_PERCENT, color=GREY, linestyle="--", linewidth=0.8, marker="")
