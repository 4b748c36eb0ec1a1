"""A controller with three stations and people at it, for the tests of the order desk."""

import pytest

from tests.support.control_room import ControlRoomBench


@pytest.fixture
async def bench(tmp_path):
    bench = ControlRoomBench(tmp_path)
    await bench.add_people()
    yield bench
    bench.close()


@pytest.fixture
async def people(bench):
    """Logged-in clients by name."""
    names = ("olga", "otto", "lei", "lin", "eva", "vera")
    clients = {name: bench.as_person(name) for name in names}
    yield clients
    for client in clients.values():
        await client.aclose()
