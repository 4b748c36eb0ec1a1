"""A city as one picture: pipes and stations on a map, and the pressures on the way to the worst station."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from simulators.citygen.judgement import DesignDay, way_to
from simulators.plant.arrays import Floats, Indices

METRES_PER_kPa = 1.0 / 9.81
"""Head of cold water, as gauges in network rooms show it."""
KIND_COLOURS = ("#222222", "#cc3311", "#ee7733", "#4477aa", "#88aacc")
SOURCE_COLOURS = ("#000000", "#aa3377")


def draw(day: DesignDay, title: str, path: Path) -> None:
    """Write the picture as PNG; the same day gives the same bytes."""
    with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "lines.linewidth": 1.3}):
        figure = Figure(figsize=(11, 13), layout="constrained")
        above, below = figure.subplots(2, 1, gridspec_kw={"height_ratios": (2.2, 1)})
        way = way_to(day, day.worst)
        _map(above, day, way)
        _profile(below, day, way)
        figure.suptitle(title)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110, metadata={"Software": None})


def _map(axes: Axes, day: DesignDay, way: list[int]) -> None:
    pipes, n = day.pipes, len(day.pipes.trenches)
    x, y = pipes.x / 1000.0, pipes.y / 1000.0
    start, end = day.network.link_start[:n], day.network.link_end[:n]
    pieces = np.stack([np.stack([x[start], y[start]], axis=1), np.stack([x[end], y[end]], axis=1)], axis=1)
    fine = float(np.clip(12.0 / max(np.ptp(x), np.ptp(y), 1.0), 0.25, 1.0))
    axes.add_collection(
        LineCollection(
            list(pieces),
            colors=[KIND_COLOURS[kind] for kind in pipes.kind],
            linewidths=fine * (0.4 + 4.5 * day.network.diameter[:n]),
            zorder=1,
        )
    )
    stations = day.network.link_start[day.network.consumers]
    dots = axes.scatter(x[stations], y[stations], c=day.dp_served, s=14.0 * fine, cmap="viridis", zorder=2)
    axes.figure.colorbar(dots, ax=axes, label="differential pressure at the station, kPa", shrink=0.7)
    sources = day.network.link_end[day.network.sources]
    for wanted, label in ((True, "base plant"), (False, "peak plant")):
        rows = sources[day.base == wanted]
        axes.scatter(
            x[rows], y[rows], marker="s" if wanted else "^", s=70, color=SOURCE_COLOURS[not wanted],
            label=label, zorder=4,
        )  # fmt: skip
    axes.plot(x[way], y[way], color="#ffdd00", linewidth=1.2, zorder=3, label="way to the worst station")
    axes.plot(x[way[-1]], y[way[-1]], "o", color="#ff0000", markersize=8, zorder=5, label="worst station")
    axes.set_aspect("equal")
    axes.set_xlabel("east, km")
    axes.set_ylabel("north, km")
    axes.legend(loc="best")


def _profile(axes: Axes, day: DesignDay, way: list[int]) -> None:
    """Draw heads over the way in m above the sea: what lies between ground and lines is what pipes bear."""
    places, n = np.array(way), len(day.pipes.places)
    distance = _distance(day, places) / 1000.0
    z, p = day.network.elevation, day.solution.p
    for label, nodes, colour in (("supply", places, "#cc3311"), ("return", places + n, "#4477aa")):
        axes.plot(distance, z[nodes] + p[nodes] * METRES_PER_kPa, color=colour, label=label)
    sources = day.network.link_start[day.network.sources]
    held = z[sources[0]] + p[sources[0]] * METRES_PER_kPa
    axes.axhline(held, color="#777777", linestyle="--", linewidth=0.9, label="at rest")
    axes.plot(distance, z[places], color="#664422", label="ground")
    axes.fill_between(distance, z[places].min() - 5.0, z[places], color="#664422", alpha=0.15, linewidth=0.0)
    axes.set_xlabel("way from the source to the worst station, km")
    axes.set_ylabel("head, m above the sea")
    axes.legend(loc="best", ncols=4)


def _distance(day: DesignDay, places: Indices) -> Floats:
    """Return metres from the first place, along the streets."""
    x, y = day.pipes.x[places], day.pipes.y[places]
    return np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
