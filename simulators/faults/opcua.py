"""Faults of OPC UA servers: sessions, channels, namespaces, certificates, refusals, values of bad status."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager

from simulators.faults.library import Library, anyone, first_reason, has_any, opcua_only
from simulators.faults.model import Choice, Facts, Family, Number, Points, Settings, Target
from stations.model.points import POINTS

STATUS = {
    "BadOutOfRange": 0x803C0000,
    "BadNotWritable": 0x803B0000,
    "BadSensorFailure": 0x808C0000,
    "BadDeviceFailure": 0x808B0000,
    "UncertainSensorNotAccurate": 0x40930000,
    "UncertainSubNormal": 0x40950000,
}
"""OPC UA Part 6, annex A.2."""
REFUSING = ("BadOutOfRange", "BadNotWritable")
DOUBTING = ("UncertainSensorNotAccurate", "UncertainSubNormal", "BadSensorFailure", "BadDeviceFailure")


def _secured(facts: Facts, settings: Settings) -> str | None:
    return None if facts.secured else "has no certificate, it is not secured"


def _no_source(facts: Facts, settings: Settings) -> str | None:
    return "a heat source takes no writes" if facts.kind == "source" else None


OPCUA = Library(Family.PROTOCOL, fits=opcua_only)


@OPCUA.fault(
    "P8",
    "the device is off the network until the end and starts again then, without its old sessions; "
    "any protocol",
    "lost while it is off; data again within 15 s, on a new session",
    duration_s=10.0,
    fits=anyone,
)
@asynccontextmanager
async def server_restart(target: Target, settings: Settings) -> AsyncIterator[None]:
    """Be off the network."""
    await target.server.take_off()
    try:
        yield
    finally:
        await target.server.put_back()


@OPCUA.fault(
    "P8",
    "the OPC UA server forgets all sessions at once, connections stay",
    "a new session, namespaces read anew, data again within 15 s",
    duration_s=10.0,
)
@asynccontextmanager
async def lost_sessions(target: Target, settings: Settings) -> AsyncIterator[None]:
    """Forget those that are there now; nothing is left to end."""
    await target.server.lose_sessions()
    yield


@OPCUA.fault(
    "P9",
    "all sessions end and none can be had (BadTooManySessions)",
    "tried again every 60 s or seldomer; the station is shown with this reason",
    duration_s=300.0,
)
@asynccontextmanager
async def too_many_sessions(target: Target, settings: Settings) -> AsyncIterator[None]:
    """Refuse sessions first, so that nobody slips in between."""
    with target.device.without_sessions():
        await target.server.lose_sessions()
        target.link.drop()
        yield


@OPCUA.fault(
    "P10",
    "the OPC UA server restarts and draws the index of its namespace anew",
    "found by its URI; never a value of another node",
    duration_s=10.0,
)
@asynccontextmanager
async def moved_namespace(target: Target, settings: Settings) -> AsyncIterator[None]:
    """Restart at the beginning; nothing is left to end."""
    await target.server.take_off()
    await target.server.put_back()
    yield


@OPCUA.fault(
    "P11",
    "the OPC UA server refuses each write and call with a status, and does not carry it out",
    "the setpoint is rejected within 2 s, not tried again, told; the old value stays shown",
    Choice(key="status", default=REFUSING[0], choices=REFUSING, does="status of the answer"),
    fits=first_reason(_no_source, opcua_only),
)
def refused_writes(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Answer every write with the status."""
    code = STATUS[settings.text("status")]
    return target.device.writes(lambda: code)


@OPCUA.fault(
    "P12",
    "values come with a bad or uncertain status",
    "bad: no value; uncertain: doubted with the reason and not used to decide",
    Choice(key="status", default=DOUBTING[0], choices=DOUBTING, does="status of the values"),
    Points(default=("T_supply_secondary",), known=tuple(POINTS)),
    fits=first_reason(opcua_only, has_any),
)
def bad_status_with_value(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Put the status on the points, and leave their values."""
    code, names = STATUS[settings.text("status")], settings.names()
    return target.device.statuses(lambda point: code if point.name in names else None)


@OPCUA.fault(
    "P13",
    "the OPC UA server grants secure channels for seconds and closes one that is not renewed in time; "
    "those that were open are closed",
    "renewed between two polls, no poll is lost",
    Number(
        key="life_s", default=10.0, low=1.0, high=3600.0, does="life that the server grants, real seconds"
    ),
)
@contextmanager
def short_channels(target: Target, settings: Settings) -> Iterator[None]:
    """Grant short lives to all who come back, and to all who renew."""
    with target.device.short_channels(settings.number("life_s")):
        target.link.drop()
        yield


@OPCUA.fault(
    "P14",
    "a secured station restarts with a certificate that has expired, or with one that nobody knows",
    "refused before any request, told with the reason",
    Choice(key="kind", default="replaced", choices=("expired", "replaced"), does="what is wrong"),
    fits=first_reason(opcua_only, _secured),
)
@asynccontextmanager
async def certificate(target: Target, settings: Settings) -> AsyncIterator[None]:
    """Restart with the wrong one, at the end with the own one."""
    await _show(target, settings.text("kind"))
    try:
        yield
    finally:
        await _show(target, None)


async def _show(target: Target, kind: str | None) -> None:
    await target.server.take_off()
    target.server.show_certificate(kind)
    await target.server.put_back()


FAULTS = tuple(OPCUA.faults)
