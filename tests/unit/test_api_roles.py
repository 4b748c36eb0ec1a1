"""Every path of the API for every role: who is let in, written down by hand; what is not written is shut."""

import asyncio
import json

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from controller.accounts.roles import RIGHTS, SERVICE, Right, Role
from controller.api.gate import Gate
from controller.api.rights import NoPath, RightsTable, needs
from tests.support.api_bench import BEARER
from tests.support.control_room import PEOPLE, ControlRoomBench

EVERYBODY = {"service", "viewer", "operator", "shift_lead", "engineer", "admin", "auditor"}
PERSONS = EVERYBODY - {"service"}
ORDERING = {"operator", "shift_lead", "engineer"}
LEADING = {"shift_lead", "engineer"}
ALLOWED = {
    ("GET", "/livez"): EVERYBODY | {"nobody"},
    ("GET", "/readyz"): EVERYBODY,
    ("GET", "/metrics"): EVERYBODY,
    ("GET", "/api/v1/openapi.json"): EVERYBODY,
    ("GET", "/api/v1/snapshot"): EVERYBODY,
    ("GET", "/api/v1/events"): EVERYBODY,
    ("GET", "/api/v1/stations"): EVERYBODY,
    ("GET", "/api/v1/stations/{station}"): EVERYBODY,
    ("GET", "/api/v1/stations/{station}/writes"): EVERYBODY,
    ("GET", "/api/v1/map"): EVERYBODY,
    ("GET", "/api/v1/sparklines"): EVERYBODY,
    ("GET", "/api/v1/sparklines/city"): EVERYBODY,
    ("GET", "/api/v1/kpis"): EVERYBODY,
    ("GET", "/api/v1/history"): EVERYBODY,
    ("GET", "/api/v1/energy"): EVERYBODY,
    ("GET", "/api/v1/forecast"): EVERYBODY,
    ("GET", "/api/v1/forecast/{station}"): EVERYBODY,
    ("GET", "/api/v1/plan"): EVERYBODY,
    ("GET", "/api/v1/plan/{station}"): EVERYBODY,
    ("GET", "/api/v1/plan/sources"): EVERYBODY,
    ("GET", "/api/v1/plan/shadow"): EVERYBODY,
    ("POST", "/api/v1/plan/shadow/{station}/{loop}/promote"): LEADING,
    ("POST", "/api/v1/plan/{station}/identify"): LEADING,
    ("POST", "/api/v1/plan/sources/{source}/acknowledge"): ORDERING,
    ("GET", "/api/v1/modes"): EVERYBODY,
    ("GET", "/api/v1/commands"): EVERYBODY,
    ("GET", "/api/v1/commands/{number}"): EVERYBODY,
    ("POST", "/api/v1/login"): EVERYBODY | {"nobody"},
    ("POST", "/api/v1/logout"): PERSONS,
    ("GET", "/api/v1/me"): PERSONS,
    ("POST", "/api/v1/me/password"): PERSONS,
    ("POST", "/api/v1/me/language"): PERSONS,
    ("GET", "/api/v1/users"): {"admin", "auditor"},
    ("POST", "/api/v1/users"): {"admin"},
    ("POST", "/api/v1/users/{name}"): {"admin"},
    ("GET", "/api/v1/audit"): {"admin", "auditor"},
    ("GET", "/api/v1/audit/verification"): {"admin", "auditor"},
    ("POST", "/api/v1/commands"): ORDERING,
    ("POST", "/api/v1/commands/{number}/commit"): ORDERING,
    ("POST", "/api/v1/commands/{number}/approve"): LEADING,
    ("POST", "/api/v1/districts/{district}/local"): ORDERING,
    ("GET", "/api/v1/alarms"): EVERYBODY,
    ("GET", "/api/v1/alarms/rules"): EVERYBODY,
    ("GET", "/api/v1/alarms/journal"): EVERYBODY,
    ("GET", "/api/v1/alarms/kpis"): EVERYBODY,
    ("POST", "/api/v1/alarms/{alarm}/ack"): ORDERING,
    ("POST", "/api/v1/alarms/{alarm}/shelve"): ORDERING,
    ("POST", "/api/v1/alarms/{alarm}/unshelve"): ORDERING,
    ("POST", "/api/v1/alarms/{alarm}/out-of-service"): LEADING,
    ("POST", "/api/v1/alarms/{alarm}/in-service"): LEADING,
}
"""By path: roles that are let in. A new path is added here together with its right."""
NAME_OF = {role.value: name for name, role in PEOPLE.items()}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = ControlRoomBench(tmp_path_factory.mktemp("roles"))
    asyncio.run(bench.add_people())
    yield bench
    bench.close()


