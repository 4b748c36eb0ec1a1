"""Device profiles: what a type of station controller offers on its wire, as data.

A profile is one TOML file in ``stations/profiles``. It names the points, where they are, their wire type and
unit, which of them may be written, and how the device falls back when the centre is silent. Nothing about
one particular station stands in it. ``docs/reference/profile.md`` describes every key.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stations.model.identity import MAX_LOOPS, PRIMARY, Point
from stations.model.points import POINTS, SETPOINTS, Side
from stations.model.quantity import DENSITY_NOMINAL_KG_PER_M3, WIRE_UNITS
from stations.model.setpoint import CirculationChannel, HeatChannel, StationClass
from stations.profile_rules import profile_faults

PROFILE_FOLDER = Path(__file__).parent / "profiles"

WireType = Literal["bool", "int16", "uint16", "int32", "uint32", "float32", "float64", "split_decimal"]
"""``float64`` exists on OPC UA only. ``split_decimal`` is four registers: x10^4, x1, x10^-3, unit code."""

REGISTERS: dict[str, int] = {
    "bool": 1,
    "int16": 1,
    "uint16": 1,
    "int32": 2,
    "uint32": 2,
    "float32": 2,
    "split_decimal": 4,
}
"""16-bit registers (coils for bool) that a wire type takes on Modbus."""


FLOW_CAP = "m_flow_primary_max"
"""The setpoint of a cap on the primary flow."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProfilePoint(_Strict):
    """One point of a device. Inside value = (raw * scale + offset) * unit factor."""

    name: str
    unit: str
    """Wire unit, one of ``WIRE_UNITS`` of the point's quantity."""
    type: WireType
    access: Literal["read", "write"] = "read"
    memory: Literal["volatile", "eeprom", "unknown"] = "unknown"
    """Where the device keeps a written value; decides how often it may be changed (register wear)."""
    scale: float = 1.0
    offset: float = 0.0
    inverted: bool = False
    """For ``bool``: a raw 0 means 1."""
    sentinels: tuple[float, ...] = ()
    """Raw values that mean "no value", compared before scaling."""
    minimum: float | None = None
    maximum: float | None = None
    """Range that this device can show or take, unit inside; narrows the range of the point's name."""
    density_kg_per_m3: Annotated[float, Field(ge=900, le=1001)] = DENSITY_NOMINAL_KG_PER_M3
    unit_codes: tuple[str, ...] = ()
    """For ``split_decimal``: wire unit by the value of the fourth register; ``unit`` is then ignored."""
    # Modbus
    address: Annotated[int, Field(ge=0, le=65535)] | None = None
    """0-based wire address; of loop 1 for loop points, further loops at ``modbus.loop_stride``."""
    function: Literal[1, 2, 3, 4] | None = None
    """Function code that reads it; None means ``modbus.function``."""
    write_function: Literal[5, 6, 16] | None = None
    byte_order: Literal["big", "little"] | None = None
    word_order: Literal["big", "little"] | None = None
    # OPC UA
    node: str | None = None
    """``s=...`` or ``i=...`` in the profile's namespace; ``{loop}`` is replaced by the loop number."""

    @property
    def per_loop(self) -> bool:
        """Tell whether the point repeats in every secondary loop."""
        return self.name in POINTS and POINTS[self.name].side is Side.LOOP

    @property
    def writable(self) -> bool:
        """Tell whether the profile whitelists writes to this point."""
        return self.access == "write"

    def factor(self, unit: str | None = None) -> float:
        """Return inside units per wire unit (without ``scale``), for ``unit`` or the declared one."""
        wire = WIRE_UNITS[POINTS[self.name].quantity][unit or self.unit]
        return wire.to_inside(self.density_kg_per_m3)

    def bounds(self) -> tuple[float, float]:
        """Return the lowest and highest believable value, unit inside."""
        spec = POINTS[self.name]
        low = spec.minimum if self.minimum is None else max(self.minimum, spec.minimum)
        high = spec.maximum if self.maximum is None else min(self.maximum, spec.maximum)
        return low, high

    @property
    def resolution(self) -> float:
        """Smallest step of the wire value, unit inside; 0 for floating point."""
        return 0.0 if self.type in ("float32", "float64") else abs(self.scale) * self.factor()


