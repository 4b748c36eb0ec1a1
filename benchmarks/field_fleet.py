"""[field] What polling a large fleet takes of one core: Modbus alone and OPC UA alone, 20 points every 10 s.

Each station has a connection of its own. The other end is one cheap server process for all of them: the
client cannot tell it from thousands of devices, and the machine has its other core for it.
"""

import logging
from collections.abc import Callable

import structlog
import uvloop

from benchmarks import modbus_server, opcua_server
from benchmarks.device import modbus_address, modbus_profile, opcua_address, opcua_profile
from benchmarks.fleet import POLL_S, AllGood, Fleet, Member, NotOnline, Period
from benchmarks.isolated import allow_open_files, server
from benchmarks.report import Figures, median_of
from controller.image import ProcessImage, StationImage
from controller.state import ControllerState
from stations.driver import StationDriver
from stations.drivers.modbus.driver import ModbusDriver
from stations.drivers.opcua.driver import OpcUaDriver
from stations.model.clock import SystemClock
from stations.profile import Profile

MODBUS_NAMES = ("field.fleet.modbus_10000.core_share",)
OPCUA_NAMES = ("field.fleet.opcua_5000.core_share",)
MODBUS_STATIONS, OPCUA_STATIONS = 10_000, 5_000
MODBUS_CONNECTS_PER_S, OPCUA_CONNECTS_PER_S = 500.0, 100.0
PERIODS = 5
ONLINE_SPARE_S = 60.0
SPARE_FILES = 500
POLLED_SHARE = 0.99
"""Less than this share of the due polls answered, and the figure is not that of this fleet."""


def modbus() -> Figures:
    """Measure 10,000 Modbus stations."""
    files = MODBUS_STATIONS + SPARE_FILES
    if not allow_open_files(files):
        return _too_few_files(MODBUS_NAMES[0], files)
    profile, clock = modbus_profile(), SystemClock()
    with server(modbus_server.serve, files) as port:
        address = modbus_address(port)

        def driver(station: str) -> Callable[[], StationDriver]:
            return lambda: ModbusDriver(station, profile, 1, address, clock)

        return _measure(MODBUS_NAMES[0], MODBUS_STATIONS, profile, driver, MODBUS_CONNECTS_PER_S)


def opcua() -> Figures:
    """Measure 5,000 OPC UA stations without security."""
    files = OPCUA_STATIONS + SPARE_FILES
    if not allow_open_files(files):
        return _too_few_files(OPCUA_NAMES[0], files)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    profile, clock = opcua_profile(), SystemClock()
    with server(opcua_server.serve, files, None) as listening:
        address = opcua_address(listening.port)

        def driver(station: str) -> Callable[[], StationDriver]:
            return lambda: OpcUaDriver(station, profile, 1, address, clock, None)

        return _measure(OPCUA_NAMES[0], OPCUA_STATIONS, profile, driver, OPCUA_CONNECTS_PER_S)


def _measure(
    name: str,
    count: int,
    profile: Profile,
    driver: Callable[[str], Callable[[], StationDriver]],
    connects_per_s: float,
) -> Figures:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        periods = uvloop.run(_polled(count, profile, driver, connects_per_s))
    except NotOnline as why:
        return Figures(missing={name: f"the machine did not carry it beside its other load: {why}"})
    return _judged(name, count, periods)


async def _polled(
    count: int,
    profile: Profile,
    driver: Callable[[str], Callable[[], StationDriver]],
    connects_per_s: float,
) -> list[Period]:
    members = [
        Member(
            station=(station := f"S{number:05d}"),
            profile=profile,
            traits={},
            make_driver=driver(station),
            validator=AllGood(),
        )
        for number in range(count)
    ]
    images = {member.station: StationImage(station=member.station, readings={}) for member in members}
    state = ControllerState(image=ProcessImage(images), loops={})
    fleet = Fleet(members, state, SystemClock(), connects_per_s=connects_per_s, record=lambda *_: None)
    async with fleet.polled(online_within_s=count / connects_per_s + ONLINE_SPARE_S):
        await fleet.periods(1)  # the first whole period does not count
        return await fleet.periods(PERIODS)


def _judged(name: str, stations: int, periods: list[Period]) -> Figures:
    answered = sum(period.polls_ok for period in periods) / (PERIODS * stations)
    if answered < POLLED_SHARE:
        why = f"only {answered:.1%} of the due polls were answered: the machine does not carry {stations}"
        return Figures(missing={name: why})
    note = (
        f"supervisor, driver and process image of {stations} stations on one core, one server process; "
        f"without validation and journal; {answered:.2%} of the due polls answered; one run is one period "
        f"of {POLL_S:.0f} s; uvloop"
    )
    return Figures([median_of(name, "fraction", [period.core_share for period in periods], note)])


def _too_few_files(name: str, files: int) -> Figures:
    return Figures(missing={name: f"the system allows fewer than {files} open files (ulimit -n)"})
