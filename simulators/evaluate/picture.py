"""The counted days of all strategies as one picture: outdoors, heat at the source, pumps, dwellings."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from simulators.evaluate.record import Record, weighted_quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

CITY_TIME = timezone(timedelta(hours=8))
COLOURS = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#ccbb44", "#66ccee")
"""Told apart by colour-blind eyes too (Paul Tol, bright)."""


def draw(records: Sequence[Record], title: str, path: Path) -> None:
    """Write the picture as PNG; the same records give the same bytes."""
    with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "lines.linewidth": 1.2}):
        figure = Figure(figsize=(11, 11), layout="constrained")
        axes: list[Axes] = list(
            figure.subplots(4, 1, sharex=True, gridspec_kw={"height_ratios": (1, 2, 1.2, 2.4)})
        )
        first = records[0]
        n_hours = len(first.T_outdoor)
        hours = np.arange(1, n_hours + 1) / 24.0
        axes[0].plot(hours, first.T_outdoor, color="#555555")
        axes[0].set_ylabel("outdoor, °C")
        axes[1].set_ylabel("heat at the source, MW")
        axes[2].set_ylabel("all pumps, W/m²")
        axes[3].set_ylabel("dwellings, °C\nmedian; p10 to p90 shaded")
        for record, colour in zip(records, _colours(len(records)), strict=True):
            A = record.A_heated.sum()
            axes[1].plot(hours, record.Q_source / 1000.0, color=colour, label=record.strategy)
            pumps = (record.P_pump.sum(axis=1) + record.P_source) * 1000.0 / A
            axes[2].plot(hours, pumps, color=colour)
            low, middle, high = np.array([_quantiles(record, hour) for hour in range(n_hours)]).T
            axes[3].plot(hours, middle, color=colour)
            axes[3].fill_between(hours, low, high, color=colour, alpha=0.12, linewidth=0.0)
        for limit in (18.0, 22.0):
            axes[3].axhline(limit, color="#555555", linestyle="--", linewidth=0.8)
        axes[1].legend(loc="upper right", ncols=len(records))
        midnights = range(n_hours // 24 + 1)
        axes[3].set_xticks(midnights, [_date(first.begin + 86_400.0 * day) for day in midnights])
        figure.suptitle(title)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110, metadata={"Software": None})


def _colours(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _quantiles(record: Record, hour: int) -> tuple[float, ...]:
    T = record.T_dwelling[hour]
    return weighted_quantiles(T, record.A_dwelling, (0.1, 0.5, 0.9))


def _date(moment: float) -> str:
    return datetime.fromtimestamp(moment, CITY_TIME).strftime("%d %b")
