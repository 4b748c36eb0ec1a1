"""The simulated OPC UA devices, asked by a plain client that knows the model from its documentation."""

import asyncio
import contextlib
import random
import time

import pytest
import pytest_asyncio
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyAes256Sha256RsaPss, SecurityPolicyBasic256Sha256
from asyncua.ua.uaerrors import BadInvalidArgument, BadNotWritable, BadOutOfRange
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulators.servers.opcua import OpcUaStationServer, ServerIdentity
from simulators.servers.opcua_space import SESSION_TIMEOUT_MAX_S, standard_nodes
from stations.model.clock import ScaledClock
from stations.model.identity import Point
from stations.profile import builtin_profile
from tests.support.opcua_certificates import make_pair
from tests.support.reads_seen import ports_read_in_blocks
from tests.support.served_station import WrittenStation

# one worker sets the shared fixture up once
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("servers_opcua")]

START = 1_736_899_200.0  # 2025-01-15T00:00:00Z
VALUES = {
    (0, "T_supply_primary"): 95.5,
    (0, "m_flow_primary"): 10.0,
    (0, "p_supply_primary"): 612.0,
    (0, "T_outdoor"): None,
    (0, "A_heated"): 61_500.0,
    (1, "remote_level"): 1.0,
    (1, "lease_token"): 4.0,
    (1, "T_indoor_mean"): None,
    (2, "T_supply_secondary"): 41.25,
    (2, "p_supply_secondary"): 350.0,
    (2, "m_flow_secondary_set_readback"): 5.0,
}


class Watch:
    def __init__(self):
        self.seen = []

    def ua_read(self, nodes):
        self.seen.append(("read", nodes))

    def ua_write(self, node, raw):
        self.seen.append(("write", node, raw))

    def ua_call(self, method, loop, arguments):
        self.seen.append((method, loop, arguments))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes():
    return await standard_nodes()


def device(nodes, identity=None, seed=1):
    station = WrittenStation({Point(loop, name): value for (loop, name), value in VALUES.items()})
    watch = Watch()
    server = OpcUaStationServer(
        url="opc.tcp://127.0.0.1:4840/",
        profile=builtin_profile("opcua-substation"),
        n_loops=2,
        station=station,
        driven=station,
        clock=ScaledClock(start_utc=START, anchor=time.monotonic(), factor=60.0),
        nodes=nodes,
        identity=identity,
        watch=watch,
        rng=random.Random(seed),
    )
    return server, station, watch


@contextlib.asynccontextmanager
async def plain(nodes):
    """A device without security, a client on it, and the index of its namespace."""
    server, station, watch = device(nodes)
    port = await server.start()
    try:
        async with Client(f"opc.tcp://127.0.0.1:{port}/", watchdog_intervall=60.0) as client:
            index = await client.get_namespace_index("urn:dhc:substation")
            watch.seen.clear()
            yield client, index, station, watch
    finally:
        await server.stop()


def save(pair, certificate):
    pair.write(certificate)
    key = pair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate.with_suffix(".pem").write_bytes(key)


async def test_values_have_the_types_and_units_of_the_model(nodes):
    async with plain(nodes) as (client, index, _, _):

        async def read(node):
            return (await client.get_node(node).read_data_value()).Value

        assert await read(f"ns={index};s=Station.T_supply_primary") == ua.Variant(95.5, ua.VariantType.Float)
        assert await read(f"ns={index};s=Station.m_flow_primary") == ua.Variant(36.0, ua.VariantType.Double)
        assert await read(f"ns={index};i=2001") == ua.Variant(612, ua.VariantType.Int16)  # 6.12 bar
        assert await read(f"ns={index};s=Loop2.T_supply_secondary") == ua.Variant(41.25, ua.VariantType.Float)
        assert await read(f"ns={index};i=3201") == ua.Variant(350, ua.VariantType.Int16)
        assert await read(f"ns={index};s=Loop1.remote_level") == ua.Variant(True, ua.VariantType.Boolean)
        assert await read(f"ns={index};s=Loop2.m_flow_secondary_set_readback") == ua.Variant(
            18.0, ua.VariantType.Double
        )