def test_the_matrix_knows_every_path_and_every_role(bench):
    assert set(bench.api.rights.rights) == set(ALLOWED)
    assert set(Role) == {Role(role) for role in PERSONS}
    assert set(bench.api.routes.openapi()["paths"]) <= {path for _, path in ALLOWED}


@pytest.mark.parametrize("who", sorted(EVERYBODY | {"nobody"}))
async def test_each_role_is_let_in_where_the_matrix_says_and_nowhere_else(bench, who):
    headers = {"nobody": {}, "service": BEARER}.get(who)
    client = bench.client(**headers) if headers is not None else bench.as_person(NAME_OF[who])
    deviations = []
    async with client:
        for (method, path), allowed in ALLOWED.items():
            status = await knock(client, method, path)
            shut = status in (401, 403)
            if shut == (who in allowed) or (shut and (status == 401) != (who == "nobody")):
                deviations.append((method, path, status))
    assert deviations == []


async def knock(client, method, path):
    """Status of an empty or pointless request: only the gate's answer matters, nothing may be changed."""
    if path.endswith(("/events", "/logout")):
        return await gate_only(client, method, path)
    filled = path.replace("{station}", "S001").replace("{number}", "999").replace("{name}", "nobody-known")
    filled = filled.replace("{district}", "nowhere").replace("{alarm}", "none")
    content = b"{" if method == "POST" else None
    response = await client.request(
        method, f"http://api{filled}", content=content, headers={"content-type": "application/json"}
    )
    if response.status_code >= 400:
        json.loads(response.content)["error"]["message"]
    return response.status_code


async def gate_only(client, method, path):
    """Ask the gate alone: what lies behind it is a stream, or ends the session."""

    async def behind(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    gate = client._transport.app
    assert isinstance(gate, Gate)
    statuses = []
    alone = Gate(behind, gate._rights, gate._recognise, statuses.append)
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    token = client.headers.get("authorization")
    headers = [] if token is None else [(b"authorization", token.encode())]
    await alone({"type": "http", "method": method, "path": path, "headers": headers}, receive, send)
    return statuses[0]


# ------------------------------------------------------------------ new paths fail closed


def router_with(**extra):
    router = APIRouter(prefix="/api/v1")

    @router.get("/secret", **extra)
    async def secret():
        return {}

    return router


def test_a_path_that_declares_no_right_is_open_to_nobody():
    assert RightsTable([router_with()]).right("GET", "/api/v1/secret") is None
    declared = RightsTable([router_with(openapi_extra=needs(Right.READ_AUDIT))])
    assert declared.right("GET", "/api/v1/secret") is Right.READ_AUDIT


async def test_neither_a_path_without_a_right_nor_one_beside_the_table_is_reached(bench):
    app = FastAPI()
    app.include_router(router_with())

    @app.get("/beside")
    async def beside():
        return {}

    async def recognise(_header):
        return SERVICE

    gate = Gate(app, RightsTable([router_with()]), recognise, lambda _: None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://api") as client:
        assert (await client.get("/api/v1/secret")).status_code == 403
        assert (await client.get("/beside")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/api/v1/snapshot/", "//api/v1/snapshot", "/API/v1/snapshot", "/livez/", ""]
)
def test_a_path_written_otherwise_is_no_path(bench, path):
    assert bench.api.rights.right("GET", path) == NoPath()


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "get"])
def test_other_methods_reach_no_path(bench, method):
    for path in ("/api/v1/snapshot", "/api/v1/users", "/livez"):
        assert isinstance(bench.api.rights.right(method, path), NoPath)


def test_duties_are_apart():
    assert not RIGHTS[Role.ADMIN] & {Right.ORDER, Right.APPROVE}
    assert not RIGHTS[Role.AUDITOR] & {Right.ORDER, Right.APPROVE, Right.MANAGE_USERS}
    assert not SERVICE.rights & {Right.OWN_SESSION, Right.ORDER}
    assert all(Right.MANAGE_USERS not in rights for role, rights in RIGHTS.items() if role is not Role.ADMIN)
