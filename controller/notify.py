"""Telling the service manager how we are: ready, alive, stopping. The sd_notify protocol, without a library.

The manager (systemd, or whatever sets ``NOTIFY_SOCKET``) restarts a service that does not say ``WATCHDOG=1``
in time. It is said from the event loop and only while the control cycle completes: a process that is merely
there, with a hung cycle or a blocked loop, is killed and started anew, and stations meanwhile go to their own
curves by their watchdogs. Without a manager all of this is silent.

Source of the protocol: sd_notify(3) and sd_watchdog_enabled(3) of systemd.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from controller.image import Link
from controller.state import ControllerState
from stations.model.clock import Clock

log = structlog.get_logger("notify")

PINGS_PER_WATCHDOG = 3
READY_CHECK_S = 0.2
CYCLES_OVERDUE = 2.0
"""Cycles without a completed one after which no ping is sent. With the unit's 30 s that restarts a hung
controller of 60 s cycles after 150 s, when its licence to renew leases ends, too."""
LATE_S = 5.0
"""Wall seconds by which the loop may be late for a ping; later than that it serves nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceManager:
    """Where the service manager listens, and how often it wants to hear from us."""

    address: str | None
    """Path of a datagram socket, ``@name`` for an abstract one; None where nobody listens."""
    watchdog_s: float | None
    """Wall seconds of silence that it tolerates; None where it does not watch."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], pid: int) -> "ServiceManager":
        """Read what the manager has set for process ``pid``; strange values count as not set."""
        address = environment.get("NOTIFY_SOCKET", "")
        microseconds = environment.get("WATCHDOG_USEC", "")
        for_us = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        watched = for_us and microseconds.isascii() and microseconds.isdigit() and int(microseconds) > 0
        return cls(
            address=address if address.startswith(("/", "@")) else None,
            watchdog_s=int(microseconds) / 1e6 if watched else None,
        )

    @property
    def ping_s(self) -> float | None:
        """Wall seconds between two pings; None where none are wanted."""
        if self.address is None or self.watchdog_s is None:
            return None
        return self.watchdog_s / PINGS_PER_WATCHDOG

    def tell(self, *assignments: str) -> None:
        """Send ``READY=1`` or the like; never blocks. What can not be sent is logged and forgotten.

        If pings are lost for good the manager restarts us, which is what it is for.
        """
        if self.address is None:
            return
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(assignments).encode(), address)
        except OSError as error:
            log.warning("service_manager_not_reached", why=str(error), said=assignments[0])


async def tell_manager(
    manager: ServiceManager, state: ControllerState, clock: Clock, cycle_s: float, stop: asyncio.Event
) -> None:
    """Say ready after the first control cycle, then ping while cycles complete, and say when we stop.

    Runs on the controller's event loop from when its API listens; returns when ``stop`` is set.
    """
    if manager.address is None:
        return
    while state.counters.cycles == 0 and not await _stopped(stop, READY_CHECK_S):
        pass
    if not stop.is_set():
        manager.tell("READY=1", f"STATUS={_status(state)}")
        await _keep_pinging(manager, state, clock, cycle_s, stop)
    manager.tell("STOPPING=1", "STATUS=handing the stations back")


async def _keep_pinging(
    manager: ServiceManager, state: ControllerState, clock: Clock, cycle_s: float, stop: asyncio.Event
) -> None:
    period_s = manager.ping_s
    if period_s is None:
        await stop.wait()
        return
    while True:
        due = clock.wall_monotonic() + period_s
        if await _stopped(stop, period_s):
            return
        why = silence(state, clock.monotonic(), cycle_s, late_s=clock.wall_monotonic() - due)
        if why is None:
            manager.tell("WATCHDOG=1", f"STATUS={_status(state)}")
        else:
            log.error("watchdog_not_pinged", why=why)


def silence(state: ControllerState, monotonic: float, cycle_s: float, *, late_s: float) -> str | None:
    """Return why the manager must not be told that we are well, or None.

    ``monotonic`` is now in scaled monotonic seconds, ``late_s`` how late the loop was in wall seconds.
    """
    if late_s > LATE_S:
        return f"the event loop was {late_s:.1f} s late"
    completed = state.last_cycle_monotonic
    if completed is None:
        return "no control cycle has completed yet"
    age_s = monotonic - completed
    if age_s > CYCLES_OVERDUE * cycle_s:
        return f"the last control cycle completed {age_s:.0f} s ago"
    return None


async def _stopped(stop: asyncio.Event, wall_s: float) -> bool:
    try:
        async with asyncio.timeout(wall_s):
            await stop.wait()
    except TimeoutError:
        return False
    return True


def _status(state: ControllerState) -> str:
    images = state.image.freeze().values()
    online = sum(image.link is Link.ONLINE for image in images)
    held = sum(loop.held for loop in state.loops.values())
    return f"{online} of {len(images)} stations online, {held} of {len(state.loops)} loops held"
