"""``dhc check --online``: ask every station once and compare with the site file. Writes to no station."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum

from controller.check_points import PointView, point_views
from controller.config.model import SiteConfig, StationConfig
from controller.dial_in import CALL_WITHIN_S, opened_dial_in
from controller.proof import proof_fault
from controller.validation import StationValidator
from controller.wiring import driver_factory
from stations.driver import DriverError, OpcUaAddress, StationDriver
from stations.drivers.modbus.dialin import DialInPort
from stations.drivers.opcua.identity import ClientIdentity
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading

AT_ONCE = 25
"""Stations asked at the same time; a city of 1,000 takes a minute, its links no storm."""
AREA_TOLERANCE = 0.01
"""Share by which heated area in the station and in the station list may differ."""
SLACK_K = 2.0
"""A return may be so much above its supply before the two count as swapped: two sensors' tolerance."""
BEHIND_S = 60.0
"""Seconds by which a station's newest value may lag; a clock that is wrong by minutes spoils history."""
AHEAD_S = 5.0
"""Seconds by which a station's clock may be ahead of ours."""


class Verdict(StrEnum):
    """How a station did."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that a person should look at."""

    verdict: Verdict
    point: Point | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StationCheck:
    """What one station answered."""

    station: str
    name_en: str
    connect_ms: float | None
    """Wall ms to connect; None where it did not come to that."""
    read_ms: float | None
    """Wall ms to read every point once."""
    readings: Mapping[Point, Reading]
    points: Mapping[Point, PointView]
    """The same beside declaration and design."""
    remarks: tuple[Remark, ...]

    @property
    def verdict(self) -> Verdict:
        """The gravest of the remarks."""
        found = {remark.verdict for remark in self.remarks}
        return Verdict.FAIL if Verdict.FAIL in found else Verdict.WARN if found else Verdict.OK

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "station": self.station,
            "verdict": self.verdict.value,
            "connect_ms": self.connect_ms,
            "read_ms": self.read_ms,
            "points": {str(point): view.to_json() for point, view in self.points.items()},
            "remarks": [
                {
                    "verdict": remark.verdict.value,
                    "point": None if remark.point is None else str(remark.point),
                    "text": remark.text,
                }
                for remark in self.remarks
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineReport:
    """What the whole city answered, in the order of the station list."""

    stations: tuple[StationCheck, ...]

    @property
    def ok(self) -> bool:
        """True when no station failed; warnings are for people, not for exit codes."""
        return all(station.verdict is not Verdict.FAIL for station in self.stations)

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        verdicts = [station.verdict for station in self.stations]
        return {
            "ok": self.ok,
            "verdicts": {verdict.value: verdicts.count(verdict) for verdict in Verdict},
            "stations": [station.to_json() for station in self.stations],
        }


async def check_online(
    site: SiteConfig,
    clock: Clock,
    make_driver: Callable[[StationConfig], StationDriver] | None = None,
    on_done: Callable[[StationCheck], None] = lambda _: None,
) -> OnlineReport:
    """Connect to every station, read every point once, write nothing. Deadlines are the drivers' own.

    ``make_driver`` is the real drivers' when not given (may raise IdentityFault, and DialInPortError where
    stations call); ``on_done`` is called as each station is through, for a progress bar.
    """
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(station: StationConfig, make: Callable[[StationConfig], StationDriver]) -> StationCheck:
        async with turn:
            result = await _check_station(site, station, clock, make(station))
        on_done(result)
        return result

    async with AsyncExitStack() as stack:
        if make_driver is None:
            calls = await stack.enter_async_context(opened_dial_in(site, CALL_WITHIN_S))
            make_driver = real_drivers(site, clock, calls)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one(s, make_driver), name=f"check:{s.id}") for s in site.stations]
    return OnlineReport(stations=tuple(task.result() for task in running))


def real_drivers(
    site: SiteConfig, clock: Clock, calls: DialInPort | None = None
) -> Callable[[StationConfig], StationDriver]:
    """Return what makes a station's real driver, with the controller's certificate where one is needed.

    ``calls``: where stations call that do.
    """
    addresses = [station.address for station in site.stations]
    secured = any(isinstance(a, OpcUaAddress) and a.security != "none" for a in addresses)
    own = site.opcua
    identity = (
        ClientIdentity.load_or_create(own.certificate, own.private_key, own.application_uri)
        if secured
        else None
    )
    return lambda station: driver_factory(station, clock, identity, port=calls)()