async def test_requests_are_not_read_in_blocks_of_their_own(nodes, monkeypatch):
    ports = ports_read_in_blocks(monkeypatch)
    async with plain(nodes) as (client, index, _, _):
        await client.get_node(f"ns={index};s=Station.T_supply_primary").read_value()
        port = client.server_url.port
    assert ports  # the client's
    assert port not in ports


async def test_source_timestamps_run_on_the_scaled_clock(nodes):
    async with plain(nodes) as (client, index, _, _):
        node = client.get_node(f"ns={index};s=Station.T_supply_primary")
        first = (await node.read_data_value()).SourceTimestamp
        await asyncio.sleep(0.1)
        second = (await node.read_data_value()).SourceTimestamp
    assert first.year == 2025
    assert (second - first).total_seconds() >= 6.0  # 0.1 wall seconds at factor 60


async def test_a_missing_sensor_is_a_bad_status_or_the_sentinel_of_an_integer(nodes):
    async with plain(nodes) as (client, index, _, _):
        outdoor = await client.get_node(f"ns={index};s=Station.T_outdoor").read_data_value(
            raise_on_bad_status=False
        )
        indoor = await client.get_node(f"ns={index};s=Loop1.T_indoor_mean").read_data_value()
    assert outdoor.StatusCode.name == "BadSensorFailure"
    assert outdoor.Value is None or outdoor.Value.Value is None
    assert indoor.Value.Value == 32767


async def call(client, index, loop, method, *arguments):
    target = client.get_node(f"ns={index};s={loop}")
    return await target.call_method(client.get_node(f"ns={index};s={loop}.{method}").nodeid, *arguments)


def uint(value):
    return ua.Variant(value, ua.VariantType.UInt32)


async def test_methods_reach_the_station_in_units_inside_and_the_watch_in_wire_units(nodes):
    async with plain(nodes) as (client, index, station, watch):
        assert await call(client, index, "Loop2", "ApplySetpoint", uint(7), uint(1), 55.5, 36.0) is True
        assert await call(client, index, "Station", "Heartbeat", uint(7), uint(9), 180.0) is True
        assert await call(client, index, "Loop1", "Release", uint(7)) is True
        assert await call(client, index, "Loop1", "Release", uint(3)) is False  # older than the lease
        assert await call(client, index, "Station", "CapPrimaryFlow", uint(7), uint(2), 36.0) is True
        for senseless in (float("nan"), 0.0, 3000.0):
            with pytest.raises(BadOutOfRange):
                await call(client, index, "Station", "CapPrimaryFlow", uint(7), uint(3), senseless)
        station.takes = False
        assert await call(client, index, "Loop1", "ApplySetpoint", uint(1), uint(1), 55.5, 36.0) is False
    assert station.written[:4] == [
        ("block", 2, 7, 1, 55.5, 10.0),
        ("heartbeat", 7, 9, 180.0),
        ("hand_back", 1),
        ("cap", 7, 2, 10.0),
    ]
    assert watch.seen[0] == ("ApplySetpoint", 2, [7.0, 1.0, 55.5, 36.0])


async def test_arguments_that_are_not_the_methods_are_refused(nodes):
    async with plain(nodes) as (client, index, station, _):
        with pytest.raises(BadInvalidArgument):
            await call(client, index, "Loop1", "ApplySetpoint", uint(7), uint(1), "hot", 36.0)
        with pytest.raises(BadInvalidArgument):
            await call(client, index, "Loop1", "ApplySetpoint", uint(7), uint(1))
        with pytest.raises(BadOutOfRange):
            await call(client, index, "Loop1", "ApplySetpoint", uint(7), uint(1), float("nan"), 36.0)
    assert station.written == []


