import stat
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from simulators.certificates import application_uri, ensure_certificates
from simulators.city import write_city
from simulators.sitefile import load_site


@pytest.fixture
def site(tmp_path):
    write_city(tmp_path, stations=6)
    return load_site(tmp_path)


def _secured(site):
    return [station for station in site.stations if station.certificate is not None]


def test_secured_stations_get_a_certificate_that_names_them(site):
    made = ensure_certificates(site)
    assert made == [station.certificate for station in _secured(site)]
    assert made
    for station in _secured(site):
        certificate = x509.load_der_x509_certificate(station.certificate.read_bytes())
        extensions = certificate.extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.UniformResourceIdentifier) == [application_uri(station.id)]
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert set(purposes) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.digital_signature
        assert usage.key_encipherment
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size == 2048
        assert certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc
        assert stat.S_IMODE(station.private_key.stat().st_mode) == 0o600


def test_good_certificates_are_kept_and_bad_ones_replaced(site):
    ensure_certificates(site)
    station = _secured(site)[0]
    before = station.certificate.read_bytes()
    assert ensure_certificates(site) == []
    assert station.certificate.read_bytes() == before
    station.certificate.write_bytes(b"no certificate")
    assert ensure_certificates(site) == [station.certificate]
    station.private_key.unlink()
    assert ensure_certificates(site) == [station.certificate]
    assert station.certificate.read_bytes() != before
    assert ensure_certificates(site) == []


def test_a_key_that_belongs_to_another_certificate_is_replaced(tmp_path):
    write_city(tmp_path, stations=30)
    site = load_site(tmp_path)
    ensure_certificates(site)
    first, second = _secured(site)[:2]
    first.private_key.write_bytes(second.private_key.read_bytes())
    assert ensure_certificates(site) == [first.certificate]