class ReadableBlock(_Strict):
    """Registers that the device answers in one piece; a merged read never reaches beyond one block."""

    function: Literal[1, 2, 3, 4]
    start: Annotated[int, Field(ge=0, le=65535)]
    count: Annotated[int, Field(ge=1, le=2000)]
    every: Annotated[int, Field(ge=1, le=60)] = 1
    """Read in one poll of so many; between two, its points keep their last reading and its own time."""


class ModbusMap(_Strict):
    """How to talk Modbus to this device type."""

    unit: Annotated[int, Field(ge=0, le=255)] = 1
    function: Literal[3, 4] = 3
    byte_order: Literal["big", "little"] = "big"
    word_order: Literal["big", "little"] = "big"
    loop_stride: Annotated[int, Field(ge=0, le=10000)] = 0
    max_registers: Annotated[int, Field(ge=1, le=125)] = 120
    gap: Annotated[int, Field(ge=0, le=50)] = 8
    """Unused registers that a merged read may bridge inside one readable block."""
    pause_s: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Seconds to leave between two requests; some controllers lose the second one otherwise.

    On the scaled clock, like all that a device does: in service it is wall time.
    """
    blocks: tuple[ReadableBlock, ...] = ()
    """Readable blocks, of loop 1 where they hold loop points (moved by ``loop_stride`` for further loops).

    Empty means that everything is readable; otherwise every point that is read lies in one of them.
    """


class OpcUaMap(_Strict):
    """How to find nodes; the namespace index is looked up by URI after every connect."""

    namespace_uri: str


class ModbusLease(_Strict):
    """Class A on Modbus.

    Setpoint block, one FC 16 write: token (uint32), sequence (uint32), heat, circulation (each as its point
    is declared), CRC-16/MODBUS over all bytes before it (uint16). Heartbeat block, one FC 16 write:
    token (uint32), counter (uint32), valid_for in seconds (uint16). 32-bit values in the map's word order.
    """

    setpoint_address: Annotated[int, Field(ge=0, le=65535)]
    """Of loop 1; further loops at ``modbus.loop_stride``."""
    heartbeat_address: Annotated[int, Field(ge=0, le=65535)]
    cap_address: Annotated[int, Field(ge=0, le=65535)] | None = None
    """Of the block that caps the station's primary flow, one FC 16 write: token (uint32), sequence (uint32),
    ``m_flow_primary_max`` as it is declared, CRC-16/MODBUS. None: the device takes no caps."""


class OpcUaLease(_Strict):
    """Class A on OPC UA: methods, with the object each belongs to. Results are one Boolean: taken or not."""

    loop_object: str
    apply_method: str
    """``ApplySetpoint(token UInt32, sequence UInt32, heat Double, circulation Double)``."""
    release_method: str
    """``Release(token UInt32)``: the loop returns to its own curve."""
    station_object: str
    heartbeat_method: str
    """``Heartbeat(token UInt32, counter UInt32, valid_for_s Double)``."""
    cap_method: str | None = None
    """``CapPrimaryFlow(token UInt32, sequence UInt32, m_flow_primary_max Double)`` of the station's object.
    None: the device takes no caps."""


class DeadMan(_Strict):
    """Class T: a timer in the device; while it runs the level bit keeps the centre's setpoint in force."""

    arm_s: Annotated[float, Field(ge=60, le=3600)]
    """Value written to ``deadman_remaining``."""
    rewrite_at_s: Annotated[float, Field(ge=60, le=3600)]
    """Rewrite when the remaining time has fallen to this."""


class Offset(_Strict):
    """Class B: bounds of the temperature offset in K; the device keeps the last one for ever."""

    lower: Annotated[float, Field(ge=-15, le=0)] = -3.0
    upper: Annotated[float, Field(ge=0, le=15)] = 5.0
    neutral: float = 0.0


