"""The controller's own key and certificate: made once, private, of one piece."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from stations.drivers.opcua.certificates import application_uris, read_certificate, time_fault
from stations.drivers.opcua.identity import ClientIdentity, IdentityFault

URI = "urn:dhc:controller"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    return folder, ClientIdentity.load_or_create(folder / "pki/c.der", folder / "pki/c.pem", URI)


@pytest.fixture
def pair(made, tmp_path):
    """A copy of the pair that the test may spoil."""
    certificate, key = tmp_path / "c.der", tmp_path / "c.pem"
    certificate.write_bytes((made[0] / "pki/c.der").read_bytes())
    key.write_bytes((made[0] / "pki/c.pem").read_bytes())
    key.chmod(0o600)
    return certificate, key


def test_the_first_start_makes_a_private_key_that_only_the_owner_reads(made):
    assert stat.S_IMODE((made[0] / "pki/c.pem").stat().st_mode) == 0o600


def test_a_folder_that_may_not_be_written_is_named_with_the_keys_to_set(tmp_path):
    (tmp_path / "pki").write_text("a file where the folder should be")
    with pytest.raises(IdentityFault, match=r"can not be made: .*set opcua.private_key and"):
        ClientIdentity.load_or_create(tmp_path / "pki/c.der", tmp_path / "pki/c.pem", URI)


def test_the_second_start_loads_the_same_pair(made, pair):
    again = ClientIdentity.load_or_create(*pair, URI)
    assert again.certificate == made[1].certificate
    assert again.private_key.private_numbers() == made[1].private_key.private_numbers()


def test_the_certificate_has_the_extensions_that_opc_ua_asks_for(made):
    certificate = made[1].certificate
    extension = certificate.extensions.get_extension_for_class
    usage = extension(x509.KeyUsage).value
    assert application_uris(certificate) == [URI]
    assert extension(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert usage.digital_signature
    assert usage.content_commitment
    assert usage.key_encipherment
    assert usage.data_encipherment
    assert ExtendedKeyUsageOID.CLIENT_AUTH in extension(x509.ExtendedKeyUsage).value
    assert extension(x509.BasicConstraints).value.ca is False
    assert certificate.public_key().key_size == 2048
    assert certificate.signature_hash_algorithm.name == "sha256"
    certificate.verify_directly_issued_by(certificate)


def test_the_certificate_is_valid_now_and_for_five_years(made):
    now = datetime.now(UTC)
    assert time_fault(made[1].certificate, now) is None
    assert time_fault(made[1].certificate, now + timedelta(days=5 * 365 - 2)) is None
    assert time_fault(made[1].certificate, now + timedelta(days=5 * 365 + 1)).startswith("expired on")
    assert time_fault(made[1].certificate, now - timedelta(days=2)).startswith("is not valid before")


def test_the_key_shows_nothing_of_itself_when_printed(made):
    pem = (made[0] / "pki/c.pem").read_text()
    assert not any(line in repr(made[1]) for line in pem.splitlines())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_may_read_is_refused(pair, mode):
    pair[1].chmod(mode)
    with pytest.raises(IdentityFault, match=f"mode {mode:o}.*chmod 600"):
        ClientIdentity.load_or_create(*pair, URI)


@pytest.mark.parametrize("gone", [0, 1])
def test_half_a_pair_is_refused_and_nothing_is_written_over_the_other_half(pair, gone):
    kept = pair[1 - gone].read_bytes()
    pair[gone].unlink()
    with pytest.raises(IdentityFault, match="is missing but"):
        ClientIdentity.load_or_create(*pair, URI)
    assert not pair[gone].exists()
    assert pair[1 - gone].read_bytes() == kept


def test_a_certificate_for_another_application_is_refused(pair):
    with pytest.raises(IdentityFault, match="is for application urn:dhc:controller, configured is urn:other"):
        ClientIdentity.load_or_create(*pair, "urn:other")


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        (_pem(rsa.generate_private_key(65537, 2048)), "does not belong to"),
        (_pem(rsa.generate_private_key(65537, 1024)), "at least 2048 bits"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA key"),
        (b"hello", "can not be read"),
        (b"", "can not be read"),
    ],
    ids=["another key", "short key", "elliptic key", "text", "empty"],
)
def test_a_key_that_does_not_fit_is_refused(pair, key, fault):
    pair[1].write_bytes(key)
    with pytest.raises(IdentityFault, match=fault):
        ClientIdentity.load_or_create(*pair, URI)


def test_a_key_with_a_password_is_refused(made, pair):
    locked = made[1].private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    pair[1].write_bytes(locked)
    with pytest.raises(IdentityFault, match="can not be read"):
        ClientIdentity.load_or_create(*pair, URI)


def test_a_certificate_is_read_as_der_and_as_pem_whatever_its_name(made, tmp_path):
    certificate = made[1].certificate
    for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM):
        (tmp_path / "c.crt").write_bytes(certificate.public_bytes(encoding))
        assert read_certificate(tmp_path / "c.crt") == certificate


def test_a_certificate_without_alternative_names_names_no_application(made):
    key = made[1].private_key
    name = x509.Name([])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    assert application_uris(builder.sign(key, hashes.SHA256())) == []


def test_a_key_that_the_service_manager_passes_is_guarded_by_its_access_list(pair, monkeypatch):
    certificate, key = pair
    key.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(key.parent))
    assert ClientIdentity.load_or_create(certificate, key, URI).application_uri == URI
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(key.parent / "elsewhere"))
    with pytest.raises(IdentityFault, match="mode 440"):
        ClientIdentity.load_or_create(certificate, key, URI)
