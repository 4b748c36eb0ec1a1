"""The running controller with a server historian: every reading arrives, and control does not notice."""

import asyncio

import pytest

from controller.historian.block import Block
from controller.historian.cursor import read_cursor, read_slots
from controller.historian.forwarder_thread import READER
from controller.historian.journal import FILE, Journal
from tests.support.faulty_historian import FaultyHistorian
from tests.support.forwarding import forwarder
from tests.support.history import wait_until
from tests.support.history_servers import VictoriaMetrics, running
from tests.support.polling import until
from tests.support.running_city import controller_process, running_city

pytestmark = pytest.mark.plug


def forwarding_to(url):
    """What adds the section to a city's site file."""

    def prepare(folder):
        site = folder / "site.toml"
        section = f'\n[influxdb]\nurl = "{url}"\nbucket = "heating"\ntimeout_s = 20.0\n'
        site.write_text(site.read_text(encoding="utf-8") + section, encoding="utf-8")

    return prepare


async def metric(controller, name):
    """The value of a metric without labels."""
    answer = await controller.api.get("/metrics")
    (found,) = [line for line in answer.text.splitlines() if line.startswith(f"{name} ")]
    return float(found.split()[1])


def stored_readings(data):
    """(station, point, ms) of every reading that the server has acknowledged, by the journal."""
    path = data / FILE
    acked = read_cursor(path, READER).acked
    found = set()
    for kept in read_slots(path, 0, 100_000):
        if kept.number <= acked:
            for station, readings in Block(kept.block).answers():
                for (loop, name), reading in readings.items():
                    found.add((station, loop, name, round(reading.measured_at * 1e3)))
    return found


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_every_reading_is_on_the_server_after_it_and_the_controller_were_killed(tmp_path):
    data = tmp_path / "data"
    with (
        running(VictoriaMetrics(tmp_path / "server")) as server,
        running_city(tmp_path / "city", stations=3, speed=60.0, prepare=forwarding_to(server.url)) as city,
    ):
        async with controller_process(city, data) as controller:

            async def sent():
                return await metric(controller, "dhc_influxdb_lines_total") > 100

            await until(sent, 30.0, "lines on the server")
            assert await metric(controller, "dhc_influxdb_up") == 1
            server.kill()

            async def lost():
                return await metric(controller, "dhc_influxdb_up") == 0

            await until(lost, 15.0, "the fault in the metrics")
            polls = await metric(controller, "dhc_polls_answered_total")

            async def polling():
                return await metric(controller, "dhc_polls_answered_total") > polls + 5

            await until(polling, 15.0, "polls while the server is away")
            await controller.stop(9)
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(send_the_rest, data, server.url)
        expected = stored_readings(data)
        assert len(expected) > 500
        found = await asyncio.to_thread(server.series)
        assert missing_of(expected, found) == []


def missing_of(expected, found):
    """The readings of which the server has no quality at their moment."""
    return [
        (station, loop, name, at_ms)
        for station, loop, name, at_ms in expected
        if at_ms not in found.get((f"dhc_{'loop' if loop else 'station'}_{name}_quality", station, loop), {})
    ]


def send_the_rest(data, url):
    """What the next controller does first; starting a whole one would only take longer."""
    journal = Journal.open(data)
    sending = forwarder(journal, url)
    newest = read_slots(data / FILE, 0, 100_000)[-1].number
    wait_until(lambda: read_cursor(data / FILE, READER).acked == newest)
    assert sending.close(10)
    assert journal.close()


@pytest.mark.long
@pytest.mark.timeout(60)
async def test_a_server_that_hangs_delays_neither_the_start_nor_the_stop(tmp_path):
    with (
        FaultyHistorian() as server,
        running_city(tmp_path / "city", stations=2, speed=60.0, prepare=forwarding_to(server.url)) as city,
    ):
        server.mode = "hang"
        async with controller_process(city, tmp_path / "data") as controller:

            async def hanging():
                return server.requests and await metric(controller, "dhc_cycles_total") > 0

            await until(hanging, 30.0, "a request that hangs")
            code, took_s = await controller.stop()
            assert (code, took_s < 10.0) == (0, True)
