"""What asyncua's many exceptions mean to us; entries were seen on a socket or in the library's source."""

import struct

from asyncua import ua
from asyncua.crypto.uacrypto import InvalidSignature as WrongSignature  # type: ignore[attr-defined]
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography.exceptions import InvalidSignature

from stations.driver import BadAnswer, ConfigurationFault, DriverError, LinkLost, NoAnswer, SecurityRefused
from stations.model.outcome import Rejected, Unknown, WriteOutcome

_S = StatusCodes

SESSION_GONE = frozenset(
    {
        _S.BadSessionIdInvalid,
        _S.BadSessionClosed,
        _S.BadSessionNotActivated,
        _S.BadSecureChannelClosed,
        _S.BadSecureChannelIdInvalid,
        _S.BadSecureChannelTokenUnknown,
        _S.BadConnectionClosed,
        _S.BadTcpServerTooBusy,
        _S.BadServerHalted,
        _S.BadShutdown,
        _S.BadNotConnected,
        _S.BadServerNotConnected,
        _S.BadCommunicationError,
    }
)
SECURITY = frozenset(
    {
        _S.BadSecurityChecksFailed,
        _S.BadSecurityPolicyRejected,
        _S.BadSecurityModeRejected,
        _S.BadSecurityModeInsufficient,
        _S.BadCertificateInvalid,
        _S.BadCertificateTimeInvalid,
        _S.BadCertificateIssuerTimeInvalid,
        _S.BadCertificateHostNameInvalid,
        _S.BadCertificateUriInvalid,
        _S.BadCertificateUseNotAllowed,
        _S.BadCertificateIssuerUseNotAllowed,
        _S.BadCertificateUntrusted,
        _S.BadCertificateRevocationUnknown,
        _S.BadCertificateIssuerRevocationUnknown,
        _S.BadCertificateRevoked,
        _S.BadCertificateIssuerRevoked,
        _S.BadCertificateChainIncomplete,
        _S.BadCertificatePolicyCheckFailed,
        _S.BadApplicationSignatureInvalid,
        _S.BadUserSignatureInvalid,
        _S.BadNonceInvalid,
        _S.BadIdentityTokenInvalid,
        _S.BadIdentityTokenRejected,
        _S.BadUserAccessDenied,
    }
)
SILENCE = frozenset({_S.BadTimeout, _S.BadRequestTimeout})
PEOPLE = frozenset(
    {
        _S.BadTooManySessions,  # sessions of others, or of our own past that the server keeps for minutes
        _S.BadMaxConnectionsReached,
        _S.BadTooManyOperations,
        _S.BadServiceUnsupported,
        _S.BadTcpEndpointUrlInvalid,
        _S.BadServerUriInvalid,
    }
)
REFUSALS = frozenset(
    {
        _S.BadOutOfRange,
        _S.BadNotWritable,
        _S.BadWriteNotSupported,
        _S.BadTypeMismatch,
        _S.BadMethodInvalid,
        _S.BadNotExecutable,
        _S.BadInvalidArgument,
        _S.BadArgumentsMissing,
        _S.BadTooManyArguments,
        _S.BadNodeIdUnknown,
        _S.BadNodeIdInvalid,
        _S.BadAttributeIdInvalid,
        _S.BadUserAccessDenied,
        _S.BadInvalidState,
        _S.BadNotSupported,
        _S.BadNotImplemented,
        _S.BadServiceUnsupported,
        _S.BadSecurityModeInsufficient,
    }
)
"""Statuses of a write or call that prove it was not carried out; any other leaves it open."""

SIGNATURES: tuple[type[Exception], ...] = (InvalidSignature, WrongSignature)
LINK: tuple[type[Exception], ...] = (OSError, EOFError)
DECODING: tuple[type[Exception], ...] = (
    UaError,
    struct.error,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
    MemoryError,
    AssertionError,
)
"""asyncua builds objects straight from the bytes; a garbled answer surfaces as whatever that raises."""

FAULTS: tuple[type[Exception], ...] = (TimeoutError, *LINK, *SIGNATURES, *DECODING)
"""All that awaiting the library may raise because of link or server; caught around its awaits only."""


def status_name(code: int) -> str:
    """Return the name of an OPC UA status code, e.g. BadOutOfRange."""
    return ua.StatusCode(code).name  # type: ignore[arg-type]


def driver_error(station: str, error: Exception, doing: str) -> DriverError:
    """Return what ``error``, raised by the library while ``doing`` something, means for the station."""
    if isinstance(error, UaStatusCodeError):
        return _status_error(station, error.code, doing)
    if isinstance(error, TimeoutError):
        return NoAnswer(station, f"silent while {doing}")
    if isinstance(error, SIGNATURES):
        return SecurityRefused(station, f"wrong signature while {doing}")
    if isinstance(error, LINK):
        return LinkLost(station, f"connection lost while {doing}: {error}")
    return BadAnswer(station, f"answer can not be understood while {doing}: {type(error).__name__}: {error}")


def _status_error(station: str, code: int, doing: str) -> DriverError:
    why = f"{status_name(code)} while {doing}"
    if code in SESSION_GONE:
        return LinkLost(station, why)
    if code in SILENCE:
        return NoAnswer(station, why)
    if code in SECURITY:
        return SecurityRefused(
            station,
            f"{why}; add the controller's certificate to the station's trust list, check user and rights",
        )
    if code in PEOPLE:
        return ConfigurationFault(station, f"{why}; check the limits and the address of the station's server")
    return BadAnswer(station, why)


def failed_write(error: Exception) -> WriteOutcome:
    """Return what is known of a write whose await raised ``error``: refused for certain, or unknown."""
    if isinstance(error, UaStatusCodeError):
        return refused_or_unknown(error.code)
    return Unknown(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def refused_or_unknown(code: int) -> WriteOutcome:
    """Judge the status of a write that is not Good."""
    name = status_name(code)
    return Rejected(name) if code in REFUSALS else Unknown(name)
