"""From rows of the station list to stations: grouped, checked, every reference followed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from controller.config.cells import Cells
from controller.config.circulation import head_at_design, pump_points
from controller.config.curves import CurveTable
from controller.config.dial_in import DialInConfig
from controller.config.fields import BuildingUse, Insulation
from controller.config.model import Emitter, Limits, LoopConfig, StationConfig
from controller.config.table import LOOP_COLUMNS, STATION_COLUMNS, Row
from stations.driver import Address, DialInAddress, ModbusAddress, OpcUaAddress
from stations.model.identity import MAX_LOOPS
from stations.profile import Profile, ProfileError, builtin_profile, known_profiles

_ID = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"
_ID_ALLOWED = "letters, digits, _ . - (at most 32)"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[?[0-9A-Fa-f:]{2,39}\]?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the rows refer to in the rest of the site folder."""

    folder: Path
    limits: Limits
    districts: frozenset[str]
    curves: Mapping[str, CurveTable]
    named_curves: frozenset[str]
    """Names of all curves, also of those with faults of their own."""
    named_calendars: frozenset[str] = frozenset()
    """The same of calendars."""
    dial_in: DialInConfig | None = None
    """Which Modbus stations call the controller."""


def read_stations(rows: list[Row], around: Surroundings, faults: list[str]) -> list[StationConfig]:
    """Build all stations; those with faults are left out, their faults stand in ``faults``."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        station = Cells(row, faults).text("station", _ID, _ID_ALLOWED)
        if station is not None:
            grouped.setdefault(station, []).append(row)
    stations = [_station(name, group, around, faults) for name, group in grouped.items()]
    found = [station for station in stations if station is not None]
    _check_addresses(found, {name: group[0].where for name, group in grouped.items()}, faults)
    return found


def _station(name: str, rows: list[Row], around: Surroundings, faults: list[str]) -> StationConfig | None:
    before = len(faults)
    _check_agreement(name, rows, faults)
    cells = Cells(rows[0], faults)
    kind = cells.choice("kind", "station", "source")
    name_zh = cells.text("name_zh")
    name_en = cells.text("name_en")
    district = cells.text("district")
    if district is not None and district not in around.districts:
        cells.fault("district", f"not known (got {district!r}); allowed {_names(around.districts)}")
    latitude = cells.number("latitude", -90, 90)
    longitude = cells.number("longitude", -180, 180)
    profile = _profile(cells)
    address = _address(name, cells, profile, around) if profile is not None else None
    if profile is not None and kind is not None and (kind == "source") != (profile.kind == "source"):
        cells.fault("kind", f"does not go with profile {profile.name} of kind {profile.kind} (got {kind!r})")
    loops = _source_loops(rows, faults) if kind == "source" else _loops(name, rows, profile, around, faults)
    if len(faults) > before:
        return None
    assert profile is not None
    assert address is not None
    return StationConfig(
        id=name,
        name_zh=cast("str", name_zh),
        name_en=cast("str", name_en),
        district=cast("str", district),
        kind=cast('Literal["station", "source"]', kind),
        profile=profile,
        address=address,
        latitude=cast("float", latitude),
        longitude=cast("float", longitude),
        loops=loops,
    )


def _check_agreement(name: str, rows: list[Row], faults: list[str]) -> None:
    """Check that further rows of a station repeat its own columns or leave them blank."""
    first = rows[0]
    for row in rows[1:]:
        for column in STATION_COLUMNS:
            value = row.cells[column]
            if value and value != first.cells[column]:
                Cells(row, faults).fault(
                    column,
                    f"contradicts the first row of station {name}, {first.where} (got {value!r}); "
                    f"allowed {first.cells[column]!r} or blank",
                )


def _profile(cells: Cells) -> Profile | None:
    name = cells.row.cells["profile"]
    if name not in known_profiles():
        cells.fault(
            "profile",
            f"{'not known' if name else 'empty'} (got {name!r}); allowed {_names(known_profiles())}",
        )
        return None
    try:
        return builtin_profile(name)
    except ProfileError as error:
        cells.faults.extend(fault for fault in error.faults if fault not in cells.faults)
        cells.fault("profile", f"{name} has faults of its own, see there")
        return None


def _address(name: str, cells: Cells, profile: Profile, around: Surroundings) -> Address | None:
    dial_in = around.dial_in
    if profile.modbus is not None and dial_in is not None and dial_in.calls(name):
        return _dialled(name, cells, profile.modbus.unit, dial_in)
    host = cells.text("host", _HOST, "a host name or an IP address")
    port = cells.whole("port", 1, 65535)
    if profile.modbus is not None:
        unit = profile.modbus.unit if cells.blank("unit") else cells.whole("unit", 0, 255)
        if not cells.blank("security"):
            # Modbus has none; a list that promises more than the wire can hold would be believed.
            cells.choice("security", "none")
        if host is None or port is None or unit is None:
            return None
        return ModbusAddress(host=host.strip("[]"), port=port, unit=unit)
    security = cells.choice("security", "sign_and_encrypt", "none")
    insecure = None if cells.blank("allow_insecure") else cells.choice("allow_insecure", "true", "false")
    if security == "none" and insecure != "true":
        cells.fault(
            "allow_insecure",
            'security "none" sends setpoints that anybody on the way can change; '
            f"allowed only with allow_insecure = true (got {cells.row.cells['allow_insecure']!r})",
        )
    certificate = _certificate(cells, around.folder) if security == "sign_and_encrypt" else None
    if host is None or port is None or security is None:
        return None
    url_host = f"[{host.strip('[]')}]" if ":" in host else host
    return OpcUaAddress(
        url=f"opc.tcp://{url_host}:{port}/", security=security, server_certificate=certificate
    )


def _dialled(name: str, cells: Cells, usual_unit: int, dial_in: DialInConfig) -> DialInAddress | None:
    """Return the address of a station that calls; host and port of the list mean nothing then."""
    unit = usual_unit if cells.blank("unit") else cells.whole("unit", 0, 255)
    try:
        packet = dial_in.packet(name)
    except ValueError as error:
        cells.fault("station", f"section dial_in: {error}")
        return None
    return None if unit is None else DialInAddress(registration=packet, unit=unit)


def _certificate(cells: Cells, folder: Path) -> str | None:
    """Return the pinned server certificate's absolute path; without it there is nobody to trust."""
    value = cells.row.cells["server_certificate"]
    if not value:
        cells.fault(
            "server_certificate", "empty; sign_and_encrypt needs the station's certificate (DER or PEM)"
        )
        return None
    path = (folder / value).resolve()
    if not path.is_file():
        cells.fault(
            "server_certificate",
            f"no such file (got {value!r}, looked for {path}); export it from the station, "
            "for a simulated site `dhc simulate` makes it",
        )
        return None
    return str(path)


