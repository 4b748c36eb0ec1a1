"""What goes out and what its answer means: arguments of the lease methods, the one written variable."""

from collections.abc import Sequence

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from stations.decoding import to_raw
from stations.drivers.opcua.faults import refused_or_unknown
from stations.drivers.opcua.nodes import WRITTEN_TYPE
from stations.model.outcome import Acknowledged, Rejected, Unknown, WriteOutcome
from stations.model.setpoint import FlowCap, Heartbeat, LoopCommand
from stations.profile import FLOW_CAP, Profile, ProfilePoint

_FLOATS = frozenset({ua.VariantType.Float, ua.VariantType.Double})


def setpoint_arguments(profile: Profile, command: LoopCommand) -> list[ua.Variant]:
    """Return the arguments of ApplySetpoint: token, sequence, heat and, with such a channel, circulation.

    Heat and circulation go as Double in the wire unit of their point. ``refuse_command`` has passed it.
    """
    arguments = [_uint32(command.token), _uint32(command.sequence)]
    wanted = command.instruction
    for channel, value in ((profile.heat, wanted.heat), (profile.circulation, wanted.circulation)):
        point = None if channel is None else profile.point(channel.value)
        if point is not None and value is not None:
            arguments.append(ua.Variant(to_raw(point, value), ua.VariantType.Double))
    return arguments


def heartbeat_arguments(beat: Heartbeat) -> list[ua.Variant]:
    """Return the arguments of Heartbeat: token, counter, seconds that the lease shall stay valid."""
    return [
        _uint32(beat.token),
        _uint32(beat.counter),
        ua.Variant(beat.valid_for_s, ua.VariantType.Double),
    ]


def cap_arguments(profile: Profile, cap: FlowCap) -> list[ua.Variant]:
    """Return the arguments of CapPrimaryFlow: token, sequence, flow in the wire unit of its point.

    ``refuse_cap`` has passed it.
    """
    point = profile.point(FLOW_CAP)
    assert point is not None
    flow = ua.Variant(to_raw(point, cap.m_flow_max), ua.VariantType.Double)
    return [_uint32(cap.token), _uint32(cap.sequence), flow]


def release_arguments(token: int) -> list[ua.Variant]:
    """Return the argument of Release."""
    return [_uint32(token)]


def variable_write(point: ProfilePoint, node: ua.NodeId, value: float) -> ua.WriteParameters:
    """Return the request that writes ``value`` (unit inside) to ``node``, in the type that the node has.

    Raises ValueError outside the point's bounds and for a point that the profile does not mark writable.
    """
    if not point.writable:
        raise ValueError(f"{point.name} is not writable in the profile; not written")
    raw = to_raw(point, value)
    wire_type = WRITTEN_TYPE[point.type]
    number = ua.Variant(raw if wire_type in _FLOATS else int(raw), wire_type)
    # A value only: many servers answer BadWriteNotSupported where a status or a time comes with it.
    content = ua.DataValue(number, StatusCode=None)
    item = ua.WriteValue(NodeId=node, AttributeId=AttributeIds.Value, Value=content)
    return ua.WriteParameters(NodesToWrite=[item])


def judge_write(results: Sequence[ua.StatusCode]) -> WriteOutcome:
    """Return what the answer to a write of one variable proves."""
    if len(results) != 1:
        return Unknown(f"{len(results)} results for one write")
    return Acknowledged() if results[0].is_good() else refused_or_unknown(results[0].value)


def judge_call(results: Sequence[ua.CallMethodResult], refusal: str) -> WriteOutcome:
    """Return what the answer to one method call proves; ``refusal`` says what its result False means."""
    if len(results) != 1:
        return Unknown(f"{len(results)} results for one call")
    result = results[0]
    if not result.StatusCode.is_good():
        return refused_or_unknown(result.StatusCode.value)
    outputs = [output.Value for output in result.OutputArguments or []]
    if len(outputs) == 1 and outputs[0] is True:
        return Acknowledged()
    if len(outputs) == 1 and outputs[0] is False:
        return Rejected(refusal)
    return Unknown(f"the method answered {outputs!r} in place of one Boolean")


def _uint32(value: int) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.UInt32)
