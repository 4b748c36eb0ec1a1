"""Faults of OPC UA servers: sessions, namespaces, certificates, refusals, and values with a bad status."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulators.faults.model import Choice, Facts, Family, Fault, Points, Settings, Target
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


@asynccontextmanager
async def _restart(target: Target, settings: Settings) -> AsyncIterator[None]:
    await target.server.take_off()
    try:
        yield
    finally:
        await target.server.put_back()


@asynccontextmanager
async def _lost_sessions(target: Target, settings: Settings) -> AsyncIterator[None]:
    await target.server.lose_sessions()
    yield


@asynccontextmanager
async def _too_many_sessions(target: Target, settings: Settings) -> AsyncIterator[None]:
    target.device.sessions_refused = True
    await target.server.lose_sessions()
    target.link.drop()
    try:
        yield
    finally:
        target.device.sessions_refused = False


@asynccontextmanager
async def _moved_namespace(target: Target, settings: Settings) -> AsyncIterator[None]:
    await target.server.take_off()
    await target.server.put_back()
    yield


@asynccontextmanager
async def _refused_writes(target: Target, settings: Settings) -> AsyncIterator[None]:
    code = STATUS[settings.text("status")]
    with target.device.writes(lambda: code):
        yield


@asynccontextmanager
async def _bad_status(target: Target, settings: Settings) -> AsyncIterator[None]:
    code, names = STATUS[settings.text("status")], settings.names()
    with target.device.statuses(lambda point: code if point.name in names else None):
        yield


@asynccontextmanager
async def _certificate(target: Target, settings: Settings) -> AsyncIterator[None]:
    await _show(target, settings.text("kind"))
    try:
        yield
    finally:
        await _show(target, None)


async def _show(target: Target, kind: str | None) -> None:
    await target.server.take_off()
    target.server.show_certificate(kind)
    await target.server.put_back()


def opcua_only(facts: Facts, settings: Settings) -> str | None:
    """Refuse devices that do not speak OPC UA."""
    return None if facts.profile.protocol == "opcua" else f"{facts.profile.name} does not speak OPC UA"


def _secured_only(facts: Facts, settings: Settings) -> str | None:
    return opcua_only(facts, settings) or (None if facts.secured else "has no certificate, it is not secured")


def _driven_opcua(facts: Facts, settings: Settings) -> str | None:
    if facts.kind == "source":
        return "a heat source takes no writes"
    return opcua_only(facts, settings)


def _has_points(facts: Facts, settings: Settings) -> str | None:
    wrong = opcua_only(facts, settings)
    if wrong is None and not any(facts.profile.point(name) for name in settings.names()):
        wrong = f"{facts.profile.name} has none of the points {', '.join(settings.names())}"
    return wrong


FAULTS = (
    Fault(
        name="server_restart",
        rows=("P8",),
        family=Family.PROTOCOL,
        does="the device is off the network until the end and starts again then, without its old sessions; "
        "any protocol",
        expected="lost while it is off; data again within 15 s, on a new session",
        duration_s=10.0,
        run=_restart,
    ),
    Fault(
        name="lost_sessions",
        rows=("P8",),
        family=Family.PROTOCOL,
        does="the OPC UA server forgets all sessions at once, connections stay",
        expected="a new session, namespaces read anew, data again within 15 s",
        duration_s=10.0,
        run=_lost_sessions,
        fits=opcua_only,
    ),
    Fault(
        name="too_many_sessions",
        rows=("P9",),
        family=Family.PROTOCOL,
        does="all sessions end and none can be had (BadTooManySessions)",
        expected="tried again every 60 s or seldomer; the station is shown with this reason",
        duration_s=300.0,
        run=_too_many_sessions,
        fits=opcua_only,
    ),
    Fault(
        name="moved_namespace",
        rows=("P10",),
        family=Family.PROTOCOL,
        does="the OPC UA server restarts and draws the index of its namespace anew",
        expected="found by its URI; never a value of another node",
        duration_s=10.0,
        run=_moved_namespace,
        fits=opcua_only,
    ),
    Fault(
        name="refused_writes",
        rows=("P11",),
        family=Family.PROTOCOL,
        does="the OPC UA server refuses each write and call with a status, and does not carry it out",
        expected="the setpoint is rejected within 2 s, not tried again, told; the old value stays shown",
        options=(
            Choice(
                key="status",
                default="BadOutOfRange",
                choices=("BadOutOfRange", "BadNotWritable"),
                does="status of the answer",
            ),
        ),
        run=_refused_writes,
        fits=_driven_opcua,
    ),
    Fault(
        name="bad_status_with_value",
        rows=("P12",),
        family=Family.PROTOCOL,
        does="values come with a bad or uncertain status",
        expected="bad: no value; uncertain: doubted with the reason and not used to decide",
        options=(
            Choice(
                key="status",
                default="UncertainSensorNotAccurate",
                choices=(
                    "UncertainSensorNotAccurate",
                    "UncertainSubNormal",
                    "BadSensorFailure",
                    "BadDeviceFailure",
                ),
                does="status of the values",
            ),
            Points(default=("T_supply_secondary",), known=tuple(POINTS)),
        ),
        run=_bad_status,
        fits=_has_points,
    ),
    Fault(
        name="certificate",
        rows=("P14",),
        family=Family.PROTOCOL,
        does="a secured station restarts with a certificate that has expired, or with one that nobody knows",
        expected="refused before any request, told with the reason",
        options=(
            Choice(key="kind", default="replaced", choices=("expired", "replaced"), does="what is wrong"),
        ),
        run=_certificate,
        fits=_secured_only,
    ),
)
