"""Many stations polled by the controller's own supervisors: built, brought online, watched by the period."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.reads import settle_heap
from controller.admission import Admission
from controller.decisions import LoopTraits
from controller.dispatch import Dispatcher, DispatchServices
from controller.historian.records import Intent, State
from controller.image import Link
from controller.outbox import Outbox
from controller.pacing import ConnectGate
from controller.polling import FieldServices, Supervisor, Validator
from controller.state import ControllerState
from stations.driver import StationDriver
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.reading import Reading
from stations.profile import Profile

POLL_S = 10.0
HEARTBEAT_S, WATCHDOG_S = 20.0, 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One station of a fleet."""

    station: str
    profile: Profile
    traits: Mapping[int, LoopTraits]
    make_driver: Callable[[], StationDriver]
    validator: Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What one poll period of the whole fleet took."""

    core_share: float
    """CPU seconds of this process per wall second."""
    polls: int
    polls_ok: int


class NotOnline(Exception):
    """The fleet did not come online in time; the text says how many stations are missing."""


class AllGood:
    """Passes readings through: for figures of polling alone."""

    def check(self, readings: Mapping[Point, Reading], now: float) -> dict[Point, Reading]:
        """Return the readings as they are."""
        return dict(readings)


class NotStored:
    """Takes polls and forgets them."""

    def add(self, station: str, received_at: float, readings: Mapping[Point, Reading]) -> None:
        """Do nothing."""


class Fleet:
    """Supervisors of all members on this process' event loop; ``polled`` runs them."""

    def __init__(
        self,
        members: Sequence[Member],
        state: ControllerState,
        clock: Clock,
        *,
        connects_per_s: float,
        record: Callable[[Intent, State, str], None],
    ) -> None:
        self.members = members
        self.state = state
        self.clock = clock
        self.outbox = Outbox(member.station for member in members)
        services = FieldServices(
            clock=clock,
            image=state.image,
            gate=ConnectGate(clock, connects_per_s),
            slots=NotStored(),
            poll_s=POLL_S,
        )
        dispatch = DispatchServices(
            clock=clock,
            state=state,
            outbox=self.outbox,
            record=record,
            heartbeat_s=HEARTBEAT_S,
            watchdog_s=WATCHDOG_S,
            licensed=lambda: True,
        )
        self._supervisors = [
            _supervisor(member, services, dispatch, POLL_S * index / len(members))
            for index, member in enumerate(members)
        ]

    @asynccontextmanager
    async def polled(self, online_within_s: float) -> AsyncIterator[None]:
        """Poll for the length of a block, which begins when every station is online; raises NotOnline."""
        tasks = [asyncio.create_task(supervisor.run()) for supervisor in self._supervisors]
        try:
            await self._all_online(time.monotonic() + online_within_s)
            settle_heap()
            yield
        finally:
            await _end(tasks)

    async def periods(self, count: int) -> list[Period]:
        """Measure ``count`` poll periods, one after the other."""
        return [await self._period() for _ in range(count)]

    async def _period(self) -> Period:
        polls, ok = self._polls()
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(POLL_S)
        share = (time.process_time() - cpu) / (time.monotonic() - wall)
        after, after_ok = self._polls()
        return Period(core_share=share, polls=after - polls, polls_ok=after_ok - ok)

    def _polls(self) -> tuple[int, int]:
        images = self.state.image.freeze().values()
        return sum(image.polls for image in images), sum(image.polls_ok for image in images)

    async def _all_online(self, deadline: float) -> None:
        while True:
            images = self.state.image.freeze().values()
            waiting = [image for image in images if image.link is not Link.ONLINE]
            if not waiting:
                return
            if time.monotonic() > deadline:
                first = waiting[0]
                raise NotOnline(
                    f"{len(waiting)} of {len(images)} stations did not come online, "
                    f"the first is {first.station}: {first.link} {first.link_why and first.link_why.en}"
                )
            await asyncio.sleep(0.5)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: Python 3.11's ``wait_for`` drops a cancellation that meets its answer."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=2.0)
    for task in tasks:
        if not task.cancelled():
            task.result()


def _supervisor(
    member: Member, services: FieldServices, dispatch: DispatchServices, phase_s: float
) -> Supervisor:
    admission = Admission()
    return Supervisor(
        station=member.station,
        make_driver=member.make_driver,
        validator=member.validator,
        dispatcher=Dispatcher(member.station, member.profile, member.traits, admission, dispatch),
        admission=admission,
        services=services,
        phase_s=phase_s,
    )
