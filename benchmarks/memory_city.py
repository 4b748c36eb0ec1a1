"""A city in memory: the generated city's site, and stations that answer at once and hold what is written."""

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from controller.config.loader import load_site
from controller.config.model import SiteConfig, StationConfig
from controller.wiring import station_points
from simulators.city import write_city
from stations.driver import StationDriver
from stations.drivers.memory import MemoryDriver
from stations.drivers.opcua.identity import ClientIdentity
from stations.model.clock import Clock
from stations.model.identity import PRIMARY, Point

DriverFactory = Callable[[StationConfig, Clock, ClientIdentity | None], Callable[[], StationDriver]]

_SHOWN: dict[str, float] = {
    "T_supply_primary": 95.0,
    "T_return_primary": 45.0,
    "m_flow_primary": 8.0,
    "p_supply_primary": 800.0,
    "p_return_primary": 400.0,
    "y_valve_primary": 0.4,
    "Q_flow_primary": 8.0 * 4.186 * 50.0,
    "E_heat_primary": 1e6,
    "V_primary": 1e5,
    "T_outdoor": -5.0,
    "T_outdoor_centre_readback": -5.0,
    "alarm_word": 0.0,
    "T_supply_secondary": 50.0,
    "T_return_secondary": 40.0,
    "m_flow_secondary": 30.0,
    "p_supply_secondary": 500.0,
    "p_return_secondary": 300.0,
    "y_valve_loop": 0.4,
    "y_pump_secondary": 0.8,
    "P_pump_secondary": 10.0,
    "E_pump_secondary": 1e5,
    "V_secondary": 1e6,
    "m_flow_makeup": 0.1,
    "V_makeup": 1e3,
    "level_makeup": 0.7,
    "T_indoor_mean": 20.0,
    "T_supply_source": 100.0,
    "T_return_source": 45.0,
    "m_flow_source": 2_000.0,
    "p_supply_source": 1_000.0,
    "p_return_source": 300.0,
    "Q_flow_source": 2_000.0 * 4.186 * 55.0,
    "Q_flow_source_max": 600_000.0,
    "P_pump_source": 900.0,
    "firmware": 2.62,
}
"""What an idle station shows, unit inside; all other points show 0."""
_SWING = ("T_supply_primary", "T_return_primary", "T_supply_secondary", "T_return_secondary", "T_outdoor")
_SWING_K, _SWING_S = 0.4, 120.0
"""Live water is never still: a value that does not move counts as a dead sensor."""


class HoldingStation:
    """A station without physics: measurements swing a little, setpoints are taken and shown as read back."""

    def __init__(self, config: StationConfig, clock: Clock) -> None:
        self._clock = clock
        self._phase = float(sum(config.id.encode()))
        profile = config.profile
        points = station_points(profile, len(config.loops))
        self._held: dict[Point, float] = {point: _SHOWN.get(point.name, 0.0) for point in points}
        self._held |= {Point(PRIMARY, name): value for name, value in profile.identity.items()}
        # what the site's list says, or each station would raise an alarm that its area differs
        self._show(Point(PRIMARY, "A_heated"), sum(loop.A_heated_m2 for loop in config.loops))
        for loop in config.loops:
            self._show(Point(loop.loop, "m_flow_secondary"), 0.8 * loop.m_flow_design_kg_per_s)
            # a device that shows something else in force than its own curve is not taken over
            own = loop.own_curve(_SHOWN["T_outdoor"])
            self._show(Point(loop.loop, "T_supply_secondary_set_effective"), own)
        self._swinging = [point for point in points if point.name in _SWING]

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the station reports now."""
        move = _SWING_K * math.sin(self._phase + self._clock.monotonic() * math.tau / _SWING_S)
        return self._held | {point: self._held[point] + move for point in self._swinging}

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Take a class A block."""
        self._take(loop, "T_supply_secondary_set", heat)
        if circulation is not None:
            self._take(loop, "m_flow_secondary_set", circulation)
        self._show(Point(loop, "lease_token"), float(token))
        self._show(Point(loop, "lease_sequence"), float(sequence))
        self._show(Point(loop, "remote_level"), 1.0)
        return True

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Take every heartbeat."""
        return True

    def hand_back(self, loop: int, now: float) -> None:
        """Go to the own curve."""
        self._show(Point(loop, "remote_level"), 0.0)

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Take a class B offset."""
        self._take(loop, "dT_supply_secondary_offset", dT)
        return True

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Take a class T setpoint."""
        self._take(loop, "T_supply_secondary_set", T)
        return True

    def write_deadman(self, seconds: float, now: float) -> None:
        """Wind the timer up; it stands still here."""
        self._show(Point(PRIMARY, "deadman_remaining"), seconds)

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Set the level bit."""
        self._show(Point(loop, "remote_level"), float(remote))

    def write_outdoor_centre(self, T: float, now: float) -> None:
        """Take the centre's outdoor temperature."""
        self._show(Point(PRIMARY, "T_outdoor_centre_readback"), T)

    def _take(self, loop: int, setpoint: str, value: float) -> None:
        for shown in (f"{setpoint}_readback", f"{setpoint}_effective"):
            self._show(Point(loop, shown), value)

    def _show(self, point: Point, value: float) -> None:
        if point in self._held:
            self._held[point] = value


def memory_site(folder: Path, stations: int, cycle_s: float) -> SiteConfig:
    """Return the generated city as a site with a cycle every ``cycle_s``; its data lie in ``folder``."""
    place = folder / "site"
    write_city(place, stations=stations, seed=1)
    (place / "pki").mkdir()
    with (place / "stations.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["server_certificate"]:  # the site must name a file; a driver in memory never reads it
                (place / row["server_certificate"]).touch()
    site = load_site(place, data=folder)
    return replace(site, timing=replace(site.timing, cycle_s=cycle_s))


def memory_driver_factory(clock: Clock) -> DriverFactory:
    """Return what takes the place of the product's driver factory: memory drivers, one station each."""

    def factory(
        config: StationConfig, _clock: Clock, _identity: ClientIdentity | None
    ) -> Callable[[], StationDriver]:
        station = HoldingStation(config, clock)
        return lambda: MemoryDriver(config.id, config.profile, len(config.loops), station, clock)

    return factory
