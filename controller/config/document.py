"""The file ``site.toml``: each section is checked on its own, so that no fault hides another."""

import tomllib
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from controller.config.curves import CurveTable
from controller.config.dial_in import DialInConfig
from controller.config.faults import read_section, unknown_key
from controller.config.fields import STRICT, Flag, Text
from controller.config.forecast import CalendarConfig, WeatherConfig
from controller.config.model import (
    ApiConfig,
    ComfortConfig,
    InfluxConfig,
    Limits,
    RegulationConfig,
    SeasonName,
    Timing,
)
from controller.config.planning import PlanningConfig

REGULATED_EMITTERS = ("radiator", "floor")

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"not a time zone (got {name!r}); allowed e.g. Asia/Shanghai"
        raise PydanticCustomError("range", message) from None
    return name


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class SiteSection:
    """Section ``[site]``."""

    name: Identifier
    title_en: Text
    title_zh: Text
    timezone: Annotated[Text, AfterValidator(_known_timezone)]
    stations: Text
    season: SeasonName
    simulation: Flag = False
    data: Text = "data"
    pipes: Text | None = None
    """GeoJSON of the network's pipes, relative to the site folder."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class OpcUaSection:
    """Section ``[opcua]``; the paths are relative to the site folder."""

    application_uri: Annotated[str, Field(pattern=r"^urn:[\x21-\x7e]{1,200}$")] = "urn:dhc:controller"
    certificate: Text = "pki/controller.der"
    private_key: Text = "pki/controller.pem"


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class DistrictSection:
    """One table of ``[districts]``."""

    title_en: Text
    title_zh: Text
    strategy: Literal["curve", "balance", "optimizer"]


@dataclass(slots=True, kw_only=True)
class Document:
    """What could be read of ``site.toml``: a faulty section is None, a faulty entry is left out."""

    site: SiteSection | None = None
    timing: Timing | None = None
    limits: Limits | None = None
    api: ApiConfig | None = None
    opcua: OpcUaSection | None = None
    comfort: ComfortConfig | None = None
    influxdb: InfluxConfig | None = None
    dial_in: DialInConfig | None = None
    weather: WeatherConfig | None = None
    planning: PlanningConfig | None = None
    districts: dict[str, DistrictSection] = field(default_factory=dict)
    curves: dict[str, CurveTable] = field(default_factory=dict)
    regulation: dict[str, RegulationConfig] = field(default_factory=dict)
    calendars: dict[str, CalendarConfig] = field(default_factory=dict)
    stations: str | None = None
    """The station list's path as written, also where ``[site]`` has faults: the list is read all the same."""
    named: dict[str, set[str]] = field(default_factory=dict)
    """Names that stand in a table of tables, sound or not: a fault there is not also an unknown name."""


SINGLE: dict[str, type] = {
    "site": SiteSection,
    "timing": Timing,
    "limits": Limits,
    "api": ApiConfig,
    "opcua": OpcUaSection,
    "comfort": ComfortConfig,
    "influxdb": InfluxConfig,
    "dial_in": DialInConfig,
    "weather": WeatherConfig,
    "planning": PlanningConfig,
}
NOT_WITHOUT = ("site", "influxdb", "dial_in")
"""Sections without a default: one that does not stand there is not read."""
MANY: dict[str, type] = {
    "districts": DistrictSection,
    "curves": CurveTable,
    "regulation": RegulationConfig,
    "calendars": CalendarConfig,
}


def read_document(path: Path, faults: list[str]) -> Document:
    """Read ``site.toml``; every fault becomes a line in ``faults``."""
    document = Document()
    raw = _read_toml(path, faults)
    if raw is None:
        return document
    for key in raw:
        if key not in SINGLE and key not in MANY:
            faults.append(unknown_key(path.name, key, [*SINGLE, *MANY]))
    if "site" not in raw:
        faults.append(f"{path.name}: [site]: missing")
    for key, cls in SINGLE.items():
        if key not in NOT_WITHOUT or key in raw:
            setattr(document, key, read_section(cls, raw.get(key, {}), f"{path.name}: {key}", faults))
    for key, cls in MANY.items():
        tables = raw.get(key, {})
        if not isinstance(tables, dict):
            faults.append(f"{path.name}: {key}: not a table of tables (got {tables!r})")
            continue
        setattr(document, key, _read_tables(cls, tables, f"{path.name}: {key}", faults))
        document.named[key] = set(tables)
    document.stations = _stations_file(raw.get("site"))
    _check_regulation(document, path.name, faults)
    return document


def _read_toml(path: Path, faults: list[str]) -> dict[str, Any] | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        faults.append(f"{path}: {error.strerror}; a site is a folder with a site.toml, or that file")
        return None
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        faults.append(f"{path.name}: line {line}: not UTF-8 (got byte 0x{data[error.start]:02X})")
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{path.name}: not a TOML file: {error}")
    return None


def _stations_file(site: object) -> str | None:
    stations = site.get("stations") if isinstance(site, dict) else None
    return stations if isinstance(stations, str) and stations else None


def _read_tables(cls: type, raw: dict[str, Any], where: str, faults: list[str]) -> dict[str, Any]:
    read: dict[str, Any] = {
        name: read_section(cls, section, f"{where}.{name}", faults) for name, section in raw.items()
    }
    return {name: section for name, section in read.items() if section is not None}


def _check_regulation(document: Document, file: str, faults: list[str]) -> None:
    """Check that each law belongs to an emitter type and stays below that emitter's limit."""
    for name, law in document.regulation.items():
        if name not in REGULATED_EMITTERS:
            faults.append(unknown_key(f"{file}: regulation", name, list(REGULATED_EMITTERS)))
        elif document.limits is not None and law.T_supply_design_degC > document.limits.supply_max(name):
            faults.append(
                f"{file}: regulation.{name}.T_supply_design_degC: above the limit of this emitter "
                f"(got {law.T_supply_design_degC:g}); allowed 25..{document.limits.supply_max(name):g}"
            )