class Profile(_Strict):
    """A type of station controller, heat meter or heat source."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title_en: str
    title_zh: str
    source: str
    """Where the map comes from: document, version, or that it is our reference device."""
    protocol: Literal["modbus", "opcua"]
    kind: Literal["station", "meter", "source"] = "station"
    station_class: StationClass
    max_loops: Annotated[int, Field(ge=0, le=MAX_LOOPS)] = 1
    heat: HeatChannel | None = None
    circulation: CirculationChannel | None = None
    expected_device_id: int | None = None
    """If given, ``device_id`` must read this before anything is written."""
    expected_firmware: float | None = None
    """If given, ``firmware`` must read this before anything is written: a map belongs to a firmware."""
    modbus: ModbusMap | None = None
    opcua: OpcUaMap | None = None
    modbus_lease: ModbusLease | None = None
    opcua_lease: OpcUaLease | None = None
    deadman: DeadMan | None = None
    offset: Offset | None = None
    points: tuple[ProfilePoint, ...]

    def __hash__(self) -> int:
        """By name: of all its fields it would take longer than what is remembered for it is worth."""
        return hash(self.name)

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = profile_faults(self)
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def point(self, name: str) -> ProfilePoint | None:
        """Return the point called ``name``, or None where the device has none."""
        return next((point for point in self.points if point.name == name), None)

    @property
    def writable_setpoints(self) -> frozenset[str]:
        """Names of setpoints that this device lets the centre write."""
        return frozenset(point.name for point in self.points if point.writable and point.name in SETPOINTS)

    @property
    def identity(self) -> dict[str, float]:
        """What a device must say of itself, by point, before anything is written to it."""
        expected = {"device_id": self.expected_device_id, "firmware": self.expected_firmware}
        return {name: float(value) for name, value in expected.items() if value is not None}

    @property
    def takes_outdoor(self) -> bool:
        """Tell whether the device accepts the centre's outdoor temperature."""
        return "T_outdoor_centre" in self.writable_setpoints

    @property
    def caps_flow(self) -> bool:
        """Tell whether the device takes caps on its primary flow."""
        return FLOW_CAP in self.writable_setpoints

    def polled(self, n_loops: int) -> tuple[tuple[Point, ProfilePoint], ...]:
        """Return what a poll of a station with ``n_loops`` loops reports, with the declaration of each.

        That is every point of the profile except the setpoints themselves: what a device holds of those is
        their ``_readback``, which may be another register.
        """
        loops = self.loops(n_loops)
        return tuple(
            (Point(loop, point.name), point)
            for point in self.points
            if point.name not in SETPOINTS
            for loop in (loops if point.per_loop else (PRIMARY,))
        )

    def loops(self, n_loops: int) -> range:
        """Return the loop numbers of a station of this type with ``n_loops`` secondary loops."""
        if not 0 <= n_loops <= self.max_loops:
            raise ValueError(f"profile {self.name} has at most {self.max_loops} loops, not {n_loops}")
        return range(1, n_loops + 1)


class ProfileError(Exception):
    """A profile file that can not be used; ``faults`` holds every fault, each with file, key and value."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def load_profile(path: Path) -> Profile:
    """Read one profile file; raises ProfileError with all faults at once."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError([f"{path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError([f"{path}: not a TOML file in UTF-8: {error}"]) from error
    try:
        return Profile.model_validate(raw)
    except ValidationError as error:
        raise ProfileError(validation_faults(path.name, raw, error)) from error


def validation_faults(file: str, raw: object, error: ValidationError) -> list[str]:
    """Turn a pydantic error into lines ``file: key: message (got value)``, one for each fault."""
    faults = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "(whole file)"
        if item["type"] == "value_error":
            faults += [f"{file}: {line}" for line in str(item["ctx"]["error"]).splitlines()]
        elif item["type"] == "extra_forbidden":
            faults.append(f"{file}: {key}: unknown key")
        elif item["type"] == "missing":
            faults.append(f"{file}: {key}: missing")
        else:
            faults.append(f"{file}: {key}: {item['msg']} (got {item['input']!r})")
    return faults


def known_profiles() -> list[str]:
    """Return the names of all profiles that ship with the product, sorted."""
    return sorted(path.stem for path in PROFILE_FOLDER.glob("*.toml"))


@lru_cache(maxsize=64)
def builtin_profile(name: str) -> Profile:
    """Return the shipped profile ``name``; raises ProfileError that lists the known ones."""
    if name not in known_profiles():
        raise ProfileError([f"profile {name!r} is not known; known are: {', '.join(known_profiles())}"])
    return load_profile(PROFILE_FOLDER / f"{name}.toml")
