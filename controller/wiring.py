"""From the site's configuration to the objects that run: traits of loops, drivers, images and states."""

from collections.abc import Callable, Mapping

from controller.capping import open_cap
from controller.config.model import LoopConfig, SiteConfig, StationConfig
from controller.config.sources import SourceRules
from controller.decisions import LoopKey, LoopTraits, Mode, Season
from controller.image import ProcessImage, StationImage
from controller.planning.rules import PlanRules
from controller.state import ControllerState, LoopStatus
from controller.weather.site import calendar_of
from optimizer.balance import ComfortRules
from optimizer.regulation import FlowBand, RegulationLaw
from stations.driver import Deadlines, DialInAddress, ModbusAddress, OpcUaAddress, StationDriver
from stations.drivers.modbus.dialin import DialInPort
from stations.drivers.modbus.driver import ModbusDriver
from stations.drivers.opcua.driver import OpcUaDriver
from stations.drivers.opcua.identity import ClientIdentity
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.points import POINTS, Side
from stations.model.quality import Reason
from stations.model.reading import bad
from stations.model.setpoint import CirculationChannel, HeatChannel
from stations.profile import Profile

SOURCE_LOOP = 1
"""Where a heat source that takes setpoints has its one controller."""
LOOP_HEAT = (HeatChannel.T_SUPPLY, HeatChannel.DT_OFFSET)
LOOP_CIRCULATION = (CirculationChannel.M_FLOW, CirculationChannel.DP, CirculationChannel.Y_PUMP, None)
"""Channels that this version can produce from temperature and flow; others make a loop advice only."""
SOURCE_CHANNELS = (HeatChannel.T_SUPPLY_SOURCE, CirculationChannel.DP_SOURCE)
DRIVEN_HEAT = (*LOOP_HEAT, HeatChannel.T_SUPPLY_SOURCE)
DRIVEN_CIRCULATION = (*LOOP_CIRCULATION, CirculationChannel.DP_SOURCE)


def loop_traits(site: SiteConfig) -> dict[LoopKey, LoopTraits]:
    """Return the traits of every secondary loop of the site."""
    return {
        LoopKey(station.id, loop.loop): _traits(site, station, loop)
        for station in site.stations
        for loop in station.loops
    }


def source_traits(site: SiteConfig) -> dict[LoopKey, LoopTraits]:
    """Return the traits of the heat sources whose orders are written to them."""
    found = {}
    for station in site.stations:
        writes, profile = station.writes, station.profile
        if writes is None:
            continue
        rules = site.planning.sources[station.id]
        channels = [profile.point(c.value) for c in (profile.heat, profile.circulation) if c is not None]
        driveable = (profile.heat, profile.circulation) == SOURCE_CHANNELS
        key = LoopKey(station.id, SOURCE_LOOP)
        found[key] = LoopTraits(
            key=key,
            district=station.district,
            station_class=profile.station_class,
            emitter="source",
            heat=profile.heat,
            circulation=profile.circulation,
            A_heated_m2=0.0,
            T_supply_min_degC=rules.T_supply_min_degC,
            T_supply_max_degC=rules.T_supply_max_degC,
            m_flow_design=writes.m_flow_design_kg_per_s,
            own_curve=writes.own_curve,
            offset_lower_K=0.0,
            offset_upper_K=0.0,
            wears_out=any(point is not None and point.memory != "volatile" for point in channels),
            heat_resolution_K=0.0 if channels[0] is None else channels[0].resolution,
            proven=writes.proof is not None and driveable,
            takes_outdoor=False,
            own_band_K=writes.own_band_K,
            change_K_per_h=rules.change_K_per_h,
            dp_min=writes.dp_min_kPa,
            dp_design=writes.dp_max_kPa,
        )
    return found


def _traits(site: SiteConfig, station: StationConfig, loop: LoopConfig) -> LoopTraits:
    profile = station.profile
    heat = None if profile.heat is None else profile.point(profile.heat.value)
    channels = [profile.point(c.value) for c in (profile.heat, profile.circulation) if c is not None]
    driveable = profile.heat in LOOP_HEAT and profile.circulation in LOOP_CIRCULATION
    if profile.circulation is CirculationChannel.Y_PUMP:
        driveable = driveable and bool(loop.pump_points)
    return LoopTraits(
        key=LoopKey(station.id, loop.loop),
        district=station.district,
        station_class=profile.station_class,
        emitter=loop.emitter,
        heat=profile.heat,
        circulation=profile.circulation,
        A_heated_m2=loop.A_heated_m2,
        T_supply_min_degC=site.limits.T_supply_min_degC,
        T_supply_max_degC=loop.T_supply_max_degC,
        m_flow_design=loop.m_flow_design_kg_per_s,
        own_curve=loop.own_curve,
        offset_lower_K=profile.offset.lower if profile.offset else 0.0,
        offset_upper_K=profile.offset.upper if profile.offset else 0.0,
        wears_out=any(point is not None and point.memory != "volatile" for point in channels),
        heat_resolution_K=0.0 if heat is None else heat.resolution,
        proven=loop.proof is not None and driveable,
        takes_outdoor=profile.takes_outdoor,
        caps_flow=profile.caps_flow,
        m_flow_cap_open=open_cap(profile) or 0.0,
        piping=loop.piping,
        dp_design=loop.dp_design_kPa or 0.0,
        pump_points=loop.pump_points,
    )


