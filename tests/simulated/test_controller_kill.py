"""A controller killed at any moment loses no command, order, alarm or audit entry, and repeats none."""

import random
import signal
from collections import Counter

import pytest

from controller.audit.entry import event_of
from controller.audit.log import FILE as AUDIT
from controller.audit.verify import verify
from controller.audit.written import told_in
from controller.historian.command_log import CommandLog
from controller.historian.sqlite import open_reading
from tests.support.operators_online import add_user, committed, logged_in, loop_now
from tests.support.polling import until
from tests.support.running_city import controller_process, running_city, setpoints_on_the_wire

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


def audited(data):
    """Texts and hashes of all audit entries, oldest first."""
    with open_reading(data / AUDIT) as connection:
        return [tuple(row) for row in connection.execute("SELECT text, hash FROM entries ORDER BY seq")]


def witnessed(entries):
    """How often entries tell of each (token, id)."""
    return Counter(number for text, _ in entries for number in told_in(event_of(text)[1]))


async def a_silent_station_and_an_order(city, controller, data):
    """One alarm and one order in force before the killing begins; returns what each start must show again."""
    driven = [s.id for s in city.site(None).stations if s.profile.name == "plc-a"]
    ordered, silent = driven[0], driven[-1]
    await controller.all_confirmed()
    await city.ask("stop_server", station=silent)
    await add_user(city, data, "olga", "operator")
    async with await logged_in(controller, "olga") as olga:
        T_wanted = round((await loop_now(controller, ordered))["T_supply_set"] + 2.0, 1)
        await committed(controller, olga, "warmer-by-two", ordered, T_wanted, duration_s=86_400.0)

    async def told():
        return any(a["id"] == f"station_lost:{silent}" for a in (await controller.get("alarms"))["alarms"])

    await until(told, 60.0, "the alarm of the silent station")
    return silent, lambda running: as_it_stands(running, ordered, silent)


async def as_it_stands(controller, ordered, silent):
    """What is known of the order and of the alarm."""
    loop = await loop_now(controller, ordered)
    alarms = [
        a for a in (await controller.get("alarms?all=true"))["alarms"] if a["id"] == f"station_lost:{silent}"
    ]
    return (
        {name: loop[name] for name in ("mode", "order", "T_supply_ordered")},
        [{name: a[name] for name in ("id", "state", "raised_at", "count")} for a in alarms],
    )


async def confirmed_but(controller, silent):
    """Wait until every driven loop holds a confirmed setpoint, but for the station that is silent."""

    async def done():
        loops = [
            loop
            for station in (await controller.get("snapshot"))["stations"]
            for loop in station["loops"]
            if station["id"] != silent
        ]
        held = [loop for loop in loops if loop["held"]]
        return held and all(loop["write_state"] in ("confirmed", "confirmed_limited") for loop in held)

    await until(done, 75.0, "confirmation of every loop that answers")


@pytest.mark.timeout(1200)
async def test_kill_9_at_random_moments_loses_nothing_and_does_nothing_twice(city, tmp_path, soak):
    kills = soak.pick(reduced=10, full=50)
    generator = random.Random(9)
    before, tokens, wire, entries = {}, [], set(), []
    async with controller_process(city, tmp_path) as controller:
        silent, look = await a_silent_station_and_an_order(city, controller, tmp_path)
        stands = await look(controller)
        await controller.stop(signal.SIGKILL)
    try:
        for number in range(kills):
            async with controller_process(city, tmp_path) as controller:
                assert await look(controller) == stands, "order and alarm stand as they stood"
                # now and then it lives until all loops are confirmed, so that kills fall into every phase
                if number % 5 == 0:
                    await confirmed_but(controller, silent)
                wait_s = generator.uniform(0.0, 2.5)
                ends_at = city.clock.wall_monotonic() + wait_s
                await until(lambda at=ends_at: city.clock.wall_monotonic() >= at, wait_s + 5.0)
                code, _ = await controller.stop(signal.SIGKILL)
                assert code == -signal.SIGKILL
            wire.update(await setpoints_on_the_wire(city))
            now, told = stored(tmp_path, city.clock.now()), audited(tmp_path)
            assert before.items() <= now.items(), "what was stored stays as it was"
            assert all(intent.state.final for intent in now.values())
            assert told[: len(entries)] == entries, "what the audit told it tells for ever"
            tokens += sorted({intent.token for key, intent in now.items() if key not in before})
            before, entries = now, told
        async with controller_process(city, tmp_path) as controller:
            assert await look(controller) == stands
            code, _ = await controller.stop()
            assert code == 0
    finally:
        await city.ask("start_server", station=silent)
    assert tokens == sorted(set(tokens)), "every start has a greater token"

    before = stored(tmp_path, city.clock.now())
    orders = Counter((i.station, i.loop, i.token, i.sequence) for i in before.values())
    assert set(orders.values()) == {1}
    wire.update(await setpoints_on_the_wire(city))
    sent = Counter((station, loop, token, sequence) for _, station, loop, token, sequence in wire)
    assert sent, "nothing was ever sent; the test says nothing"
    assert sent.keys() <= orders.keys(), "nothing was sent that had not been committed"
    assert set(sent.values()) == {1}, "nothing was sent twice"
    record = await city.ask("record")
    assert record["breaks"] == []
    told = witnessed(audited(tmp_path))
    assert told.keys() == {(i.token, i.id) for i in before.values()}, (
        "the audit tells of all that was committed"
    )
    assert set(told.values()) == {1}, "and of each once"
    audit = verify(tmp_path)
    assert audit.fault is None
    late = sum('"late":true' in text for text, _ in audited(tmp_path))
    soak.record(
        kills=kills, intents=len(before), setpoints_on_the_wire=len(sent), audit_entries=audit.entries,
        told_late=late, lost=0, duplicated=0,
    )  # fmt: skip
