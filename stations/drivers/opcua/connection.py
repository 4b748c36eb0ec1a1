"""One connection: socket, secure channel, session; each step with a deadline and a meaning when it fails.

asyncua's ``Client.connect`` is not used: it starts a watchdog that reads the server every second, kills a
link slower than that, and leaves tasks behind when it is abandoned. The steps below start no task at all;
the channel is renewed by the driver between two polls.
"""

import asyncio

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicy
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from stations.driver import (
    Deadlines,
    DriverError,
    LinkLost,
    NoAnswer,
    OpcUaAddress,
    SecurityRefused,
)
from stations.drivers.opcua.faults import (
    FAULTS,
    LINK,
    PEOPLE,
    SESSION_GONE,
    SILENCE,
    driver_error,
    status_name,
)
from stations.drivers.opcua.trust import POLICIES, Trust, make_policy
from stations.drivers.opcua.waiting import within

CHANNEL_LIFETIME_S = 3600.0
"""Asked for; the server may shorten it. A renewal costs two RSA operations."""
SESSION_TIMEOUT_S = 120.0
"""How long a server keeps a session that fell silent: above any poll period, and short enough that a
flapping link does not fill the few sessions of a PLC."""
SILENT_REFUSAL_S = 1.0
"""A server that greeted and then says nothing this long (or 3 greetings long) refuses the channel."""


class _ChannelRefused(Exception):
    """The server does not open the channel that was asked for; another policy may do."""

    def __init__(self, how: str, *, silent: bool = False) -> None:
        super().__init__(how)
        self.silent = silent


async def open_session(
    station: str, address: OpcUaAddress, trust: Trust | None, deadlines: Deadlines
) -> Client:
    """Connect and log in within ``connect_s`` wall seconds.

    Raises DriverError, and then leaves nothing open.
    """
    deadline = _now() + deadlines.connect_s
    if trust is not None:
        return await _open_secured(station, address, trust, deadline)
    try:
        return await _attempt(station, address, None, None, deadline, deadline)
    except _ChannelRefused as refused:
        raise SecurityRefused(
            station,
            f"the server opens no unsecured channel ({refused}); set security = sign_and_encrypt and pin "
            "its certificate",
        ) from refused


async def _open_secured(station: str, address: OpcUaAddress, trust: Trust, deadline: float) -> Client:
    """Try the policies, best first; what the server took last comes before all and may use all the time.

    A server may refuse a channel by plain silence, which a bad link does, too. Silence where the channel
    opened before is therefore NoAnswer at first; the memory is gone then, and if it was a refusal the next
    attempt says so.
    """
    remembered = trust.identity.accepted_policy.get(address.url)
    policies = sorted(POLICIES, key=lambda kind: kind is not remembered)
    answers = []
    for index, kind in enumerate(policies):
        share = (deadline - _now()) / (1 if kind is remembered else len(policies) - index)
        try:
            client = await _attempt(station, address, trust, kind, _now() + share, deadline)
        except _ChannelRefused as refused:
            if kind is remembered:
                del trust.identity.accepted_policy[address.url]
                if refused.silent:
                    why = "silent while opening the channel, which it took before"
                    raise NoAnswer(station, why) from refused
            answers.append(f"{kind.URI.rpartition('#')[2]}: {refused}")
            continue
        trust.identity.accepted_policy[address.url] = kind
        return client
    raise SecurityRefused(
        station,
        f"the server opens no secure channel ({'; '.join(answers)}): it does not hold the key of the pinned "
        f"certificate {trust.path}, does not trust the controller's, or allows no SignAndEncrypt; "
        "compare both certificates on site",
    )


async def _attempt(
    station: str,
    address: OpcUaAddress,
    trust: Trust | None,
    kind: type[SecurityPolicy] | None,
    channel_by: float,
    deadline: float,
) -> Client:
    client = _client(address, trust, kind, deadline - _now())
    opened = False
    try:
        await _open_channel(station, client, channel_by)
        await _log_in(station, client, address, trust, deadline)
        opened = True
    finally:
        if not opened:
            abandon(client)
    return client


