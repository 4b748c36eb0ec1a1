"""Light reader of a site folder for the simulators: stations, loops, curves and the simulation's seed.

It trusts that the site was checked by its owner (``dhc check``) and only refuses what it cannot simulate.
"""

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from simulators.dialling import DialGroup, Dialling, DiallingError, dialling, read_groups
from simulators.plc.curve import HeatingCurve
from simulators.plc.limits import T_SUPPLY_MAX, LoopRating
from stations.profile import ProfileError, builtin_profile

T_OUTDOOR_DESIGN_degC = -10.1
"""Heating design temperature of Taiyuan, GB 50736-2012 annex A."""

SHARES_OFF = 0.01
"""Shares of sources are written by people: they may add up to 1 within this."""

_STATION_COLUMNS = ("name_zh", "name_en", "district", "kind", "profile", "host", "port", "unit", "security")


class SiteFileError(Exception):
    """A site folder that cannot be simulated; says which file, row and column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimLoop:
    """One secondary loop as its owner knows it (the truth behind it is drawn in ``simulators.truth``)."""

    number: int
    emitter: str
    """``radiator`` or ``floor``."""
    A_heated: float
    """m2."""
    m_flow_design: float
    """kg/s of secondary circulation."""
    T_supply_max: float
    """degC, the PLC's own clamp."""
    curve: HeatingCurve
    dp_design: float | None = None
    """kPa that drive ``m_flow_design``, where the pump is told a head."""
    m_flow_full: float | None = None
    """kg/s at full speed, where the pump is told a speed."""

    @property
    def rating(self) -> LoopRating:
        """What is set in its PLC."""
        return LoopRating(
            T_supply_max=self.T_supply_max,
            m_flow_design=self.m_flow_design,
            dp_design=self.dp_design,
            m_flow_full=self.m_flow_full,
        )

    def own_supply(self, T_outdoor: float) -> float:
        """Return what the loop's own curve asks at an outdoor temperature, degC, within the PLC's clamp."""
        return min(self.curve.at(T_outdoor), self.T_supply_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimWrites:
    """What the site file lays down for writes to a heat source: what the judge of the wire holds them to."""

    curve: HeatingCurve
    own_band_K: float
    dp_min: float
    dp_max: float
    """kPa."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimStation:
    """One station, heat meter or heat source and where its simulated device listens."""

    id: str
    name_en: str
    district: str
    kind: str
    """``station`` or ``source``."""
    profile: str
    host: str
    port: int
    unit: int
    security: str
    """OPC UA: ``sign_and_encrypt`` or ``none``."""
    certificate: Path | None
    """Server certificate (DER) of a secured OPC UA station; its key lies beside it as ``.pem``."""
    loops: tuple[SimLoop, ...]
    dial: Dialling | None = None
    """How a station that dials out does so; host and port then mean nothing. None: it listens."""
    writes: SimWrites | None = None
    """Of a heat source whose orders are written to it."""

    @property
    def n_loops(self) -> int:
        """Loops that its device shows: a source that takes setpoints has one controller for them."""
        if self.kind != "source":
            return len(self.loops)
        return 1 if builtin_profile(self.profile).station_class.driven else 0

    @property
    def private_key(self) -> Path | None:
        """PEM file with the key of ``certificate``."""
        return None if self.certificate is None else self.certificate.with_suffix(".pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSite:
    """A site folder, ready to be simulated."""

    folder: Path
    name: str
    stations: tuple[SimStation, ...]
    """Substations and meters; never the source."""
    sources: tuple[SimStation, ...]
    seed: int
    weather_csv: Path | None
    weather_recurs: bool = False
    """The weather table is a year that repeats itself."""
    source_shares: Mapping[str, float] = field(default_factory=dict)
    """Of the city's heat, by source; those not named have equal parts of what is left."""


def load_site(path: Path) -> SimSite:
    """Read a site folder (or its ``site.toml``); raises SiteFileError."""
    folder = path.parent if path.is_file() else path
    site = _toml(folder / "site.toml")
    given = _toml(folder / "simulation.toml") if (folder / "simulation.toml").is_file() else {}
    simulation = given.get("simulation", {})
    try:
        name = str(site["site"]["name"])
        curves = {
            key: HeatingCurve(tuple(table["T_outdoor_degC"]), tuple(table["T_supply_degC"]))
            for key, table in site.get("curves", {}).items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise SiteFileError(f"{folder / 'site.toml'}: {error}") from error
    list_name = site["site"].get("stations", "stations.csv")
    every = [
        replace(one, writes=_writes(site, one.id)) if one.kind == "source" else one
        for one in _stations(folder, _rows(folder / list_name), curves, list_name)
    ]
    weather = simulation.get("weather_csv")
    sources = tuple(station for station in every if station.kind == "source")
    try:
        every = dialling_out(every, read_groups(given.get("dial", [])))
    except DiallingError as error:
        raise SiteFileError(f"{folder / 'simulation.toml'}: {error}") from error
    return SimSite(
        folder=folder,
        name=name,
        stations=tuple(station for station in every if station.kind == "station"),
        sources=sources,
        seed=int(simulation.get("seed", 1)),
        weather_csv=None if weather is None else folder / weather,
        weather_recurs=bool(simulation.get("weather_recurs", False)),
        source_shares=_source_shares(
            folder / "simulation.toml", simulation.get("source_shares", {}), [source.id for source in sources]
        ),
    )


def _writes(site: Mapping[str, Any], source: str) -> SimWrites | None:
    """Return ``[planning.sources.ID.writes]``; raises SiteFileError."""
    table = site.get("planning", {}).get("sources", {}).get(source, {}).get("writes")
    if table is None:
        return None
    try:
        curve = table["own_curve"]
        return SimWrites(
            curve=HeatingCurve(tuple(curve["T_outdoor_degC"]), tuple(curve["T_supply_degC"])),
            own_band_K=float(table.get("own_band_K", 8.0)),
            dp_min=float(table["dp_min_kPa"]),
            dp_max=float(table["dp_max_kPa"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SiteFileError(f"site.toml: [planning.sources.{source}.writes]: {error!r}") from error


def _source_shares(file: Path, given: object, sources: Sequence[str]) -> dict[str, float]:
    """Return the shares of the city's heat; raises SiteFileError with all that is wrong with them."""
    label = f"{file}: [simulation.source_shares]"
    if not isinstance(given, dict):
        raise SiteFileError(f"{label}: must be a table of sources and their shares")
    wrong = [
        f"{label} {name}: is no source of this site; there are {', '.join(sources) or 'none'}"
        for name in given
        if name not in sources
    ]
    wrong += [
        f"{label} {name} = {share!r}: must be a number in 0..1"
        for name, share in given.items()
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 <= share <= 1.0
    ]
    if wrong:
        raise SiteFileError("\n".join(wrong))
    total, all_told = sum(given.values()), bool(given) and set(given) == set(sources)
    if total > 1.0 + SHARES_OFF or (all_told and total < 1.0 - SHARES_OFF):
        raise SiteFileError(f"{label}: the shares add up to {total:g}, all sources together have 1")
    return {name: float(share) for name, share in given.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the physical city of a site was drawn from."""

    stations: int
    seed: int
    spread_K: float


def origin_of(folder: Path) -> Origin | None:
    """Return what ``simulation.toml`` says of it; None where it names no city. Raises SiteFileError."""
    file = folder / "simulation.toml"
    table = _toml(file).get("simulation", {}).get("city") if file.is_file() else None
    if table is None:
        return None
    try:
        return Origin(
            stations=int(table["stations"]), seed=int(table["seed"]), spread_K=float(table["spread_K"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SiteFileError(f"{file}: [simulation.city]: {error!r}") from error


def dialling_out(stations: Sequence[SimStation], groups: Sequence[DialGroup]) -> list[SimStation]:
    """Let the stations of these groups dial out, all others listen; raises DiallingError."""
    found = dialling(groups, {one.id: builtin_profile(one.profile).protocol == "modbus" for one in stations})
    return [replace(station, dial=found.get(station.id)) for station in stations]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SiteFileError(f"{path}: {error}") from error


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the station list as text cells, one dict per row, from CSV or the first sheet of a workbook."""
    if not path.is_file():
        raise SiteFileError(f"{path}: no such station list")
    try:
        header, *body = _workbook(path) if path.suffix == ".xlsx" else _csv(path)
    except (ValueError, BadZipFile) as error:
        raise SiteFileError(f"{path}: no readable station list: {error}") from error
    return [dict(zip(header, row, strict=False)) for row in body if any(cell.strip() for cell in row)]


def _csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def _workbook(path: Path) -> list[list[str]]:
    # Not above: most lists are CSV, and it takes long to import.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except InvalidFileException as error:
        raise ValueError(str(error)) from error
    table = [[_text(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return table


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)


def _stations(
    folder: Path, rows: list[dict[str, str]], curves: dict[str, HeatingCurve], file: str
) -> list[SimStation]:
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(row["station"].strip(), []).append(row)
    stations = []
    for name, group in groups.items():
        try:
            stations.append(_station(folder, name, group, curves))
        except (KeyError, ValueError, ProfileError) as error:
            raise SiteFileError(f"{file}: station {name}: {error}") from error
    return stations


def _station(
    folder: Path, name: str, group: list[dict[str, str]], curves: dict[str, HeatingCurve]
) -> SimStation:
    head = {column: (group[0].get(column) or "").strip() for column in _STATION_COLUMNS}
    certificate = (group[0].get("server_certificate") or "").strip()
    kind = head["kind"] or "station"
    builtin_profile(head["profile"])
    return SimStation(
        id=name,
        name_en=head["name_en"],
        district=head["district"],
        kind=kind,
        profile=head["profile"],
        host=head["host"] or "127.0.0.1",
        port=int(float(head["port"])),
        unit=int(float(head["unit"] or "1")),
        security=head["security"] or "none",
        certificate=folder / certificate if certificate else None,
        loops=() if kind == "source" else tuple(_loop(row, curves) for row in group),
    )


def _loop(row: dict[str, str], curves: dict[str, HeatingCurve]) -> SimLoop:
    emitter = row["emitter"].strip()
    if emitter not in T_SUPPLY_MAX:
        raise ValueError(f"loops with emitter {emitter!r} have no physics here; known: radiator, floor")
    limit = T_SUPPLY_MAX[emitter]
    commissioned = (row.get("T_supply_max_degC") or "").strip()
    dp_design = (row.get("dp_design_kPa") or "").strip()
    return SimLoop(
        number=int(float(row["loop"])),
        emitter=emitter,
        A_heated=float(row["A_heated_m2"]),
        m_flow_design=float(row["m_flow_design_kg_per_s"]),
        T_supply_max=min(float(commissioned), limit) if commissioned else limit,
        curve=curves[row["own_curve"].strip()],
        dp_design=float(dp_design) if dp_design else None,
        m_flow_full=_at_full_speed((row.get("pump_points") or "").strip()),
    )


def _at_full_speed(points: str) -> float | None:
    """Return the flow at full speed of points as ``0.45:18.2 1.00:40.3``: pumps here follow their speed."""
    if not points:
        return None
    speed, m_flow = points.split()[-1].split(":")
    return float(m_flow) / float(speed)
