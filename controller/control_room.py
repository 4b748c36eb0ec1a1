"""What people have to do with a controller: accounts, orders and the audit, opened together and looked after.

Control never waits for any of it: orders in force are in memory, the audit of writes is told in passing.
"""

import asyncio
import contextlib
import hashlib
import itertools
import json
import sqlite3
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from controller.accounts.passwords import PasswordHashes
from controller.accounts.roles import Principal
from controller.accounts.service import Accounts
from controller.accounts.store import open_accounts
from controller.audit import outbox
from controller.audit.entry import Event
from controller.audit.log import AuditError, AuditLog
from controller.audit.written import KIND, number_of, told_since
from controller.config.loader import effective
from controller.config.model import SiteConfig
from controller.decisions import GuardContext, LoopKey, Mode, Season
from controller.historian.records import Intent
from controller.modes import Orders
from controller.observe import LoopSituation, observe
from controller.orders.desk import OrderDesk
from controller.orders.draft import Scene
from controller.orders.store import open_orders
from controller.state import ControllerState
from controller.strategies.registry import STRATEGIES
from controller.wiring import loop_traits, regulation_laws, source_traits
from controller.words.phrase import Phrase, said
from stations.model.clock import Clock

log = structlog.get_logger("control_room")

ROUND_S = 2.0
"""Wall seconds between two rounds: events go to the audit, ended manual orders are noted."""
ANCHOR_S = 3600.0
"""Wall seconds between two anchors of the audit in the log stream."""
ALARM = said("service.audit")


