"""What the weather feed knew, on disk: a restart in an outage of the network must not forget the forecast.

One small JSON file, written anew as a whole, so that a crash leaves the old one or the new one. What can not
be read is as good as nothing: it is told, and the feed begins without.
"""

import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from controller.weather.outcome import Failure, Fault
from optimizer.forecast.bias import Bias
from optimizer.forecast.weather import Track, WeatherTable

FILE = "weather.json"
VERSION = 1
QUANTITIES = ("T_outdoor", "wind", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Everything that outlives the process."""

    tables: dict[str, WeatherTable] = field(default_factory=dict)
    """Last good answer by source."""
    biases: dict[str, Bias] = field(default_factory=dict)
    measured: tuple[tuple[float, float], ...] = ()
    """Hourly outdoor temperature as measured: (UTC second, degC), oldest first."""


def save(folder: Path, remembered: Remembered) -> None:
    """Write the file; raises OSError."""
    document = {
        "version": VERSION,
        "tables": {name: _table_out(table) for name, table in remembered.tables.items()},
        "biases": {name: _bias_out(bias) for name, bias in remembered.biases.items()},
        "measured": [list(pair) for pair in remembered.measured],
    }
    path, fresh = folder / FILE, folder / f"{FILE}.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(document, file, allow_nan=False)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def load(folder: Path) -> Remembered | Failure | None:
    """Return what was saved; None where nothing was, a failure where it can not be read."""
    path = folder / FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
        if document["version"] != VERSION:
            return Failure(fault=Fault.NOT_READABLE, detail=f"{FILE}: of another version")
        return Remembered(
            tables={name: _table_in(name, table) for name, table in document["tables"].items()},
            biases={name: _bias_in(bias) for name, bias in document["biases"].items()},
            measured=tuple((_finite(at), _finite(T)) for at, T in document["measured"]),
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        return Failure(fault=Fault.NO_ANSWER, detail=f"{FILE}: {error.strerror}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return Failure(fault=Fault.NOT_READABLE, detail=f"{FILE}: {type(error).__name__}")


def _table_out(table: WeatherTable) -> dict[str, Any]:
    tracks: dict[str, Track] = {quantity: getattr(table, quantity) for quantity in QUANTITIES}
    return {"issued_at": table.issued_at} | {
        quantity: {"times": one.times.tolist(), "values": one.values.tolist()}
        for quantity, one in tracks.items()
    }


def _table_in(name: str, plain: dict[str, Any]) -> WeatherTable:
    return WeatherTable(
        source=name,
        issued_at=_finite(plain["issued_at"]),
        **{quantity: _track_in(plain[quantity]) for quantity in QUANTITIES},
    )


def _track_in(plain: dict[str, Any]) -> Track:
    times = np.array([_finite(at) for at in plain["times"]])
    values = np.array([_finite(value) for value in plain["values"]])
    if times.shape != values.shape or (np.diff(times) <= 0.0).any():
        raise ValueError("a track out of order")
    return Track(times=times, values=values)


def _bias_out(bias: Bias) -> dict[str, Any]:
    return asdict(bias) | {"last": bias.last if math.isfinite(bias.last) else None}


def _bias_in(plain: dict[str, Any]) -> Bias:
    by_hour, days = (tuple(_finite(value) for value in plain[name]) for name in ("by_hour", "days"))
    if len(by_hour) != 24 or len(days) != 24:
        raise ValueError("a day has 24 hours")
    last = plain["last"]
    return Bias(
        level=_finite(plain["level"]),
        by_hour=by_hour,
        hours=_finite(plain["hours"]),
        days=days,
        last=-math.inf if last is None else _finite(last),
    )


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return float(value)


def _no_number(name: str) -> float:
    raise ValueError(name)
