"""The counted days of all strategies as one picture: outdoors, heat, pumps, dwellings, and the network."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from simulators.evaluate.record import Record, weighted_quantiles
from simulators.fieldtruth.picture import draw_profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from simulators.plant.arrays import Floats

GREY = "#555555"
CITY_TIME = timezone(timedelta(hours=8))
COLOURS = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#ccbb44", "#66ccee")
"""Told apart by colour-blind eyes too (Paul Tol, bright)."""


def draw(records: Sequence[Record], title: str, path: Path) -> None:
    """Write the picture as PNG; the same records give the same bytes.

    Where there is a network, its water and flows, the least differential pressure and the heads in the worst
    moment are drawn too.
    """
    network = records[0].network is not None
    heights = (1.0, 2.0, 1.2, 2.4, 2.2, 1.2, 1.0, 2.0) if network else (1.0, 2.0, 1.2, 2.4)
    with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "lines.linewidth": 1.2}):
        figure = Figure(figsize=(11, 1.66 * sum(heights)), layout="constrained")
        axes: list[Axes] = list(figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights}))
        week = axes[:-1] if network else axes
        for axis in week[1:]:
            axis.sharex(week[0])
        hours = np.arange(1, len(records[0].T_outdoor) + 1) / 24.0
        _comfort(axes, records, hours)
        if network:
            _water(axes[4:7], records, hours)
            _worst(axes[7], records)
        midnights = range(len(hours) // 24 + 1)
        for axis in week[:-1]:
            axis.tick_params(labelbottom=False)
        week[-1].set_xticks(midnights, [_date(records[0].begin + 86_400.0 * day) for day in midnights])
        figure.suptitle(title)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110, metadata={"Software": None})


def _comfort(axes: Sequence[Axes], records: Sequence[Record], hours: Floats) -> None:
    """Draw outdoors, heat, pumps and dwellings, one beneath the other."""
    axes[0].plot(hours, records[0].T_outdoor, color=GREY)
    axes[0].set_ylabel("outdoor, °C")
    axes[1].set_ylabel("heat at the source, MW")
    axes[2].set_ylabel("all pumps, W/m²")
    axes[3].set_ylabel("dwellings, °C\nmedian; p10 to p90 shaded")
    for record, colour in zip(records, _colours(len(records)), strict=True):
        A = record.A_heated.sum()
        axes[1].plot(hours, record.Q_source / 1000.0, color=colour, label=record.strategy)
        pumps = (record.P_pump.sum(axis=1) + record.P_source) * 1000.0 / A
        axes[2].plot(hours, pumps, color=colour)
        low, middle, high = np.array([_quantiles(record, hour) for hour in range(len(hours))]).T
        axes[3].plot(hours, middle, color=colour)
        axes[3].fill_between(hours, low, high, color=colour, alpha=0.12, linewidth=0.0)
    for limit in (18.0, 22.0):
        axes[3].axhline(limit, color=GREY, linestyle="--", linewidth=0.8)
    axes[1].legend(loc="upper right", ncols=len(records))


def _water(axes: Sequence[Axes], records: Sequence[Record], hours: Floats) -> None:
    """Draw the water of both sides, means by flow, its flows, and the pressure at the worst station."""
    water, flow, pressure = axes
    for record, colour in zip(records, _colours(len(records)), strict=True):
        assert record.network is not None
        m, network, A = record.m_flow, record.network, record.A_heated.sum()
        for T, style in ((record.T_supply, "-"), (record.T_return, "--")):
            water.plot(hours, (T * m).sum(axis=1) / m.sum(axis=1), style, color=colour)
        water.plot(hours, network.T_supply_source, "-.", color=colour)
        water.plot(hours, record.T_return_primary, ":", color=colour)
        flow.plot(hours, m.sum(axis=1) * 3600.0 / A, color=colour)
        flow.plot(hours, network.m_flow_primary * 3600.0 / A, ":", color=colour)
        pressure.plot(hours, network.dp.min(axis=1), color=colour)
    water.set_ylabel("water, °C\nfrom the sources -·-,\nprimary return ···,\nto houses —, back - -")
    flow.set_ylabel("flow, kg/(h m²)\nhouses —, primary ···")
    flow.set_ylim(bottom=0.0)
    pressure.set_ylabel("least dp at\na station, kPa")
    pressure.set_ylim(bottom=0.0)


def _worst(axis: Axes, records: Sequence[Record]) -> None:
    """Draw the heads of the moment in which a station had the least pressure, under any strategy."""
    found = [
        (record.network.worst.dp_kPa, record.strategy, record.network.worst)
        for record in records
        if record.network is not None and record.network.worst is not None
    ]
    if not found:
        axis.set_axis_off()
        return
    dp, strategy, profile = min(found, key=lambda one: one[0])
    draw_profile(axis, profile)
    moment = datetime.fromtimestamp(profile.at, CITY_TIME).strftime("%d %b %H:%M")
    axis.set_xlabel(
        f"km from the source to station {profile.station}, which had {dp:.0f} kPa on {moment} "
        f"under {strategy}: the least of the counted days"
    )


def _colours(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _quantiles(record: Record, hour: int) -> tuple[float, ...]:
    T = record.T_dwelling[hour]
    return weighted_quantiles(T, record.A_dwelling, (0.1, 0.5, 0.9))


def _date(moment: float) -> str:
    return datetime.fromtimestamp(moment, CITY_TIME).strftime("%d %b")
