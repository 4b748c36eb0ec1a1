"""Alarms over the API: the list, who may silence what, and that silence is known to the audit."""

import pytest

from controller.accounts.roles import Role
from controller.alarms.book import AlarmBook, Sight
from controller.alarms.desk import AlarmDesk
from controller.alarms.model import AlarmKey, Finding
from controller.alarms.store import AlarmStore
from controller.api import alarm_schema as schema
from controller.api.app import create_app
from tests.support.api_bench import BEARER, NOW
from tests.support.control_room import PASSWORD, ControlRoomBench
from tests.support.polling import until

PUMP = AlarmKey("pump_stopped", "S001", 1)
DRIVEN = AlarmKey("not_driven", "S001", 1)
DISK = AlarmKey("disk_full")


class Bench(ControlRoomBench):
    """An API whose alarm journal is on a disk."""

    def __init__(self, folder):
        super().__init__(folder)
        folder.joinpath("alarms").mkdir()
        self.store = AlarmStore(folder / "alarms")
        self.desk = AlarmDesk(AlarmBook(self.store), self.store)
        self.api = create_app(
            self.state, self.site, self.journal, self.room, self.clock, self.metrics, self.desk
        )
        self.app = self.api.app

    def look(self, *keys, at=NOW):
        params = {"why": "database or disk is full"}
        findings = [Finding(key=key, since=at - 60.0, params=params) for key in keys]
        self.desk.book.update(findings, Sight(), at, at)

    def close(self):
        super().close()
        self.store.close()


@pytest.fixture
async def bench(tmp_path):
    bench = Bench(tmp_path)
    await bench.add_people()
    keys = (PUMP, DRIVEN, DISK)
    bench.look(*keys, at=NOW - 4000.0)
    bench.look(*keys, at=NOW)
    yield bench
    bench.close()


async def get(bench, path, name="vera", model=None):
    async with bench.as_person(name) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    if model is not None:
        model.model_validate(answer.json())
    return answer.json()


async def post(bench, path, body=None, name="olga"):
    async with bench.as_person(name) as client:
        return await client.post(path, json=body)


async def test_the_list_shows_what_asks_first_and_hides_what_is_explained(bench):
    listed = await get(bench, "alarms", model=schema.AlarmList)
    assert [(a["id"], a["state"]) for a in listed["alarms"]] == [
        ("pump_stopped:S001:1", "unack"),
        ("disk_full", "unack"),
    ]
    pump = listed["alarms"][0]
    assert pump["title_zh"] == "循环停止"
    assert pump["children"] == ["not_driven:S001:1"]
    assert (pump["station"], pump["district"], pump["loop"]) == ("S001", "north", 1)
    every = await get(bench, "alarms?all=true", model=schema.AlarmList)
    assert {a["id"]: a["suppressed_by"] for a in every["alarms"]}["not_driven:S001:1"] == str(PUMP)


async def test_texts_are_filled_in_with_what_was_found(bench):
    disk = (await get(bench, "alarms"))["alarms"][1]
    assert disk["text_en"] == "the journal can not store: database or disk is full"


async def test_an_acknowledgement_is_stored_audited_and_told_to_the_second(bench):
    answer = await post(bench, "alarms/disk_full/ack", {"note": "making room"})
    assert answer.json() == {"state": "ack", "stored": True}
    again = await post(bench, "alarms/disk_full/ack", {}, name="otto")
    assert again.status_code == 409
    assert "already acknowledged by olga" in again.json()["error"]["message"]
    assert [reason["zh"] for reason in again.json()["error"]["reasons"]] == ["已由 olga 确认。"]
    assert bench.store.standing()[DISK].note == "making room"
    journal = await get(bench, f"alarms/journal?start={NOW - 1e5}&end={NOW + 1}", model=schema.AlarmJournal)
    assert [s["by"] for s in journal["steps"] if s["why"] == "acknowledged"] == ["olga"]

    async def audited():  # no answer waits for the audit's disk
        return "alarm_acknowledged" in [entry.event.kind for entry in bench.room.audit.newest(10, None)]

    await until(audited, 10.0, "the acknowledgement in the audit")
    kinds = [entry.event.kind for entry in bench.room.audit.newest(10, None)]
    assert kinds.count("alarm_acknowledged") == 1


async def test_shelving_needs_a_reason_an_end_and_for_long_a_shift_lead(bench):
    body = {"reason": "pump is being exchanged", "duration_s": 3600.0}
    path = "alarms/pump_stopped:S001:1/shelve"
    assert (await post(bench, path, {"duration_s": 3600.0})).status_code == 422
    assert (await post(bench, path, body | {"duration_s": 1e6})).status_code == 422
    assert (await post(bench, path, body | {"duration_s": 7200.0})).status_code == 403
    assert (await post(bench, path, body)).json()["state"] == "shelved"
    assert "pump_stopped:S001:1" not in [a["id"] for a in (await get(bench, "alarms"))["alarms"]]
    assert (await post(bench, "alarms/pump_stopped:S001:1/unshelve")).json()["state"] == "unack"
    long = await post(bench, path, body | {"duration_s": 7200.0}, name="lei")
    assert long.json()["state"] == "shelved"


async def test_out_of_service_is_for_shift_leads(bench):
    body = {"reason": "sensor is at the maker's"}
    path = "alarms/pump_stopped:S001:1/out-of-service"
    assert (await post(bench, path, body)).status_code == 403
    assert (await post(bench, path, body, name="lei")).json()["state"] == "out_of_service"
    assert (await post(bench, "alarms/pump_stopped:S001:1/in-service", name="lei")).json()["state"] == "unack"


@pytest.mark.parametrize("name", ["vera", "ada", "ali"])
async def test_who_may_not_order_may_not_silence(bench, name):
    assert (await post(bench, "alarms/disk_full/ack", {}, name=name)).status_code == 403


async def test_the_service_token_reads_and_silences_nothing(bench):
    async with bench.client(**BEARER) as client:
        assert (await client.get("alarms")).status_code == 200
        assert (await client.post("alarms/disk_full/ack", json={})).status_code == 403


async def test_an_operator_of_another_district_may_not_silence_here(bench):
    await bench.room.accounts.add("zoe", PASSWORD, Role.OPERATOR, frozenset({"south"}), "test")
    async with await bench.as_user("zoe") as zoe:
        for path in ("pump_stopped:S001:1", "disk_full"):
            assert (await zoe.post(f"alarms/{path}/ack", json={})).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("alarms/pump_stopped:S009:1/ack", 404),
        ("alarms/%22;DROP/ack", 422),
        ("alarms/a:b:c:d:e/ack", 422),
        ("alarms/disk_full/unshelve", 409),
        ("alarms/disk_full/burn", 404),
    ],
)
async def test_what_is_not_there_or_makes_no_sense_is_refused_in_words(bench, path, status):
    answer = await post(bench, path, {} if path.endswith("ack") else None)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


async def test_every_rule_is_told_with_cause_consequence_and_action(bench):
    rules = (await get(bench, "alarms/rules", model=schema.RuleList))["rules"]
    frost = next(rule for rule in rules if rule["rule"] == "frost")
    assert (frost["priority"], frost["limit"]) == (1, 5.0)
    assert frost["action_zh"]


async def test_measures_of_the_last_day_are_computed_from_the_journal(bench):
    bench.desk.book.acknowledge(DISK, "li", "", NOW).result(10.0)
    kpis = await get(bench, "alarms/kpis", model=schema.AlarmKpisMessage)
    assert kpis["annunciated"] == 1  # at this very moment the second one lies at the span's end
    assert kpis["unacknowledged"] == 1
