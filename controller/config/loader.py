"""From a site folder to a ``SiteConfig``, or to the list of everything that is wrong with it."""

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from controller.config.dial_in import dial_in_faults
from controller.config.document import REGULATED_EMITTERS, Document, OpcUaSection, read_document
from controller.config.faults import SiteError
from controller.config.forecast import WeatherConfig
from controller.config.model import (
    DistrictConfig,
    InfluxConfig,
    Limits,
    OpcUaClientConfig,
    SiteConfig,
    StationConfig,
)
from controller.config.pipes import read_pipes
from controller.config.planning import PlanningConfig
from controller.config.rows import Surroundings, read_stations
from controller.config.sources import SourceWrites
from controller.config.table import read_table
from stations.driver import DialInAddress
from stations.model.setpoint import CirculationChannel
from stations.profile import Profile, builtin_profile, known_profiles

__all__ = ["SITE_FILE", "SiteError", "effective", "load_site"]

SITE_FILE = "site.toml"


def load_site(path: Path, data: Path | None = None) -> SiteConfig:
    """Read a site folder (or its ``site.toml``); ``data`` replaces the data folder that the file names.

    Nothing is created and nothing is connected. Raises SiteError with all faults at once.
    """
    file = path / SITE_FILE if path.is_dir() or not path.suffix else path
    folder = file.parent.resolve()
    faults: list[str] = []
    document = read_document(file, faults)
    stations = _with_writes(document, _read_station_list(document, folder, faults), file.name, faults)
    _check_laws(document, stations, file.name, faults)
    _check_dial_in(document, stations, file.name, faults)
    opcua = _client(document.opcua, folder, file.name, faults)
    if document.weather is not None:
        _check_typical_year(document.weather, folder, file.name, faults)
    if document.planning is not None:
        _check_planned(document.planning, stations, file.name, faults)
    named = None if document.site is None else document.site.pipes
    pipes = () if named is None else read_pipes(folder / named, faults)
    if faults or document.site is None or opcua is None:
        raise SiteError(faults)
    assert document.timing is not None
    assert document.limits is not None
    assert document.api is not None
    assert document.comfort is not None
    assert document.weather is not None
    assert document.planning is not None
    site = document.site
    return SiteConfig(
        name=site.name,
        title_en=site.title_en,
        title_zh=site.title_zh,
        timezone=site.timezone,
        simulation=site.simulation,
        season=site.season,
        folder=folder,
        data=(folder / site.data if data is None else data).resolve(),
        timing=document.timing,
        limits=document.limits,
        api=document.api,
        opcua=opcua,
        districts={
            name: DistrictConfig(
                id=name, title_en=section.title_en, title_zh=section.title_zh, strategy=section.strategy
            )
            for name, section in document.districts.items()
        },
        regulation=document.regulation,
        stations=tuple(stations),
        comfort=document.comfort,
        pipes=pipes,
        influxdb=_forwarding(document.influxdb, folder),
        weather=_weather(document.weather, folder),
        planning=document.planning,
        calendars=document.calendars,
        dial_in=document.dial_in,
    )


def _read_station_list(document: Document, folder: Path, faults: list[str]) -> list[StationConfig]:
    """Read the list that ``[site]`` names; a faulty section elsewhere does not hide the list's faults."""
    if document.stations is None:
        return []
    path = folder / document.stations
    before = len(faults)
    rows = read_table(path, faults)
    if not rows and len(faults) == before:
        faults.append(f"{path.name}: no stations")
    around = Surroundings(
        folder=folder,
        limits=document.limits or Limits(),
        districts=frozenset(document.named.get("districts", set())),
        curves=document.curves,
        named_curves=frozenset(document.named.get("curves", set())),
        named_calendars=frozenset(document.named.get("calendars", set())),
        dial_in=document.dial_in,
    )
    return read_stations(rows, around, faults)


def _with_writes(
    document: Document, stations: list[StationConfig], file: str, faults: list[str]
) -> list[StationConfig]:
    """Return the stations with what is written to heat sources, which stands in a section of its own."""
    told = {} if document.planning is None else document.planning.sources
    found = []
    for station in stations:
        writes = told[station.id].writes if station.id in told and station.kind == "source" else None
        if writes is not None and not station.profile.station_class.driven:
            takers = [name for name in known_profiles() if _takes_orders(builtin_profile(name))]
            faults.append(
                f"{file}: planning.sources.{station.id}.writes: profile {station.profile.name} is read only "
                f"(class {station.profile.station_class}); allowed with {', '.join(takers)}"
            )
            writes = None
        if writes is not None:
            at = f"{file}: planning.sources.{station.id}.writes"
            faults += [f"{at}.{fault}" for fault in _beyond_device(writes, station.profile)]
        found.append(dataclasses.replace(station, writes=writes))
    return found


