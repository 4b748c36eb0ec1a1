"""Plays a plan of faults in a world and judges what comes of it; the same arguments, the same trace."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from controller.decisions import LoopKey
from simulators.world.disk import kept_state
from simulators.world.faults import Fault, draw_plan
from simulators.world.scenario import as_faults, play_scenario, read_planned
from simulators.world.watch import LIVENESS_S
from simulators.world.world import World, WorldOptions, open_world

if TYPE_CHECKING:
    from simulators.faults.scenario import Planned
    from simulators.world.watch import Broken

QUIET_S = 600.0
"""At the end nothing is broken on purpose: two minutes to recover, then it is looked whether all works."""
EVERY_S = 240.0
"""Mean seconds between two faults that are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run."""

    seed: int
    hours: float
    digest: str
    """SHA-256 of the event trace."""
    events: int
    steps: int
    faults: int
    starts: int
    polls: int
    """Reads that reached the stations."""
    writes: int
    intents: dict[str, int]
    broken: tuple[Broken, ...]
    plan: tuple[Fault, ...]
    """Drawn from the seed."""
    scenario: tuple[Fault, ...]
    """Of the scenario."""
    last_events: tuple[str, ...]
    """What went over the wires last, where something is broken."""
    cpu_s: float


def play(
    options: WorldOptions, hours: float, *, every_s: float = EVERY_S, trace_file: IO[str] | None = None
) -> Outcome:
    """Run one world for so many virtual hours with faults drawn from its seed, and those of its scenario.

    ``every_s`` 0 draws none. Raises ScenarioFaults.
    """
    began = time.process_time()
    with open_world(options, trace_file) as world:
        plan = draw_plan(options.seed, hours, list(world.field.stations), every_s=every_s, quiet_s=QUIET_S)
        planned = read_planned(options, quiet_from(hours))
        world.run(_play(world, plan, planned, hours))
        recorders = [station.recorder for station in world.field.stations.values()]
        reads = sum(r.counts[name] for r in recorders for name in ("FC1", "FC2", "FC3", "FC4", "Read"))
        return Outcome(
            seed=options.seed,
            hours=hours,
            digest=world.trace.digest,
            events=world.trace.events,
            steps=world.loop.steps,
            faults=len(plan) + len(planned),
            starts=world.starts,
            polls=reads,
            writes=sum(r.counts.total() for r in recorders) - reads,
            intents=kept_state(world.disk.intents),
            broken=tuple(world.watch.broken),
            plan=plan,
            scenario=as_faults(planned),
            last_events=_told(world) if world.watch.broken else (),
            cpu_s=time.process_time() - began,
        )


def quiet_from(hours: float) -> float:
    """Return the virtual second from which nothing is broken on purpose any more."""
    return 3600.0 * hours - QUIET_S


def _told(world: World) -> tuple[str, ...]:
    return tuple(f"{at:.6f} {what} {data.hex()}" for at, what, data in world.trace.last)


async def _play(world: World, plan: tuple[Fault, ...], planned: list[Planned], hours: float) -> None:
    loop, end = world.loop, 3600.0 * hours
    await world.begin(end - QUIET_S)
    world.keep(play_scenario(world, planned), "scenario")
    for fault in plan:
        await asyncio.sleep(fault.at - loop.time())
        world.keep(strike(world, fault), str(fault))
    await asyncio.sleep(end - QUIET_S - loop.time())
    world.lose_no_more()
    await asyncio.sleep(LIVENESS_S)
    while loop.time() < end - 1.0:
        world.watch.look_alive()
        await asyncio.sleep(min(10.0, end - loop.time()))
    await world.end()


async def strike(world: World, fault: Fault) -> None:
    """Let one fault happen, and end it when its time is over."""
    world.note(str(fault))
    name = fault.station
    match fault.kind:
        case "poll_loss":
            world.line(name).swallow += int(fault.amount)
        case "bad_cell":
            world.set_profile(name, "cell_edge")
            await asyncio.sleep(fault.seconds)
            world.set_profile(name, world.options.link)
        case "stall":
            world.line(name).stalled_until = world.loop.time() + fault.seconds
        case "blackhole":
            world.set_hole(name, on=True)
            await asyncio.sleep(fault.seconds)
            world.set_hole(name, on=False)
        case "half_open":
            world.line(name).forget()
        case "reset":
            world.line(name).reset()
        case "refused":
            world.set_refusing(name, on=True)
            await asyncio.sleep(fault.seconds)
            world.set_refusing(name, on=False)
        case "garbage":
            world.line(name).garble = True
            await asyncio.sleep(fault.seconds)
            world.line(name).garble = False
        case "station_restart" | "station_power_loss":
            await world.stop_station(name, power=fault.kind == "station_power_loss")
            await asyncio.sleep(fault.seconds)
            await world.start_station(name)
        case "operator":
            await world.operator(LoopKey(name, 1), fault.amount, fault.seconds)
        case _:
            await _strike_all(world, fault)


async def _strike_all(world: World, fault: Fault) -> None:
    match fault.kind:
        case "outage":
            for station in world.field.stations:
                world.set_hole(station, on=True)
            await asyncio.sleep(fault.seconds)
            for station in world.field.stations:
                world.set_hole(station, on=False)
        case "disk_slow" | "disk_full":
            world.disk.slow_s, world.disk.full = fault.amount, fault.kind == "disk_full"
            await asyncio.sleep(fault.seconds)
            world.mend_all()
        case "clock_jump":
            world.set_clock(fault.amount)
            await asyncio.sleep(fault.seconds)
            world.set_clock(0.0)
        case "kill" | "power_cut":
            await world.kill_centre(silently=fault.kind == "power_cut")
            await asyncio.sleep(fault.seconds)
            await world.start_centre()
        case "kill_at_step":
            await world.kill_after(int(fault.amount)).wait()
            await asyncio.sleep(fault.seconds)
            await world.start_centre()
        case "planned_stop":
            await world.stop_centre()
            await asyncio.sleep(fault.seconds)
            await world.start_centre()
        case _:
            raise AssertionError(f"{fault.kind} is no kind of fault")
