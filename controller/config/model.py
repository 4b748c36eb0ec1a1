"""The site as the controller knows it: frozen, complete, every limit resolved, every reference followed.

``controller.config.loader`` builds it from a site folder; nobody changes it afterwards. The sections that
stand in ``site.toml`` as they are here check themselves, also when a test builds one by hand.
``docs/reference/site-file.md`` describes every key.
"""

from collections.abc import Mapping
from dataclasses import field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from controller.config.curves import CurveTable
from controller.config.dial_in import DialInConfig
from controller.config.fields import (
    STRICT,
    BuildingUse,
    Insulation,
    Number,
    Temperature,
    Text,
    Whole,
    between,
    server_url,
)
from controller.config.forecast import CalendarConfig, WeatherConfig
from controller.config.planning import PlanningConfig
from controller.config.sources import SourceWrites
from stations.driver import Address, DialInAddress
from stations.profile import Profile

Emitter = Literal["radiator", "floor", "dhw"]
SeasonName = Literal["off", "filling", "cold_run", "trial", "heating", "stopping", "maintenance"]

T_SUPPLY_MAX_HARD_DEGC: Mapping[str, float] = {"radiator": 85.0, "floor": 55.0, "dhw": 85.0}
"""No site may raise these: pipes in the floor and people at radiators depend on them."""
T_SUPPLY_MIN_HARD_DEGC = 25.0
HEARTBEATS_PER_WATCHDOG = 3
"""A watchdog must survive this many lost heartbeats, or one lost frame sends a station home."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Timing:
    """Paces of the controller in seconds of the scaled clock."""

    poll_s: Annotated[Number, between(0.5, 120.0)] = 10.0
    cycle_s: Annotated[Number, between(1.0, 120.0)] = 60.0
    """At most 120: leases are renewed only while the last cycle is at most 150 s old."""
    heartbeat_s: Annotated[Number, between(1.0, 200.0)] = 20.0
    watchdog_s: Annotated[Number, between(60.0, 600.0)] = 180.0
    """A station that hears nothing for so long returns to its own curve."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.watchdog_s < HEARTBEATS_PER_WATCHDOG * self.heartbeat_s:
            raise ValueError(
                f"watchdog_s: too short for heartbeat_s = {self.heartbeat_s:g} (got {self.watchdog_s:g}); "
                f"allowed {HEARTBEATS_PER_WATCHDOG * self.heartbeat_s:g}..600"
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Limits:
    """Limits of secondary supply temperature, degC; narrower than the built-in ones or equal."""

    T_supply_max_radiator_degC: Annotated[Number, between(T_SUPPLY_MIN_HARD_DEGC, 85.0)] = 85.0
    T_supply_max_floor_degC: Annotated[Number, between(T_SUPPLY_MIN_HARD_DEGC, 55.0)] = 55.0
    T_supply_min_degC: Annotated[Number, between(T_SUPPLY_MIN_HARD_DEGC, 85.0)] = T_SUPPLY_MIN_HARD_DEGC

    @model_validator(mode="after")
    def _check(self) -> Self:
        lowest = min(self.T_supply_max_radiator_degC, self.T_supply_max_floor_degC)
        if self.T_supply_min_degC >= lowest:
            raise ValueError(
                f"T_supply_min_degC: not below every maximum (got {self.T_supply_min_degC:g}); "
                f"allowed {T_SUPPLY_MIN_HARD_DEGC:g}..{lowest:g}, the end excluded"
            )
        return self

    def supply_max(self, emitter: str) -> float:
        """Return the limit for loops of this emitter, degC; domestic hot water has that of radiators."""
        return self.T_supply_max_floor_degC if emitter == "floor" else self.T_supply_max_radiator_degC


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class ApiConfig:
    """Where the HTTP API listens. Loopback by default; port 0 takes a free one."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")] = "127.0.0.1"
    port: Annotated[Whole, between(0, 65535)] = 8640


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class FlowBand:
    """A step of staged circulation: ``fraction`` of design flow while it is warmer than ``above_degC``."""

    above_degC: Temperature
    fraction: Annotated[Number, between(0.3, 1.0)]


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class RegulationConfig:
    """The centre's regulation law for one emitter type (strategy ``curve``)."""

    T_indoor_degC: Annotated[Number, between(10.0, 26.0)]
    """Indoor temperature that the law aims at."""
    T_outdoor_design_degC: Annotated[Number, between(-45.0, 5.0)]
    T_supply_design_degC: Annotated[Number, between(T_SUPPLY_MIN_HARD_DEGC, 85.0)]
    """Secondary supply at the outdoor design temperature."""
    T_return_design_degC: Annotated[Number, between(15.0, 80.0)]
    exponent: Annotated[Number, between(0.0, 0.6)]
    """b in Q ~ dT^(1+b): 0.30 for radiators, 0.10 for floors."""
    outdoor_filter_h: Annotated[Number, between(0.0, 72.0)] = 12.0
    """Time constant of the outdoor temperature's filter, hours; buildings do not feel gusts."""
    offset_K: Annotated[Number, between(-8.0, 8.0)] = 0.0
    flow: Literal["constant", "staged"] = "constant"
    flow_bands: tuple[FlowBand, ...] = ()
    """For ``staged``: warmest band first; colder than the last one, full design flow."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.T_indoor_degC < self.T_return_design_degC < self.T_supply_design_degC:
            raise ValueError(
                f"T_return_design_degC: not between room and supply (got {self.T_return_design_degC:g}); "
                f"allowed {self.T_indoor_degC:g}..{self.T_supply_design_degC:g}, the ends excluded"
            )
        if self.flow == "staged" and not self.flow_bands:
            raise ValueError('flow_bands: missing, flow = "staged" needs at least one band')
        for warm, cold in pairwise(self.flow_bands):
            if warm.above_degC <= cold.above_degC or warm.fraction > cold.fraction:
                raise ValueError(
                    "flow_bands: above_degC must fall and fraction must not fall from band to band "
                    f"(got {warm.above_degC:g} degC {warm.fraction:g} before "
                    f"{cold.above_degC:g} degC {cold.fraction:g})"
                )
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class ComfortConfig:
    """How warm strategy ``balance`` keeps houses: the minimum, for whom, and what is not known."""

    T_indoor_min_degC: Annotated[Number, between(10.0, 24.0)] = 18.0
    """What dwellings shall have."""
    share: Annotated[Number, between(0.5, 0.999)] = 0.97
    """Of dwelling-hours that shall have it."""
    sd_dwellings_K: Annotated[Number, between(0.0, 4.0)] = 1.2
    """Standard deviation between the dwellings of one loop."""
    sd_sensors_K: Annotated[Number, between(0.0, 4.0)] = 0.6
    """Doubt of the mean of a loop's indoor sensors."""
    sd_hours_K: Annotated[Number, between(0.0, 4.0)] = 0.6
    """Standard deviation over the hours: sun, wind, habits."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class InfluxConfig:
    """The server historian that gets every point, and where its token is found: never here."""

    url: Annotated[Text, AfterValidator(server_url)]
    """What stands before ``/api/v2/write``."""
    bucket: Text
    """Of InfluxDB; a database of 1.8; VictoriaMetrics does not mind."""
    org: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    token_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")] = "DHC_INFLUXDB_TOKEN"
    """Environment variable that holds the token; not set: none is sent."""
    token_file: Text | None = None
    """File that holds the token instead, relative to the site folder; read again after every fault."""
    ca_file: Text | None = None
    """Certificate authority of the server, PEM, relative to the site folder; None: those of the system."""
    timeout_s: Annotated[Number, between(1.0, 60.0)] = 10.0
    """Wall seconds for one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpcUaClientConfig:
    """The controller's own OPC UA application instance; both files are made at first start when absent."""

    application_uri: str
    certificate: Path
    private_key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictConfig:
    """A part of the city whose loops share one strategy."""

    id: str
    title_en: str
    title_zh: str
    strategy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """One secondary loop of a station."""

    loop: int
    emitter: Emitter
    piping: Literal["single", "double"]
    A_heated_m2: float
    own_curve: CurveTable
    """The station controller's own curve: the fallback, and the middle of what the guard allows."""
    T_supply_max_degC: float
    """The narrowest of built-in limit, site limit and the station list's value."""
    T_supply_design_degC: float
    T_return_design_degC: float
    m_flow_design_kg_per_s: float
    """Design secondary circulation."""
    mode: Literal["auto", "local"]
    proof: str | None
    """Reference of the commissioning proof; None means never driven."""
    dp_design_kPa: float | None = None
    """The head at the loop's pump that drives its design circulation; None where no head is told."""
    pump_points: tuple[tuple[float, float], ...] = ()
    """(speed as a fraction, kg/s) as commissioned; empty: no speed is told, or the loop is never driven."""
    calendar: str | None = None
    """Opening hours of the buildings behind it, a name of ``SiteConfig.calendars``; None for dwellings."""
    building: BuildingUse | None = None
    """What its buildings are for; None: dwellings, or offices where they have opening hours."""
    insulation: Insulation | None = None
    """How well they are insulated: before the saving codes, by them, by the latest; None: not known."""

    @property
    def use(self) -> BuildingUse:
        """What its buildings are taken for; with opening hours and no word, offices: schools are alike."""
        return self.building or ("residential" if self.calendar is None else "office")


@dataclass(frozen=True, slots=True, kw_only=True)
class StationConfig:
    """One station: what it is, where it listens, what hangs on it."""

    id: str
    name_zh: str
    name_en: str
    district: str
    kind: Literal["station", "source"]
    profile: Profile
    address: Address
    latitude: float
    longitude: float
    loops: tuple[LoopConfig, ...]
    """Empty for a heat source."""
    writes: SourceWrites | None = None
    """How a heat source's orders are written to it; None for one that is only advised, and for stations."""

    @property
    def n_loops(self) -> int:
        """Loops that its device is asked of: a source that is written to has one controller, as loop 1."""
        return len(self.loops) if self.writes is None else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeConfig:
    """A pipe of the network along a line."""

    positions: tuple[tuple[float, float], ...]
    """(latitude, longitude), degrees, from the source outwards; at least two."""
    diameter_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """Everything that the site folder says."""

    name: str
    title_en: str
    title_zh: str
    timezone: str
    simulation: bool
    """True for synthetic data; every screen and table says so."""
    season: SeasonName
    folder: Path
    data: Path
    """Where journal, command log and API token live; absolute."""
    timing: Timing
    limits: Limits
    api: ApiConfig
    opcua: OpcUaClientConfig
    districts: Mapping[str, DistrictConfig]
    regulation: Mapping[str, RegulationConfig]
    """By emitter type."""
    stations: tuple[StationConfig, ...]
    comfort: ComfortConfig = field(default_factory=ComfortConfig)
    pipes: tuple[PipeConfig, ...] = ()
    """Pipes of the network as far as the site knows them: for maps, not for control."""
    influxdb: InfluxConfig | None = None
    """None: nothing is forwarded. Paths in it are absolute."""
    weather: WeatherConfig = field(default_factory=WeatherConfig)
    """Where forecasts of the weather come from; by default from nowhere. Paths in it are absolute."""
    planning: PlanningConfig = field(default_factory=PlanningConfig)
    """How plans are made."""
    calendars: Mapping[str, CalendarConfig] = field(default_factory=dict)
    """Opening hours by name, for the loops that follow them."""
    dial_in: DialInConfig | None = None
    """Where stations call; None: the controller calls all of them."""

    def poll_s_of(self, station: StationConfig) -> float:
        """Return the pace of a station's polls in scaled seconds: those that call have one of their own."""
        if self.dial_in is not None and isinstance(station.address, DialInAddress):
            return self.dial_in.poll_s
        return self.timing.poll_s

    @property
    def slowest_poll_s(self) -> float:
        """The slowest pace of any station's polls in scaled seconds."""
        return max((self.poll_s_of(station) for station in self.stations), default=self.timing.poll_s)
