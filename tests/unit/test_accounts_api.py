"""Accounts over the API: login, who am I, administration, and secrets that stand nowhere."""

import io
import logging

import pytest
import structlog

from controller.api import order_schema
from controller.logs import configure_logs
from tests.support.api_bench import BEARER
from tests.support.control_room import PASSWORD, ControlRoomBench


@pytest.fixture
async def bench(tmp_path):
    bench = ControlRoomBench(tmp_path)
    await bench.add_people()
    yield bench
    bench.close()


async def test_login_me_and_logout_over_the_api(bench):
    client = await bench.as_user("olga")
    me = (await client.get("me")).json()
    order_schema.MeMessage.model_validate(me)
    assert (me["user"]["name"], me["user"]["role"]) == ("olga", "operator")
    assert "order" in me["rights"]
    assert (await client.post("logout")).json() == {"done": True}
    assert (await client.get("me")).status_code == 401
    await client.aclose()


async def test_an_administrator_adds_shuts_and_reopens_an_account(bench):
    async with bench.as_person("ada") as ada:
        body = {"name": "nina", "password": PASSWORD, "role": "operator", "districts": ["north"]}
        assert (await ada.post("users", json=body)).status_code == 200
        listed = (await ada.get("users")).json()["users"]
        nina = {"name": "nina", "role": "operator", "districts": ["north"], "disabled": False}
        assert {**nina, "language": None} in listed
        assert not any(key in user for user in listed for key in ("hash", "password"))
        assert (await ada.post("users", json=body)).status_code == 422
        assert (await ada.post("users", json=body | {"name": "n2", "districts": ["moon"]})).status_code == 422
        assert (await ada.post("users", json=body | {"name": "n3", "password": "short"})).status_code == 422
        assert (await ada.post("users/nina", json={"disabled": True})).status_code == 200
        async with bench.client() as anybody:
            refused = await anybody.post("login", json={"name": "nina", "password": PASSWORD})
            assert refused.status_code == 401
            await ada.post("users/nina", json={"disabled": False, "password": "a winter of 5 months"})
            body = {"name": "nina", "password": "a winter of 5 months"}
            assert (await anybody.post("login", json=body)).status_code == 200
        assert (await ada.post("users/ada", json={"disabled": True})).status_code == 422
        assert (await ada.post("users/nobody", json={"disabled": True})).status_code == 422


async def test_a_person_changes_the_own_password_only_with_the_old_one(bench):
    client = await bench.as_user("olga")
    new = "a winter of 7 months"
    answer = await client.post("me/password", json={"old": "wrong", "new": new})
    assert answer.status_code == 401
    answer = await client.post("me/password", json={"old": PASSWORD, "new": "short"})
    assert answer.status_code == 422
    assert (await client.post("me/password", json={"old": PASSWORD, "new": new})).status_code == 200
    assert (await client.get("me")).status_code == 401
    await client.aclose()


async def test_a_person_has_a_language_of_their_own(bench):
    client = await bench.as_user("olga")
    assert (await client.get("me")).json()["user"]["language"] is None
    assert (await client.post("me/language", json={"language": "fr"})).status_code == 422
    for language in ("en", "zh", "en"):
        assert (await client.post("me/language", json={"language": language})).status_code == 200
        assert (await client.get("me")).json()["user"]["language"] == language
    async with bench.as_person("ada") as ada:
        told = {user["name"]: user["language"] for user in (await ada.get("users")).json()["users"]}
    assert told.pop("olga") == "en"
    assert set(told.values()) == {None}
    await client.aclose()


async def test_a_locked_name_is_told_when_to_come_again(bench):
    async with bench.client() as anybody:
        for _ in range(5):
            answer = await anybody.post("login", json={"name": "olga", "password": "wrong"})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) == 900
        assert answer.json()["error"]["code"] == "locked"


async def test_a_store_that_can_not_be_used_is_said_and_no_fault_of_the_server(bench, monkeypatch):
    path = bench.room.accounts.kept.path
    path.rename(path.with_suffix(".gone"))
    path.mkdir()
    async with bench.as_person("olga") as olga, bench.client(**BEARER) as service:
        assert (await olga.get("me")).status_code == 503
        assert (await service.get("kpis")).status_code == 200


CANARY = "canary-7f3a-password"


async def test_a_secret_stands_in_no_log_no_answer_no_metric_and_no_audit(bench):
    stream = io.StringIO()
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logs("json", stream, level=logging.DEBUG)
    told = []
    try:
        async with bench.client() as anybody, bench.as_person("ada") as ada:
            for client, path, body in (
                (anybody, "login", {"name": "olga", "password": CANARY}),
                (anybody, "login", {"name": CANARY, "password": CANARY}),
                (anybody, "login", {"name": "olga", "pasword": CANARY}),
                (anybody, "login", {"name": ["olga"], "password": [CANARY]}),
                (anybody, "login", CANARY),
                (ada, "users", {"name": "nina", "password": CANARY + CANARY, "role": CANARY}),
                (ada, "users", {"name": "nina", "password": CANARY * 9, "role": "viewer"}),
                (ada, "users", {"name": "nina", "password": CANARY, "role": "viewer"}),
                (ada, "users/nina", {"password": CANARY + "2"}),
                (ada, "me/password", {"old": CANARY, "new": CANARY + CANARY}),
            ):
                told.append((await client.post(path, json=body)).text)
            answer = await anybody.post("login", json={"name": "nina", "password": CANARY + "2"})
            token = answer.json()["token"]
            assert (await bench.client(authorization=f"Bearer {token}x").get("me")).status_code == 401
            told.append((await ada.get("/metrics")).text)
            await bench.room.round()
            told.append((await ada.get("audit")).text)
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level
        logging.captureWarnings(False)
    told.append(stream.getvalue())
    told += [path.read_bytes().decode("latin-1") for path in bench.site.data.iterdir()]
    assert not any(CANARY in text or token in text for text in told)