async def test_the_outdoor_temperature_is_the_only_variable_that_takes_a_write(nodes):
    async with plain(nodes) as (client, index, station, watch):
        outdoor = client.get_node(f"ns={index};s=Station.T_outdoor_centre")
        await outdoor.write_value(ua.DataValue(ua.Variant(-7.5, ua.VariantType.Double)))
        with pytest.raises(BadOutOfRange):
            await outdoor.write_value(ua.DataValue(ua.Variant(-80.0, ua.VariantType.Double)))
        for name in ("Loop1.T_supply_secondary_set", "Loop1.remote_level", "Station.T_supply_primary"):
            with pytest.raises(BadNotWritable):
                await client.get_node(f"ns={index};s={name}").write_value(
                    ua.DataValue(ua.Variant(60.0, ua.VariantType.Double))
                )
        with pytest.raises(BadNotWritable):
            await client.nodes.server_state.write_value(ua.DataValue(ua.Variant(1, ua.VariantType.Int32)))
    assert station.written == [("outdoor", -7.5)]
    assert ("write", "Loop1.T_supply_secondary_set", 60.0) in watch.seen


async def test_a_restart_can_move_the_namespace_to_another_index(nodes):
    server, _, _ = device(nodes, seed=5)
    indices = set()
    for _ in range(4):
        port = await server.start()
        async with Client(f"opc.tcp://127.0.0.1:{port}/", watchdog_intervall=60.0) as client:
            indices.add(await client.get_namespace_index("urn:dhc:substation"))
        await server.stop()
    assert len(indices) > 1


async def test_a_stop_that_meets_the_clearing_up_of_a_lost_connection_comes_to_its_end(nodes):
    server, _, _ = device(nodes)
    port = await server.start()
    library = server._server.bserver
    client = Client(f"opc.tcp://127.0.0.1:{port}/", watchdog_intervall=60.0)
    await client.connect()
    client.uaclient.protocol.transport.abort()
    while not library.closing_tasks:  # noqa: ASYNC110  (it is about single turns of the loop)
        await asyncio.sleep(0)
    # what the library's own task does every ten seconds, at this very moment
    library.cleanup_task.cancel()
    library.cleanup_task = asyncio.create_task(library._close_task_loop())
    await asyncio.sleep(0)
    stop = asyncio.create_task(server.stop())
    ended, _ = await asyncio.wait([stop], timeout=2.0)
    stop.cancel()  # which the library also takes for something else
    await asyncio.wait([stop])
    with contextlib.suppress(ConnectionError, ua.UaError):
        await client.disconnect()
    assert ended


async def test_two_servers_share_the_standard_nodes_but_no_value(nodes):
    async with plain(nodes) as (one, index, station, _), plain(nodes) as (other, other_index, _, _):
        station.set(0, "A_heated", 1234.0)
        read = one.get_node(f"ns={index};s=Station.A_heated").read_value()
        assert await read == 1234.0
        assert await other.get_node(f"ns={other_index};s=Station.A_heated").read_value() == 61_500.0
        assert len(await one.nodes.objects.get_children()) == len(await other.nodes.objects.get_children())


async def test_a_session_never_lives_longer_than_the_limit_without_its_client(nodes):
    async with plain(nodes) as (client, _, _, _):
        assert client.session_timeout <= SESSION_TIMEOUT_MAX_S * 1000.0


@pytest.mark.parametrize("policy", [SecurityPolicyBasic256Sha256, SecurityPolicyAes256Sha256RsaPss])
async def test_a_secured_server_talks_signed_and_encrypted_only(nodes, tmp_path, policy):
    uri = "urn:dhc:sim:S001"
    identity = ServerIdentity(certificate=tmp_path / "server.der", private_key=tmp_path / "server.pem")
    save(make_pair(uri=uri), identity.certificate)
    save(make_pair(uri="urn:test:client"), tmp_path / "client.der")
    assert identity.application_uri == uri
    server, _, _ = device(nodes, identity)
    url = f"opc.tcp://127.0.0.1:{await server.start()}/"
    try:
        async with Client(url, watchdog_intervall=60.0) as plain_client:
            pytest.fail(f"{plain_client} got in without security")
    except (ua.UaError, TimeoutError, ConnectionError):
        pass
    client = Client(url, watchdog_intervall=60.0)
    client.application_uri = "urn:test:client"
    await client.set_security(
        policy,
        certificate=str(tmp_path / "client.der"),
        private_key=str(tmp_path / "client.pem"),
        server_certificate=str(identity.certificate),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    async with client:
        index = await client.get_namespace_index("urn:dhc:substation")
        assert await client.get_node(f"ns={index};s=Station.A_heated").read_value() == 61_500.0
    await server.stop()
