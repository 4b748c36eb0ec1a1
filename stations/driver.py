"""The door to a station: one protocol for all devices, and the errors that come through it.

A driver is one connection attempt: after any error it is closed and a fresh one is made, because client
libraries do not recover reliably on the same object (opcua-asyncio #1660, pymodbus #1466).
A driver can encode writes only to points that its profile marks writable; there is no generic write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stations.model.identity import Point
from stations.model.outcome import WriteOutcome
from stations.model.reading import Reading
from stations.model.setpoint import FlowCap, Heartbeat, LoopCommand


class DriverError(Exception):
    """A fault of link or device, as data: the station, what happened, and whether trying again can help."""

    retryable = True

    def __init__(self, station: str, why: str) -> None:
        super().__init__(f"{station}: {why}")
        self.station = station
        self.why = why


class LinkLost(DriverError):
    """No connection, or it broke."""


class NoAnswer(DriverError):
    """The device stayed silent past the request's deadline; the connection is not to be trusted."""


class BadAnswer(DriverError):
    """The device answered something that is not an answer to the question (count, function, unit, shape)."""


class ConfigurationFault(DriverError):
    """The device refuses what the profile asks for (Modbus exception 1-3, unknown node): people must act."""

    retryable = False


class SecurityRefused(DriverError):
    """Certificate, policy or login was refused, by us or by the device: people must act."""

    retryable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Limits in wall seconds; every await on the wire has one."""

    connect_s: float = 5.0
    request_s: float = 3.0
    close_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusAddress:
    """Where a Modbus TCP device listens."""

    host: str
    port: int
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpcUaAddress:
    """Where an OPC UA server listens and how it is trusted.

    With ``security`` "sign_and_encrypt" ``server_certificate`` (DER or PEM path) pins the only accepted
    server; "none" is possible only where the site file says ``allow_insecure = true``.
    """

    url: str
    security: str
    server_certificate: str | None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialInAddress:
    """A Modbus RTU device behind a DTU that calls the centre, and what that says first."""

    registration: bytes
    unit: int


Address = ModbusAddress | OpcUaAddress | DialInAddress


class StationDriver(Protocol):
    """One connection to one station. Not safe for concurrent calls: its supervisor is the only caller.

    Every call has its own deadline and raises only ``DriverError`` for faults of link and device. Writes
    return a ``WriteOutcome`` instead: a lost answer is ``Unknown``, a refusal ``Rejected``.
    """

    async def connect(self) -> None:
        """Open the link, check identity and security, resolve names; at most ``Deadlines.connect_s``."""
        ...

    async def read(self) -> Mapping[Point, Reading]:
        """Read every point of the profile once; unreadable points are BAD with a reason, never missing.

        Raises DriverError only when nothing at all could be read or the connection is not to be trusted.
        """
        ...

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Write temperature and volume to one loop, as the profile's class does it."""
        ...

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """Extend the lease of all loops; ``NotApplicable`` for devices without one."""
        ...

    async def hand_back(self, loop: int) -> WriteOutcome:
        """Return the loop to the station's own curve now (class A release, T level bit, B neutral)."""
        ...

    async def send_outdoor(self, T_outdoor_centre: float) -> WriteOutcome:
        """Tell the station the centre's outdoor temperature, degC; ``NotApplicable`` if it takes none."""
        ...

    async def cap_flow(self, cap: FlowCap) -> WriteOutcome:
        """Cap the station's primary flow under its lease; ``NotApplicable`` if it takes no caps."""
        ...

    async def close(self) -> None:
        """Close at once and leave no task behind; never raises."""
        ...
