"""A secured OPC UA station, its pinned certificate and the controller's identity, for this folder's tests."""

import dataclasses

import pytest
import pytest_asyncio

from stations.driver import Deadlines
from stations.drivers.opcua import connection
from stations.drivers.opcua.identity import ClientIdentity
from tests.support.opcua_certificates import make_pair
from tests.support.opcua_server import secured, station_server, substation_nodes


@pytest.fixture(scope="module")
def pair():
    return make_pair()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def station(pair):
    async with station_server(substation_nodes(), pair=pair) as server:
        yield server


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    return ClientIdentity.load_or_create(folder / "c.der", folder / "c.pem", "urn:dhc:controller")


@pytest.fixture
def identity(loaded):
    """The controller's identity with no memory of any server."""
    return dataclasses.replace(loaded, accepted_policy={})


@pytest.fixture
def server(station, pair):
    station.reset()
    station.show(*secured(pair))
    yield station
    station.show(*secured(pair))


@pytest.fixture
def pin(pair, tmp_path):
    return pair.write(tmp_path / "station.der")


@pytest.fixture
def patience(monkeypatch):
    """Servers of the test's library refuse a channel by silence; do not wait long for that."""
    monkeypatch.setattr(connection, "SILENT_REFUSAL_S", 0.1)
    return Deadlines(connect_s=1.0, request_s=1.0, close_s=0.5)
