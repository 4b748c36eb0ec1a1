"""A weather office for a simulated city: it keeps a file with the newest forecast, as a real one's line does.

The file is what the centre's source ``file`` reads. It tells the simulated weather with the errors of a
forecast (``simulators.foretold``), never the weather itself.
"""

import csv
import io
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from simulators.foretold import HOUR_S, Air, Foretold, foretold, issued_before
from simulators.weather import Weather

COLUMNS = ("time", "issued", "T_outdoor_degC", "wind_m_per_s", "sun_W_per_m2")


class WeatherOffice:
    """Tells its newest forecast every hour of simulated time; every six hours it makes another."""

    def __init__(self, weather: Weather, seed: int, file: Path) -> None:
        """``seed`` decides on the errors; the folder of ``file`` is made."""
        self._weather, self._seed, self._file = weather, seed, file
        self._told_at: float | None = None
        file.parent.mkdir(parents=True, exist_ok=True)

    def advance(self, now: float) -> None:
        """Tell the forecast of the hour in which UTC second ``now`` lies, if it was not told yet."""
        hour = HOUR_S * (now // HOUR_S)
        if hour == self._told_at:
            return
        self._told_at = hour
        told = foretold(self._air, self._seed, issued_before(now))
        # whole or not at all: somebody may read it at any moment
        half = self._file.with_suffix(".part")
        half.write_text(written(told, hour), encoding="utf-8")
        os.replace(half, self._file)

    def _air(self, at: float) -> Air:
        sky = self._weather.at(at)
        return Air(sky.T_outdoor, sky.wind, sky.irradiation)


def written(told: Foretold, issued_at: float) -> str:
    """Return a forecast as CSV, told at UTC second ``issued_at``.

    Its sun is the mean of the hour that ends at ``time``.
    """
    sun = 0.5 * (told.sun + np.concatenate([told.sun[:1], told.sun[:-1]]))
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in zip(
        told.times.tolist(), told.T_outdoor.tolist(), told.wind.tolist(), sun.tolist(), strict=True
    ):
        at, T, wind, shine = row
        table.writerow([_utc(at), _utc(issued_at), f"{T:.2f}", f"{wind:.2f}", f"{shine:.1f}"])
    return text.getvalue()


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
