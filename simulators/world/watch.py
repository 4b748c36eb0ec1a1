"""What must hold in every world, judged from outside of the controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.image import Link
from simulators.world.site import SCAN_S
from stations.model.setpoint import StationClass

if TYPE_CHECKING:
    from simulators.world.world import World

LOOK_S = 10.0
"""Virtual seconds between two looks."""
FALLBACK_S = 200.0
"""Watchdog of 180 s and one heartbeat of 20 s: a station that hears nothing is on its own by then."""
DEADMAN_S = 600.0
"""The same for a device with a timer of its own, whose register wears out: it is set to ten minutes."""
INTENT_S = 300.0
"""An intent has ended: void unsent after two cycles, lost after three polls and their deadlines."""
FRESH_S = 40.0
"""A station that answers is polled every 10 s; three missed answers are not a loss."""
LIVENESS_S = 120.0
"""After the last fault has ended everything works again within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An invariant that does not hold."""

    at: float
    """Virtual second."""
    rule: str
    """``contract``, ``intent``, ``fallback``, ``liveness`` or ``bug``."""
    what: str

    def __str__(self) -> str:
        """Render as one line."""
        return f"at {self.at:.1f} s: {self.rule}: {self.what}"


class Watch:
    """Looks at a world and keeps what it found broken, each thing once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._said: set[tuple[str, str]] = set()
        self._breaks: dict[str, int] = {}
        self.broken: list[Broken] = []

    def look(self) -> None:
        """Judge the present moment."""
        self._contract()
        self._intents()
        self._fallback()
        self._bugs()

    def look_alive(self) -> None:
        """Judge whether all works; only while nothing is broken on purpose, and some time after."""
        world = self._world
        centre, now = world.centre, world.centre_clock.now()
        if centre is None or not centre.running or centre.state is None:
            self._say("liveness", "centre", "no controller runs")
            return
        completed = centre.state.last_cycle_at
        if completed is None or now - completed > 2.0 * world.options.cycle_s:
            self._say("liveness", "cycle", f"the last control cycle completed at {completed}, it is {now}")
        for name, image in centre.state.image.freeze().items():
            if image.link is not Link.ONLINE or image.polled_at is None or now - image.polled_at > FRESH_S:
                age = "never" if image.polled_at is None else f"{now - image.polled_at:.0f} s ago"
                self._say("liveness", name, f"{name} is {image.link.value}, polled {age}: {image.link_why}")

    def _contract(self) -> None:
        for name, station in self._world.field.stations.items():
            recorder = station.recorder
            if recorder.n_breaks != self._breaks.get(name, 0):
                self._breaks[name] = recorder.n_breaks
                self._say("contract", f"{name} {recorder.n_breaks}", str(recorder.breaks[-1]))

    def _intents(self) -> None:
        world = self._world
        if world.centre is None or not world.centre.running:
            return
        oldest_allowed = world.centre_clock.now() - INTENT_S
        well_since = max(world.centre.started_at, world.disk_well_since, world.clock_set_at)
        if world.disk.full or well_since > oldest_allowed:
            return
        for number in world.disk.open_ids:
            intent = world.disk.intents[number]
            if intent.at < oldest_allowed:
                what = f"{number} of {intent.at} for {intent.station}/{intent.loop} is {intent.state}"
                self._say("intent", str(number), what)

    def _fallback(self) -> None:
        now = self._world.clock.now()
        for name, station in self._world.field.stations.items():
            sim = station.sim
            match sim.station_class:
                case StationClass.A:
                    silent_s, limit_s = now - station.heard_at, FALLBACK_S
                case StationClass.T:
                    silent_s, limit_s = now - self._world.reachable_until(name), DEADMAN_S
                case _:
                    continue
            if silent_s <= limit_s + SCAN_S:
                continue
            for plc in sim.plc.loops:
                if plc.remote:
                    what = f"{name}/{plc.number} follows a centre unheard of for {silent_s:.0f} s"
                    self._say("fallback", f"{name}/{plc.number}", what)

    def _bugs(self) -> None:
        world = self._world
        for fault in world.loop.faults:
            self._say("bug", fault, fault)
        centre = world.centre
        if centre is None:
            return
        if centre.error is not None:
            self._say("bug", repr(centre.error), f"the controller ended by {centre.error!r}")
        if centre.state is None:
            return
        for name, image in centre.state.image.freeze().items():
            if image.link is Link.QUARANTINED:
                self._say("bug", name, f"{name} is quarantined: {image.link_why}")

    def _say(self, rule: str, key: str, what: str) -> None:
        if (rule, key) not in self._said:
            self._said.add((rule, key))
            self.broken.append(Broken(at=self._world.loop.time(), rule=rule, what=what))