def _client(
    address: OpcUaAddress, trust: Trust | None, kind: type[SecurityPolicy] | None, timeout_s: float
) -> Client:
    client = Client(address.url, timeout=timeout_s)
    client.name = client.description = "District heating controller"
    client.product_uri = "urn:dhc"
    client.secure_channel_timeout = round(CHANNEL_LIFETIME_S * 1000)
    client.session_timeout = round(SESSION_TIMEOUT_S * 1000)
    client.uaclient.pre_request_hook = None  # waits for a reconnect that never comes: one client, one attempt
    if trust is not None and kind is not None:
        client.application_uri = trust.identity.application_uri
        policy = make_policy(kind, trust)
        client.security_policy = policy  # type: ignore[assignment]  # declared as its subclass None
        client.uaclient.set_security(policy)
    else:
        client.application_uri = "urn:dhc:controller"
    return client


async def _open_channel(station: str, client: Client, deadline: float) -> None:
    where = f"{client.server_url.hostname}:{client.server_url.port}"
    try:
        await within(deadline - _now(), client.connect_socket())
    except TimeoutError as error:
        raise LinkLost(station, f"no connection to {where}: it does not answer") from error
    except LINK as error:
        raise LinkLost(station, f"no connection to {where}: {error}") from error
    greeted = _now()
    try:
        await within(deadline - _now(), client.send_hello())
    except FAULTS as error:
        raise driver_error(station, error, f"greeting the OPC UA server at {where}") from error
    asked = _now()
    try:
        await within(deadline - _now(), client.open_secure_channel())
    except TimeoutError as error:
        if _now() - asked < max(SILENT_REFUSAL_S, 3 * (asked - greeted)):
            raise NoAnswer(station, "the link is too slow to open a channel in time") from error
        raise _ChannelRefused("no answer", silent=True) from error
    except FAULTS as error:
        raise _channel_fault(station, client, error) from error


def _channel_fault(station: str, client: Client, error: Exception) -> DriverError | _ChannelRefused:
    secured = client.security_policy.Mode is ua.MessageSecurityMode.SignAndEncrypt
    if isinstance(error, UaStatusCodeError):
        if error.code in SESSION_GONE | SILENCE | PEOPLE:
            return driver_error(station, error, "opening the channel")
        return _ChannelRefused(status_name(error.code))
    if isinstance(error, LINK):
        # Servers that distrust us often just hang up, and only here; a broken link fails the next try, too.
        return _ChannelRefused("hangs up") if secured else driver_error(station, error, "opening the channel")
    # A fault answer surfaces as a bare AssertionError, a foreign policy or signature as UaError.
    return _ChannelRefused(f"{type(error).__name__} {error}".strip())


async def _log_in(
    station: str, client: Client, address: OpcUaAddress, trust: Trust | None, deadline: float
) -> None:
    try:
        session = await within(deadline - _now(), client.create_session())
        policy = client.security_policy
        endpoint = Client.find_endpoint(session.ServerEndpoints, policy.Mode, policy.URI)
    except FAULTS as error:
        raise _session_fault(station, error, trust) from error
    if trust is not None:  # before the user's name and password leave
        trust.check_application(str(endpoint.Server.ApplicationUri))
    try:
        await within(deadline - _now(), client.activate_session(address.username, address.password))
    except FAULTS as error:
        raise _session_fault(station, error, trust) from error


def _session_fault(station: str, error: Exception, trust: Trust | None) -> DriverError:
    if (
        type(error) is UaError
    ):  # asyncua's own refusals: "Server certificate mismatch", "No matching endpoints"
        remedy = (
            "set security = sign_and_encrypt and pin the station's certificate"
            if trust is None
            else "pin the certificate that the station shows on site"
        )
        return SecurityRefused(station, f"{error} while logging in; {remedy}")
    return driver_error(station, error, "logging in")


def abandon(client: Client) -> None:
    """Drop the connection at once, without a word to the server; no task, timer or socket is left."""
    client.uaclient.request_disconnect()
    protocol = client.uaclient.protocol
    if protocol is not None and protocol.transport is not None:
        protocol.transport.abort()
    client.disconnect_socket()


async def leave(client: Client, close_s: float) -> None:
    """Give the session back to the server, within ``close_s`` wall seconds, and drop the connection."""
    try:
        await within(close_s, client.uaclient.close_session(True))
        await within(close_s, client.uaclient.close_secure_channel())  # only writes, waits for nothing
    except FAULTS:
        return  # the link broke meanwhile: the server drops the session by its own timeout
    finally:
        abandon(client)


def _now() -> float:
    return asyncio.get_running_loop().time()
