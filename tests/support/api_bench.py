"""A controller state with some life in it, and the API around it, for tests of the API."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from argon2 import PasswordHasher

from controller.accounts.passwords import PasswordHashes
from controller.api.app import create_app
from controller.control_room import opened_control_room
from controller.decisions import Action, Cut, Decision, LoopKey, Mode, Rule, Season
from controller.historian.records import State
from controller.historian.slot import JournalStats, Sample, Series
from controller.image import Link, ProcessImage, StationImage
from controller.metrics import Metrics
from controller.state import ControllerState, LoopStatus
from controller.words.phrase import said, verbatim
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import bad, good, uncertain
from tests.support.sites import loop_config, site_config, station_config

TOKEN = "a-token-of-a-test-long-enough-to-be-one"
BEARER = {"authorization": f"Bearer {TOKEN}"}
NOW = 1_736_899_200.0


QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Hashes in a millisecond: for tests that are not about hashing."""


def control_room(site, state, clock=None, **options):
    """Accounts, orders and audit in the data folder, with quick hashes and no pause after a refusal."""
    site.data.mkdir(parents=True, exist_ok=True)
    options = {"hashes": PasswordHashes(QUICK), "fail_floor_s": 0.0} | options
    return opened_control_room(site, state, clock or FixedClock(), (TOKEN,), **options)


class FixedClock(SystemClock):
    """Stands at NOW until a test moves it."""

    def __init__(self):
        self.time = NOW

    def now(self):
        return self.time


@dataclass
class FakeJournal:
    """Answers every trend with three samples and remembers what it was asked."""

    stats: JournalStats = field(default_factory=JournalStats)
    asked: list = field(default_factory=list)

    def history(self, station, point, start, end, max_points=2000):
        self.asked.append((station, point, start, end, max_points))
        samples = (
            Sample(start, 60.0, Quality.GOOD, Reason.OK),
            Sample(start + 10, None, Quality.BAD, Reason.SENTINEL),
            Sample(start + 20, 61.5, Quality.UNCERTAIN, Reason.SPIKE),
        )
        return Series(
            station=station,
            point=point,
            start=start,
            end=end,
            samples=samples,
            bucket_s=None,
            stored=3,
            damaged=((start, start + 5),),
        )

    def stored_span(self):
        return NOW - 7200.0, NOW

    def at_instants(self, moments, wanted):
        return [
            {(station, point): good(5.0, at) for station, points in wanted.items() for point in points}
            for at in moments
        ]


def readings(at=NOW):
    """Good, uncertain and bad readings of one station with one loop."""
    return {
        Point(0, "T_supply_primary"): good(95.123456789, at),
        Point(0, "Q_flow_primary"): good(1500.0, at),
        Point(1, "T_supply_secondary"): good(60.0, at),
        Point(1, "T_return_secondary"): uncertain(45.0, Reason.SPIKE, at),
        Point(1, "m_flow_secondary"): bad(Reason.SENTINEL, at),
    }


def decision(key, T_supply=60.0):
    """A decision that one rule bound."""
    limit = said("guard.at_least", T_supply=60.0)
    cut = Cut(rule=Rule.HARD_TEMPERATURE, channel="T_supply", wanted=90.0, allowed=60.0, detail=limit)
    return Decision(
        key=key,
        action=Action.SET,
        T_supply=T_supply,
        m_flow=30.0,
        author="strategy:curve",
        why=(verbatim("as cold as it is"),),
        cuts=(cut,),
    )


def live_state(site, at=NOW):
    """Every station online with readings, every loop with a confirmed setpoint, a cycle just completed."""
    images = {
        station.id: StationImage(
            station=station.id,
            link=Link.ONLINE,
            link_since=at - 100,
            readings=readings(at),
            polled_at=at,
            rtt_s=0.012,
            polls=10,
            polls_ok=9,
        )
        for station in site.stations
    }
    loops = {
        (key := LoopKey(station.id, loop)): LoopStatus(
            key=key,
            mode=Mode.AUTO,
            season=Season.HEATING,
            decision=decision(key),
            write_state=State.CONFIRMED,
            write_state_at=at,
            T_supply_set=60.0,
            m_flow_set=30.0,
            held=True,
        )
        for station in site.stations
        for loop in range(1, station.n_loops + 1)
    }
    state = ControllerState(image=ProcessImage(images), loops=loops, token=7, started_at=at)
    state.T_outdoor_centre = good(-5.0, at)
    state.last_cycle_at = at
    state.last_cycle_s = 0.01
    state.counters.guard_cuts["hard_temperature"] = 3
    return state


class ApiBench:
    """The API of a small city, without a socket."""

    def __init__(self, folder, n_stations=3, profile="plc-a", loop=None, writes=None, sources=(), **site):
        stations = [
            station_config(f"S{i:03}", profile, port=20000 + i, loops=(loop_config(**(loop or {})),))
            for i in range(1, n_stations + 1)
        ]
        self.site = site_config(folder, *stations, *sources, **site)
        self.clock = FixedClock()
        self.state = live_state(self.site)
        self.journal = FakeJournal()
        self.metrics = Metrics(
            self.state, self.clock, journal_stats=lambda: self.journal.stats, lag_ms=lambda: (1.0, 5.0)
        )
        self._stack = ExitStack()
        self.room = self._stack.enter_context(control_room(self.site, self.state, self.clock))
        self.api = create_app(
            self.state, self.site, self.journal, self.room, self.clock, self.metrics, writes=writes
        )
        self.app = self.api.app

    def close(self):
        self._stack.close()
        self.api.hub.close()
        self.api.reader.close()
