"""Keeps the books of forecasts while the service runs, and hands the night what it needs of the weather."""

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from controller.decisions import LoopKey
from controller.knowing import accuracy
from controller.knowing.accuracy import AHEAD_H, Book, Hours
from controller.knowing.gathered import Quarter
from controller.knowing.known import Known
from controller.knowing.loads import Loads, forecast_loads, restored, stored
from controller.knowing.store import KnowingStore
from optimizer.building import Floats
from optimizer.forecast.accuracy import HOUR_S, Score
from optimizer.forecast.calendar import Calendar
from optimizer.forecast.weather import NoWeather, Outlook, WeatherSeries, WeatherTable

AHEAD, LOADS, BOOKS = "ahead", "loads", "accuracy"
"""Notes of the store: the weather to come by the hour, the night's load forecasts, the books."""


class Foretelling:
    """Owner of the books; its methods block for a file and run in a thread."""

    def __init__(
        self,
        first: Known,
        store: KnowingStore,
        *,
        timezone: str,
        calendars: Mapping[LoopKey, Calendar],
        outlook: Callable[[Floats], Outlook | NoWeather] | None,
        tables: Callable[[], Sequence[WeatherTable]] = tuple,
    ) -> None:
        """``outlook`` tells the weather of even steps, None where the site has no source of it."""
        self._first, self._store = first, store
        self._timezone, self._calendars = timezone, calendars
        self._outlook, self._tables = outlook, tables
        self._hours = Hours()
        self._books: dict[str, Book] = accuracy.restored(store.noted(BOOKS))
        self.loads: Loads | None = restored(store.noted(LOADS))
        self.scores: dict[str, Score] = accuracy.scores(self._books)

    def quarter(self, quarter: Quarter, now: float) -> None:
        """Take in a quarter of the record; with each full hour the books are brought up to date."""
        hour = self._hours.add(quarter)
        if hour is None:
            return
        forecast = np.zeros(len(self._first), dtype=np.bool_)
        if self.loads is not None:
            forecast[:] = [key in self.loads.loops for key in self._first.keys]
        books = accuracy.hour_came(self._books, hour, self._first.buildings.area, forecast, now)
        for table in self._tables():
            books = accuracy.weather_promised(books, table, now)
        self._books, self.scores = books, accuracy.scores(books)
        self._store.note(BOOKS, accuracy.stored(books))

    def before_night(self, now: float) -> None:
        """Leave what the night's process needs: the weather of the next two days, and who is open when."""
        if self._outlook is None:
            return
        times = np.asarray(HOUR_S * (now // HOUR_S + np.arange(AHEAD_H, dtype=np.float64)))
        expected = self._outlook(times)
        if isinstance(expected, NoWeather):
            return
        series, names = expected.series, ("times", "T_outdoor", "wind", "sun")
        self._store.note(
            AHEAD,
            json.dumps(
                {
                    "timezone": self._timezone,
                    **{name: getattr(series, name).tolist() for name in names},
                    "calendars": [
                        [list(key), one.open, one.workdays, sorted(one.holidays)]
                        for key, one in self._calendars.items()
                    ],
                }
            ),
        )

    def after_night(self) -> None:
        """Take over what the night's process forecast."""
        loads = restored(self._store.noted(LOADS))
        if loads is None or (self.loads is not None and loads.made_at == self.loads.made_at):
            return
        self.loads = loads
        self._books = accuracy.load_promised(self._books, loads)
        self._store.note(BOOKS, accuracy.stored(self._books))


def forecast_stored(store: KnowingStore, now: float) -> Loads | None:
    """Forecast the loads of a store's loops and lay them down; None where no weather to come is known."""
    text = store.noted(AHEAD)
    if text is None:
        return None
    told = json.loads(text)
    times = np.array(told["times"], dtype=float)
    if not times[0] <= now < times[0] + 2 * HOUR_S:
        return None  # of another night
    loops = store.introduced()
    loads = forecast_loads(
        store.window(tuple(loops)),
        np.array([float(one.prior.area[0]) for one in loops.values()]),
        WeatherSeries(
            times=times,
            quality=np.zeros(len(times), dtype=np.int8),
            **{name: np.array(told[name], dtype=float) for name in ("T_outdoor", "wind", "sun")},
        ),
        timezone=told["timezone"],
        calendars={LoopKey(*key): _calendar(*rest) for key, *rest in told["calendars"]},
        now=now,
    )
    store.note(LOADS, stored(loads))
    return loads


def _calendar(
    hours: Sequence[Sequence[float] | None], workdays: Sequence[bool], holidays: Sequence[int]
) -> Calendar:
    return Calendar(
        open=tuple(None if day is None else (day[0], day[1]) for day in hours),
        workdays=tuple(workdays),
        holidays=frozenset(holidays),
    )
