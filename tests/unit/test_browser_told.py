"""Where a person sits, as the screen tells it: noted for the audit where one may believe it, and no more."""

import json

import httpx
import pytest

from tests.support.api_bench import BEARER
from tests.support.control_room import PASSWORD, ControlRoomBench

TOLD = "x-dhc-browser"


@pytest.fixture
async def bench(tmp_path):
    made = ControlRoomBench(tmp_path)
    await made.add_people()
    return made


async def came(bench, peer, headers, password=PASSWORD):
    """What is left for the audit of a try to log in: (kind, seen address, told address)."""
    transport = httpx.ASGITransport(bench.app, client=(peer, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://api/api/v1/") as client:
        await client.post("login", json={"name": "olga", "password": password}, headers=headers)
    with bench.room.accounts.kept.reading() as connection:
        row = connection.execute("SELECT kind, data FROM events ORDER BY id DESC").fetchone()
    data = json.loads(row["data"])
    return row["kind"], data["from"], data.get("browser_told")


@pytest.mark.parametrize(
    ("peer", "headers", "told"),
    [
        ("127.0.0.1", BEARER | {TOLD: "10.0.0.7"}, "10.0.0.7"),
        ("127.0.0.1", BEARER | {TOLD: "2001:DB8::7"}, "2001:db8::7"),
        ("10.0.0.9", BEARER | {TOLD: "10.0.0.7"}, None),
        ("127.0.0.1", {TOLD: "10.0.0.7"}, None),
        ("127.0.0.1", {"authorization": "Bearer another", TOLD: "10.0.0.7"}, None),
        ("127.0.0.1", BEARER | {TOLD: "<b>lei</b>"}, None),
        ("127.0.0.1", BEARER, None),
    ],
    ids=["beside", "IPv6", "from another machine", "no token", "wrong token", "no address", "not told"],
)
async def test_only_a_screen_beside_us_with_the_service_token_says_where_a_browser_is(
    bench, peer, headers, told
):
    assert await came(bench, peer, headers) == ("login", peer, told)


async def test_a_refused_login_is_noted_with_it_as_well(bench):
    found = await came(bench, "127.0.0.1", BEARER | {TOLD: "10.0.0.7"}, "not the password")
    assert found == ("login_failed", "127.0.0.1", "10.0.0.7")
