"""A controller that is killed at any moment loses no committed command and repeats none."""

import random
import signal
import struct
from collections import Counter

import pytest

from controller.audit.verify import verify
from controller.historian.command_log import CommandLog
from tests.support.polling import until
from tests.support.running_city import controller_process, running_city

pytestmark = [
    pytest.mark.long,
    pytest.mark.plug,
    pytest.mark.slow,
    pytest.mark.soak,
    pytest.mark.xdist_group("killed"),
]

SPEED = 30.0


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with running_city(tmp_path_factory.mktemp("city"), stations=6, speed=SPEED) as running:
        yield running


def stored(data, now):
    """{intent id: intent} after the start that follows a kill has closed what was open; the log is sound."""
    log = CommandLog.open(data, now)
    try:
        assert log.verify() == ()
        return {intent.id: intent for intent in log.since(0.0)}
    finally:
        log.close()


async def setpoints_on_the_wire(city):
    """Every setpoint that reached a class A station lately: (moment, station, loop, token, sequence)."""
    answer = await city.ask("frames")
    profiles = {station.id: station.profile for station in city.site(None).stations}
    found = []
    for station, frames in answer["frames"].items():
        lease = profiles[station].modbus_lease
        for frame in frames:
            if frame["what"] == "ApplySetpoint":
                loop, _, numbers = frame["content"].removeprefix("loop ").partition(" ")
                token, sequence = (int(float(n)) for n in numbers.strip("[]").split(",")[:2])
                found.append((frame["at"], station, int(loop), token, sequence))
            elif frame["what"] == "FC16" and lease is not None:
                body = bytes.fromhex(frame["content"])[7:]
                _, address, _, _, *words = struct.unpack(f">BHHB{(len(body) - 6) // 2}H", body)
                loop, rest = divmod(address - lease.setpoint_address, profiles[station].modbus.loop_stride)
                if rest == 0 and loop >= 0:
                    # 32-bit numbers have their low word first in this profile
                    token, sequence = words[1] << 16 | words[0], words[3] << 16 | words[2]
                    found.append((frame["at"], station, loop + 1, token, sequence))
    return found


@pytest.mark.timeout(1200)
async def test_kill_9_at_random_moments_loses_no_command_and_sends_none_twice(city, tmp_path, soak):
    kills = soak.pick(reduced=10, full=50)
    generator = random.Random(9)
    before, tokens, wire = {}, [], set()
    for number in range(kills):
        async with controller_process(city, tmp_path) as controller:
            # now and then it lives until all loops are confirmed, so that kills fall into every phase
            if number % 5 == 0:
                await controller.all_confirmed()
            wait_s = generator.uniform(0.0, 2.5)
            ends_at = city.clock.wall_monotonic() + wait_s
            await until(lambda at=ends_at: city.clock.wall_monotonic() >= at, wait_s + 5.0)
            code, _ = await controller.stop(signal.SIGKILL)
            assert code == -signal.SIGKILL
        wire.update(await setpoints_on_the_wire(city))
        now = stored(tmp_path, city.clock.now())
        assert before.items() <= now.items(), "what was stored stays as it was"
        assert all(intent.state.final for intent in now.values())
        tokens += sorted({intent.token for key, intent in now.items() if key not in before})
        before = now
    assert tokens == sorted(set(tokens)), "every start has a greater token"

    orders = Counter((i.station, i.loop, i.token, i.sequence) for i in before.values())
    assert set(orders.values()) == {1}
    sent = Counter((station, loop, token, sequence) for _, station, loop, token, sequence in wire)
    assert sent, "nothing was ever sent; the test says nothing"
    assert sent.keys() <= orders.keys(), "nothing was sent that had not been committed"
    assert set(sent.values()) == {1}, "nothing was sent twice"
    record = await city.ask("record")
    assert record["breaks"] == []
    audit = verify(tmp_path)
    assert audit.fault is None
    soak.record(
        kills=kills, intents=len(before), setpoints_on_the_wire=len(sent), audit_entries=audit.entries,
        lost=0, duplicated=0,
    )  # fmt: skip
