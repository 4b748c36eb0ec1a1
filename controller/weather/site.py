"""The weather feed and the calendars of one site, as its folder says."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import structlog
from numpy.typing import NDArray

from controller.config.forecast import CalendarConfig, WeatherConfig
from controller.config.model import SiteConfig
from controller.forwarding import token_of
from controller.weather.csv_file import CsvFile
from controller.weather.epw import read_epw
from controller.weather.feed import Source, WeatherFeed
from controller.weather.open_meteo import OpenMeteo
from controller.weather.outcome import Failure
from optimizer.forecast.calendar import Calendar, opening
from stations.model.clock import Clock

log = structlog.get_logger("weather")

FOLDER = "weather"
"""In the data folder: what the feed keeps."""


def weather_feed(site: SiteConfig, clock: Clock) -> WeatherFeed:
    """Return the feed of a site; nothing is asked before it runs. Raises OSError for its folder.

    A typical year that can not be read is logged: heating does not wait for its repair.
    """
    config = site.weather
    latitude, longitude = position(site)
    folder = site.data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    climate = None if config.typical_year is None else read_epw(Path(config.typical_year))
    if isinstance(climate, Failure):
        log.error("typical_year_not_read", fault=climate.fault, why=climate.detail)
        climate = None
    return WeatherFeed(
        [_source(name, config, latitude, longitude) for name in config.sources],
        clock,
        refresh_s=config.refresh_s,
        latitude=latitude,
        longitude=longitude,
        climate=climate,
        folder=folder,
    )


def position(site: SiteConfig) -> tuple[float, float]:
    """Return latitude and longitude for which the weather is asked."""
    config = site.weather
    if config.latitude is not None and config.longitude is not None:
        return config.latitude, config.longitude
    places = np.array([(station.latitude, station.longitude) for station in site.stations])
    middle = np.median(places, axis=0)
    return float(middle[0]), float(middle[1])


def calendar_of(config: CalendarConfig) -> Calendar:
    """Return opening hours as forecasts use them."""
    return opening(config.week(), [(day - date(1970, 1, 1)).days for day in config.holidays])


def utc_offset_s(times: NDArray[np.float64], timezone: str) -> NDArray[np.float64]:
    """Return by how many seconds local time is ahead of UTC at UTC seconds (k,)."""
    zone = ZoneInfo(timezone)
    return np.array([_ahead_s(float(at), zone) for at in times])


def _ahead_s(at: float, zone: ZoneInfo) -> float:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def _source(name: str, config: WeatherConfig, latitude: float, longitude: float) -> Source:
    if name == "file":
        assert config.file is not None
        return CsvFile(path=Path(config.file))
    return OpenMeteo(
        url=config.url,
        latitude=latitude,
        longitude=longitude,
        timeout_s=config.timeout_s,
        key=lambda: token_of(config)[0],
        ca_file=config.ca_file,
    )
