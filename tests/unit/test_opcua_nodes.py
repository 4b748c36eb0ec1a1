"""Node ids, read requests and the meaning of faults, without a socket."""

import struct

import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography.exceptions import InvalidSignature

from stations.driver import BadAnswer, ConfigurationFault, LinkLost, NoAnswer, SecurityRefused
from stations.drivers.opcua.faults import FAULTS, REFUSALS, SECURITY, SESSION_GONE, driver_error, failed_write
from stations.drivers.opcua.nodes import lease_nodes, node_id, plan_reads, read_slots
from stations.drivers.opcua.writes import judge_call, judge_write, setpoint_arguments, variable_write
from stations.model.outcome import Acknowledged, Rejected, Unknown
from stations.model.setpoint import Instruction, LoopCommand
from stations.profile import builtin_profile

SUBSTATION = builtin_profile("opcua-substation")


@pytest.mark.parametrize(
    ("text", "loop", "expected"),
    [
        ("s=Station.T", 0, "ns=4;s=Station.T"),
        ("s=Loop{loop}.T", 3, "ns=4;s=Loop3.T"),
        ("s=a=b", 0, "ns=4;s=a=b"),
        ("s=换热站", 0, "ns=4;s=换热站"),
        ("i=2001", 0, "ns=4;i=2001"),
        ("i=3{loop}01", 2, "ns=4;i=3201"),
        ("i=4294967295", 0, "ns=4;i=4294967295"),
    ],
)
def test_a_node_of_the_profile_gets_the_index_of_this_connection(text, loop, expected):
    assert node_id(text, 4, loop).to_string() == expected


@pytest.mark.parametrize("text", ["", "s=", "i=", "i=x", "g=1", "T_supply", "ns=2;s=T"])
def test_any_other_node_text_is_refused(text):
    with pytest.raises(ValueError, match="neither"):
        node_id(text, 2)


@pytest.mark.parametrize("n_loops", [1, 2, 3, 4])
def test_no_two_points_of_a_station_share_a_node(n_loops):
    slots = read_slots(SUBSTATION, n_loops)
    nodes = [node_id(slot.spec.node, 2, slot.point.loop).to_string() for slot in slots]
    assert len(set(nodes)) == len(nodes) == 14 + 19 * n_loops


@pytest.mark.parametrize(("limit", "sizes"), [(0, [33]), (33, [33]), (20, [20, 13]), (100, [33])])
def test_a_read_plan_asks_for_every_slot_once_in_order(limit, sizes):
    plan = plan_reads(read_slots(SUBSTATION, 1), 2, limit)
    asked = [item.NodeId.to_string() for request in plan.requests for item in request.NodesToRead]
    assert [len(request.NodesToRead) for request in plan.requests] == sizes
    assert asked == [node_id(slot.spec.node, 2, slot.point.loop).to_string() for slot in plan.slots]


def test_setpoints_that_a_method_takes_are_not_polled():
    polled = {slot.point.name for slot in read_slots(SUBSTATION, 4)}
    assert not polled & {
        "T_supply_secondary_set",
        "m_flow_secondary_set",
        "m_flow_primary_max",
        "T_outdoor_centre",
    }


def test_lease_methods_exist_for_each_loop_and_for_class_a_only():
    nodes = lease_nodes(SUBSTATION, 2, 5)
    assert {loop: [part.to_string() for part in pair] for loop, pair in nodes.apply.items()} == {
        1: ["ns=5;s=Loop1", "ns=5;s=Loop1.ApplySetpoint"],
        2: ["ns=5;s=Loop2", "ns=5;s=Loop2.ApplySetpoint"],
    }
    assert nodes.heartbeat[1].to_string() == "ns=5;s=Station.Heartbeat"
    assert lease_nodes(builtin_profile("source-opcua"), 0, 5) is None


