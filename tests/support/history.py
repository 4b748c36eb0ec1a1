"""Neutral slots and intents for the tests of the stores, and a child that writes until it is killed."""

import asyncio
import sys
import time
from pathlib import Path

from controller.coordinator import SqliteCoordinator
from controller.historian.command_log import CommandLog
from controller.historian.journal import Journal
from controller.historian.records import Intent, RegisterWrite, State, Transition
from controller.historian.slot import Answer, Slot
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from stations.model.setpoint import CirculationChannel, HeatChannel

START = 1_768_435_200.0
SLOT_S = 10.0
SUPPLY = Point(1, "T_supply_secondary")
FLOW = Point(1, "m_flow_secondary")
OUTDOOR = Point(0, "T_outdoor")


def wait_until(condition, deadline_s=60.0):
    """Poll until the condition holds; fails when it never does."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.001)  # between two looks: the thread that is looked at needs the processor


def slot(number, stations=3):
    """The slot of a given number: always the same readings, so that a reader can tell what it must find."""
    start = START + SLOT_S * number
    return Slot(
        start=start,
        answers=[
            Answer(
                f"S{station:03d}",
                {
                    SUPPLY: good(40.0 + (number + station) % 200 * 0.1, start + 1.5),
                    FLOW: uncertain((number * 7 + station) % 500 * 0.1 / 3.6, Reason.FROZEN, start + 1.5),
                    OUTDOOR: bad(Reason.SENTINEL, start + 1.25, start + 1.5),
                },
            )
            for station in range(stations)
        ],
    )


def supply_only(number, *readings):
    """A slot in which S000 told its supply temperature, once for each reading."""
    return Slot(
        start=START + SLOT_S * number, answers=[Answer("S000", {SUPPLY: reading}) for reading in readings]
    )


def intent(number, *, station="S000", at=START, state=State.REQUESTED):
    """An intent that can be told by its number."""
    return Intent(
        id=number,
        at=at,
        station=station,
        loop=1,
        token=17,
        sequence=number,
        T_supply_set=40.0 + number % 400 * 0.1,
        m_flow_set=5.5,
        heat_channel=HeatChannel.T_SUPPLY,
        heat_value=40.0 + number % 400 * 0.1,
        circulation_channel=CirculationChannel.M_FLOW,
        circulation_value=5.5,
        author="curve",
        reason=("rate: at most 1 K a write", "限幅"),
        previous_T_supply_set=None,
        previous_m_flow_set=5.4,
        valid_until=at + 300.0,
        state=state,
        state_at=at,
    )


def step(number, state, *, at=START + 1.0, detail=""):
    """A transition of the intent of that number."""
    return Transition(intent_id=number, at=at, state=state, detail=detail)


def reopen(folder, now=START + 100.0, **kwargs):
    """The command log of a folder, with a small reserve on the disk."""
    return CommandLog.open(folder, now=now, reserve_bytes=1 << 16, **kwargs)


async def take(log, number, *states):
    """Commit an intent and lead it through states."""
    await log.commit([intent(number)])
    for state in states:
        await log.record([step(number, state)])


async def write_until_killed(folder):
    """Store without end and print each thing once it is acknowledged; the parent kills at some moment."""
    lease = await SqliteCoordinator(folder, utc=lambda: 1.0).acquire("controller", 60.0)
    print("token", lease.token, flush=True)
    log = CommandLog.open(folder, now=START, reserve_bytes=1 << 18)
    journal = Journal.open(folder)
    print("expired", *(left.id for left in log.expired_at_start), flush=True)
    number = int(sys.argv[2])
    while True:
        ids = list(log.next_ids(10))
        await log.commit([intent(i) for i in ids])
        print("committed", *ids, flush=True)
        write = RegisterWrite(station="S000", loop=1, point="T_supply_secondary_set", at=START)
        await log.record([step(i, State.SENT) for i in ids], [write])
        print("sent", *ids, flush=True)
        await log.record([step(i, State.CONFIRMED) for i in ids[:5]])
        print("confirmed", *ids[:5], flush=True)
        await asyncio.wrap_future(journal.append(slot(number)))
        print("slot", number, flush=True)
        number += 1


if __name__ == "__main__":
    asyncio.run(write_until_killed(Path(sys.argv[1])))