def regulation_laws(site: SiteConfig) -> dict[str, RegulationLaw]:
    """Return the law of each emitter type as strategies use it."""
    return {
        emitter: RegulationLaw(
            T_indoor=law.T_indoor_degC,
            T_outdoor_design=law.T_outdoor_design_degC,
            T_supply_design=law.T_supply_design_degC,
            T_return_design=law.T_return_design_degC,
            exponent=law.exponent,
            offset_K=law.offset_K,
            flow_bands=tuple(
                FlowBand(above_degC=band.above_degC, fraction=band.fraction)
                for band in (law.flow_bands if law.flow == "staged" else ())
            ),
        )
        for emitter, law in site.regulation.items()
    }


def comfort_rules(site: SiteConfig) -> ComfortRules:
    """Return how warm strategy ``balance`` keeps houses."""
    comfort = site.comfort
    return ComfortRules(
        T_indoor_min=comfort.T_indoor_min_degC,
        share=comfort.share,
        sd_dwellings=comfort.sd_dwellings_K,
        sd_sensors=comfort.sd_sensors_K,
        sd_hours=comfort.sd_hours_K,
    )


def plan_rules(
    site: SiteConfig, laws: Mapping[str, RegulationLaw], outdoor_filter_s: Mapping[str, float]
) -> PlanRules:
    """Return what plans keep to; ``laws`` are the curves that they are held against."""
    planning = site.planning
    sources = [
        planning.sources.get(station.id, SourceRules())
        for station in site.stations
        if station.kind == "source"
    ] or [SourceRules()]
    return PlanRules(
        comfort=comfort_rules(site),
        timezone=site.timezone,
        calendars={
            LoopKey(station.id, loop.loop): calendar_of(site.calendars[loop.calendar])
            for station in site.stations
            for loop in station.loops
            if loop.calendar is not None
        },
        night=planning.night,
        night_setback_K=planning.night_setback_K,
        closed_setback_K=planning.closed_setback_K,
        warmer_K={
            LoopKey(station.id, loop.loop): planning.warmer_K[loop.use]
            for station in site.stations
            for loop in station.loops
            if loop.use in planning.warmer_K
        },
        over_K=planning.over_K,
        tariff=planning.tariff,
        critical=frozenset(
            LoopKey(station.id, loop.loop)
            for station in site.stations
            for loop in station.loops
            if station.id in planning.critical
        ),
        interval_s=planning.interval_s,
        laws=laws,
        outdoor_filter_s=outdoor_filter_s,
        T_source_max_degC=max(source.T_supply_max_degC for source in sources),
        T_source_change_K_per_h=max(source.change_K_per_h for source in sources),
    )


def station_points(profile: Profile, n_loops: int) -> list[Point]:
    """Return every point that a station of this profile with ``n_loops`` secondary loops reports."""
    points = []
    for point in profile.points:
        per_loop = POINTS[point.name].side is Side.LOOP
        points += [Point(loop, point.name) for loop in (profile.loops(n_loops) if per_loop else (0,))]
    return points


def first_state(site: SiteConfig, clock: Clock) -> ControllerState:
    """Return the state before the first poll: every point is BAD/never_read, every loop in its first mode."""
    now = clock.now()
    never = bad(Reason.NEVER_READ, now)
    images = {
        station.id: StationImage(
            station=station.id,
            link_since=now,
            readings=dict.fromkeys(station_points(station.profile, station.n_loops), never),
        )
        for station in site.stations
    }
    loops = {
        (key := LoopKey(station.id, loop.loop)): LoopStatus(
            key=key, mode=Mode(loop.mode), season=Season(site.season)
        )
        for station in site.stations
        for loop in station.loops
    }
    for station in site.stations:
        if station.writes is not None:
            key = LoopKey(station.id, SOURCE_LOOP)
            mode = Mode(station.writes.mode)
            loops[key] = LoopStatus(key=key, mode=mode, season=Season(site.season))
    return ControllerState(image=ProcessImage(images), loops=loops, started_at=now)


def driver_factory(
    station: StationConfig,
    clock: Clock,
    identity: ClientIdentity | None,
    deadlines: Deadlines | None = None,
    port: DialInPort | None = None,
) -> Callable[[], StationDriver]:
    """Return what makes a fresh driver for each connection attempt to this station.

    ``port``: where stations call; needed for one that does.
    """
    n_loops = station.n_loops
    limits = deadlines or Deadlines()
    address = station.address
    if isinstance(address, ModbusAddress | DialInAddress):
        return lambda: ModbusDriver(station.id, station.profile, n_loops, address, clock, limits, port)
    assert isinstance(address, OpcUaAddress)
    return lambda: OpcUaDriver(station.id, station.profile, n_loops, address, clock, identity, limits)
