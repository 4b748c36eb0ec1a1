"""What is asked of a certificate: its bytes, its time, the application it names."""

from datetime import datetime
from pathlib import Path

from cryptography import x509


def read_certificate(path: Path) -> x509.Certificate:
    """Read one certificate, DER or PEM by its content; raises OSError or ValueError."""
    content = path.read_bytes()
    if content.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def time_fault(certificate: x509.Certificate, now: datetime) -> str | None:
    """Return "expired on ..." or "not valid before ..." at the wall time ``now``, None when it is valid."""
    if now > certificate.not_valid_after_utc:
        return f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if now < certificate.not_valid_before_utc:
        return f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
    return None


def application_uris(certificate: x509.Certificate) -> list[str]:
    """Return the application URIs in the subject alternative name (OPC 10000-6, 6.2.2); empty when none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)
