"""The OPC UA driver keeps the contract of all drivers, against a real server on a real socket."""

import socket
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_session import InternalSession

from stations.driver import BadAnswer, ConfigurationFault, Deadlines, LinkLost, NoAnswer, SecurityRefused
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown
from stations.model.quality import Quality, Reason
from stations.model.setpoint import Heartbeat
from stations.profile import builtin_profile
from tests.contract import driver_contract as contract
from tests.support.opcua_drivers import connected, make_driver, open_address
from tests.support.opcua_link import wire_to
from tests.support.opcua_server import V, station_server, substation_nodes

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = Deadlines(connect_s=5.0, request_s=0.5, close_s=0.5)
OUTDOOR_AT_START = -7.5
BEAT = Heartbeat(token=7, counter=1, valid_for_s=180.0)

# A read-only profile whose namespace the substation has and whose nodes it does not know.
READ_ONLY = builtin_profile("source-opcua").model_copy(
    update={"opcua": builtin_profile("opcua-substation").opcua}
)

# Node, wire type and raw value per unit inside, written out for the points that a rig must show.
WIRE = {
    contract.T_PRIMARY: ("s=Station.T_supply_primary", V.Float, 1.0),
    contract.FLOW_PRIMARY: ("s=Station.m_flow_primary", V.Double, 3.6),
    contract.HEAT_PRIMARY: ("s=Station.Q_flow_primary", V.Double, 1.0),
    contract.ENERGY_PRIMARY: ("s=Station.E_heat_primary", V.Int32, 0.36),
    contract.T_LOOP_1: ("s=Loop1.T_supply_secondary", V.Float, 1.0),
    contract.T_LOOP_2: ("s=Loop2.T_supply_secondary", V.Float, 1.0),
    contract.INDOOR_1: ("s=Loop1.T_indoor_mean", V.Int16, 100.0),
}


