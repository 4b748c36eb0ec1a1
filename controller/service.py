"""Building the controller of one site and running it until a signal ends it."""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path

import structlog

from controller.admission import Admission
from controller.alarms.desk import opened_alarms
from controller.alarms.watch import AlarmWatch
from controller.api.accounts_routes import NO_ACCOUNT
from controller.api.auth import TOKEN_FILE, load_or_create_token
from controller.api.server import ApiServer
from controller.config.model import SiteConfig, StationConfig
from controller.control_room import ControlRoom, opened_control_room
from controller.coordinator import Lease, SqliteCoordinator
from controller.cycle import CycleParts
from controller.deciding import Rules
from controller.dial_in import opened_dial_in
from controller.dispatch import CYCLE_LICENCE_S, Dispatcher, DispatchServices
from controller.forwarding import opened_forwarder
from controller.historian.command_log import CommandLog
from controller.historian.journal import Journal
from controller.historian.records import Intent
from controller.lag import LagMonitor
from controller.looking_ahead import LookAhead, looking_ahead
from controller.memory import DAY_S, ControlMemory
from controller.outbox import Outbox
from controller.pacing import ConnectGate
from controller.polling import FieldServices, Supervisor
from controller.recorder import TransitionRecorder
from controller.runtime import Runtime, forget_start
from controller.sent_before import changed_before, sent_before
from controller.slots import SlotCollector
from controller.validation import StationValidator
from controller.warm_start import filtered_from_history, outdoor_told_before
from controller.wiring import (
    comfort_rules,
    driver_factory,
    first_state,
    loop_traits,
    regulation_laws,
    source_traits,
)
from stations.driver import OpcUaAddress
from stations.drivers.modbus.dialin import DialInPort
from stations.drivers.opcua.identity import ClientIdentity
from stations.model.clock import Clock

log = structlog.get_logger("service")

PARENT_CHECK_S = 0.5
LEASE_TTL_S = 60.0
LEASE_RENEW_S = 20.0


class Service:
    """Everything of one controller process that must be opened before it runs and closed after."""

    def __init__(self, site: SiteConfig, clock: Clock, journal: Journal, command_log: CommandLog) -> None:
        self.site = site
        self.clock = clock
        self.journal = journal
        self.command_log = command_log
        self.state = first_state(site, clock)
        self.lag = LagMonitor(clock)
        self.look_ahead: LookAhead = partial(looking_ahead, site, clock)
        """Makes what asks for weather, listens to loops and plans; another one where none of it is wanted."""
        self.started: Callable[[], None] = forget_start
        """Called once when every station has answered."""

    def runtime(
        self,
        lease: Lease,
        api: ApiServer,
        room: ControlRoom,
        coordinator: SqliteCoordinator,
        watch: AlarmWatch,
        calls: DialInPort | None = None,
    ) -> Runtime:
        """Wire the parts that have tasks; ``calls``: where stations call."""
        site, clock, state = self.site, self.clock, self.state
        state.token = lease.token
        traits = loop_traits(site) | source_traits(site)
        outbox = Outbox(station.id for station in site.stations)
        recorder = TransitionRecorder(self.command_log, clock, state)
        admissions = {station.id: Admission() for station in site.stations}
        slots = SlotCollector(self.journal, clock, state.counters)
        services = FieldServices(clock=clock, image=state.image, gate=ConnectGate(clock), slots=slots)
        dispatch = DispatchServices(
            clock=clock,
            state=state,
            outbox=outbox,
            record=recorder.note,
            heartbeat_s=site.timing.heartbeat_s,
            watchdog_s=site.timing.watchdog_s,
            licensed=self._licensed,
        )
        identity = self._identity()
        filters_s = {emitter: law.outdoor_filter_h * 3600.0 for emitter, law in site.regulation.items()}
        now, monotonic = clock.now(), clock.monotonic()
        day = self.command_log.since(now - DAY_S)
        memory = ControlMemory(traits, changed_before(day, now, monotonic), sent_before(day, now, monotonic))
        memory.T_outdoor_filtered = filtered_from_history(
            self.journal, (station.id for station in site.stations), filters_s, clock.now()
        )

        takes_outdoor = tuple(s.id for s in site.stations if s.profile.takes_outdoor)
        told = outdoor_told_before(self.journal, takes_outdoor, clock.now())

        def supervisor(index: int, station: StationConfig) -> Supervisor:
            own = {key.loop: loop for key, loop in traits.items() if key.station == station.id}
            poll_s = site.poll_s_of(station)
            return Supervisor(
                station=station.id,
                make_driver=driver_factory(station, clock, identity, port=calls),
                validator=StationValidator(station.profile, poll_s, factor=clock.factor),
                dispatcher=Dispatcher(station.id, station.profile, own, admissions[station.id], dispatch),
                admission=admissions[station.id],
                services=services,
                poll_s=poll_s,
                phase_s=poll_s * index / len(site.stations),
            )

        parts = CycleParts(
            clock=clock,
            rules=Rules(
                traits=traits,
                strategy_of={name: district.strategy for name, district in site.districts.items()},
                laws=regulation_laws(site),
                outdoor_filter_s=filters_s,
                poll_s=site.timing.poll_s,
                poll_s_by_station={station.id: site.poll_s_of(station) for station in site.stations},
                comfort=comfort_rules(site),
            ),
            state=state,
            memory=memory,
            outbox=outbox,
            command_log=self.command_log,
            recorder=recorder,
            admissions=admissions,
            takes_outdoor=takes_outdoor,
            outdoor_told=None if told is None else (clock.monotonic() - told[0], told[1]),
            orders=room.orders,
            witness=room.witness,
        )
        return Runtime(
            parts=parts,
            supervisors=tuple(supervisor(i, station) for i, station in enumerate(site.stations)),
            slots=slots,
            lag=self.lag,
            cycle_s=site.timing.cycle_s,
            keep_token=lambda: keep_lease(coordinator, lease),
            serve_api=lambda: room.serve(api.serve),
            watch_alarms=watch.run,
            look_ahead=self.look_ahead(parts).run,
            started=self.started,
        )

    def _licensed(self) -> bool:
        completed = self.state.last_cycle_monotonic
        return (
            completed is not None
            and not self.state.stopping
            and self.clock.monotonic() - completed <= CYCLE_LICENCE_S
        )

    def _identity(self) -> ClientIdentity | None:
        """Load (at first start make) the controller's own OPC UA certificate, if any station needs one."""
        secured = any(
            isinstance(station.address, OpcUaAddress) and station.address.security != "none"
            for station in self.site.stations
        )
        if not secured:
            return None
        opcua = self.site.opcua
        return ClientIdentity.load_or_create(opcua.certificate, opcua.private_key, opcua.application_uri)


