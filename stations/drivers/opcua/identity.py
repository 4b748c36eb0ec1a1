"""The controller's own application instance: one key and one certificate for all OPC UA stations.

The private key is loaded once per process: checking an RSA key costs about 40 ms of CPU, which at every
connect would make an outage of a thousand stations cost a core for most of a minute.
"""

import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from asyncua.crypto.security_policies import SecurityPolicy
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stations.drivers.opcua.certificates import application_uris, read_certificate

LIFETIME = timedelta(days=5 * 365)
"""Every renewal means a visit to the trust list of every station, so it must be rare."""
KEY_BITS = 2048
"""The least that Basic256Sha256 and Aes256_Sha256_RsaPss allow; longer keys cost CPU in small PLCs."""


class IdentityFault(Exception):
    """Key or certificate of the controller can not be used; the text names the file and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """Application URI, certificate and private key; make it once with ``load_or_create`` and share it."""

    application_uri: str
    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey
    accepted_policy: dict[str, type[SecurityPolicy]] = field(default_factory=dict)
    """By server URL the policy that the server took last; written by connections, saves a refused attempt."""

    @classmethod
    def load_or_create(cls, certificate: Path, private_key: Path, application_uri: str) -> Self:
        """Load the pair, or make it (key with mode 0600, self-signed certificate) when both are absent.

        ``certificate`` is DER (PEM is read too), ``private_key`` PEM without password. Raises IdentityFault
        when only one of the files is there, they do not belong together, the key is readable by others, the
        certificate names another application URI (each of these would be refused by every station), or the
        pair can not be written.
        """
        if certificate.exists() != private_key.exists():
            missing, present = (
                (private_key, certificate) if certificate.exists() else (certificate, private_key)
            )
            raise IdentityFault(
                f"{missing} is missing but {present} is there; restore it, or remove {present} as well to "
                "get a new pair (then every station must trust the new certificate)"
            )
        if not certificate.exists():
            try:
                _create(certificate, private_key, application_uri)
            except OSError as error:
                raise IdentityFault(
                    f"{private_key} and {certificate} are not there and can not be made: {error.strerror}; "
                    "set opcua.private_key and opcua.certificate to a folder that this service may write"
                ) from error
        return cls._load(certificate, private_key, application_uri)

    @classmethod
    def _load(cls, certificate: Path, private_key: Path, application_uri: str) -> Self:
        mode = private_key.stat().st_mode
        if mode & 0o077 and not _kept_by_the_service_manager(private_key):
            raise IdentityFault(
                f"{private_key} may be read by others (mode {mode & 0o777:03o}); run: chmod 600 {private_key}"
            )
        try:
            key = serialization.load_pem_private_key(private_key.read_bytes(), password=None)
            own = read_certificate(certificate)
        except (OSError, ValueError, TypeError) as error:
            raise IdentityFault(f"{private_key} or {certificate} can not be read: {error}") from error
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < KEY_BITS:
            raise IdentityFault(f"{private_key} is not an RSA key of at least {KEY_BITS} bits")
        if key.public_key() != own.public_key():
            raise IdentityFault(f"{certificate} does not belong to {private_key}; restore the matching pair")
        if application_uri not in (uris := application_uris(own)):
            raise IdentityFault(
                f"{certificate} is for application {', '.join(uris) or '(none)'}, configured is "
                f"{application_uri}; correct opcua.application_uri, or remove both files to get a new pair"
            )
        return cls(application_uri=application_uri, certificate=own, private_key=key)


def _kept_by_the_service_manager(path: Path) -> bool:
    """Tell whether systemd passed the file as a credential: an access list, not the mode, then guards it."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.is_relative_to(folder)


def _create(certificate: Path, private_key: Path, application_uri: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    der = _self_signed(key, application_uri).public_bytes(serialization.Encoding.DER)
    private_key.parent.mkdir(parents=True, exist_ok=True)
    certificate.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(private_key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    certificate.write_bytes(der)


def _self_signed(key: rsa.RSAPrivateKey, application_uri: str) -> x509.Certificate:
    """Return an application instance certificate with the extensions of OPC 10000-6, 6.2.2."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "District heating controller")])
    now = datetime.now(UTC)
    public = key.public_key()
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,  # it signs itself; several stacks refuse a self-signed certificate without
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    alternative = x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier(application_uri), x509.DNSName(socket.gethostname())]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a station's clock may be late
        .not_valid_after(now + LIFETIME)
        .add_extension(alternative, critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
