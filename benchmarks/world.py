"""Virtual time: a day of ten Modbus stations, real pymodbus clients and servers, faults on, no controller."""

import asyncio
import time

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from benchmarks.report import Figures, median_of
from simulators.world.faults import draw_plan
from simulators.world.run import EVERY_S, strike
from simulators.world.world import World, WorldOptions, open_world
from stations.drivers.modbus.plan import plan_reads
from stations.profile import builtin_profile

NAME = "simulator.world.modbus_10x24h_s"
POLL_S = 60.0
HOURS = 24.0
SEEDS = (1, 2, 3)


def modbus_day() -> Figures:
    """Run a day for each seed."""
    seconds, polls, answered, digests = [], 0, 0, set()
    for seed in SEEDS:
        with open_world(WorldOptions(seed=seed, centre=False)) as world:
            started = time.process_time()
            tally = _Tally()
            world.run(_day(world, tally))
            seconds.append(time.process_time() - started)
            polls, answered = polls + tally.asked, answered + tally.answered
            digests.add(world.trace.digest)
    note = (
        f"CPU of one thread; seeds {', '.join(map(str, SEEDS))}, {polls // len(SEEDS)} polls each, "
        f"{100.0 * answered / polls:.1f} % answered; {len(digests)} different traces; the plant stands still"
    )
    return Figures(results=[median_of(NAME, "s", seconds, note)])


class _Tally:
    def __init__(self):
        self.asked = self.answered = 0


async def _day(world: World, tally: _Tally) -> None:
    await world.field.start()
    plan = draw_plan(world.options.seed, HOURS, list(world.field.stations), every_s=EVERY_S, quiet_s=0.0)
    for index, name in enumerate(world.field.stations):
        world.keep(_poll(world, name, index * POLL_S / 10.0, tally), f"poll {name}")
    for fault in plan:
        await asyncio.sleep(fault.at - world.loop.time())
        world.keep(strike(world, fault), str(fault))
    await asyncio.sleep(3600.0 * HOURS - world.loop.time())
    await world.end()


async def _poll(world: World, name: str, phase_s: float, tally: _Tally) -> None:
    station = world.field.stations[name]
    reads = plan_reads(builtin_profile(station.sim.profile), station.sim.n_loops)
    read = next(read for read in reads if read.function in (3, 4))
    client = AsyncModbusTcpClient(
        "127.0.0.1", port=station.line.port, timeout=3.0, retries=0, reconnect_delay=0
    )
    ask = client.read_holding_registers if read.function == 3 else client.read_input_registers
    await asyncio.sleep(phase_s)
    while True:
        due = world.loop.time() + POLL_S
        tally.asked += 1
        try:
            if client.connected or await client.connect():
                answer = await ask(read.start, count=read.count, device_id=station.unit)
                tally.answered += not answer.isError()
        except ModbusException:
            client.close()
        await asyncio.sleep(max(0.0, due - world.loop.time()))