async def keep_lease(coordinator: SqliteCoordinator, lease: Lease) -> None:
    """Renew the right to control for ever; raises LeaseLost, which ends this controller.

    A store that cannot be written now (disk full) does not: the file lock still keeps others on this machine
    out, and stations refuse a smaller token in any case.
    """
    while True:
        await asyncio.sleep(LEASE_RENEW_S)
        try:
            lease = await coordinator.renew(lease)
        except (OSError, sqlite3.Error) as error:
            log.error("lease_not_renewed", why=str(error))


@contextmanager
def opened_stores(site: SiteConfig, clock: Clock) -> Iterator[tuple[Journal, CommandLog]]:
    """Open journal and command log in the site's data folder, and close them whatever happens."""
    journal = Journal.open(site.data)
    try:
        command_log = CommandLog.open(site.data, clock.now())
        _report_unfinished(command_log.expired_at_start)
        try:
            yield journal, command_log
        finally:
            command_log.close()
    finally:
        journal.close()


def _report_unfinished(intents: tuple[Intent, ...]) -> None:
    if intents:
        log.warning(
            "intents_expired_at_start", count=len(intents), why="an earlier controller ended without them"
        )


async def run_service(site: SiteConfig, clock: Clock, *, die_with_parent: bool = False) -> None:
    """Run the controller of a site until SIGTERM or SIGINT; prints one JSON line when its API listens.

    Raises HeldByAnother when another controller holds the data folder, what ``ApiServer.bind`` raises when
    the API's port is in use, DialInPortError for that of stations that call, and AuditError or TokenError
    where their files can not be used; then nothing was started.
    """
    site.data.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    coordinator = SqliteCoordinator(site.data)
    lease = await coordinator.acquire("controller", LEASE_TTL_S)
    try:
        async with AsyncExitStack() as stores:
            calls = await stores.enter_async_context(opened_dial_in(site))
            journal, command_log = stores.enter_context(opened_stores(site, clock))
            service = Service(site, clock, journal, command_log)
            token = load_or_create_token(site.data)
            room = stores.enter_context(opened_control_room(site, service.state, clock, (token,)))
            forwarding = stores.enter_context(opened_forwarder(site, journal))
            desk, watch = stores.enter_context(
                opened_alarms(
                    site,
                    service.state,
                    clock,
                    lambda: journal.stats,
                    lambda: command_log.stats,
                    forwarding,
                )
            )
            api = ApiServer(
                service.state, site, journal, room, clock, service.lag.summary_ms, desk, command_log
            )
            api.metrics.forwarder_stats = forwarding
            api.bind()
            runtime = service.runtime(lease, api, room, coordinator, watch, calls)
            _say_hello(api, room, site.data)
            room.witness_again(command_log.since(clock.now() - DAY_S))
            room.opened(site, lease.token)
            orphan = asyncio.create_task(_stop_when_orphaned(os.getppid(), stop)) if die_with_parent else None
            log.info("controller_started", site=site.name, stations=len(site.stations), token=lease.token)
            try:
                await runtime.run(stop)
            finally:
                if orphan is not None:
                    orphan.cancel()
            await room.closing(lease.token)
            log.info("controller_stopped")
    finally:
        await coordinator.release(lease)


def _say_hello(api: ApiServer, room: ControlRoom, data: Path) -> None:
    accounts = room.accounts.count()
    if not accounts:
        log.warning("no_account", why=NO_ACCOUNT)
    hello = {"api": api.url, "token_file": str(data / TOKEN_FILE), "data": str(data), "accounts": accounts}
    print(json.dumps(hello), flush=True)


async def _stop_when_orphaned(parent: int, stop: asyncio.Event) -> None:
    """End as if by SIGTERM when the process that started this one has died (a demo's children)."""
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel tells nobody
        await asyncio.sleep(PARENT_CHECK_S)
    stop.set()