class OpcUaRig:
    def __init__(self, server, wire):
        self.profile = builtin_profile("opcua-substation")
        self.clock = SystemClock()
        self.server = server
        self.wire = wire

    def driver(self):
        return make_driver(open_address(self.wire.port), deadlines=SHORT)

    def unreachable_driver(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            return make_driver(open_address(closed.getsockname()[1]), deadlines=SHORT)

    def show(self, values):
        for point, value in values.items():
            node, kind, per_unit = WIRE[point]
            if value is None and kind is V.Int16:
                self.server.set(node, 32767, kind)
            elif value is None:
                self.server.set(node, 0.0, kind, StatusCode=ua.StatusCode(ua.StatusCodes.BadSensorFailure))
            else:
                raw = value * per_unit
                self.server.set(node, raw if kind in (V.Float, V.Double) else round(raw), kind)

    def written(self):
        written = [self._meaning(*entry) for entry in self.server.calls]
        outdoor = self.server.raw("s=Station.T_outdoor_centre")
        return written if outdoor == OUTDOOR_AT_START else [*written, contract.Outdoor(outdoor)]

    def _meaning(self, method, *arguments):
        values = [value for value, _ in arguments]
        holder, _, name = method.partition(".")
        if name == "Heartbeat":
            return contract.Beat(*values)
        if name == "CapPrimaryFlow":
            return contract.Cap(values[0], values[1], values[2] / 3.6)
        loop = int(holder.removeprefix("Loop"))
        if name == "Release":
            return contract.HandBack(loop)
        token, sequence, heat, circulation = values
        return contract.Setpoint(loop, token, sequence, heat, circulation / 3.6)

    def fall_silent(self):
        self.wire.hole = True

    def cut_at_next_request(self):
        self.wire.cut_next = True

    def recover(self):
        self.wire.hole = self.wire.cut_next = False


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server():
    async with station_server(substation_nodes()) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def rig(server):
    server.reset()
    async with wire_to(server.port) as wire:
        yield OpcUaRig(server, wire)


@pytest_asyncio.fixture(loop_scope="module")
async def driver(rig):
    async with connected(open_address(rig.server.port), deadlines=SHORT) as driver:
        yield driver


class TestOpcUaDriver(contract.DriverContract, contract.SocketDriverContract):
    """The shared suite."""


# ---------------------------------------------------------------- reading


BAD_CASES = [
    pytest.param("95.5", V.String, Reason.MALFORMED_ANSWER, id="text"),
    pytest.param(None, V.String, Reason.MALFORMED_ANSWER, id="null text"),
    pytest.param(None, V.Null, Reason.MALFORMED_ANSWER, id="null"),
    pytest.param([95.5], V.Float, Reason.MALFORMED_ANSWER, id="array"),
    pytest.param([], V.Float, Reason.MALFORMED_ANSWER, id="empty array"),
    pytest.param(True, V.Boolean, Reason.MALFORMED_ANSWER, id="Boolean for a temperature"),
    pytest.param(95, V.Int16, Reason.MALFORMED_ANSWER, id="integer for a float"),
    pytest.param(datetime(2025, 1, 1, tzinfo=UTC), V.DateTime, Reason.MALFORMED_ANSWER, id="time"),
    pytest.param(b"\x01", V.ByteString, Reason.MALFORMED_ANSWER, id="bytes"),
    pytest.param(float("nan"), V.Float, Reason.NOT_A_NUMBER, id="NaN"),
    pytest.param(float("inf"), V.Double, Reason.NOT_A_NUMBER, id="infinity"),
    pytest.param(1e300, V.Double, Reason.OUT_OF_RANGE, id="huge"),
]


@pytest.mark.parametrize(("value", "kind", "reason"), BAD_CASES)
async def test_what_is_no_number_of_the_declared_kind_is_bad_and_the_rest_is_kept(
    rig, driver, value, kind, reason
):
    rig.server.set("s=Station.T_supply_primary", value, kind)
    readings = await driver.read()
    assert (readings[contract.T_PRIMARY].value, readings[contract.T_PRIMARY].reason) == (None, reason)
    assert readings[contract.FLOW_PRIMARY].quality is Quality.GOOD


@pytest.mark.parametrize(
    ("value", "kind"), [(850.0, V.Double), (8.5, V.Float), (True, V.Boolean), ("850", V.String)]
)
async def test_a_scaled_integer_is_never_read_from_another_kind(rig, driver, value, kind):
    rig.server.set("i=2001", value, kind)
    assert (await driver.read())[Point(0, "p_supply_primary")].reason is Reason.MALFORMED_ANSWER


@pytest.mark.parametrize("kind", [V.Int16, V.Int32, V.Int64, V.UInt16])
async def test_an_integer_may_be_wider_than_declared(rig, driver, kind):
    rig.server.set("i=2001", 850, kind)
    assert (await driver.read())[Point(0, "p_supply_primary")].value == pytest.approx(850.0)


@pytest.mark.parametrize(
    ("status", "value", "quality", "reason"),
    [
        (0x00000000, 60.0, Quality.GOOD, Reason.OK),
        (0x00960000, 60.0, Quality.GOOD, Reason.OK),  # Good_LocalOverride
        (0x40930000, 60.0, Quality.UNCERTAIN, Reason.STATUS_UNCERTAIN),  # sensor not accurate
        (0x80000000, None, Quality.BAD, Reason.STATUS_BAD),
        (0x808C0000, None, Quality.BAD, Reason.STATUS_BAD),  # sensor failure
        (0xC0000000, None, Quality.BAD, Reason.STATUS_BAD),  # reserved: to be taken as bad
    ],
)
async def test_a_status_becomes_a_quality(rig, driver, status, value, quality, reason):
    rig.server.set("s=Loop1.T_supply_secondary", 60.0, V.Float, StatusCode=ua.StatusCode(status))
    reading = (await driver.read())[contract.T_LOOP_1]
    assert (reading.value, reading.quality, reading.reason) == (value, quality, reason)


async def test_an_uncertain_value_out_of_range_is_bad(rig, driver):
    rig.server.set("s=Loop1.T_supply_secondary", 400.0, V.Float, StatusCode=ua.StatusCode(0x40930000))
    assert (await driver.read())[contract.T_LOOP_1].reason is Reason.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("source", "measured_at"),
    [
        (datetime(2025, 1, 15, 6, 0, 0, 500_000, tzinfo=UTC), 1736920800.5),
        (datetime(1601, 1, 1, tzinfo=UTC), None),  # the null of OPC UA
        (None, None),
    ],
)
async def test_the_time_is_the_stations_own_where_it_gives_one(rig, driver, source, measured_at):
    rig.server.set("s=Loop1.T_supply_secondary", 60.0, V.Float, SourceTimestamp=source)
    reading = (await driver.read())[contract.T_LOOP_1]
    assert reading.measured_at == (reading.received_at if measured_at is None else measured_at)


