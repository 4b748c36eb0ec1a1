"""The heat that loops and network will take in the next two days, with bands, made once a night.

From the gathered record and the weather to come (``optimizer.forecast.load``). A loop whose record does not
suffice says why and is left out of the sum.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from controller.decisions import LoopKey
from controller.knowing.gathered import QUARTER_S, Window
from controller.weather.site import utc_offset_s
from optimizer.building import Floats
from optimizer.forecast.calendar import DWELLINGS, Calendar, LocalTime, local_time
from optimizer.forecast.conformal import Errors
from optimizer.forecast.features import LOOK_BACK_H
from optimizer.forecast.load import (
    LEVELS,
    Explained,
    LoadForecast,
    Refused,
    explain,
    fit_load,
    forecast_load,
)
from optimizer.forecast.network import network_load
from optimizer.forecast.weather import WeatherSeries
from optimizer.identify.history import bridged
from optimizer.reason import Reason, because

HOUR_S = 3600.0
PER_HOUR = round(HOUR_S / QUARTER_S)
BRIDGE_H = 6
WIND_USUAL_M_PER_S = 2.5
KNOWN_MIN = 0.8
"""Share of the past hours whose outdoor temperature must be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One forecast, hours as in ``Loads.times``."""

    load: Floats
    """Best guess, W/m2 of a loop, kW of the network."""
    quantiles: Floats
    """(levels, k): below the row of level p lies the load in a share p of all hours."""
    wape: float | None
    """What it was off a day ahead on days that it had not seen: errors over loads; None if not known."""

    def quantile(self, level: float) -> Floats:
        """Return the row of one of ``optimizer.forecast.load.LEVELS``."""
        return np.asarray(self.quantiles[LEVELS.index(level)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """One night's forecasts."""

    made_at: float
    """UTC second."""
    times: Floats
    """UTC seconds at which the hours begin."""
    loops: Mapping[LoopKey, Load] = field(default_factory=dict)
    network: Load | None = None
    """Of the loops that are in ``loops``; None where there are none."""
    refused: Mapping[LoopKey, Reason] = field(default_factory=dict)


def forecast_loads(
    window: Window,
    area: Floats,
    ahead: WeatherSeries,
    *,
    timezone: str,
    calendars: Mapping[LoopKey, Calendar],
    now: float,
) -> Loads:
    """Return the load of every loop of ``window`` in the hours of ``ahead``, made at UTC second ``now``.

    ``area`` (n,) in m2. ``ahead`` are whole hours in a row; the first of them follows the record.
    """
    past = past_weather(window, float(ahead.times[0]))
    if isinstance(past, Reason):
        refused = dict.fromkeys(window.keys, past)
        return Loads(made_at=now, times=ahead.times, refused=refused)
    weather = past.joined(ahead)
    local = local_time(weather.times, utc_offset_s(weather.times, timezone))
    explained: dict[Calendar, Explained] = {}
    loops: dict[LoopKey, Load] = {}
    refusals: dict[LoopKey, Reason] = {}
    sums: list[tuple[LoadForecast, Errors]] = []
    for place, key in enumerate(window.keys):
        calendar = calendars.get(key, DWELLINGS)
        if calendar not in explained:
            explained[calendar] = explain(weather, local, calendar)
        q = _hourly(window.of(place, "q"), window, past.times)
        answer = _forecast(explained[calendar], q)
        if isinstance(answer, Reason):
            refusals[key] = answer
            continue
        forecast, errors = answer
        loops[key] = Load(load=forecast.load, quantiles=forecast.quantiles, wape=_wape(errors, q))
        sums.append(_summand(forecast, errors, float(area[place])))
    return Loads(
        made_at=now,
        times=ahead.times,
        loops=loops,
        network=_network(sums, local, len(past.times)),
        refused=refusals,
    )


