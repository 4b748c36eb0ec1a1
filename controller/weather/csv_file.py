"""A forecast that somebody puts into a file: the weather office over its own line, or an engineer by hand."""

import asyncio
import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.weather.outcome import Failure, Fault
from controller.weather.tracks import HALF_HOUR_S, fit_for_use, track
from optimizer.forecast.weather import WeatherTable

NAME = "file"
TIME, ISSUED = "time", "issued"
COLUMNS = {"T_outdoor": "T_outdoor_degC", "wind": "wind_m_per_s", "sun": "sun_W_per_m2"}
MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFile:
    """One file, read anew each time."""

    path: Path
    name: str = NAME

    async def fetch(self, now: float) -> WeatherTable | Failure:
        """Return the forecast at UTC second ``now``, or why there is none."""
        return await asyncio.to_thread(self.read, now)

    def read(self, now: float) -> WeatherTable | Failure:
        """Return what the file tells at UTC second ``now``, or why it is of no use."""
        try:
            if self.path.stat().st_size > MOST_BYTES:
                return Failure(fault=Fault.NOT_READABLE, detail=f"{self.path.name}: over {MOST_BYTES} bytes")
            text = self.path.read_text(encoding="utf-8-sig")
            written_at = self.path.stat().st_mtime
        except OSError as error:
            return Failure(fault=Fault.NO_ANSWER, detail=f"{self.path.name}: {error.strerror}")
        except UnicodeDecodeError:
            return Failure(fault=Fault.NOT_READABLE, detail=f"{self.path.name}: not UTF-8")
        return read_forecast(text, self.path.name, written_at, now)


def read_forecast(text: str, name: str, written_at: float, now: float) -> WeatherTable | Failure:
    """Return the forecast of a CSV text; ``written_at`` is its age where it has no column ``issued``.

    Columns: ``time`` (ISO 8601 with Z or an offset), ``T_outdoor_degC``, and if known ``wind_m_per_s``,
    ``sun_W_per_m2`` (global horizontal, mean of the hour that ends at ``time``) and ``issued``, of which the
    first row's counts. A blank cell is not known.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except csv.Error as error:
        return Failure(fault=Fault.NOT_READABLE, detail=f"{name}: {error}")
    lacking = [column for column in (TIME, COLUMNS["T_outdoor"]) if not rows or column not in rows[0]]
    if lacking:
        return Failure(fault=Fault.NOT_READABLE, detail=f"{name}: no column {lacking[0]}, or no rows")
    times: list[float] = []
    issued_at = written_at
    for number, row in enumerate(rows, 2):
        at = _seconds(row[TIME])
        if at is None or None in row or None in row.values():
            return Failure(fault=Fault.NOT_READABLE, detail=f"{name}: line {number}: {_why(row)}")
        times.append(at)
    if rows[0].get(ISSUED):
        told = _seconds(rows[0][ISSUED])
        if told is None:
            return Failure(fault=Fault.NOT_READABLE, detail=f"{name}: line 2: issued: no time with an offset")
        issued_at = told
    cells: dict[str, list[float | None]] = {}
    for quantity, column in COLUMNS.items():
        cells[quantity] = []
        for number, row in enumerate(rows, 2):
            value = _number(row.get(column, ""))
            if isinstance(value, str):
                detail = f"{name}: line {number}: {column}: not a number ({value[:40]!r})"
                return Failure(fault=Fault.NOT_READABLE, detail=detail)
            cells[quantity].append(value)
    tracks = {
        quantity: track(quantity, times, column, -HALF_HOUR_S if quantity == "sun" else 0.0)
        for quantity, column in cells.items()
    }
    return fit_for_use(WeatherTable(source=NAME, issued_at=issued_at, **tracks), now)


def _seconds(text: str | None) -> float | None:
    """UTC seconds; None for what is no time, or does not say of which zone it is."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC).timestamp()


def _number(text: str) -> float | str | None:
    """A number, None for a blank cell, the text itself for anything else."""
    text = text.strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _why(row: dict[str, str]) -> str:
    if None in row or None in row.values():
        return "not one cell for each column"
    return f"time: no time with Z or an offset ({row[TIME][:40]!r})"
