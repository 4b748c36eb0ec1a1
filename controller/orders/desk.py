"""The order desk: takes orders from people in two steps, one after the other, and lets them stand.

Prepare works an order out and shows what it would do; commit lets it stand, if nothing has changed
meanwhile. Between a look and a write nothing else happens (one lock), so of two operators on one loop
exactly one wins and the other is told who and what. The control cycle then carries it out through the same
guard as everything else.
"""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from controller.accounts.roles import Principal, Right
from controller.decisions import Mode
from controller.modes import LoopOrder, Orders
from controller.orders import store
from controller.orders.draft import (
    Scene,
    draft_mass_change,
    draft_modes,
    draft_season,
    draft_strategy,
    must_hold,
    outside_zone,
)
from controller.orders.draft_plan import draft_plan
from controller.orders.model import (
    PREPARED_S,
    SECOND_S,
    Draft,
    MassChangeWish,
    ModeWish,
    Order,
    PlanWish,
    SeasonWish,
    SetpointWish,
    State,
    StrategyWish,
    UndoWish,
    Wish,
    right_for,
)
from controller.orders.setpoints import checked_again, draft_setpoints, unmoved_since
from controller.orders.undo import draft_undo
from controller.orders.words import Refused
from controller.smallstore import SmallStore
from controller.words.phrase import Phrase, said, word

SceneMaker = Callable[[int, Principal, str], Scene]
"""(number, author, reason) to everything that an order is judged on, as it is at this moment."""
WAITING = (State.PREPARED, State.APPROVED)


