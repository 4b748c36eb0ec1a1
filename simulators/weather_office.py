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

from simulators.foretold import Air, Foretold, foretold, issued_before
from simulators.weather import Weather

COLUMNS = ("time", "issued", "T_outdoor_degC", "wind_m_per_s", "sun_W_per_m2")


class WeatherOffice:
    """Writes a forecast every six hours of simulated time."""

    def __init__(self, weather: Weather, seed: int, file: Path) -> None:
        """``seed`` decides on the errors; the folder of ``file`` is made."""
        self._weather, self._seed, self._file = weather, seed, file
        self._issued_at: float | None = None
        file.parent.mkdir(parents=True, exist_ok=True)

    def advance(self, now: float) -> None:
        """Issue the forecast that is due at UTC second ``now``, if it is not out yet."""
        issued_at = issued_before(now)
        if issued_at == self._issued_at:
            return
        self._issued_at = issued_at
        # whole or not at all: somebody may read it at any moment
        half = self._file.with_suffix(".part")
        half.write_text(written(foretold(self._air, self._seed, issued_at)), encoding="utf-8")
        os.replace(half, self._file)

    def _air(self, at: float) -> Air:
        sky = self._weather.at(at)
        return Air(sky.T_outdoor, sky.wind, sky.irradiation)


def written(told: Foretold) -> str:
    """Return a forecast as CSV; its sun is the mean of the hour that ends at ``time``."""
    sun = 0.5 * (told.sun + np.concatenate([told.sun[:1], told.sun[:-1]]))
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in zip(
        told.times.tolist(), told.T_outdoor.tolist(), told.wind.tolist(), sun.tolist(), strict=True
    ):
        at, T, wind, shine = row
        table.writerow([_utc(at), _utc(told.issued_at), f"{T:.2f}", f"{wind:.2f}", f"{shine:.1f}"])
    return text.getvalue()


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
