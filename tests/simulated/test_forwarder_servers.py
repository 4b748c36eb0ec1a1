"""No point is missing on real server historians, whichever side is stopped or killed in between."""

import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from controller import doctor
from controller.historian.cursor import read_cursor, read_refused
from controller.historian.forwarder_faults import FaultKind
from controller.historian.forwarder_thread import READER
from controller.historian.journal import FILE, Journal
from controller.historian.slot import Answer, Slot
from stations.model.identity import Point
from stations.model.points import POINTS
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from tests.support.forwarding import READINGS_PER_SLOT, forwarder, influx_config, store
from tests.support.history import START, wait_until
from tests.support.history_servers import InfluxDB, VictoriaMetrics, running
from tests.support.sites import site_config

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.plug


@pytest.fixture(params=["victoria-metrics", "influxdb"])
def server(request, tmp_path):
    if request.param == "influxdb":
        with running(InfluxDB(tmp_path / "server")) as started:
            yield started.create()
    else:
        with running(VictoriaMetrics(tmp_path / "server")) as started:
            yield started


@pytest.fixture
def influxdb(tmp_path):
    with running(InfluxDB(tmp_path / "server")) as started:
        yield started.create()


@pytest.fixture
def victoria(tmp_path):
    with running(VictoriaMetrics(tmp_path / "server")) as started:
        yield started


def test_the_servers_of_the_tests_listen_on_loopback_alone(server):
    parts = [server.process, *([server.proxy] if isinstance(server, InfluxDB) else [])]
    found = {address for part in parts for address in listening(part.child.pid)}
    assert found
    assert all(address.is_loopback for address in found), found


def listening(pid):
    """Addresses on which a process waits for connections."""
    held = {
        os.readlink(entry).removeprefix("socket:[").removesuffix("]")
        for entry in Path(f"/proc/{pid}/fd").iterdir()
        if entry.is_symlink() and os.readlink(entry).startswith("socket:[")
    }
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and rest[5] in held:
                words = bytes.fromhex(local.partition(":")[0])
                yield ip_address(b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4)))


@contextmanager
def opened(folder, url, **changes):
    folder.mkdir(exist_ok=True)
    journal = Journal.open(folder)
    sending = forwarder(journal, url, **changes)
    try:
        yield journal, sending
    finally:
        assert sending.close(10)
        journal.close()


class Child:
    """A process that stores and forwards."""

    def __init__(self, folder, url, end):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forwarding", str(folder), url, str(end)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stored(self, number):
        """Wait until the slot of this number is stored."""
        for line in self.process.stdout:
            if line.strip().isdecimal() and int(line) >= number:
                return
        raise AssertionError(f"the child ended with {self.process.wait()}")

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()


