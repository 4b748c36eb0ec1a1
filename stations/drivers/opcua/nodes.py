"""From a profile to node ids and back from answers to readings.

Node ids are built once for each connection, when the index of the profile's namespace is known. An index
must never outlive a connection: after a restart it can mean another namespace, whose nodes answer with
status Good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from stations.decoding import Decoder, decoder
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading, bad, uncertain
from stations.profile import Profile, ProfilePoint

_INTEGERS = frozenset(
    {
        ua.VariantType.SByte,
        ua.VariantType.Byte,
        ua.VariantType.Int16,
        ua.VariantType.UInt16,
        ua.VariantType.Int32,
        ua.VariantType.UInt32,
        ua.VariantType.Int64,
        ua.VariantType.UInt64,
    }
)
_FLOATS = frozenset({ua.VariantType.Float, ua.VariantType.Double})
_BOOLEAN = frozenset({ua.VariantType.Boolean})

ANSWERED_TYPES: dict[str, frozenset[ua.VariantType]] = {
    "bool": _BOOLEAN,
    "int16": _INTEGERS,
    "uint16": _INTEGERS,
    "int32": _INTEGERS,
    "uint32": _INTEGERS,
    "float32": _FLOATS,
    "float64": _FLOATS,
}
"""Answers taken for a declared type: the width may differ, the kind not (4.52 bar in place of 452 x 0.01)."""

WRITTEN_TYPE: dict[str, ua.VariantType] = {
    "bool": ua.VariantType.Boolean,
    "int16": ua.VariantType.Int16,
    "uint16": ua.VariantType.UInt16,
    "int32": ua.VariantType.Int32,
    "uint32": ua.VariantType.UInt32,
    "float32": ua.VariantType.Float,
    "float64": ua.VariantType.Double,
}
"""Servers refuse a written value of another type than the node's (BadTypeMismatch)."""

_UNKNOWN_NODE = frozenset({StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in the answer to a poll."""

    point: Point
    spec: ProfilePoint
    types: frozenset[ua.VariantType]
    decode: Decoder


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """All points of a station and the ready-made requests that ask for them, in the same order."""

    slots: tuple[Slot, ...]
    requests: tuple[ua.ReadParameters, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseNodes:
    """Objects and methods of the lease; the tuples are (object, method)."""

    apply: Mapping[int, tuple[ua.NodeId, ua.NodeId]]
    """By loop number."""
    release: Mapping[int, tuple[ua.NodeId, ua.NodeId]]
    """By loop number."""
    heartbeat: tuple[ua.NodeId, ua.NodeId]
    cap: tuple[ua.NodeId, ua.NodeId] | None
    """None where the device takes no caps on primary flow."""


def node_id(text: str, namespace: int, loop: int = 0) -> ua.NodeId:
    """Return the node id of a profile's ``s=...`` or ``i=...`` text; raises ValueError for anything else."""
    kind, _, identifier = text.replace("{loop}", str(loop)).partition("=")
    if kind == "s" and identifier:
        return ua.NodeId(identifier, namespace)  # type: ignore[arg-type]  # asyncua wants its own int subtypes
    if kind == "i" and identifier.isdecimal():
        return ua.NodeId(int(identifier), namespace)  # type: ignore[arg-type]
    raise ValueError(f"node {text!r} is neither s=... nor i=...")


def read_slots(profile: Profile, n_loops: int) -> list[Slot]:
    """Return what a poll reads, compiled once for a connection's life."""
    return [
        Slot(point, spec, ANSWERED_TYPES[spec.type], decoder(spec)) for point, spec in profile.polled(n_loops)
    ]


def plan_reads(slots: Sequence[Slot], namespace: int, max_nodes_per_read: int) -> ReadPlan:
    """Put all nodes into as few Read requests as the server allows (0 means no limit)."""
    wanted = [
        ua.ReadValueId(
            NodeId=node_id(str(slot.spec.node), namespace, slot.point.loop), AttributeId=AttributeIds.Value
        )
        for slot in slots
    ]
    size = max_nodes_per_read or max(1, len(wanted))
    return ReadPlan(
        slots=tuple(slots),
        requests=tuple(read_request(wanted[start : start + size]) for start in range(0, len(wanted), size)),
    )


def read_request(wanted: Sequence[ua.ReadValueId]) -> ua.ReadParameters:
    """Return one Read of fresh values (MaxAge 0) with the time at which the station measured them."""
    return ua.ReadParameters(
        MaxAge=0.0,
        TimestampsToReturn=ua.TimestampsToReturn.Source,
        NodesToRead=list(wanted),
    )


def lease_nodes(profile: Profile, n_loops: int, namespace: int) -> LeaseNodes | None:
    """Return the methods of a class A station, None for other classes."""
    lease = profile.opcua_lease
    if lease is None:
        return None

    def pairs(method: str) -> dict[int, tuple[ua.NodeId, ua.NodeId]]:
        return {
            loop: (node_id(lease.loop_object, namespace, loop), node_id(method, namespace, loop))
            for loop in profile.loops(n_loops)
        }

    station = node_id(lease.station_object, namespace)
    return LeaseNodes(
        apply=pairs(lease.apply_method),
        release=pairs(lease.release_method),
        heartbeat=(station, node_id(lease.heartbeat_method, namespace)),
        cap=None if lease.cap_method is None else (station, node_id(lease.cap_method, namespace)),
    )


def decode(
    slots: Sequence[Slot], answers: Sequence[ua.DataValue], received_at: float
) -> dict[Point, Reading]:
    """Turn the answers of a poll, one for each slot, into readings received at UTC second ``received_at``."""
    return {
        slot.point: _reading(slot, answer, received_at) for slot, answer in zip(slots, answers, strict=True)
    }


def _reading(slot: Slot, answer: ua.DataValue, received_at: float) -> Reading:
    measured_at = _measured_at(answer.SourceTimestamp, received_at)
    status = 0 if answer.StatusCode is None else answer.StatusCode.value
    severity = status >> 30  # 0 good, 1 uncertain, 2 and 3 bad (OPC 10000-4, 7.39)
    if severity > 1:
        reason = Reason.UNKNOWN_POINT if status in _UNKNOWN_NODE else Reason.STATUS_BAD
        return bad(reason, measured_at, received_at)
    variant = answer.Value
    if variant is None or variant.VariantType not in slot.types or variant.is_array:
        return bad(Reason.MALFORMED_ANSWER, measured_at, received_at)
    reading = slot.decode(variant.Value, measured_at, received_at)
    if severity == 1 and reading.value is not None and reading.quality is Quality.GOOD:
        return uncertain(reading.value, Reason.STATUS_UNCERTAIN, measured_at, received_at)
    return reading


def _measured_at(source: datetime | None, received_at: float) -> float:
    """Return the station's own time, or that of receipt where it gives none (null is the year 1601)."""
    if source is None or source < _EPOCH:
        return received_at
    return (source - _EPOCH).total_seconds()
