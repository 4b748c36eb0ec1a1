"""Orders to heat sources over the API: told hour by hour, acknowledged as they were seen, in the audit."""

import json
from dataclasses import replace

import pytest

from controller.accounts import store
from controller.accounts.roles import Role
from controller.api import source_schema as schema
from controller.api.app import create_app
from controller.config.planning import PlanningConfig
from controller.config.sources import SourceRules
from controller.image import ProcessImage, StationImage
from controller.planning.source_book import Measured, SourceBook
from controller.planning.source_orders import FROZEN, REASONS
from tests.support.api_bench import BEARER, NOW
from tests.support.control_room import ControlRoomBench, token_of
from tests.support.sites import station_config
from tests.support.source_city import BASE, HOUR, PEAK, order

PATH = "http://api/api/v1/plan/sources"


class SourceBench(ControlRoomBench):
    """A controller's API with two heat sources, the second one for peaks."""

    def __init__(self, folder):
        super().__init__(folder)
        sources = [station_config(name, "source-opcua", 21_000 + i) for i, name in enumerate((BASE, PEAK))]
        self.site = replace(
            self.site,
            stations=(*self.site.stations, *sources),
            planning=PlanningConfig(sources={PEAK: SourceRules(role="peak")}),
        )
        images = {one.id: StationImage(station=one.id, readings={}) for one in sources}
        self.state.image = ProcessImage({**self.state.image.freeze(), **images})
        self.api.hub.close()
        self.api.reader.close()
        self.api = create_app(self.state, self.site, self.journal, self.room, self.clock, self.metrics)
        self.app = self.api.app
        self.book = SourceBook(self.site.data)

    def issue(self, at=NOW, **changes):
        """Let three hours of both sources be ordered, from one hour ago on."""
        for name in (BASE, PEAK):
            self.book.issue((order(name, NOW + h * HOUR, **changes) for h in (-1, 0, 1)), at)


@pytest.fixture
async def bench(tmp_path):
    bench = SourceBench(tmp_path)
    await bench.add_people()
    yield bench
    bench.close()


async def told(bench):
    async with bench.client(**BEARER) as client:
        answer = await client.get(PATH)
    assert answer.status_code == 200
    assert set(json.loads(answer.content)) == set(schema.SourcesMessage.model_fields)
    return schema.SourcesMessage.model_validate_json(answer.content)


async def acknowledge(bench, who, source=BASE, seen=NOW):
    async with bench.as_person(who) as client:
        return await client.post(f"{PATH}/{source}/acknowledge", json={"seen": seen})


async def test_before_the_first_advice_sources_are_there_without_orders(bench):
    message = await told(bench)
    assert (message.advised_at, message.frozen_day, message.reasons) == (None, None, [])
    assert [(one.source, one.role, one.hours) for one in message.sources] == [
        (BASE, "base", []),
        (PEAK, "peak", []),
    ]


async def test_every_hour_tells_its_order_its_state_and_what_the_source_did(bench):
    bench.issue()
    bench.book.freeze(NOW, NOW + HOUR, NOW)
    done = Measured(Q_flow=5050.0, T_supply=89.0, Q_flow_max=9000.0, minutes=60)
    bench.book.judge({(BASE, NOW - HOUR): done}, NOW)
    bench.book.note(FROZEN, "2025-01-16")
    bench.book.note(REASONS, {"at": NOW, "reasons": [["dispatch.weather_only", {"hours": 16}]]})
    message = await told(bench)
    assert (message.advised_at, message.frozen_day) == (NOW, "2025-01-16")
    assert message.reasons[0].en.startswith("the last 16 h lie beyond the plan")
    past, now, later = message.sources[0].hours
    assert (past.state, past.measured_Q_flow, past.measured_T_supply) == ("executed", 5050.0, 89.0)
    assert (now.state, now.day_Q_flow, now.day_T_supply) == ("issued", 5000.0, 90.0)
    assert (later.Q_flow, later.T_supply, later.m_flow, later.dp) == (5000.0, 90.0, 26.6, 380.0)
    assert message.sources[1].hours[0].state == "unmeasured"
    assert [one.open for one in message.sources] == [2, 2]


async def test_an_operator_acknowledges_what_was_seen_and_the_audit_knows(bench, monkeypatch):
    noted = []
    monkeypatch.setattr(bench.room.audit, "note", noted.extend)
    bench.issue()
    bench.book.issue([order(BASE, NOW + HOUR, Q_flow=7000.0)], NOW + 60.0)
    bench.clock.time = NOW + 90.0
    answer = await acknowledge(bench, "olga", seen=NOW + 30.0)
    assert answer.json() == {"acknowledged": 1, "open": 1}
    (event,) = noted
    assert (event.kind, event.actor) == ("source_acknowledged", "olga")
    assert event.data == {"source": BASE, "orders": 1, "from_hour": NOW, "to_hour": NOW}
    hours = (await told(bench)).sources[0].hours
    assert [(one.state, one.acknowledged_by) for one in hours[1:]] == [
        ("acknowledged", "olga"),
        ("issued", None),
    ]
    assert (await acknowledge(bench, "otto", seen=NOW + 90.0)).json() == {"acknowledged": 1, "open": 0}
    assert (await acknowledge(bench, "otto", seen=NOW + 90.0)).json() == {"acknowledged": 0, "open": 0}
    assert len(noted) == 2
    bench.book.issue([order(BASE, hour, Q_flow=9000.0) for hour in (NOW, NOW + HOUR)], NOW + 120.0)
    base, peak = (await told(bench)).sources
    assert [one.acknowledged_by for one in base.hours[1:]][-1] is None, "its numbers changed"
    assert (base.acknowledged_by, base.acknowledged_at) == ("otto", NOW + 90.0)
    assert peak.acknowledged_by is None


@pytest.mark.parametrize(("who", "source", "status"), [("vera", BASE, 403), ("olga", "S001", 404)])
async def test_who_may_not_order_and_what_is_no_source_is_refused(bench, who, source, status):
    bench.issue()
    assert (await acknowledge(bench, who, source)).status_code == status
    assert all(one.open for one in (await told(bench)).sources)


async def test_a_source_of_another_district_is_not_acknowledged(bench):
    bench.issue()
    with bench.room.accounts.kept.writing() as connection:
        store.add(
            connection,
            name="sun",
            role=Role.OPERATOR,
            districts=frozenset({"south"}),
            password_hash="",
            at=bench.utc,
            actor="test",
        )
        store.begin_session(connection, "sun", token_of("sun"), bench.utc, "test")
    answer = await acknowledge(bench, "sun")
    assert answer.status_code == 403
    assert answer.json()["error"]["reasons"][0]["id"] == "dispatch.zone"


@pytest.mark.parametrize("body", [{}, {"seen": "now"}, {"seen": -1.0}, {"seen": 1.0, "more": 1}])
async def test_a_body_that_is_none_is_refused(bench, body):
    async with bench.as_person("olga") as client:
        answer = await client.post(f"{PATH}/{BASE}/acknowledge", json=body)
    assert answer.status_code == 422


async def test_a_site_without_a_source_says_so(tmp_path):
    bench = ControlRoomBench(tmp_path)
    message = await told(bench)
    assert [one.id for one in message.reasons] == ["dispatch.no_source"]
    assert message.sources == []
    bench.close()