def _source_loops(rows: list[Row], faults: list[str]) -> tuple[LoopConfig, ...]:
    if len(rows) > 1:
        Cells(rows[1], faults).fault("station", "a source has one row; it has no loops")
    cells = Cells(rows[0], faults)
    for column in LOOP_COLUMNS:
        # Mode and proof of a source that is only read say nothing; lists often carry them down a column.
        if column not in ("mode", "proof") and not cells.blank(column):
            cells.fault(column, f"a source has no loops (got {cells.row.cells[column]!r}); allowed blank")
    return ()


def _loops(
    name: str, rows: list[Row], profile: Profile | None, around: Surroundings, faults: list[str]
) -> tuple[LoopConfig, ...]:
    loops: dict[int, LoopConfig | None] = {}
    most = MAX_LOOPS if profile is None else profile.max_loops
    for row in rows:
        cells = Cells(row, faults)
        number = cells.whole("loop", 1, most)
        loop = _loop(cells, number or 1, profile, around)
        if number is None:
            continue
        if number in loops:
            cells.fault("loop", f"loop {number} of station {name} stands twice (first in {rows[0].where})")
        loops[number] = loop
    if loops and sorted(loops) != list(range(1, len(loops) + 1)):
        Cells(rows[-1], faults).fault(
            "loop", f"loops of station {name} have a gap (got {sorted(loops)}); allowed 1, 2, … without gaps"
        )
    return tuple(loop for _, loop in sorted(loops.items()) if loop is not None)


