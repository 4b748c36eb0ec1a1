"""Self-signed server certificates for the secured simulated stations.

A real station makes its own key at commissioning and the engineer pins the certificate; here the simulators
do both. Extensions follow OPC UA Part 6, 6.2.2: application URI in the subject alternative name, key usage
for signing and key encipherment, server and client authentication.
"""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulators.sitefile import SimSite, SimStation

KEY_BITS = 2048
VALID_FOR = timedelta(days=3650)
RENEW_BEFORE = timedelta(days=30)


def application_uri(station_id: str) -> str:
    """Return the OPC UA application URI of a simulated station."""
    return f"urn:dhc:station:{station_id}"


def ensure_certificates(site: SimSite) -> list[Path]:
    """Make what is missing or unusable; return the certificates made, and leave good ones untouched.

    Validity is judged by wall time, as every client does. Keys are readable by their owner only.
    """
    made = []
    for station in (*site.stations, *site.sources):
        certificate, key = station.certificate, station.private_key
        if certificate is not None and key is not None and not _usable(station, certificate, key):
            _make(station, certificate)
            made.append(certificate)
    return made


def stand_in(station: SimStation, kind: str) -> tuple[Path, Path]:
    """Make a certificate that no client may accept beside the station's own; return it and its key.

    ``expired`` ended yesterday, on the station's own key; ``replaced`` is good, on a key that nobody knows.
    """
    assert station.certificate is not None
    assert station.private_key is not None
    certificate_path = station.certificate.with_suffix(f".{kind}.der")
    key_path = certificate_path.with_suffix(".pem")
    if kind == "replaced":
        _make(station, certificate_path)
        return certificate_path, key_path
    key = serialization.load_pem_private_key(station.private_key.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    _write(_certificate(station, key, ends=datetime.now(UTC) - timedelta(days=1)), key, certificate_path)
    return certificate_path, key_path


def _usable(station: SimStation, certificate_path: Path, key_path: Path) -> bool:
    if not certificate_path.is_file() or not key_path.is_file():
        return False
    try:
        certificate = x509.load_der_x509_certificate(certificate_path.read_bytes())
        # made here: to examine its primes again at each start would take 40 ms of CPU for each station
        key = serialization.load_pem_private_key(
            key_path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature, x509.ExtensionNotFound):
        return False
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return (
        application_uri(station.id) in uris
        and certificate.not_valid_after_utc > datetime.now(UTC) + RENEW_BEFORE
        and certificate.public_key() == key.public_key()
    )


def _make(station: SimStation, certificate_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    _write(_certificate(station, key, ends=datetime.now(UTC) + VALID_FOR), key, certificate_path)


def _write(certificate: x509.Certificate, key: rsa.RSAPrivateKey, certificate_path: Path) -> None:
    """Write a certificate and, beside it as ``.pem``, its key."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate_path.parent.mkdir(parents=True, exist_ok=True)
    _replace(certificate_path.with_suffix(".pem"), pem, 0o600)
    _replace(certificate_path, certificate.public_bytes(serialization.Encoding.DER), 0o644)


def _certificate(station: SimStation, key: rsa.RSAPrivateKey, *, ends: datetime) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Simulated station {station.id}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Synthetic city"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_cert_sign=True,  # self-signed: it is its own issuer (Part 6, table 43)
        crl_sign=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC), ends) - timedelta(days=1))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName(_names(station)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(issuer, critical=False)
        .sign(key, hashes.SHA256())
    )


def _names(station: SimStation) -> list[x509.GeneralName]:
    """Return application URI first, then every name under which the simulated station can be reached."""
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(application_uri(station.id)),
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    try:
        host: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(station.host))
    except ValueError:
        host = x509.DNSName(station.host)
    return names if host in names else [*names, host]


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write a file so that it never exists half-written or more readable than ``mode``."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    part.replace(path)
