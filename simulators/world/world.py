"""A world: stations, network, disk and centre in one virtual time, and what can be done to them.

``open_world`` puts one together. Its methods are the faults; ``simulators.world.run`` plays a plan of them,
tests call them one by one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from simulators.link_profile import DisturbanceKind
from simulators.world.centre import Centre
from simulators.world.clock import START_UTC, CentreClock, WorldClock
from simulators.world.disk import Disk
from simulators.world.field import Field
from simulators.world.line import PROFILES_HERE
from simulators.world.loop import VirtualLoop
from simulators.world.network import Network
from simulators.world.opcua import machine_of_the_world
from simulators.world.quiet import quiet
from simulators.world.site import read_site
from simulators.world.trace import EventTrace
from simulators.world.watch import LOOK_S, Watch

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from controller.decisions import LoopKey
    from simulators.world.line import Line

RESTART_S = 2.0
"""A service manager starts a controller that died again after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOptions:
    """What a world is made of. Seed and options together with the code decide everything that happens."""

    seed: int = 1
    stations: int = 10
    opcua: int = 0
    """So many of them speak OPC UA, which takes ten times as long to simulate."""
    link: str = "city"
    """Name of the link profile at the start."""
    poll_s: float = 10.0
    cycle_s: float = 60.0
    alarms: bool = False
    """Let the controller watch for alarms, too; a look of it costs as much as a poll of all stations."""
    scenario: bytes | None = None
    """A scenario file (``faults.scenario``), played besides what the seed draws."""
    plant: str = "simple"
    """Or ``physical``: a drawn city with network, sources and houses behind the stations."""
    centre: bool = True
    """False leaves the stations alone: for benchmarks with clients of their own."""


