"""The forwarder against servers that are at fault: named, waited for, and nothing lost."""

import json
import socket
import time

import pytest

from controller.historian.cursor import read_refused
from controller.historian.forwarder_faults import FaultKind
from controller.historian.forwarder_stats import Pace
from controller.historian.forwarder_thread import READER
from controller.historian.journal import FILE, Journal
from tests.support.faulty_historian import FaultyHistorian
from tests.support.forwarding import encoder, forwarder, store
from tests.support.history import slot, wait_until

LINES_PER_SLOT = 6
HTML = (200, {"Content-Type": "text/html"}, "<html>Welcome to the router</html>")


def said(status, words, headers=None):
    """An answer in the way of InfluxDB 2."""
    return (status, headers or {}, json.dumps({"code": "whatever", "message": words}))


@pytest.fixture
def server():
    with FaultyHistorian() as made:
        yield made


@pytest.fixture
def journal(tmp_path):
    made = Journal.open(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sending(journal, server):
    """A forwarder to the faulty server; requests end after a second."""
    made = forwarder(journal, server.url, timeout_s=1.0)
    yield made
    made.close(5)


def expected(count):
    """The lines of the first slots."""
    found = []
    for number in range(count):
        for answer in slot(number).answers:
            found += encoder()._lines(answer.station, answer.readings)
    return found


READ_ONLY = (
    'remoteAddr: "127.0.0.1:34044"; requestURI: /api/v2/write?org=-&bucket=heating&precision=ms; error when '
    "processing imported data: cannot store metrics: the storage is in read-only mode; check "
    "-storage.minFreeDiskSpaceBytes command-line flag value"
)
"""What VictoriaMetrics said on a disk that was full."""


@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        ("hang", FaultKind.TIMEOUT, "timed out"),
        ("reset", FaultKind.UNREACHABLE, "onnection"),
        ("no http", FaultKind.UNREACHABLE, "HALF"),
        (503, FaultKind.BUSY, "503"),
        (said(429, "quota", {"Retry-After": "0"}), FaultKind.BUSY, "429 quota"),
        ((502, {}, "<html>Bad Gateway</html>"), FaultKind.BUSY, "502"),
        (said(500, "engine: write 1.wal: no space left on device"), FaultKind.DISK_FULL, "space"),
        ((503, {}, READ_ONLY), FaultKind.DISK_FULL, "503 error when processing imported data"),
        (507, FaultKind.DISK_FULL, "507"),
        (said(500, "oh"), FaultKind.SERVER_FAULT, "500 oh"),
        (said(401, "unauthorized access"), FaultKind.WRONG_TOKEN, "unauthorized"),
        (said(403, "insufficient permissions"), FaultKind.WRONG_TOKEN, "permissions"),
        (said(404, 'bucket "heating" not found'), FaultKind.NO_BUCKET, "heating"),
        ((404, {}, "404 page not found"), FaultKind.WRONG_PRODUCT, "404"),
        ((400, {}, "<html>plain HTTP sent to HTTPS port</html>"), FaultKind.WRONG_PRODUCT, "HTTPS"),
        ((301, {"Location": "http://127.0.0.1:1/"}, ""), FaultKind.WRONG_PRODUCT, "301"),
        (HTML, FaultKind.WRONG_PRODUCT, "200"),
        ((200, {}, b"\xff\xfe\x00"), FaultKind.WRONG_PRODUCT, ""),
        (413, FaultKind.TOO_LARGE, "413"),
    ],
)
def test_a_fault_is_named_and_everything_arrives_once_it_is_gone(server, journal, sending, mode, kind, words):
    server.mode = mode
    store(journal, 0, 1)
    wait_until(lambda: sending.stats.fault is not None)
    fault = sending.stats.fault
    assert (fault.kind, server.url in fault.text_en, server.url in fault.text_zh) == (kind, True, True)
    assert words in fault.said
    assert "127.0.0.1:34044" not in fault.said, "whom the server answers is another one each time"
    assert "\n" not in fault.text_en
    server.mode = "take"
    wait_until(lambda: set(server.lines) == set(expected(2)))
    wait_until(lambda: sending.stats.fault is None and sending.stats.unsent_since is None)
    assert sending.stats.refused == 0