def past_weather(window: Window, until: float) -> WeatherSeries | Reason:
    """Return the weather of the record's hours up to ``until``; else why there is none to learn from."""
    first = float(np.ceil(window.times[0] / HOUR_S) * HOUR_S) if len(window.times) else until
    times = np.arange(first, until, HOUR_S)
    if len(times) < LOOK_BACK_H:
        return because("load_too_few_hours", known_h=float(len(times)), needed_h=float(LOOK_BACK_H))
    T, wind, sun = (_hourly(window.city(name), window, times) for name in ("T_outdoor", "wind", "sun"))
    known = float(np.isfinite(T).mean())
    T = bridged(T, BRIDGE_H)
    if known < KNOWN_MIN:
        return because("identify.holes", known=known, needed=KNOWN_MIN)
    at = np.arange(len(T))
    there = np.isfinite(T)
    return WeatherSeries(
        times=times,
        T_outdoor=np.interp(at, at[there], T[there]),
        wind=np.where(np.isfinite(wind), wind, WIND_USUAL_M_PER_S),
        sun=np.nan_to_num(sun),
        quality=np.zeros(len(times), dtype=np.int8),
    )


def stored(loads: Loads) -> str:
    """Return forecasts as JSON."""
    return json.dumps(
        {
            "made_at": loads.made_at,
            "times": loads.times.tolist(),
            "loops": [[list(key), _told(one)] for key, one in loads.loops.items()],
            "network": None if loads.network is None else _told(loads.network),
            "refused": [[list(key), why.id, dict(why.params)] for key, why in loads.refused.items()],
        }
    )


def restored(text: str | None) -> Loads | None:
    """Return forecasts from what ``stored`` made of them; None from anything else."""
    if text is None:
        return None
    try:
        told = json.loads(text)
        return Loads(
            made_at=float(told["made_at"]),
            times=np.array(told["times"], dtype=float),
            loops={LoopKey(*key): _retold(one) for key, one in told["loops"]},
            network=None if told["network"] is None else _retold(told["network"]),
            refused={LoopKey(*key): Reason(name, params) for key, name, params in told["refused"]},
        )
    except (ValueError, KeyError, TypeError):
        return None  # of another version of the program: made anew tonight


def _forecast(explained: Explained, q: Floats) -> tuple[LoadForecast, Errors] | Reason:
    known = np.isfinite(q)
    load = np.nan_to_num(q)
    model = fit_load(explained.part(slice(0, len(q))), load, known)
    if isinstance(model, Refused):
        return model.reason
    told = forecast_load(model, explained, load, known)
    return told.reason if isinstance(told, Refused) else (told, model.errors)


def _summand(forecast: LoadForecast, errors: Errors, area: float) -> tuple[LoadForecast, Errors]:
    kW = area / 1000.0
    return (
        LoadForecast(
            times=forecast.times,
            load=kW * forecast.load,
            levels=forecast.levels,
            quantiles=kW * forecast.quantiles,
            correction=kW * forecast.correction,
            age_s=forecast.age_s,
        ),
        Errors(times=errors.times, hour=errors.hour, values=kW * errors.values, seen=errors.seen),
    )


def _network(sums: Sequence[tuple[LoadForecast, Errors]], local: LocalTime, past: int) -> Load | None:
    if not sums:
        return None
    hour = local.hour[past:].astype(np.intp)
    total = network_load([forecast for forecast, _ in sums], [errors for _, errors in sums], hour).forecast
    return Load(load=total.load, quantiles=total.quantiles, wape=None)


def _hourly(series: Floats, window: Window, hours: Floats) -> Floats:
    """Return the means of whole hours; NaN where more than half of one is missing."""
    place = np.floor((window.times - hours[0]) / HOUR_S).astype(np.int64)
    use = np.isfinite(series) & (place >= 0) & (place < len(hours))
    count = np.bincount(place[use], minlength=len(hours))
    total = np.bincount(place[use], weights=series[use], minlength=len(hours))
    return np.where(2 * count >= PER_HOUR, total / np.maximum(count, 1), np.nan)


def _wape(errors: Errors, q: Floats) -> float | None:
    mean = float(np.nanmean(np.abs(q)))
    return None if not len(errors.values) or mean <= 0.0 else float(np.abs(errors.values).mean()) / mean


def _told(load: Load) -> dict[str, object]:
    return {
        "load": np.round(load.load, 2).tolist(),
        "quantiles": np.round(load.quantiles, 2).tolist(),
        "wape": load.wape,
    }


def _retold(told: Mapping[str, object]) -> Load:
    wape = told["wape"]
    return Load(
        load=np.array(told["load"], dtype=float),
        quantiles=np.array(told["quantiles"], dtype=float),
        wape=float(wape) if isinstance(wape, int | float) else None,
    )