def _loop(cells: Cells, number: int, profile: Profile | None, around: Surroundings) -> LoopConfig | None:
    before = len(cells.faults)
    emitter = cells.choice("emitter", "radiator", "floor", "dhw")
    piping = cells.choice("piping", "single", "double")
    A_heated = cells.number("A_heated_m2", 1, 5_000_000)
    limit = around.limits.supply_max(emitter or "radiator")
    T_max = limit
    if not cells.blank("T_supply_max_degC"):
        T_max = cells.number("T_supply_max_degC", around.limits.T_supply_min_degC, limit) or limit
    T_supply = cells.number("T_supply_design_degC", 25, 110)
    T_return = cells.number("T_return_design_degC", 15, 100)
    if T_supply is not None and T_return is not None and T_return >= T_supply:
        cells.fault(
            "T_return_design_degC",
            f"not below T_supply_design_degC (got {T_return:g}); allowed 15..{T_supply:g}",
        )
    m_flow = cells.number("m_flow_design_kg_per_s", 0.01, 2000)
    dp = head_at_design(cells, profile)
    points = pump_points(cells, profile, m_flow)
    mode = cells.choice("mode", "auto", "local")
    proof = None if cells.blank("proof") else cells.text("proof")
    calendar = _calendar(cells, around)
    building = None if cells.blank("building") else cells.choice("building", *get_args(BuildingUse))
    insulation = None if cells.blank("insulation") else cells.choice("insulation", *get_args(Insulation))
    curve = _curve(cells, around)
    if len(cells.faults) > before or curve is None:
        return None
    return LoopConfig(
        loop=number,
        emitter=cast("Emitter", emitter),
        piping=cast('Literal["single", "double"]', piping),
        A_heated_m2=cast("float", A_heated),
        own_curve=curve,
        T_supply_max_degC=T_max,
        T_supply_design_degC=cast("float", T_supply),
        T_return_design_degC=cast("float", T_return),
        m_flow_design_kg_per_s=cast("float", m_flow),
        dp_design_kPa=dp,
        pump_points=points,
        mode=cast('Literal["auto", "local"]', mode),
        proof=proof,
        calendar=calendar,
        building=cast("BuildingUse | None", building),
        insulation=cast("Insulation | None", insulation),
    )


def _curve(cells: Cells, around: Surroundings) -> CurveTable | None:
    name = cells.row.cells["own_curve"]
    if name not in around.named_curves:
        got = f"not known (got {name!r})" if name else "empty"
        cells.fault("own_curve", f"{got}; allowed {_names(around.named_curves)}")
    return around.curves.get(name)


def _calendar(cells: Cells, around: Surroundings) -> str | None:
    name = cells.row.cells["calendar"]
    if name and name not in around.named_calendars:
        cells.fault(
            "calendar", f"not known (got {name!r}); allowed {_names(around.named_calendars)} or blank"
        )
    return name or None


def _check_addresses(stations: list[StationConfig], where: Mapping[str, str], faults: list[str]) -> None:
    """Check that no two stations share an address; on Modbus a gateway may hold several units."""
    taken: dict[str, dict[int | None, str]] = {}
    for station in stations:
        unit: int | None
        match station.address:
            case DialInAddress():
                continue  # told apart by what they say (loader)
            case ModbusAddress(host=host, port=port, unit=number):
                place, unit = f"{host.lower()}:{port}", number
            case OpcUaAddress(url=url):
                place, unit = url.lower().removeprefix("opc.tcp://").rstrip("/"), None
        there = taken.setdefault(place, {})
        rival = there.get(unit) or there.get(None) if unit is not None else next(iter(there.values()), None)
        if rival is None:
            there[unit] = station.id
            continue
        on_unit = "" if unit is None else f" unit {unit}"
        faults.append(
            f"{where[station.id]} column port: {place}{on_unit} is already taken by station {rival}"
        )


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing: none is defined"
