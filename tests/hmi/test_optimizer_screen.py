"""The optimizer's page by Streamlit's own tester: with a plan, without one, and where its rows lead."""

import pytest

from hmi.components import rows
from hmi.screens import optimizer
from tests.support import operations_screen as bench
from tests.support import plan_told
from tests.support.city_screens import fresh
from tests.support.fake_api import FakeApi
from tests.support.operations_screen import opened


@pytest.fixture(autouse=True)
def own_session(monkeypatch):
    monkeypatch.setattr("hmi.session.screen_of_this_run", None)
    fresh()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_a_plan_the_optimizer_s_page_says_so(language):
    api = FakeApi(plan=plan_told.no_plan())
    assert opened("optimizer", api, language=language).title[0].value
    drawn = optimizer.drawings(bench.screen(api, language=language))
    said_of = {
        "en": "No plan: every loop keeps the curve · there is no plan yet",
        "zh": "没有计划：所有回路按供热曲线运行 · 尚无计划",
    }
    assert drawn["plan_headline"]["text"] == said_of[language]
    assert drawn["plan_loops"]["rows"] == []


def test_the_optimizer_s_page_lists_every_loop_and_who_is_left_out():
    drawn = optimizer.drawings(bench.screen(FakeApi()))
    listed = [row["id"] for row in drawn["plan_loops"]["rows"]]
    assert listed == ["S001/1", "S001/2", "S002/1", "S003/1"]
    assert [row["id"] for row in drawn["plan_excluded"]["rows"]] == ["S004/1"]


def test_a_loop_that_is_chosen_on_the_optimizer_s_page_opens_its_station(monkeypatch):
    left = []
    monkeypatch.setattr("hmi.screens.optimizer.open_page", lambda name, **query: left.append((name, query)))
    mount = rows.mount

    def told(table, key):
        drawn = mount(table, key)
        return rows.Told(picked="S002/1") if key == "plan_loops" else drawn

    monkeypatch.setattr(rows, "mount", told)
    opened("optimizer")
    assert left == [("station", {"station": "S002"})]
