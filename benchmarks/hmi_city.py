"""``python -m benchmarks.hmi_city STATIONS FOLDER``: the controller on a city in memory, for screens to see.

Everything of the controller runs: polls, validation, cycles, journal, API. The line it prints is the
controller's own. ``FOLDER/session`` holds a token of an operator who is logged in. One station's primary
supply temperature tells the time, so that a number on a screen says when it was measured.
"""

import argparse
import logging
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import structlog
import uvloop

from benchmarks.memory_city import HoldingStation, memory_site
from controller import service
from controller.accounts import store
from controller.accounts.passwords import PasswordHashes
from controller.accounts.roles import Role
from controller.config.model import SiteConfig, StationConfig
from stations.driver import StationDriver
from stations.drivers.memory import MemoryDriver
from stations.drivers.opcua.identity import ClientIdentity
from stations.model.clock import Clock, SystemClock
from stations.model.identity import PRIMARY, Point

CYCLE_S = 60.0
SESSION_FILE = "session"
OPERATOR = "bench"
TELLING = "T_supply_primary"
"""The point that tells the time: from 90 to 110 degC and back by 0.1 degC a second, as screens show it."""
PERIOD_S, LOW_degC, SLOPE_K_per_s = 400.0, 90.0, 0.1


def told(at: float) -> float:
    """Return the temperature that stands for a UTC second."""
    phase = at % PERIOD_S
    return LOW_degC + SLOPE_K_per_s * min(phase, PERIOD_S - phase)


def measured_when(shown_degC: float, now: float) -> float:
    """Return the newest UTC second, not after ``now``, for which a temperature stands."""
    up = (shown_degC - LOW_degC) / SLOPE_K_per_s
    return max(now - (now - phase) % PERIOD_S for phase in (up, PERIOD_S - up))


class TellingStation(HoldingStation):
    """A station whose primary supply temperature tells when it was asked."""

    def values(self) -> dict[Point, float | None]:
        """Return everything the station reports now."""
        return {**super().values(), Point(PRIMARY, TELLING): told(self._clock.now())}


def telling_station(site: SiteConfig) -> StationConfig:
    """Return the first station that has the telling point and a loop."""
    return next(s for s in site.stations if s.kind == "station" and s.loops and s.profile.point(TELLING))


def _driver_factory(
    site: SiteConfig, clock: Clock
) -> Callable[[StationConfig, Clock, ClientIdentity | None], Callable[[], StationDriver]]:
    teller = telling_station(site).id

    def factory(
        config: StationConfig, _clock: Clock, _identity: ClientIdentity | None
    ) -> Callable[[], StationDriver]:
        station = (TellingStation if config.id == teller else HoldingStation)(config, clock)
        return lambda: MemoryDriver(config.id, config.profile, len(config.loops), station, clock)

    return factory


def _log_in(site: SiteConfig, folder: Path) -> None:
    """Make an operator with a session, and leave its token in a file."""
    token = secrets.token_urlsafe(32)
    with store.open_accounts(site.data).writing() as connection:
        digest = PasswordHashes().make_now(secrets.token_urlsafe(16))
        store.add(
            connection,
            name=OPERATOR,
            role=Role.OPERATOR,
            districts=None,
            password_hash=digest,
            at=time.time(),
            actor=OPERATOR,
        )
        store.begin_session(connection, OPERATOR, token, time.time(), "127.0.0.1")
    (folder / SESSION_FILE).write_text(token, encoding="ascii")


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hmi_city")
    parser.add_argument("stations", type=int)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    clock = SystemClock()
    site = memory_site(options.folder, options.stations, CYCLE_S)
    site = replace(site, api=replace(site.api, port=0))
    _log_in(site, options.folder)
    with patch.object(service, "driver_factory", _driver_factory(site, clock)):
        uvloop.run(service.run_service(site, clock, die_with_parent=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