def arrives(server, readings, deadline_s=20.0):
    """Wait until the server has as many readings as were stored; never more, for they replace themselves."""
    deadline = time.monotonic() + deadline_s
    while (found := server.count()) != readings:
        assert found < readings, f"{found} of {readings}"
        assert time.monotonic() < deadline, f"{found} of {readings}"
        time.sleep(0.1)  # between two looks, each a query that the server has to work out


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_no_point_is_missing_after_kills_of_server_and_controller(server, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    child = Child(folder, server.url, 300)
    try:
        child.stored(60)
        server.kill()
        child.stored(110)
        child.kill()
        child = Child(folder, server.url, 300)
        child.stored(160)
        server.start()
        child.stored(200)
        server.kill()
        server.start()
        child.stored(240)
        child.kill()
        server.end()
        server.start()
        child = Child(folder, server.url, 300)
        child.stored(299)
        arrives(server, 300 * READINGS_PER_SLOT)
        wait_until(lambda: read_cursor(folder / FILE, READER).acked == 300)
    finally:
        child.kill()


def test_a_server_that_forgot_between_two_writes_gets_the_last_minutes_again(victoria, tmp_path):
    with opened(tmp_path / "data", victoria.url) as (journal, sending):
        store(journal, *range(50))
        wait_until(lambda: sending.stats.lines_sent >= 300)
        victoria.kill()
        victoria.start()
        assert victoria.count() < 50 * READINGS_PER_SLOT, "nothing was forgotten, so nothing is tried here"
        store(journal, 50)
        arrives(victoria, 51 * READINGS_PER_SLOT)
        assert sending.stats.fault is None
        assert sending.stats.rewinds == 1


def test_every_kind_of_point_and_reason_comes_back_from_the_server_as_it_was(server, tmp_path):
    """The encoder against a parser that is not ours: VictoriaMetrics would drop a bad line without a word."""
    names = sorted(POINTS)
    doubts = [r for r in list(Reason) if r is not Reason.OK]
    readings = {}
    for number, name in enumerate(names):
        value = (-1) ** number * 10.0 ** (number % 18 - 6) * 1.2345678901234567
        readings[Point(number % 5, name)] = good(value, START + number * 0.001)
    for number, reason in enumerate(doubts):
        at = START + 10.0 + number
        readings[Point(1, f"T_{reason.value}")] = (
            uncertain(1.0, reason, at) if number % 2 else bad(reason, at)
        )
    with opened(tmp_path / "data", server.url) as (journal, sending):
        assert journal.append(Slot(start=START, answers=[Answer("S 0,=1站", readings)])).result(10)
        wait_until(lambda: sending.stats.lines_sent > 0 and sending.stats.unsent_since is None)
        arrives(server, len(readings))
        assert sending.stats.refused == 0
        for (loop, name), reading in readings.items():
            if reading.value is not None:
                # VictoriaMetrics keeps about 13 digits, InfluxDB all.
                found = stored_value(server, loop, name, round(reading.measured_at * 1e3))
                assert found == pytest.approx(reading.value, rel=1e-12)


def stored_value(server, loop, name, at_ms):
    measurement = "dhc_loop" if loop else "dhc_station"
    if isinstance(server, VictoriaMetrics):
        return server.series()[f"{measurement}_{name}", "S 0,=1站", loop][at_ms]
    (series,) = server.query(f'SELECT "{name}" FROM "{measurement}" WHERE time = {at_ms}ms', epoch="ms")
    ((_, value),) = series["values"]
    return value


def test_a_bad_point_is_found_and_set_aside_and_all_others_arrive(influxdb, tmp_path):
    influxdb.query("CREATE RETENTION POLICY x ON heating DURATION INF REPLICATION 1 DEFAULT")
    with opened(tmp_path / "data", influxdb.url) as (journal, sending):
        post(influxdb, f'dhc_loop,site=other m_flow_secondary="a text" {round(START * 1e3)}')
        store(journal, *range(5))
        assert journal.append(
            Slot(start=START + 60.0, answers=[Answer("S000", {Point(1, "T_x"): good(1.0, START + 60.0)})])
        ).result(10)
        wait_until(lambda: sending.stats.refused == 15 and sending.stats.unsent_since is None)
        arrives(influxdb, 5 * (READINGS_PER_SLOT - 3) + 1)
        assert sending.stats.fault is None
    refused = read_refused(tmp_path / "data" / FILE, READER)
    assert len(refused) == 15
    assert all("m_flow_secondary=" in kept.line and "T_supply" not in kept.line for kept in refused)
    assert "field type conflict" in refused[0].why


def post(influxdb, line):
    with urllib.request.urlopen(f"{influxdb.direct}/write?db=heating&precision=ms", line.encode()) as answer:
        assert answer.status == 204


def test_points_older_than_the_server_keeps_do_not_stop_the_others(influxdb, tmp_path):
    influxdb.query("CREATE RETENTION POLICY day ON heating DURATION 1d REPLICATION 1 DEFAULT")
    now = time.time()
    with opened(tmp_path / "data", influxdb.url) as (journal, sending):
        for at in (now - 3 * 86_400.0, now):
            readings = {Point(1, "T_supply_secondary"): good(40.0, at)}
            assert journal.append(Slot(start=at, answers=[Answer("S000", readings)])).result(10)
        wait_until(lambda: sending.stats.outdated_lines > 0 and sending.stats.unsent_since is None)
        arrives(influxdb, 1)
        assert (sending.stats.refused, sending.stats.fault) == (0, None)


@pytest.mark.parametrize("direct", [False, True], ids=["no database", "version without the path"])
def test_a_wrong_server_is_named_and_delivery_resumes_when_it_is_mended(tmp_path, direct):
    with running(InfluxDB(tmp_path / "server")) as server:
        kind = FaultKind.WRONG_VERSION if direct else FaultKind.NO_BUCKET
        with opened(tmp_path / "data", server.direct if direct else server.url) as (journal, sending):
            store(journal, 0)
            wait_until(lambda: sending.stats.fault is not None)
            assert sending.stats.fault.kind is kind
            if direct:
                assert "InfluxDB 1.6.7" in sending.stats.fault.text_en
            else:
                assert 'database not found: "heating"' in sending.stats.fault.text_en
                server.create()
                arrives(server, READINGS_PER_SLOT)
                assert sending.stats.fault is None


@pytest.mark.parametrize(("dedup", "status"), [("1ms", "ok"), ("0s", "warn")])
def test_the_doctor_finds_a_server_that_keeps_doubles(tmp_path, dedup, status):
    with running(VictoriaMetrics(tmp_path / "server", dedup=dedup)) as server:
        site = site_config(tmp_path, influxdb=influx_config(server.url))
        check = doctor._influxdb(site, site.influxdb)[-1]
    assert (check.status, "dedup" in check.advice) == (status, status == "warn")


def test_a_token_that_the_server_does_not_take_is_named_without_being_told(tmp_path):
    file = tmp_path / "token"
    file.write_text("otto:wrong-secret\n")
    with running(InfluxDB(tmp_path / "server", auth=True)) as server:
        server.query("CREATE USER otto WITH PASSWORD 'right-secret' WITH ALL PRIVILEGES")
        with opened(tmp_path / "data", server.url, token_file=str(file)) as (journal, sending):
            store(journal, 0)
            wait_until(lambda: sending.stats.fault is not None)
            assert sending.stats.fault.kind is FaultKind.WRONG_TOKEN
            assert "wrong-secret" not in sending.stats.fault.text_en