async def test_a_node_that_the_server_does_not_know_is_bad_and_the_rest_is_read(rig):
    async with connected(open_address(rig.server.port), n_loops=3) as driver:
        readings = await driver.read()
    assert readings[Point(3, "T_supply_secondary")].reason is Reason.UNKNOWN_POINT
    assert readings[Point(2, "T_supply_secondary")].quality is Quality.GOOD


async def test_a_server_that_knows_no_node_at_all_is_a_configuration_fault(rig):
    async with connected(open_address(rig.server.port), profile=READ_ONLY, n_loops=0) as driver:
        with pytest.raises(ConfigurationFault, match="knows none of the 10 nodes"):
            await driver.read()


async def test_a_server_without_the_namespace_is_a_configuration_fault(rig):
    with pytest.raises(ConfigurationFault, match="no namespace urn:dhc:source"):
        async with connected(open_address(rig.server.port), profile="source-opcua", n_loops=0):
            pass


@pytest.mark.parametrize(("limit", "requests"), [(0, 1), (7, 8), (1, 52), (52, 1), (51, 2)])
async def test_a_poll_is_split_as_the_server_asks(rig, monkeypatch, limit, requests):
    node = ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)
    attribute = rig.server.server.iserver.aspace[node].attributes[ua.AttributeIds.Value]
    monkeypatch.setattr(attribute, "value", ua.DataValue(ua.Variant(limit, V.UInt32)))
    async with connected(open_address(rig.wire.port)) as driver:
        rig.wire.sent.clear()
        readings = await driver.read()
        assert rig.wire.sent.count(b"MSGF") == requests
    assert {reading.quality for reading in readings.values()} == {Quality.GOOD}
    assert len(readings) == 14 + 2 * 19


@pytest.mark.parametrize("change", [lambda answers: answers[:-1], lambda answers: [*answers, answers[0]]])
async def test_a_wrong_number_of_values_is_a_bad_answer_and_none_of_them_is_used(driver, monkeypatch, change):
    original = InternalSession.read

    async def read(session, params):
        return change(await original(session, params))

    monkeypatch.setattr(InternalSession, "read", read)
    with pytest.raises(BadAnswer, match="values for 52 nodes"):
        await driver.read()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("BadSessionIdInvalid", LinkLost),
        ("BadSessionClosed", LinkLost),
        ("BadSecureChannelClosed", LinkLost),
        ("BadServerHalted", LinkLost),
        ("BadTimeout", NoAnswer),
        ("BadUserAccessDenied", SecurityRefused),
        ("BadTooManyOperations", ConfigurationFault),
        ("BadInternalError", BadAnswer),
    ],
)
async def test_a_refused_poll_says_what_it_means(driver, monkeypatch, status, error):
    async def read(session, params):
        raise ServiceError(getattr(ua.StatusCodes, status))

    monkeypatch.setattr(InternalSession, "read", read)
    with pytest.raises(error, match=status):
        await driver.read()


