"""A city whose stations show what healthy stations show, with faults on top, and the alarm watch beside it.

Readings pass the controller's own validation. Nothing is controlled: what the control cycle and the
dispatchers would leave in the controller's state, a test writes there itself.
"""

from dataclasses import replace
from functools import cache
from itertools import islice

from controller.alarms.book import AlarmBook
from controller.alarms.model import SHOWN
from controller.alarms.scene import Storage
from controller.alarms.watch import AlarmWatch
from controller.decisions import LoopKey
from controller.image import Link
from controller.validation import StationValidator
from controller.wiring import first_state, loop_traits, source_traits
from controller.words.phrase import verbatim
from stations.driver import ModbusAddress
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from tests.support.sites import CURVE, site_config, station_config
from tests.support.station_week import START, StationWeek, as_readings

DT_S = 60.0
SOURCE = "Q1"


class BenchClock:
    """Stands until the bench moves it."""

    factor = 1.0

    def __init__(self):
        self.elapsed, self.jump = 0.0, 0.0

    def now(self):
        return START + self.elapsed + self.jump

    def monotonic(self):
        return 5000.0 + self.elapsed

    wall_monotonic = monotonic

    async def sleep(self, scaled_s):
        raise NotImplementedError


def station(name, district="north", host="10.0.0.1", **changes):
    number = int(name[1:])
    address = ModbusAddress(host=host, port=20_000 + number, unit=1)
    return station_config(name, district=district, **({"address": address} | changes))


def five_stations():
    """Five stations in one district and the source that heats them."""
    stations = [station(f"S{i:02}", host=f"10.0.0.{i}") for i in range(1, 6)]
    return [*stations, station_config(SOURCE, profile="source-opcua", port=20_900)]


@cache
def recorded(seed):
    """What a healthy station shows at its polls, for ten hours and a half."""
    return list(islice(StationWeek(seed=seed, dt=DT_S).polls(1e9), 10 * 60 + 30))


class AlarmBench:
    """``faults`` maps a station to a function (values by Point, elapsed s) that spoils values."""

    def __init__(self, folder, stations=None, sink=None, alarms=None, hours=(), **site):
        stations = stations or [station(f"S{i:02}", host=f"10.0.0.{i}") for i in range(1, 5)]
        self.site = site_config(folder, *stations, **site)
        self.clock = BenchClock()
        self.state = first_state(self.site, self.clock)
        self.traits = loop_traits(self.site) | source_traits(self.site)
        for status in self.state.loops.values():
            status.mode = status.mode.LOCAL
        self.book = AlarmBook(sink, alarms)
        self.storage = Storage()
        self.wall = START
        self.kept_hours = []
        self.watch = AlarmWatch(
            site=self.site,
            traits=self.traits,
            state=self.state,
            clock=self.clock,
            book=self.book,
            storage=self.stores,
            hours=hours,
            keep_hours=self.kept_hours.extend,
            wall=self.wall_time,
        )
        self.validators = {s.id: StationValidator(s.profile, DT_S) for s in self.site.stations}
        self.polled = 0
        self.faults = {}
        self.raw_faults = {}
        """Station to a function (readings by Point, elapsed s), which spoils readings before validation."""
        self.silent = {}
        """Station to (link state, why)."""
        self.cycle_runs = True

    # methods and not lambdas, so that a copy of the bench is a bench of its own

    def stores(self):
        return self.storage

    def wall_time(self):
        return self.wall

    def status(self, name="S01", loop=1):
        return self.state.loops[LoopKey(name, loop)]

    def run(self, minutes, dt=DT_S):
        """Let time pass: all stations are polled and looked at every ``dt`` seconds."""
        for _ in range(round(minutes * 60.0 / dt)):
            self.step(dt)
        return self

    def step(self, dt=DT_S):
        self.clock.elapsed += dt
        self.polled += 1
        now = self.clock.now()
        for config in self.site.stations:
            if config.id in self.silent:
                self._down(config, *self.silent[config.id])
            else:
                self._poll(config, now)
        self.state.T_outdoor_centre = good(-5.0, now)
        if self.cycle_runs:
            self.state.last_cycle_at, self.state.last_cycle_monotonic = now, self.clock.monotonic()
        self.before_look()
        self.watch.look()

    def before_look(self):
        """A test may replace this to spoil the state of the controller."""

    def shown(self):
        """Ids of the alarms on the operator's list."""
        return {str(key) for key, alarm in self.book.alarms.items() if alarm.state in SHOWN}

    def _poll(self, config, now):
        values = self._values(config)
        if config.id in self.faults:
            self.faults[config.id](values, self.clock.elapsed)
        readings = {
            point: bad(Reason.SENTINEL, now) if value is None else good(value, now)
            for point, value in values.items()
        }
        if config.id in self.raw_faults:
            self.raw_faults[config.id](readings, self.clock.elapsed)
        checked = self.validators[config.id].check(readings, now)
        image = self.state.image[config.id]
        link = {} if image.link is Link.ONLINE else {"link": Link.ONLINE, "link_since": now, "link_why": None}
        self.state.image.put(
            replace(image, readings=checked, polled_at=now, polls_ok=image.polls_ok + 1, **link)
        )

    def _down(self, config, link, why):
        image = self.state.image[config.id]
        if image.link is not link:
            now = self.clock.now()
            readings = {point: bad(Reason.LINK_DOWN, now) for point in image.readings}
            self.state.image.put(
                replace(
                    image,
                    link=link,
                    link_since=now,
                    link_why=verbatim(why) if why else None,
                    readings=readings,
                )
            )

    def _values(self, config):
        if config.kind == "source":
            swing = 5.0 * (self.clock.elapsed / 3600.0 % 2.0)
            return {
                Point(0, "T_supply_source"): 105.0 + swing,
                Point(0, "T_return_source"): 50.0 + 0.5 * swing,
                Point(0, "m_flow_source"): 300.0,
                Point(0, "Q_flow_source"): 300.0 * 4.2 * (55.0 + 0.5 * swing),
                Point(0, "Q_flow_source_max"): 120_000.0,
                Point(0, "alarm_word"): 0.0,
            }
        at, by_name = recorded(int(config.id[1:]))[self.polled]
        values = {point: reading.value for point, reading in as_readings(at, by_name).items()}
        T_outdoor = values[Point(0, "T_outdoor")]
        values |= {
            Point(0, "alarm_word"): 0.0,
            Point(0, "A_heated"): config.loops[0].A_heated_m2,
            Point(0, "T_outdoor_centre_readback"): T_outdoor,
            Point(1, "m_flow_makeup"): 0.0008 * values[Point(1, "m_flow_secondary")],
            Point(1, "remote_level"): 0.0,
            Point(1, "limit_word"): 0.0,
            Point(1, "T_supply_secondary_set_effective"): CURVE(T_outdoor),
        }
        return values