async def _check_station(
    site: SiteConfig, station: StationConfig, clock: Clock, driver: StationDriver
) -> StationCheck:
    readings: Mapping[Point, Reading] = {}
    remarks: tuple[Remark, ...] = ()
    begun = clock.wall_monotonic()
    connected = read = None
    try:
        await driver.connect()
        connected = clock.wall_monotonic()
        raw = await driver.read()
        read = clock.wall_monotonic()
        readings = _judged(site, station, raw, clock.now())
        behind = () if site.simulation else _behind_remarks(raw)
        remarks = (*behind, *remarks_on(station, readings, clock.now()))
    except DriverError as error:
        remarks = (Remark(verdict=Verdict.FAIL, point=None, text=f"{type(error).__name__}: {error.why}"),)
    finally:
        await driver.close()
    unproven = proof_fault(site, station)
    if unproven is not None:
        remarks = (*remarks, Remark(verdict=Verdict.FAIL, point=None, text=f"proof: {unproven}"))
    return StationCheck(
        station=station.id,
        name_en=station.name_en,
        connect_ms=None if connected is None else round((connected - begun) * 1e3, 1),
        read_ms=None if read is None or connected is None else round((read - connected) * 1e3, 1),
        readings=readings,
        points=point_views(station, readings),
        remarks=remarks,
    )


def _judged(
    site: SiteConfig, station: StationConfig, raw: Mapping[Point, Reading], now: float
) -> Mapping[Point, Reading]:
    """Return the readings with lowered quality as far as one look can tell; it knows no past.

    A clock that is wrong is one remark about the station, not one about each of its points.
    """
    checked = StationValidator(station.profile, site.poll_s_of(station)).check(raw, now)
    clock_faults = (Reason.STALE, Reason.CLOCK_SKEW)
    return {
        point: raw[point] if reading.reason in clock_faults else reading for point, reading in checked.items()
    }


def _behind_remarks(readings: Mapping[Point, Reading]) -> tuple[Remark, ...]:
    """Remark a station whose newest value is old although it has just answered."""
    ages = [r.received_at - r.measured_at for r in readings.values() if r.quality is Quality.GOOD]
    if not ages or min(ages) <= BEHIND_S:
        return ()
    text = f"the station's clock is {min(ages):.0f} s behind, or nothing has changed since"
    return (Remark(verdict=Verdict.WARN, point=None, text=text),)


def remarks_on(station: StationConfig, readings: Mapping[Point, Reading], now: float) -> list[Remark]:
    """Return what is odd about a station's answer, given its entry in the site."""
    return [
        *_quality_remarks(readings, now),
        *_area_remarks(station, readings),
        *_swap_remarks(station, readings),
    ]


def _quality_remarks(readings: Mapping[Point, Reading], now: float) -> list[Remark]:
    remarks = []
    for point, reading in readings.items():
        if reading.quality is not Quality.GOOD:
            # A point that the device does not know means that the profile is not this device's.
            grave = reading.reason in (Reason.UNKNOWN_POINT, Reason.MALFORMED_ANSWER)
            verdict = Verdict.FAIL if grave else Verdict.WARN
            text = f"{reading.quality.name.lower()}: {reading.reason.value}"
            remarks.append(Remark(verdict=verdict, point=point, text=text))
        elif reading.age_s(now) < -AHEAD_S:
            text = f"the station's clock is {-reading.age_s(now):.0f} s ahead"
            remarks.append(Remark(verdict=Verdict.WARN, point=point, text=text))
    return remarks


def _area_remarks(station: StationConfig, readings: Mapping[Point, Reading]) -> list[Remark]:
    point = Point(0, "A_heated")
    told = _value(readings, point)
    listed = sum(loop.A_heated_m2 for loop in station.loops)
    if told is None or listed <= 0 or abs(told - listed) <= AREA_TOLERANCE * listed:
        return []
    text = f"heated area: the station says {told:.0f} m2, the station list {listed:.0f} m2 (limit 1 %)"
    return [Remark(verdict=Verdict.WARN, point=point, text=text)]


def _swap_remarks(station: StationConfig, readings: Mapping[Point, Reading]) -> list[Remark]:
    pairs = [(0, "T_supply_primary", "T_return_primary"), (0, "T_supply_source", "T_return_source")]
    pairs += [(loop.loop, "T_supply_secondary", "T_return_secondary") for loop in station.loops]
    remarks = []
    for loop, supply_name, return_name in pairs:
        T_supply = _value(readings, Point(loop, supply_name))
        T_return = _value(readings, Point(loop, return_name))
        if T_supply is not None and T_return is not None and T_return > T_supply + SLACK_K:
            text = f"{return_name} {T_return:.1f} is above {supply_name} {T_supply:.1f} degC: swapped?"
            remarks.append(Remark(verdict=Verdict.WARN, point=Point(loop, return_name), text=text))
    return remarks


def _value(readings: Mapping[Point, Reading], point: Point) -> float | None:
    reading = readings.get(point)
    return None if reading is None or reading.quality is not Quality.GOOD else reading.value