async def test_a_server_without_a_free_session_is_a_configuration_fault(rig, monkeypatch):
    monkeypatch.setattr(InternalSession, "max_connections", 0)
    with pytest.raises(ConfigurationFault, match="BadMaxConnectionsReached"):
        async with connected(open_address(rig.server.port)):
            pass


async def test_a_closed_connection_leaves_no_session_behind(rig):
    before = InternalSession._current_connections
    for _ in range(10):
        async with connected(open_address(rig.server.port)):
            assert InternalSession._current_connections == before + 1
    assert InternalSession._current_connections == before


# ---------------------------------------------------------------- writing


WRITES = [
    pytest.param(lambda driver: driver.apply(contract.command()), id="apply"),
    pytest.param(lambda driver: driver.renew(BEAT), id="renew"),
    pytest.param(lambda driver: driver.hand_back(1), id="hand back"),
]


@pytest.mark.parametrize("write", WRITES)
async def test_a_method_that_returns_false_rejects(rig, driver, write):
    rig.server.answer = False
    outcome = await write(driver)
    assert isinstance(outcome, Rejected)
    assert "newer token" in outcome.why


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "status",
    ["BadOutOfRange", "BadNotWritable", "BadMethodInvalid", "BadInvalidArgument", "BadUserAccessDenied"],
)
async def test_a_refusal_is_rejected_with_its_name(rig, driver, write, status):
    rig.server.answer = ua.StatusCode(getattr(ua.StatusCodes, status))
    assert await write(driver) == Rejected(status)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "status", ["BadInternalError", "BadUnexpectedError", "BadTimeout", "BadCommunicationError"]
)
async def test_a_failure_that_proves_nothing_is_unknown(rig, driver, write, status):
    rig.server.answer = ua.StatusCode(getattr(ua.StatusCodes, status))
    assert await write(driver) == Unknown(status)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("answer", [1, 1.0, "True", [True]])
async def test_an_answer_that_is_no_boolean_is_unknown(rig, driver, write, answer):
    rig.server.answer = answer
    assert isinstance(await write(driver), Unknown)


async def test_without_a_token_of_its_own_a_loop_is_handed_back_with_the_stations(rig, driver):
    rig.server.set("s=Loop2.lease_token", 41, V.UInt32)
    assert await driver.hand_back(2) == Acknowledged()
    assert rig.server.calls == [("Loop2.Release", (41, V.UInt32))]


async def test_a_station_that_hides_its_token_can_not_be_handed_back_blindly(rig, driver):
    rig.server.set("s=Loop2.lease_token", None, V.Null)
    assert isinstance(await driver.hand_back(2), Unknown)
    assert rig.server.calls == []


async def test_the_outdoor_temperature_is_refused_by_a_server_that_has_it_read_only(rig, driver):
    node = rig.server.server.get_node(rig.server.node_id("s=Station.T_outdoor_centre"))
    await node.set_writable(False)
    try:
        outcome = await driver.send_outdoor(-3.0)
    finally:
        await node.set_writable(True)
    assert outcome == Rejected("BadUserAccessDenied")


async def test_a_read_only_device_is_never_written(rig):
    async with connected(open_address(rig.wire.port), profile=READ_ONLY, n_loops=0) as driver:
        rig.wire.sent.clear()
        assert isinstance(await driver.apply(contract.command()), Rejected)
        assert await driver.renew(BEAT) == NotApplicable()
        assert isinstance(await driver.hand_back(1), Rejected)
        assert await driver.send_outdoor(-3.0) == NotApplicable()
        assert rig.wire.sent == b""


async def test_a_class_without_a_way_over_opc_ua_is_refused_before_the_wire(rig):
    offset = builtin_profile("plc-b")
    strange = builtin_profile("opcua-substation").model_copy(update={"station_class": offset.station_class})
    with pytest.raises(ConfigurationFault, match="class B"):
        async with connected(open_address(rig.wire.port), profile=strange):
            pass
    assert rig.wire.connections == 0
