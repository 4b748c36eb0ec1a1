"""The week of a physical city and its pressure profile as one picture."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from simulators.fieldtruth.profile import PressureProfile, pressure_profile
from simulators.fieldtruth.watch import Watched
from simulators.plant.arrays import Floats

RADIATOR, FLOOR, PRIMARY, GREY = "#ee6677", "#4477aa", "#aa3377", "#555555"
"""Told apart by colour-blind eyes too (Paul Tol, bright)."""


def draw(watched: Watched, p: Floats, step_s: float, title: str, path: Path) -> None:
    """Write the picture as PNG; ``p`` are the node pressures in kPa at the end."""
    with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "lines.linewidth": 1.1}):
        figure = Figure(figsize=(12, 15), layout="constrained")
        axes = figure.subplots(6, 1, gridspec_kw={"height_ratios": (1, 2, 1.2, 1.3, 2, 2.4)})
        days = np.asarray(np.arange(1.0, len(watched.T_outdoor) + 1.0) * step_s / 86_400.0, dtype=np.float64)
        _week(axes, watched, days)
        at = 0.0 if watched.last is None else watched.last.time
        network = watched.city.params.network
        draw_profile(axes[5], pressure_profile(watched.city.city, network, watched.link_flow, p, at))
        axes[5].set_xlabel(
            "km from the source to the station with the least pressure, at the end of the week"
        )
        figure.suptitle(title)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=90, metadata={"Software": None})


def _week(axes: np.ndarray[tuple[int], np.dtype[np.object_]], watched: Watched, days: Floats) -> None:
    primary, secondary = np.array(watched.primary), np.array(watched.secondary)
    axes[0].plot(days, watched.T_outdoor, color=GREY)
    axes[0].set_ylabel("outdoor, °C")
    for column, style in ((0, "-"), (1, "--")):
        name = ("supply", "return")[column]
        axes[1].plot(days, primary[:, column], style, color=PRIMARY, label=f"primary {name}")
        axes[1].plot(days, secondary[:, column], style, color=RADIATOR, label=f"radiators {name}")
        axes[1].plot(days, secondary[:, 2 + column], style, color=FLOOR, label=f"floors {name}")
    axes[1].set_ylabel("water, °C")
    axes[1].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=6, frameon=False)
    axes[2].plot(days, primary[:, 2], color=PRIMARY, label="primary")
    axes[2].plot(days, secondary[:, 4], color=GREY, label="secondary")
    axes[2].set_ylim(bottom=0.0)
    axes[2].set_ylabel("flow, kg/(h m²)")
    axes[2].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=6, frameon=False)
    for number, heat in enumerate(np.array(watched.heat).T, start=1):
        axes[3].plot(days, heat, label=f"source {number}")
    axes[3].set_ylabel("heat fired, MW")
    axes[3].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=6, frameon=False)
    low, lower, middle, upper, high = np.array(watched.indoor).T
    axes[4].fill_between(days, low, high, color=FLOOR, alpha=0.15, label="94 % of the dwellings")
    axes[4].fill_between(days, lower, upper, color=FLOOR, alpha=0.3, label="half of them")
    axes[4].plot(days, middle, color=FLOOR)
    axes[4].axhline(18.0, color=GREY, linestyle="--", linewidth=0.8)
    axes[4].set_ylabel("dwellings, °C")
    axes[4].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=6, frameon=False)
    for axis in axes[:5]:
        axis.set_xlim(0.0, days[-1])
    axes[4].set_xlabel("days")


def draw_profile(axis: mpl.axes.Axes, profile: PressureProfile) -> None:
    """Draw heads over the way to a station: supply, return and the ground beneath."""
    far, ground = profile.far_km, profile.ground
    for side, head, style in (("supply", profile.supply, "-"), ("return", profile.back, "--")):
        axis.plot(far, head, style, color=PRIMARY, label=f"head, {side}")
    axis.fill_between(far, ground.min() - 5.0, ground, color=GREY, alpha=0.4, label="ground")
    axis.set_xlim(0.0, far[-1])
    axis.set_ylabel("m above sea")
    axis.legend(loc="upper right", ncols=3)