@dataclass(slots=True, kw_only=True)
class ControlRoom:
    """Accounts, orders and audit of one controller run."""

    accounts: Accounts
    desk: OrderDesk
    audit: AuditLog
    orders: Orders
    state: ControllerState
    clock: Clock
    utc: Callable[[], float] = time.time
    _ended: set[tuple[int, LoopKey]] = field(default_factory=set)
    """Manual orders whose end the audit was told."""

    def opened(self, site: SiteConfig, token: int) -> None:
        """Tell the audit which controller starts, and on which configuration."""
        text = json.dumps(effective(site), sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        data: dict[str, object] = {"site": site.name, "stations": len(site.stations), "config_sha256": digest}
        for kept in (self.accounts.kept, self.desk.kept, self.audit):
            if kept.set_aside is not None:
                log.error("store_damaged", renamed=kept.set_aside)
                self.note(
                    f"set_aside:{token}:{kept.set_aside}", "set_aside", "controller", {"as": kept.set_aside}
                )
        self.note(f"started:{token}", "started", "controller", {"token": token, **data})

    async def closing(self, token: int) -> None:
        """Tell the audit all that waits, and that this controller stops as planned."""
        await self.round()
        self.note(f"stopped:{token}", "stopped", "controller", {"token": token})

    def witness(self, intents: Sequence[Intent]) -> None:
        """Tell the audit what a control cycle committed to write: compact, one entry a cycle."""
        if intents:
            self._tell_writes(intents, {})

    def witness_again(self, intents: Sequence[Intent]) -> None:
        """Tell the audit of these, committed by earlier controllers, oldest first, what no entry tells of.

        Blocks: for the start. An audit that can not be read (``dhc audit verify`` tells where) ends no start.
        """
        try:
            known = told_since(self.audit, number_of(intents[0])) if intents else set()
        except (sqlite3.Error, ValueError, KeyError) as error:
            log.error("audit_not_read", why=str(error))
            return
        lost = [intent for intent in intents if number_of(intent) not in known]
        for _, of_one_run in itertools.groupby(lost, key=lambda intent: intent.token):
            told = list(of_one_run)
            log.warning("intents_told_late", count=len(told), token=told[0].token)
            self._tell_writes(told, {"late": True})

    def _tell_writes(self, intents: Sequence[Intent], more: dict[str, object]) -> None:
        first, last = intents[0], intents[-1]
        rows = [[i.id, i.station, i.loop, i.T_supply_set, i.m_flow_set, i.author] for i in intents]
        key = f"writes:{first.token}:{first.id}-{last.id}"
        self.note(key, KIND, "controller", {"token": first.token, "rows": rows, **more})

    def note(self, key: str, kind: str, actor: str, data: dict[str, object]) -> None:
        """Tell the audit in passing."""
        self.audit.note([Event(key=key, at=self.utc(), kind=kind, actor=actor, data=data)])

    async def serve(self, api: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Serve the API and look after the control room, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(api(), name="api-serve")
            tasks.create_task(self._look_after(), name="control-room")

    async def _look_after(self) -> None:
        anchored = 0.0
        while True:
            await self.round()
            if time.monotonic() - anchored >= ANCHOR_S and self.audit.head[0]:
                anchored = time.monotonic()
                seq, digest = self.audit.head
                log.info("audit_head", seq=seq, hash=digest)
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Bring waiting events into the audit and note manual orders that have ended."""
        for key, order in self.orders.ended(self.clock.now()):
            if (order.order, key) in self._ended:
                continue
            self._ended.add((order.order, key))
            data: dict[str, object] = {"loop": str(key), "order": order.order, "back_to": order.base.value}
            self.note(f"manual_ended:{order.order}:{key}", "manual_ended", "controller", data)
        for key, plan_order in self.orders.plan_orders_ended(self.clock.now()):
            if (plan_order.order, key) in self._ended:
                continue
            self._ended.add((plan_order.order, key))
            data = {"loop": str(key), "order": plan_order.order, "choice": plan_order.choice.value}
            self.note(f"plan_choice_ended:{plan_order.order}:{key}", "plan_choice_ended", "controller", data)
        try:
            for store in (self.accounts.kept, self.desk.kept):
                await outbox.carry(store, self.audit)
        except (AuditError, sqlite3.Error) as error:
            self._alarm(str(error))
        else:
            self._alarm(self.audit.fault)

    def _alarm(self, fault: str | None) -> None:
        alarms = self.state.alarms
        if fault is not None and ALARM not in alarms:
            log.error("audit_not_written", why=fault)
            alarms.append(ALARM)
        elif fault is None and ALARM in alarms:
            log.info("audit_written_again")
            alarms.remove(ALARM)


@contextlib.contextmanager
def opened_control_room(
    site: SiteConfig,
    state: ControllerState,
    clock: Clock,
    service_tokens: Sequence[str],
    *,
    hashes: PasswordHashes | None = None,
    utc: Callable[[], float] = time.time,
    fail_floor_s: float = 1.0,
) -> Iterator[ControlRoom]:
    """Open what people need in the site's data folder, let earlier orders stand, and close it at the end.

    Raises AuditError, OSError, sqlite3.Error where the data folder can not be used.
    """
    orders = Orders(
        season=Season(site.season),
        modes={key: status.mode for key, status in state.loops.items()},
        strategies={name: district.strategy for name, district in site.districts.items()},
    )
    audit = AuditLog(site.data)
    accounts = Accounts(
        open_accounts(site.data),
        service_tokens,
        hashes or PasswordHashes(),
        utc=utc,
        fail_floor_s=fail_floor_s,
    )
    desk = OrderDesk(
        kept=open_orders(site.data),
        orders=orders,
        look=scene_maker(site, state, orders, clock),
        not_now=lambda: not_now(state, audit),
        stood=lambda: state.follow(orders, clock.now()),
        utc=utc,
    )
    desk.restore()
    room = ControlRoom(
        accounts=accounts, desk=desk, audit=audit, orders=orders, state=state, clock=clock, utc=utc
    )
    try:
        yield room
    finally:
        accounts.close()
        audit.close()


def not_now(state: ControllerState, audit: AuditLog) -> Phrase | None:
    """Return why no order can be taken, or None."""
    if state.stopping:
        return said("stopping")
    if audit.fault is not None:
        return said("audit_down", why=audit.fault)
    return None


def scene_maker(
    site: SiteConfig, state: ControllerState, orders: Orders, clock: Clock
) -> Callable[[int, Principal, str], Scene]:
    """Return what shows the order desk everything that it judges on, as it is at this moment."""
    traits, laws = loop_traits(site) | source_traits(site), regulation_laws(site)
    stations = {station.id: station.district for station in site.stations}

    def look(number: int, author: Principal, reason: str) -> Scene:
        return Scene(
            number=number,
            author=author,
            reason=reason,
            now=clock.now(),
            traits=traits,
            loops=state.loops,
            orders=orders,
            context=None if state.context is None else fresh(state.context, state, clock),
            laws=laws,
            stations=stations,
            strategies=tuple(STRATEGIES),
            mass_change=state.mass_change,
        )

    return look


def fresh(context: GuardContext, state: ControllerState, clock: Clock) -> GuardContext:
    """Return the last cycle's context with what stations have answered since."""
    now = clock.now()
    situations = {
        key: LoopSituation(
            mode=Mode.MANUAL,
            season=status.season,
            readmitted=_readmitted(context, key),
        )
        for key, status in state.loops.items()
    }
    observations = observe(state.image.freeze(), context.traits, situations, now)
    return replace(context, now=now, monotonic=clock.monotonic(), observations=observations)


def _readmitted(context: GuardContext, key: LoopKey) -> bool:
    seen = context.observations.get(key)
    return seen is not None and seen.readmitted
