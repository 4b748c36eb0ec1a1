"""Which server is believed, decided before a single byte is sent: pinned, in time, or plainly insecure.

Version 1 pins one certificate per station. Chains and revocation lists are no part of it: a pinned
certificate is withdrawn by removing the pin.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asyncua import ua
from asyncua.crypto.security_policies import (
    SecurityPolicy,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from stations.driver import OpcUaAddress, SecurityRefused
from stations.drivers.opcua.certificates import application_uris, read_certificate, time_fault
from stations.drivers.opcua.identity import ClientIdentity

POLICIES: tuple[type[SecurityPolicy], ...] = (SecurityPolicyAes256Sha256RsaPss, SecurityPolicyBasic256Sha256)
"""Best first. Basic128Rsa15, Basic256 (SHA-1) and Sign without encryption are never offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A pinned server and the identity to show it."""

    station: str
    path: str
    server: x509.Certificate
    identity: ClientIdentity

    def check_application(self, announced: str) -> None:
        """Raise SecurityRefused when the pinned certificate does not name the application that answers."""
        named = application_uris(self.server)
        if announced not in named:
            raise SecurityRefused(
                self.station,
                f"the server calls itself {announced!r} but its certificate {self.path} is for "
                f"{', '.join(named) or '(no application)'}; have the station issue a certificate for its own "
                "application URI and pin that one",
            )


def decide_trust(
    station: str, address: OpcUaAddress, identity: ClientIdentity | None, now: datetime
) -> Trust | None:
    """Return whom to trust at wall time ``now``, None for a station that is insecure by explicit choice.

    Raises SecurityRefused, with what people must do, for everything in between: it fails closed.
    """
    if address.security == "none":
        if address.password is not None:
            raise SecurityRefused(
                station, "a password is never sent in the clear; set security = sign_and_encrypt or remove it"
            )
        return None
    if address.security != "sign_and_encrypt":
        raise SecurityRefused(
            station, f"security {address.security!r} is unknown; allowed: sign_and_encrypt, none"
        )
    if address.server_certificate is None:
        raise SecurityRefused(
            station,
            "no server certificate is pinned; export it from the station, compare its fingerprint on site "
            "and name the file in server_certificate",
        )
    if identity is None:
        raise SecurityRefused(
            station, "the controller has no certificate of its own; the site's section [opcua] names it"
        )
    path = address.server_certificate
    try:
        server = read_certificate(Path(path))
    except (OSError, ValueError) as error:
        raise SecurityRefused(
            station, f"the pinned certificate {path} can not be read ({error}); export it again"
        ) from error
    if not isinstance(server.public_key(), rsa.RSAPublicKey):
        raise SecurityRefused(station, f"the pinned certificate {path} has no RSA key; OPC UA asks for one")
    if fault := time_fault(server, now):
        raise SecurityRefused(
            station, f"the pinned certificate {path} {fault}; renew it in the station and pin the new one"
        )
    if fault := time_fault(identity.certificate, now):
        raise SecurityRefused(
            station,
            f"the controller's own certificate {fault}; make a new pair and let every station trust it",
        )
    return Trust(station=station, path=path, server=server, identity=identity)


def make_policy(kind: type[SecurityPolicy], trust: Trust) -> SecurityPolicy:
    """Build the channel security from loaded objects; asyncua's own way would parse the key each time."""
    return kind(
        trust.server,
        trust.identity.certificate,
        trust.identity.private_key,
        ua.MessageSecurityMode.SignAndEncrypt,
    )