class World:
    """One world. Its coroutines run on its own loop: give them to ``run``."""

    def __init__(self, options: WorldOptions, data: Path, trace: EventTrace) -> None:
        self.options = options
        self.loop = VirtualLoop(random.Random(f"{options.seed}:threads"))
        self.trace = trace
        self.network = self.loop.network = Network(self.loop, trace)
        self.clock = WorldClock(self.loop)
        self.centre_clock = CentreClock(self.loop)
        self.clock_set_at = START_UTC
        """UTC second, on the centre's clock, at which that clock was last set."""
        self.disk = Disk(rng=random.Random(f"{options.seed}:disk"))
        self.disk_well_since = START_UTC
        """UTC second at which the disk was last given back its health."""
        sites = read_site(
            stations=options.stations,
            opcua=options.opcua,
            poll_s=options.poll_s,
            cycle_s=options.cycle_s,
            plant=options.plant,
        )
        self._site = sites.controller
        self.field = Field(sites.city, self.clock, options.seed, options.link)
        for station in self.field.stations.values():
            self.network.lines[station.line.port] = station.line
        self.centre: Centre | None = None
        self.watch = Watch(self)
        self._data = data
        self.starts = 0
        self._cut_at: dict[str, float] = {}
        """UTC second since which a station can not be reached from the centre."""
        self._busy: list[asyncio.Task[None]] = []

    def run(self, doing: Coroutine[None, None, None]) -> None:
        """Do something on the world's own loop until it is done."""
        self.loop.run_until_complete(doing)

    async def begin(self, disturbed_until: float = 0.0) -> None:
        """Let stations listen, the plant move and the controller start.

        Until virtual second ``disturbed_until`` links also fail as their profile says.
        """
        await self.field.start()
        for name in self.field.stations:
            self.keep(self._disturb(name, disturbed_until), f"disturbances of {name}")
        self.field.run(self.loop)
        self.loop.call_later(LOOK_S, self._look)
        await self.start_centre()

    async def end(self) -> None:
        """Stop the centre as planned and close everything."""
        for task in self._busy:
            task.cancel()
        if self._busy:
            await asyncio.wait(self._busy)
        if self.centre is not None and self.centre.host.alive:
            await self.centre.stop()
        await self.field.stop()
        await asyncio.sleep(5.0)

    # ------------------------------------------------------------------------------------------ the centre

    async def start_centre(self) -> None:
        """Start a controller, unless one runs or the world is to have none."""
        if not self.options.centre or (self.centre is not None and self.centre.host.alive):
            return
        self.starts += 1
        self.note(f"start {self.starts}")
        self.centre = Centre(
            self.starts, self._site, self.centre_clock, self.disk, self._data, alarms=self.options.alarms
        )
        for station in self.field.stations:
            self._settle(station)
        self.centre.start()

    async def kill_centre(self, *, silently: bool = False) -> None:
        """End the controller as ``kill -9`` does; ``silently`` as a power cut does."""
        centre = self.centre
        if centre is None or not centre.host.alive:
            return
        self.note("power cut" if silently else "kill")
        self._cut_off_all()
        centre.host.alive = False
        self.network.cut_off(centre.host, silently=silently)
        await centre.kill()

    async def stop_centre(self) -> None:
        """Stop the controller as planned."""
        if self.centre is not None and self.centre.host.alive:
            self.note("planned stop")
            await self.centre.stop()
            self.network.cut_off(self.centre.host, silently=False)
            self._cut_off_all()

    def kill_after(self, steps: int) -> asyncio.Event:
        """Kill the controller in so many steps from now, whatever it does then; the event tells when."""
        done = asyncio.Event()

        def strike() -> None:
            self.loop.stop_at_step = None
            centre = self.centre
            if centre is not None and centre.host.alive:
                self.note("kill at step")
                self._cut_off_all()
                centre.host.alive = False
                self.network.cut_off(centre.host, silently=False)
                self.keep(centre.host.bury(), "bury")
            done.set()

        self.loop.stop_at_step = self.loop.steps + max(1, steps)
        self.loop.on_step = strike
        return done

    async def operator(self, key: LoopKey, dT: float, duration_s: float) -> str:
        """Let a person order another supply temperature; return what became of it."""
        if self.centre is None:
            return "no controller"
        outcome = await self.centre.operator_write(key, dT, duration_s)
        self.note(f"operator {key} {dT:+.2f} K: {outcome}")
        return outcome

    # ---------------------------------------------------------------------------------------- the stations

    def line(self, station: str) -> Line:
        """Return a station's link, to be disturbed."""
        return self.field.stations[station].line

    def set_hole(self, station: str, *, on: bool) -> None:
        """Swallow all bytes of a station's link, or stop doing so."""
        self.note(f"{station} hole {on}")
        self.hold(station, "plan", on=on)

    def hold(self, station: str, key: object, *, on: bool) -> None:
        """Swallow all bytes of a station's link while any ``key`` holds."""
        self.line(station).hold(key, on)
        self._settle(station)

    def set_refusing(self, station: str, *, on: bool) -> None:
        """Refuse new connections to a station; those that exist are reset."""
        line = self.line(station)
        self.note(f"{station} refusing {on}")
        line.refusing = on
        if on:
            line.reset()
        self._settle(station)

    def set_profile(self, station: str, name: str) -> None:
        """Let a station's link behave as another profile."""
        self.note(f"{station} link {name}")
        self.line(station).change(PROFILES_HERE[name])

    async def stop_station(self, station: str, *, power: bool = False) -> None:
        """Take a station off the network; with ``power`` its controller forgets what it was told."""
        self.note(f"{station} off")
        await self.field.stations[station].stop()
        if power:
            self.field.stations[station].lose_power()
        self._settle(station)

    async def start_station(self, station: str) -> None:
        """Put a station back."""
        self.note(f"{station} on")
        await self.field.stations[station].start()
        self._settle(station)

    def reachable_until(self, station: str) -> float:
        """Return the UTC second at which the centre could last reach a station: now, if it can."""
        return self._cut_at.get(station, self.clock.now())

    def mend_all(self) -> None:
        """Note that the disk is well again."""
        self.disk.full, self.disk.slow_s = False, 0.0
        self.disk_well_since = self.clock.now()

    def lose_no_more(self) -> None:
        """Let all answers arrive; what was to be lost on a link that nothing went over is still due."""
        for name in self.field.stations:
            self.line(name).swallow = 0

    def set_clock(self, ahead_s: float) -> None:
        """Set UTC on the centre's machine so far ahead of what it is."""
        self.note(f"centre's clock {ahead_s:+.0f} s")
        self.centre_clock.ahead_s = ahead_s
        self.clock_set_at = self.centre_clock.now()

    def note(self, what: str) -> None:
        """Put into the trace what was done to the world."""
        self.trace.note(self.loop.time(), what)

    def keep(self, doing: Coroutine[None, None, None], name: str) -> None:
        """Do something beside everything else; it is cancelled at the end of the world."""
        task = self.loop.create_task(doing, name=name)
        self._busy.append(task)
        task.add_done_callback(self._busy.remove)

    async def _disturb(self, station: str, until: float) -> None:
        line = self.line(station)
        for one in line.profile.disturbances(self.options.seed, station):
            if one.begin_s >= until:
                return
            await asyncio.sleep(one.begin_s - self.loop.time())
            self.note(f"{station} {one.kind}")
            match one.kind:
                case DisturbanceKind.OUTAGE:
                    self.set_hole(station, on=True)
                    await asyncio.sleep(min(one.end_s, until) - self.loop.time())
                    if one.half_open:
                        line.forget()
                    self.set_hole(station, on=False)
                case DisturbanceKind.REBIND:
                    line.forget()
                case DisturbanceKind.RESET:
                    line.reset()

    def _look(self) -> None:
        self.watch.look()
        self.loop.call_later(LOOK_S, self._look)

    def _cut_off_all(self) -> None:
        for station in self.field.stations:
            self._cut_at.setdefault(station, self.clock.now())

    def _settle(self, name: str) -> None:
        """Note from when on a station can not be reached, or that it can."""
        station = self.field.stations[name]
        line = station.line
        alive = self.centre is not None and self.centre.host.alive
        if alive and station.running and not line.hole and not line.refusing:
            self._cut_at.pop(name, None)
        else:
            self._cut_at.setdefault(name, self.clock.now())


@contextlib.contextmanager
def open_world(options: WorldOptions, trace_file: IO[str] | None = None) -> Iterator[World]:
    """Make a world, and take it away afterwards with all that it left in this process."""
    with contextlib.ExitStack() as left_behind:
        data, said = (
            left_behind.enter_context(tempfile.TemporaryDirectory()),
            left_behind.enter_context(quiet()),
        )
        left_behind.enter_context(_few_searches_for_garbage())
        world = World(options, Path(data), EventTrace(trace_file))
        said.clock = world.loop.time
        if options.opcua:
            rng = random.Random(f"{options.seed}:opcua")
            left_behind.enter_context(machine_of_the_world(world.loop.time, rng))
        try:
            yield world
        finally:
            _close(world.loop)


@contextlib.contextmanager
def _few_searches_for_garbage() -> Iterator[None]:
    """A world makes few cycles, and what finds them walks everything each time: once, at its end.

    What the caller has frozen is not walked even then.
    """
    collecting, frozen = gc.isenabled(), gc.get_freeze_count() > 0
    gc.disable()
    if not frozen:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()
        if collecting:
            gc.enable()
        gc.collect()


def _close(loop: VirtualLoop) -> None:
    """Cancel what is left, as ``asyncio.run`` does, and close the loop."""
    left = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
