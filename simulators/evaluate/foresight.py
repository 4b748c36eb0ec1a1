"""The forecast that a judged centre gets: never the truth itself, what that saves nobody has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.forecast.outlook import outlook
from optimizer.forecast.weather import NoWeather, Outlook, Track, WeatherTable
from simulators.foretold import Air, foretold, issued_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from optimizer.building import Floats


class Foresight:
    """Tells the weather of a trial as a forecast of the time would have."""

    def __init__(self, truth: Callable[[float], Air], seed: int) -> None:
        """``truth`` answers for any UTC second; ``seed`` decides on the errors."""
        self._truth, self._seed = truth, seed
        self._issued: WeatherTable | None = None

    def __call__(self, times: Floats) -> Outlook | NoWeather:
        """Return the weather of even steps beginning at ``times``; the first of them is now."""
        now = float(times[0])
        issued_at = issued_before(now)
        if self._issued is None or self._issued.issued_at != issued_at:
            self._issued = self._table(issued_at)
        return outlook(times, now, [self._issued])

    def _table(self, issued_at: float) -> WeatherTable:
        told = foretold(self._truth, self._seed, issued_at)
        return WeatherTable(
            source="trial",
            issued_at=issued_at,
            T_outdoor=Track(times=told.times, values=told.T_outdoor),
            wind=Track(times=told.times, values=told.wind),
            sun=Track(times=told.times, values=told.sun),
        )
