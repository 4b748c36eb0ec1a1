"""Certificates are looked at in real time, whatever the clock of the plant says."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controller.alarms.certificates import CertificateWatch, judge
from controller.alarms.model import AlarmKey
from stations.driver import OpcUaAddress
from tests.support import alarm_bench
from tests.support.alarm_bench import BenchClock
from tests.support.polling import until
from tests.support.sites import site_config, station_config

NOW = 1_780_000_000.0
DAY_S = 86_400.0


def certificate(path, days_left, days_before=10):
    """A self-signed certificate that ends ``days_left`` after NOW."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "station")])
    now = datetime.fromtimestamp(NOW, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=days_before))
        .not_valid_after(now + timedelta(days=days_left))
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.DER))
    return path


@pytest.mark.parametrize(
    ("days_left", "found"),
    [
        (365, []),
        (30.5, []),
        (29.5, ["certificate_expiring:S001"]),
        (0.1, ["certificate_expiring:S001"]),
        (-1, ["certificate_expired:S001"]),
    ],
)
def test_a_certificate_is_announced_thirty_days_before_its_end(tmp_path, days_left, found):
    path = certificate(tmp_path / "S001.der", days_left)
    assert [str(finding.key) for finding in judge("S001", path, NOW)] == found


def test_a_certificate_that_is_not_valid_yet_or_no_certificate_is_named(tmp_path):
    early = certificate(tmp_path / "early.der", 300, days_before=-5)
    (finding,) = judge("S001", early, NOW)
    assert "is not valid before" in finding.params["why"]
    assert finding.params["why_zh"].endswith("之前无效")
    broken = tmp_path / "broken.der"
    broken.write_bytes(b"no certificate")
    assert [str(f.key) for f in judge("S001", broken, NOW)] == ["certificate_expired:S001"]
    assert [str(f.key) for f in judge("", tmp_path / "gone.der", NOW)] == ["certificate_expired"]


def test_all_pinned_certificates_and_our_own_are_watched_and_files_are_read_twice_a_day(tmp_path):
    path = certificate(tmp_path / "S001.der", 10)
    secured = OpcUaAddress(
        url="opc.tcp://127.0.0.1:1/", security="sign_and_encrypt", server_certificate=str(path)
    )
    site = site_config(
        tmp_path, station_config("S001", profile="opcua-substation", address=secured), station_config("S002")
    )
    watch = CertificateWatch.of_site(site)
    assert [name for name, _ in watch.files] == ["S001", ""]
    assert watch.due(NOW)
    watch.look(NOW)
    found = {str(finding.key) for finding in watch.findings()}
    assert found == {"certificate_expiring:S001", "certificate_expired"}  # our own is not made yet
    assert not watch.due(NOW + 3600.0)
    assert watch.due(NOW + 0.5 * DAY_S)


def test_a_site_without_secured_stations_needs_no_certificate(tmp_path):
    assert not CertificateWatch.of_site(site_config(tmp_path, station_config("S001"))).due(NOW)


class Walking(BenchClock):
    """Time passes by itself wherever somebody sleeps."""

    async def sleep(self, scaled_s):
        self.elapsed += scaled_s
        await asyncio.sleep(0)


async def test_a_certificate_that_ends_soon_comes_into_the_book_of_a_running_watch(tmp_path, monkeypatch):
    monkeypatch.setattr(alarm_bench, "BenchClock", Walking)
    path = certificate(tmp_path / "S01.der", 10)
    secured = OpcUaAddress(
        url="opc.tcp://127.0.0.1:1/", security="sign_and_encrypt", server_certificate=str(path)
    )
    bench = alarm_bench.AlarmBench(
        tmp_path, [alarm_bench.station("S01", profile="opcua-substation", address=secured)]
    )
    bench.wall = NOW
    watching = asyncio.create_task(bench.watch.run())
    key = AlarmKey("certificate_expiring", "S01")
    try:
        await until(lambda: watching.done() or key in bench.book.alarms, 10.0, "the alarm")
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    alarm = bench.book.alarms[key]
    assert alarm.active
    assert alarm.params["days"] == 10
