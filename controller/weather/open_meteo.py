"""Open-Meteo: the forecast of a place over HTTP, as https://open-meteo.com/en/docs describes it.

Free without a key for what is not commercial; a utility buys a key, which then goes with every request, and
names the address that came with it. Temperature and wind are those of the moment, the sun is the mean of the
hour before it. The answer does not say when the weather model was run: its age counts from when it was
fetched.
"""

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from controller.weather.outcome import Failure, Fault
from controller.weather.tracks import HALF_HOUR_S, fit_for_use, track
from optimizer.forecast.weather import WeatherTable

NAME = "open_meteo"
URL = "https://api.open-meteo.com/v1/forecast"
MOST_BYTES = 1_000_000
"""Five days of three quantities are 6 kB."""
PAST_DAYS, FORECAST_DAYS = 1, 4
COLUMNS = {
    "temperature_2m": ("T_outdoor", "°C"),
    "wind_speed_10m": ("wind", "m/s"),
    "shortwave_radiation": ("sun", "W/m²"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMeteo:
    """One place at one server."""

    url: str = URL
    latitude: float
    longitude: float
    timeout_s: float = 10.0
    """Wall seconds for the whole answer."""
    key: Callable[[], str | None] = lambda: None
    """Asked at every request, so that it can be changed while we run."""
    ca_file: str | None = None
    name: str = NAME

    async def fetch(self, now: float) -> WeatherTable | Failure:
        """Return the forecast, fetched at UTC second ``now``, or why there is none.

        Whatever a server does is a failure and no exception.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                body = await self._body()
        except TimeoutError:
            return Failure(fault=Fault.TOO_SLOW, detail=f"no whole answer within {self.timeout_s:g} s")
        except httpx.TimeoutException:
            return Failure(fault=Fault.TOO_SLOW, detail=f"no answer within {self.timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            # the text of an error may quote the address, and with it the key
            return Failure(fault=Fault.NO_ANSWER, detail=type(error).__name__)
        return body if isinstance(body, Failure) else read_answer(body, now)

    async def _body(self) -> bytes | Failure:
        # reading hundreds of certificates takes tens of ms, which the event loop does not have
        secured = self.url.startswith("https:")
        verify = await asyncio.to_thread(_trusted, self.ca_file) if secured else False
        async with (
            httpx.AsyncClient(timeout=self.timeout_s, verify=verify) as client,
            client.stream("GET", self.url, params=self._question()) as answer,
        ):
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    return Failure(fault=Fault.NOT_READABLE, detail=f"more than {MOST_BYTES} bytes")
        if answer.status_code == httpx.codes.OK:
            return body
        return _refusal(answer, body)

    def _question(self) -> dict[str, str | int | float]:
        question: dict[str, str | int | float] = {
            "latitude": self.latitude,
            "longitude": self.longitude,
            "hourly": ",".join(COLUMNS),
            "wind_speed_unit": "ms",
            "timeformat": "unixtime",
            "timezone": "GMT",
            "past_days": PAST_DAYS,
            "forecast_days": FORECAST_DAYS,
        }
        key = self.key()
        return question if key is None else question | {"apikey": key}


def read_answer(body: bytes, now: float) -> WeatherTable | Failure:
    """Return what an answer tells, fetched at UTC second ``now``, or what is wrong with it."""
    try:
        answer = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Failure(fault=Fault.NOT_READABLE, detail="not JSON")
    if not isinstance(answer, dict):
        return Failure(fault=Fault.NOT_READABLE, detail="not a table")
    if answer.get("error"):
        return Failure(fault=Fault.REFUSED, detail=str(answer.get("reason"))[:200])
    hourly, units = answer.get("hourly"), answer.get("hourly_units")
    if not isinstance(hourly, dict) or not isinstance(units, dict):
        return Failure(fault=Fault.NOT_READABLE, detail="no table of hours")
    wrong = _wrong(hourly, units)
    if wrong is not None:
        return wrong
    times = [float(at) for at in hourly["time"]]
    tracks = {
        quantity: track(quantity, times, hourly[column], -HALF_HOUR_S if quantity == "sun" else 0.0)
        for column, (quantity, _) in COLUMNS.items()
    }
    return fit_for_use(WeatherTable(source=NAME, issued_at=now, **tracks), now)


def _wrong(hourly: dict[str, Any], units: dict[str, Any]) -> Failure | None:
    times = hourly.get("time")
    if units.get("time") != "unixtime":
        return Failure(fault=Fault.WRONG_UNIT, detail=f"time in {units.get('time')!r:.40}, not unixtime")
    if not isinstance(times, list) or not all(type(at) is int and abs(at) < 2**40 for at in times):
        return Failure(fault=Fault.NOT_READABLE, detail="times are no seconds")
    for column, (_, unit) in COLUMNS.items():
        cells = hourly.get(column)
        if not isinstance(cells, list) or len(cells) != len(times):
            return Failure(fault=Fault.NOT_READABLE, detail=f"{column}: not one value for each time")
        if units.get(column) != unit:
            return Failure(
                fault=Fault.WRONG_UNIT, detail=f"{column} in {units.get(column)!r:.40}, not {unit}"
            )
    return None


def _refusal(answer: httpx.Response, body: bytes) -> Failure:
    """Return what a server said in place of an answer; a bad question is told with its reason."""
    said = ""
    try:
        message = json.loads(body)
        if isinstance(message, dict) and isinstance(message.get("reason"), str):
            said = f": {message['reason'][:200]}"
    except (ValueError, RecursionError):
        pass
    after = answer.headers.get("Retry-After", "")
    return Failure(
        fault=Fault.STATUS if answer.status_code >= 500 or not said else Fault.REFUSED,
        detail=f"status {answer.status_code}{said}",
        retry_after_s=float(after) if after.isascii() and after.isdigit() and len(after) < 7 else None,
    )


def _trusted(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def _no_number(name: str) -> float:
    raise ValueError(name)