@pytest.mark.parametrize("name", ["T_supply_primary", "lease_token", "remote_level", "T_indoor_mean"])
def test_a_point_that_the_profile_does_not_mark_writable_can_not_be_written(name):
    with pytest.raises(ValueError, match="not writable"):
        variable_write(SUBSTATION.point(name), ua.NodeId("x", 2), 20.0)


def test_an_integer_variable_is_written_as_the_scaled_integer_of_its_type():
    point = SUBSTATION.point("T_outdoor_centre").model_copy(update={"type": "int16", "scale": 0.1})
    written = variable_write(point, ua.NodeId("x", 2), -12.34).NodesToWrite[0].Value
    assert (written.Value.Value, written.Value.VariantType) == (-123, ua.VariantType.Int16)
    assert (written.StatusCode, written.SourceTimestamp, written.ServerTimestamp) == (None, None, None)


def test_a_method_of_a_station_without_circulation_has_three_arguments():
    heat_only = SUBSTATION.model_copy(update={"circulation": None})
    instruction = Instruction(heat=55.0, circulation=None)
    command = LoopCommand(loop=1, token=2, sequence=3, instruction=instruction)
    assert [argument.Value for argument in setpoint_arguments(heat_only, command)] == [2, 3, 55.0]


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), NoAnswer),
        (ConnectionResetError("gone"), LinkLost),
        (ConnectionError("Connection is closed"), LinkLost),
        (OSError(113, "No route to host"), LinkLost),
        (InvalidSignature(), SecurityRefused),
        (UaError("No request found for request id"), BadAnswer),
        (struct.error("unpack requires 4 bytes"), BadAnswer),
        (KeyError("unknown type"), BadAnswer),
        (UaStatusCodeError(StatusCodes.BadSessionIdInvalid), LinkLost),
        (UaStatusCodeError(StatusCodes.BadTooManySessions), ConfigurationFault),
        (UaStatusCodeError(StatusCodes.BadCertificateUntrusted), SecurityRefused),
        (UaStatusCodeError(StatusCodes.BadRequestTimeout), NoAnswer),
        (UaStatusCodeError(StatusCodes.BadNothingToDo), BadAnswer),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else value.__name__,
)
def test_every_exception_of_the_library_means_one_driver_error(error, expected):
    assert isinstance(error, FAULTS)
    fault = driver_error("S001", error, "reading")
    assert type(fault) is expected
    assert "reading" in fault.why


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionError("x"), struct.error("y"), UaError("z")])
def test_a_write_whose_answer_is_lost_is_unknown(error):
    assert isinstance(failed_write(error), Unknown)


@pytest.mark.parametrize("code", sorted(SESSION_GONE))
def test_a_session_that_ends_in_a_write_leaves_it_unknown(code):
    assert isinstance(failed_write(UaStatusCodeError(code)), Unknown)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_proven_refusal_is_rejected(code):
    assert isinstance(failed_write(UaStatusCodeError(code)), Rejected)
    assert judge_write([ua.StatusCode(code)]) == failed_write(UaStatusCodeError(code))


def test_no_status_has_two_meanings_for_a_link():
    assert not SESSION_GONE & SECURITY


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        ([ua.StatusCode(StatusCodes.Good)], Acknowledged()),
        ([ua.StatusCode(StatusCodes.BadOutOfRange)], Rejected("BadOutOfRange")),
        ([ua.StatusCode(StatusCodes.UncertainInitialValue)], Unknown("UncertainInitialValue")),
        ([], Unknown("0 results for one write")),
        ([ua.StatusCode(0)] * 2, Unknown("2 results for one write")),
    ],
)
def test_a_write_is_acknowledged_only_by_one_good_result(results, outcome):
    assert judge_write(results) == outcome


@pytest.mark.parametrize("count", [0, 2])
def test_a_call_with_another_number_of_results_is_unknown(count):
    assert isinstance(judge_call([ua.CallMethodResult()] * count, "no"), Unknown)


def test_a_call_without_an_output_is_unknown():
    assert isinstance(judge_call([ua.CallMethodResult()], "no"), Unknown)