def test_nobody_listening_is_named_and_waited_for(journal):
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    sending = forwarder(journal, f"http://127.0.0.1:{port}")
    store(journal, 0)
    wait_until(lambda: sending.stats.faults >= 2)
    assert sending.stats.fault.kind is FaultKind.UNREACHABLE
    assert "Connection refused" in sending.stats.fault.text_en
    assert sending.close(5)


def test_a_certificate_of_nobody_we_know_is_named(journal, server):
    """A plain server behind https: the handshake fails as it does with a wrong certificate."""
    sending = forwarder(journal, server.url.replace("http:", "https:"), timeout_s=1.0)
    store(journal, 0)
    wait_until(lambda: sending.stats.fault is not None)
    assert sending.stats.fault.kind is FaultKind.NOT_TRUSTED
    assert sending.close(5)


def test_a_slow_server_gets_everything_and_is_no_fault(server, journal, sending):
    server.mode = "slow"
    store(journal, 0)
    wait_until(lambda: len(server.lines) == LINES_PER_SLOT)
    assert sending.stats.faults == 0


def test_a_token_that_is_renewed_in_its_file_is_taken_without_a_restart(server, journal, tmp_path):
    file = tmp_path / "token"
    file.write_text("old-secret")
    server.token = "new-secret"
    sending = forwarder(journal, server.url, token_file=str(file))
    store(journal, 0)
    wait_until(lambda: sending.stats.fault is not None)
    assert sending.stats.fault.kind is FaultKind.WRONG_TOKEN
    assert sending.stats.fault.said == "401 not Token ***"
    file.write_text("new-secret\n")
    wait_until(lambda: len(server.lines) == LINES_PER_SLOT)
    assert sending.close(5)


def test_lines_go_compressed_to_bucket_and_organisation_in_milliseconds(server, journal):
    sending = forwarder(journal, server.url, org="市热力", bucket="b/1")
    store(journal, 0)
    wait_until(lambda: len(server.lines) == LINES_PER_SLOT)
    path, headers = server.requests[0]
    assert path == "/api/v2/write?org=%E5%B8%82%E7%83%AD%E5%8A%9B&bucket=b%2F1&precision=ms"
    assert headers["Content-Encoding"] == "gzip"
    assert "Authorization" not in headers
    assert sending.close(5)


def test_a_server_that_refuses_nearly_everything_stops_the_forwarder_and_nothing_is_given_up(
    server, journal, sending, tmp_path
):
    server.mode = said(400, "no such precision")
    store(journal, *range(10))
    wait_until(lambda: sending.stats.fault is not None)
    assert sending.stats.fault.kind is FaultKind.REFUSED_MANY
    server.mode = "take"
    wait_until(lambda: set(server.lines) == set(expected(10)))
    assert read_refused(tmp_path / FILE, READER) == []


def test_a_hanging_server_keeps_nobody_from_closing(server, journal):
    sending = forwarder(journal, server.url, timeout_s=30.0)
    server.mode = "hang"
    store(journal, 0)
    wait_until(lambda: server.requests)
    begin = time.monotonic()
    assert not sending.close(0.2)
    assert time.monotonic() - begin < 1.0


def test_the_client_waits_longer_and_longer_but_not_for_ever(server, journal):
    server.mode = 503
    pace = Pace(idle_s=0.02, back_off_s=(0.01, 0.08), cpu_share=1.0)
    sending = forwarder(journal, server.url, pace)
    store(journal, 0)
    wait_until(lambda: sending.stats.faults >= 8)
    server.mode = "take"
    wait_until(lambda: len(server.lines) == LINES_PER_SLOT)
    assert sending.close(5)


def test_a_token_no_header_may_hold_is_not_sent(server, journal, tmp_path):
    file = tmp_path / "token"
    file.write_text("two\nlines")
    server.token = "x"
    sending = forwarder(journal, server.url, token_file=str(file))
    store(journal, 0)
    wait_until(lambda: sending.stats.fault is not None)
    assert sending.stats.fault.said == "401 not no token"
    assert sending.close(5)