def _beyond_device(writes: SourceWrites, profile: Profile) -> Iterator[str]:
    """Tell which limits lie where the device takes no setpoint: nothing would ever be written there."""
    point = profile.point(CirculationChannel.DP_SOURCE)
    if point is None:
        return
    low, high = point.bounds()
    for key, head in (("dp_min_kPa", writes.dp_min_kPa), ("dp_max_kPa", writes.dp_max_kPa)):
        if not low <= head <= high:
            yield f"{key}: profile {profile.name} does not take it (got {head:g}); allowed {low:g}..{high:g}"


def _takes_orders(profile: Profile) -> bool:
    return profile.kind == "source" and profile.station_class.driven


def _check_laws(document: Document, stations: list[StationConfig], file: str, faults: list[str]) -> None:
    used = {loop.emitter for station in stations for loop in station.loops}
    for emitter in REGULATED_EMITTERS:
        if emitter in used and emitter not in document.named.get("regulation", set()):
            faults.append(
                f"{file}: regulation.{emitter}: missing; loops with this emitter are in the station list"
            )


def _check_dial_in(document: Document, stations: list[StationConfig], file: str, faults: list[str]) -> None:
    """Check the section against the list; one with faults of its own may lack just the stations concerned."""
    if document.dial_in is None or faults:
        return
    modbus = {station.id: station.profile.modbus is not None for station in stations}
    packets = {
        station.id: station.address.registration
        for station in stations
        if isinstance(station.address, DialInAddress)
    }
    faults += [f"{file}: dial_in: {fault}" for fault in dial_in_faults(document.dial_in, modbus, packets)]


def _client(
    section: OpcUaSection | None, folder: Path, file: str, faults: list[str]
) -> OpcUaClientConfig | None:
    if section is None:
        return None
    certificate = (folder / section.certificate).resolve()
    private_key = (folder / section.private_key).resolve()
    if certificate.exists() != private_key.exists():
        lacking, there = sorted((certificate, private_key), key=lambda path: path.exists())
        faults.append(
            f"{file}: opcua: {lacking.name} is missing while {there.name} is there; "
            "put both in place, or remove both to have new ones made"
        )
    return OpcUaClientConfig(
        application_uri=section.application_uri, certificate=certificate, private_key=private_key
    )


def _forwarding(section: InfluxConfig | None, folder: Path) -> InfluxConfig | None:
    """Return the section with absolute paths. Whether the files are there is for the doctor to see."""
    if section is None:
        return None
    return dataclasses.replace(
        section, token_file=_absolute(section.token_file, folder), ca_file=_absolute(section.ca_file, folder)
    )


def _weather(section: WeatherConfig, folder: Path) -> WeatherConfig:
    """Return the section with absolute paths. A forecast's file comes and goes, so it need not be there."""
    return dataclasses.replace(
        section,
        file=_absolute(section.file, folder),
        typical_year=_absolute(section.typical_year, folder),
        token_file=_absolute(section.token_file, folder),
        ca_file=_absolute(section.ca_file, folder),
    )


def _check_typical_year(section: WeatherConfig, folder: Path, file: str, faults: list[str]) -> None:
    path = section.typical_year
    if path is not None and not (folder / path).is_file():
        looked = folder / path
        faults.append(f"{file}: weather.typical_year: no such file (got {path!r}, looked for {looked})")


def _check_planned(
    section: PlanningConfig, stations: list[StationConfig], file: str, faults: list[str]
) -> None:
    here = {station.id for station in stations}
    faults.extend(
        f"{file}: planning.critical: no such station (got {name!r}); allowed are those of the station list"
        for name in section.critical
        if here and name not in here
    )
    sources = {station.id for station in stations if station.kind == "source"}
    faults.extend(
        f"{file}: planning.sources.{name}: no heat source of that name;"
        f" the station list has {', '.join(sorted(sources)) or 'none'}"
        for name in section.sources
        if here and name not in sources
    )


def _absolute(path: str | None, folder: Path) -> str | None:
    return None if path is None else str((folder / path).resolve())


def effective(site: SiteConfig) -> dict[str, object]:
    """Return the whole site as plain values for JSON: what the controller really works with."""
    plain = _plain(site)
    assert isinstance(plain, dict)
    return plain


def _plain(value: object) -> object:
    if isinstance(value, Profile):
        return value.name
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return f"hex:{value.hex()}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
