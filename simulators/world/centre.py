"""The controller in a world: the product's own parts and tasks, started, killed, stopped and started again.

``controller.service.Service`` wires it and ``controller.runtime.Runtime`` runs it, as in the service. Doubles
stand for what lies outside of control: the disk (``simulators.world.disk``), the HTTP API, which nobody asks
here, what looks ahead, and the sampling of the loop's lag, which measures a machine and not a world.
"""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from controller.accounts.roles import RIGHTS, Principal, Role
from controller.alarms.book import AlarmBook
from controller.alarms.scene import Storage
from controller.alarms.watch import AlarmWatch
from controller.control_room import scene_maker
from controller.decisions import LoopKey, Season
from controller.modes import Orders
from controller.orders.desk import OrderDesk
from controller.orders.model import Seen, SetpointWish
from controller.orders.store import open_orders
from controller.orders.words import Refused
from controller.service import LEASE_TTL_S, Service
from controller.wiring import loop_traits
from controller.words.phrase import said
from simulators.world.disk import MemoryCommandLog, MemoryCoordinator, MemoryJournal
from simulators.world.host import HOST, Host

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from controller.api.server import ApiServer
    from controller.config.model import SiteConfig
    from controller.control_room import ControlRoom
    from controller.coordinator import SqliteCoordinator
    from controller.historian.command_log import CommandLog
    from controller.historian.journal import Journal
    from controller.historian.records import Intent
    from controller.lag import LagMonitor
    from controller.runtime import Runtime
    from controller.state import ControllerState
    from simulators.world.clock import WorldClock
    from simulators.world.disk import Disk

OPERATOR = Principal(name="operator", role=Role.SHIFT_LEAD, districts=None, rights=RIGHTS[Role.SHIFT_LEAD])


class Centre:
    """One process of the controller, from its start to its end."""

    def __init__(
        self, number: int, site: SiteConfig, clock: WorldClock, disk: Disk, data: Path, *, alarms: bool
    ) -> None:
        self.host = Host(f"centre {number}")
        self.started_at = clock.now()
        self.state: ControllerState | None = None
        self.error: BaseException | None = None
        """What ended it, if that was not its stop or a kill."""
        self._site = replace(site, data=data)
        self._clock = clock
        self._disk = disk
        self._alarms = alarms
        self._stop = asyncio.Event()
        self._desk: OrderDesk | None = None
        self._task: asyncio.Task[None] | None = None
        self._context = contextvars.copy_context()
        self._context.run(HOST.set, self.host)

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="centre", context=self._context)

    @property
    def running(self) -> bool:
        """Tell whether it is alive and has not ended by itself."""
        return self.host.alive and self._task is not None and not self._task.done()

    async def stop(self) -> None:
        """Stop as planned, as SIGTERM does; then its system closes what is left."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        self.host.alive = False
        await self.host.bury()

    async def kill(self) -> None:
        """End it as ``kill -9`` does. Its connections are cut by ``Network.cut_off``."""
        self.host.alive = False
        await self.host.bury()

    async def operator_write(self, key: LoopKey, dT: float, duration_s: float) -> str:
        """Let a person order another supply temperature for a loop; return what became of it."""
        if self._desk is None or self.state is None or not self.running:
            return "no controller"
        return await asyncio.get_running_loop().create_task(
            self._order(self._desk, self.state, key, dT, duration_s), context=self._context.copy()
        )

    async def _run(self) -> None:
        try:
            await (await self._wired()).run(self._stop)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # whatever ends a controller is what the world is there to find
            self.error = error

    async def _wired(self) -> Runtime:
        site, clock = self._site, self._clock
        coordinator = MemoryCoordinator(self._disk, clock)
        lease = await coordinator.acquire("controller", LEASE_TTL_S)
        journal = MemoryJournal(self._disk, self.host)
        command_log = MemoryCommandLog(self._disk, self.host, clock.now())
        service = Service(site, clock, cast("Journal", journal), cast("CommandLog", command_log))
        service.lag = cast("LagMonitor", _NoLag())
        service.look_ahead = lambda _: _NoForesight()
        service.started = lambda: None  # its process is not its own: the world looks after garbage
        self.state = service.state
        room = _Room(site, service.state, clock)
        self._desk = room.desk
        watch = AlarmWatch(
            site=site,
            traits=loop_traits(site),
            state=service.state,
            clock=clock,
            book=AlarmBook(),
            storage=lambda: Storage(journal=journal.stats, command_log=command_log.stats),
            wall=clock.now,
        )
        return service.runtime(
            lease,
            cast("ApiServer", _NoApi()),
            cast("ControlRoom", room),
            cast("SqliteCoordinator", coordinator),
            watch if self._alarms else cast("AlarmWatch", _NoWatch()),
        )

    async def _order(
        self, desk: OrderDesk, state: ControllerState, key: LoopKey, dT: float, duration_s: float
    ) -> str:
        status = state.loops[key]
        order = status.ordered
        seen = Seen(
            key=key,
            order=0 if order is None else order.order,
            mode=status.mode,
            T_supply_set=status.T_supply_set,
            m_flow_set=status.m_flow_set,
        )
        wish = SetpointWish(loops=(seen,), dT_supply=dT, duration_s=duration_s)
        idempotency = f"{key}:{self._clock.now():.3f}"
        try:
            prepared = await desk.prepare(OPERATOR, wish, "tried in virtual time", idempotency)
            await desk.commit(OPERATOR, prepared.id)
        except Refused as refusal:
            return f"refused: {refusal}"
        return "committed"


class _NoLag:
    """Measures nothing: in a world no callback is ever late."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    def restart(self) -> None:
        """Do nothing."""

    def summary_ms(self) -> tuple[float, float]:
        """Return no lag."""
        return 0.0, 0.0


class _NoForesight:
    """Looks at no weather, learns nothing: worlds follow the curve, and a night's work is a process."""

    async def run(self) -> None:
        """Do nothing, for ever."""
        await asyncio.Event().wait()


class _NoWatch:
    """Looks for nothing: worlds without alarms."""

    async def run(self) -> None:
        await asyncio.Event().wait()


class _NoApi:
    """Serves nobody."""

    async def serve(self) -> None:
        await asyncio.Event().wait()


class _Room:
    """The order desk of the control room; accounts and audit are not part of a world."""

    def __init__(self, site: SiteConfig, state: ControllerState, clock: WorldClock) -> None:
        self.orders = Orders(
            season=Season(site.season),
            modes={key: status.mode for key, status in state.loops.items()},
            strategies={name: district.strategy for name, district in site.districts.items()},
        )
        self.desk = OrderDesk(
            kept=open_orders(site.data),
            orders=self.orders,
            look=scene_maker(site, state, self.orders, clock),
            not_now=lambda: said("stopping") if state.stopping else None,
            stood=lambda: state.follow(self.orders, clock.now()),
            utc=clock.now,
        )
        self.desk.restore()

    def witness(self, intents: Sequence[Intent]) -> None:
        """Keep nothing: the audit has its own tests."""

    async def serve(self, api: object) -> None:
        """Wait for ever."""
        del api
        await asyncio.Event().wait()