@dataclass(slots=True, kw_only=True)
class OrderDesk:
    """Owner of the orders in force. Used on the event loop; the store is written in threads."""

    kept: SmallStore
    orders: Orders
    look: SceneMaker
    not_now: Callable[[], Phrase | None]
    """Why no order can be taken at all now, or None; a return to local is always taken."""
    stood: Callable[[], None]
    """Called when other orders stand than before."""
    utc: Callable[[], float] = time.time
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def restore(self) -> None:
        """Let stand what stood before the restart, but for what the site file has overtaken. Blocks."""
        with self.kept.writing() as connection:
            store.expire_prepared(connection, self.utc())
            self.orders.standing.update(store.all_standing(connection))
            for subject in self.orders.overtaken():
                self.orders.drop(subject)
                store.fall(connection, subject, self.utc())
        for subject, standing in list(self.orders.standing.items()):
            self.orders.put(subject, standing)
        self.stood()

    # --------------------------------------------------------------------------------------------- the way

    async def prepare(self, caller: Principal, wish: Wish, reason: str, key: str) -> Order:
        """Work an order out; raises Refused. The same ``key`` again returns the same order."""
        async with self._turn:
            return await self._prepare(caller, wish, reason, key)

    async def commit(self, caller: Principal, number: int) -> Order:
        """Let a prepared order stand; raises Refused. Again is harmless: the answer is the same."""
        async with self._turn:
            order = await self._known(number)
            if order.author != caller.name:
                raise Refused(said("not_yours", author=order.author))
            if order.state is State.COMMITTED:
                return order
            order = await self._waiting(order)
            if order.draft.second and order.state is not State.APPROVED:
                raise Refused(said("needs_second", why=order.draft.second))
            return await self._commit(caller, order)

    async def approve(self, caller: Principal, number: int) -> Order:
        """Agree as the second person; raises Refused."""
        async with self._turn:
            order = await self._known(number)
            must_hold(caller, Right.APPROVE)
            if order.author == caller.name:
                raise Refused(said("second_is_first", author=order.author))
            if order.state is State.APPROVED and order.approved_by == caller.name:
                return order
            order = await self._waiting(order)
            if not order.draft.second:
                raise Refused(said("second_not_needed"))
            if outside := outside_zone(order.draft, caller):
                raise Refused(*outside)
            now = self.utc()
            approved = replace(
                order, state=State.APPROVED, approved_by=caller.name, expires_at=now + PREPARED_S
            )
            await self._write(approved, "order_approved", caller.name)
            return approved

    async def return_to_local(self, caller: Principal, district: str, reason: str, key: str) -> Order:
        """Give all loops of a district back to their own controllers, in one step; raises Refused."""
        wish = ModeWish(mode=Mode.LOCAL, district=district)
        async with self._turn:
            order = await self._prepare(caller, wish, reason, key)
            if order.state is State.COMMITTED:
                return order
            return await self._commit(caller, await self._waiting(order))

    async def order(self, number: int) -> Order:
        """Return one order; raises Refused where there is none."""
        return await self._known(number)

    async def newest(self, limit: int) -> list[Order]:
        """Return the newest orders, newest first."""
        return await self.kept.read(lambda connection: store.newest(connection, limit))

    # ---------------------------------------------------------------------------------------------- inside

    async def _prepare(self, caller: Principal, wish: Wish, reason: str, key: str) -> Order:
        must_hold(caller, right_for(wish))
        digest = hashlib.sha256(repr((wish, reason)).encode()).hexdigest()
        earlier = await self.kept.read(lambda connection: store.by_key(connection, caller.name, key))
        if earlier is not None:
            if earlier.wish_digest != digest:
                raise Refused(said("key_reused", order=earlier.id))
            return earlier
        self._must_be_open(wish)
        number = await self.kept.read(store.next_id)
        scene = self.look(number, caller, reason)
        draft = await self._draft(wish, scene)
        if outside := outside_zone(draft, caller):
            raise Refused(*outside)
        now = self.utc()
        order = Order(
            id=number,
            kind=_kind(wish),
            author=caller.name,
            reason=reason,
            state=State.PREPARED,
            prepared_at=now,
            expires_at=now + (SECOND_S if draft.second else PREPARED_S),
            approved_by=None,
            committed_at=None,
            undone_by=None,
            wish_digest=digest,
            draft=draft,
            seen={
                str(key): status.T_supply_set
                for key, status in scene.loops.items()
                if status.T_supply_set is not None and ("loop", str(key)) in draft.subjects
            },
        )
        await self._write(order, "order_prepared", caller.name, key)
        return order

    async def _draft(self, wish: Wish, scene: Scene) -> Draft:
        match wish:
            case SetpointWish():
                return draft_setpoints(wish, scene)
            case ModeWish():
                return draft_modes(wish, scene)
            case StrategyWish():
                return draft_strategy(wish, scene)
            case SeasonWish():
                return draft_season(wish, scene)
            case MassChangeWish():
                return draft_mass_change(scene)
            case PlanWish():
                return draft_plan(wish, scene)
            case UndoWish(order=number):
                return draft_undo(await self._known(number), scene)

    async def _commit(self, caller: Principal, order: Order) -> Order:
        if outside := outside_zone(order.draft, caller):
            raise Refused(*outside)
        scene = self.look(order.id, caller, order.reason)
        if refusals := unmoved_since(order.draft, order.seen, scene):
            raise Refused(*refusals)
        results = checked_again(
            {subject: after for subject, (_, after) in order.draft.subjects.items()}, scene
        )
        if refusals := [reason for result in results.values() for reason in result.refusals]:
            raise Refused(*refusals)
        if not _only_to_local(order.draft) and (fault := self.not_now()) is not None:
            raise Refused(fault)
        committed = replace(order, state=State.COMMITTED, committed_at=self.utc())
        undone = order.draft.preview.get("undoes")

        def work(connection: sqlite3.Connection) -> None:
            store.put(connection, None, committed, self.utc(), "order_committed", caller.name)
            for subject, (_, after) in order.draft.subjects.items():
                store.stand(connection, subject, after)
            earlier = store.get(connection, undone) if isinstance(undone, int) else None
            if earlier is not None:
                gone = replace(earlier, state=State.UNDONE, undone_by=caller.name)
                store.put(connection, None, gone, self.utc(), "order_undone", caller.name)

        # On the disk first, then in force.
        await self.kept.write(work)
        for subject, (_, after) in order.draft.subjects.items():
            self.orders.put(subject, after)
        self.stood()
        return committed

    def _must_be_open(self, wish: Wish) -> None:
        fault = self.not_now()
        if fault is not None and not (isinstance(wish, ModeWish) and wish.mode is Mode.LOCAL):
            raise Refused(fault)

    async def _known(self, number: int) -> Order:
        order = await self.kept.read(lambda connection: store.get(connection, number))
        if order is None:
            raise Refused(said("unknown_order", order=number))
        return order

    async def _waiting(self, order: Order) -> Order:
        """Return the order if it still waits; one whose time is over becomes expired."""
        if order.state not in WAITING:
            raise Refused(said("over", order=order.id, state=word("order_state", order.state)))
        if not order.prepared_at - 1.0 <= self.utc() < order.expires_at:
            await self._write(replace(order, state=State.EXPIRED), "order_expired", "controller")
            waited = SECOND_S if order.draft.second and order.state is State.PREPARED else PREPARED_S
            raise Refused(said("expired", order=order.id, seconds=waited))
        return order

    async def _write(self, order: Order, kind: str, actor: str, key: str | None = None) -> None:
        await self.kept.write(lambda connection: store.put(connection, key, order, self.utc(), kind, actor))


def _kind(wish: Wish) -> str:
    names = {
        SetpointWish: "setpoint",
        ModeWish: "mode",
        StrategyWish: "strategy",
        SeasonWish: "season",
        MassChangeWish: "mass_change",
        PlanWish: "plan",
        UndoWish: "undo",
    }
    return names[type(wish)]


def _only_to_local(draft: Draft) -> bool:
    return all(
        isinstance(after, LoopOrder) and after.mode is Mode.LOCAL for _, after in draft.subjects.values()
    )
