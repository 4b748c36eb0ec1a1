"""A small city with two heat sources, as its controller sees it, and the orders that they are advised."""

from controller.config.curves import SourceCurve
from controller.config.planning import PlanningConfig
from controller.config.sources import SourceRules, SourceWrites
from controller.decisions import LoopKey, Mode, Season
from controller.image import Link, ProcessImage, StationImage
from controller.planning.source_advice import SourceOrder
from controller.state import ControllerState, LoopStatus
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW
from tests.support.sites import loop_config, site_config, station_config

BASE, PEAK = "H001", "H002"
HOUR = 3600.0
WRITES = """
[timing]
heartbeat_s = 20.0
watchdog_s = 60.0

[planning.sources.H001.writes]
own_curve = { T_outdoor_degC = [-20.0, -10.0, 0.0, 10.0], T_supply_degC = [115.0, 103.0, 87.0, 70.0] }
m_flow_design_kg_per_s = 60.0
dp_min_kPa = 160.0
dp_max_kPa = 400.0
proof = "simulator"
"""


def source_writes(**changes):
    """The same section, as what was read of it."""
    fields = {
        "own_curve": SourceCurve(T_outdoor_degC=(-20.0, 10.0), T_supply_degC=(110.0, 70.0)),
        "m_flow_design_kg_per_s": 60.0,
        "dp_min_kPa": 160.0,
        "dp_max_kPa": 400.0,
        "proof": "simulator",
    }
    return SourceWrites(**(fields | changes))


def written_source():
    """A source whose orders are written to it, and the section of the site that says so."""
    source = station_config(BASE, "source-opcua-lease", port=21000, writes=source_writes())
    return source, PlanningConfig(sources={BASE: SourceRules(writes=source.writes)})


def let_it_take_orders(folder):
    """Give a written site's source the profile that takes setpoints, and its section of the site file."""
    table, site = folder / "stations.csv", folder / "site.toml"
    table.write_text(table.read_text("utf-8").replace("source-opcua", "source-opcua-lease"), "utf-8")
    site.write_text(site.read_text("utf-8") + WRITES, "utf-8")


def city(folder, n_stations=3):
    """Stations S001.. and two sources, the second one for peaks."""
    stations = [
        station_config(f"S{i:03}", "plc-a", port=20000 + i, loops=(loop_config(),))
        for i in range(1, n_stations + 1)
    ]
    sources = [station_config(name, "source-opcua", port=21000 + i) for i, name in enumerate((BASE, PEAK))]
    planning = PlanningConfig(sources={PEAK: SourceRules(role="peak", least_share=0.2)})
    return site_config(folder, *stations, *sources, planning=planning)


def source_readings(at, Q=5000.0, most=9000.0, T=88.0):
    """kW, degC."""
    told = {
        "T_supply_source": T,
        "T_return_source": 45.0,
        "m_flow_source": Q / (4.18 * (T - 45.0)) if Q else 0.0,
        "p_supply_source": 900.0,
        "p_return_source": 500.0,
        "Q_flow_source": Q,
        "Q_flow_source_max": most,
    }
    return {Point(0, name): good(value, at) for name, value in told.items()}


def station_readings(at, dp=120.0):
    primary = {
        "T_supply_primary": 86.0,
        "T_return_primary": 44.0,
        "m_flow_primary": 9.5,
        "p_supply_primary": 600.0 + dp,
        "p_return_primary": 600.0,
        "Q_flow_primary": 1660.0,
    }
    loop = {"T_supply_secondary": 52.0, "T_return_secondary": 40.0, "m_flow_secondary": 33.0}
    return {Point(0, name): good(value, at) for name, value in primary.items()} | {
        Point(1, name): good(value, at) for name, value in loop.items()
    }


def seen(site, at=NOW, **sources):
    """The process image; ``sources`` are arguments of ``source_readings`` by source, None: silent."""
    images = {}
    for station in site.stations:
        if station.kind == "source":
            default = {} if station.id == BASE else {"Q": 0.0, "most": 4000.0}
            told = sources.get(station.id, {})
            readings = {} if told is None else source_readings(at, **(default | told))
        else:
            readings = station_readings(at)
        images[station.id] = StationImage(
            station=station.id, link=Link.ONLINE, link_since=at - 100.0, readings=readings, polled_at=at
        )
    return images


def state_of(site, at=NOW):
    """A controller that sees it."""
    loops = {
        (key := LoopKey(station.id, loop.loop)): LoopStatus(key=key, mode=Mode.AUTO, season=Season.HEATING)
        for station in site.stations
        for loop in station.loops
    }
    return ControllerState(image=ProcessImage(seen(site, at)), loops=loops, started_at=at)


def look_again(state, site, at, **sources):
    """Let the controller see newer readings."""
    for image in seen(site, at, **sources).values():
        state.image.put(image)


def order(source=BASE, hour=NOW + 2 * HOUR, **changes):
    """What a source is advised for an hour: 5 MW at 90 degC."""
    full = {
        "source": source,
        "hour": hour,
        "phase": "on",
        "Q_flow": 5000.0,
        "T_supply": 90.0,
        "T_return": 45.0,
        "m_flow": 26.6,
        "dp": 380.0,
        "ahead": "plan",
    }
    return SourceOrder(**(full | changes))
