"""The alarm screen's list, answer, measures and journal, without a browser."""

import pytest

from controller.api.alarm_schema import AsideMessage
from hmi.language import Words
from hmi.view_models import alarms as model
from tests.support.operations_city import EVIL, NOW, alarm, city, kpis, step

EN, ZH = Words("en", "Asia/Shanghai"), Words("zh", "Asia/Shanghai")


def table(alarms, tab="open", *, may_write=True, known=None, words=EN):
    return model.alarm_table(
        words, known or city(alarms), alarms, tab, selected="", may_write=may_write, now=NOW
    )


def texts(row):
    return [cell.text for cell in row.cells]


@pytest.mark.parametrize(
    ("state", "look", "asks"),
    [
        ("unack", "unack", True),
        ("ack", "ack", False),
        ("returned_unack", "returned", True),
    ],
)
def test_a_mark_shows_priority_and_state_by_shape_and_digit(state, look, asks):
    (row,) = table([alarm(state=state)]).rows
    mark, act = row.cells[0], row.cells[-1]
    assert (mark.priority, mark.look) == (1, look)
    assert mark.hint.startswith("1 critical")
    assert (act.action == "ack") is asks


def test_a_row_is_its_alarm_and_not_its_place_in_the_list():
    alarms = [alarm("frost:S001:1"), alarm("frost:S002:1")]
    assert [row.id for row in table(alarms).rows] == ["frost:S001:1", "frost:S002:1"]
    assert [row.id for row in table(alarms[::-1]).rows] == ["frost:S002:1", "frost:S001:1"]


def test_who_may_not_write_finds_the_button_shut():
    (row,) = table([alarm()], may_write=False).rows
    assert row.cells[-1].disabled


@pytest.mark.parametrize(
    ("raised_at", "said", "strong"),
    [(NOW - 90, "8 min left", False), (NOW - 900, "late 5 min", True)],
    ids=["time left", "too late"],
)
def test_the_time_to_respond_counts_down_and_then_stands_out(raised_at, said, strong):
    (row,) = table([alarm(raised_at=raised_at)]).rows
    assert (row.cells[6].text, row.cells[6].strong) == (said, strong)


def test_children_lie_folded_under_the_parent_and_are_not_counted_twice():
    child = alarm("station_lost:S002", "suppressed", suppressed_by="gateway_lost:10.0.0.1")
    parent = alarm("gateway_lost:10.0.0.1", station=None, district=None, children=[child.id])
    shown = table([parent, child])
    assert [(row.id, row.parent) for row in shown.rows] == [(parent.id, ""), (child.id, parent.id)]
    assert (shown.rows[0].cells[5].text, shown.rows[0].cells[5].action) == ("1 beneath", "fold")
    assert shown.rows[1].cells[-1].action == "", "the child is not acknowledged by itself"
    assert [row.id for row in table([parent, child], "suppressed").rows] == [child.id]


@pytest.mark.parametrize("tab", list(model.TABS))
def test_an_empty_tab_says_so(tab):
    assert table([], tab).empty


def test_a_name_from_outside_stays_text():
    known = city(names={"S001": EVIL})
    (row,) = table([alarm()], known=known).rows
    assert row.cells[2].text == f"S001 {EVIL}"


def test_the_answer_says_cause_consequence_and_action_in_both_languages():
    said = dict(model.answer_to(EN, city(), alarm(), NOW).sections)
    assert (said["Cause"], said["Consequence"], said["Action"]) == (
        "the cause",
        "the consequence",
        "the action",
    )
    assert "原因甲" in dict(model.answer_to(ZH, city(), alarm(), NOW).sections).values()


def test_the_answer_tells_what_people_did():
    acked = alarm(state="ack", acknowledged_by="bo", acknowledged_at=NOW - 30, note="crew called")
    assert "bo 07:59:30: “crew called”" in dict(model.answer_to(EN, city(), acked, NOW).sections).values()
    shelf = AsideMessage(by="bo", reason="repair", at=NOW, until=NOW + 3600)
    shelved = alarm(state="shelved", shelf=shelf)
    assert (
        "bo: “repair” (until 09:00:00)" in dict(model.answer_to(EN, city(), shelved, NOW).sections).values()
    )


def test_the_answer_names_what_explains_a_suppressed_alarm():
    child = alarm("station_lost:S002", "suppressed", suppressed_by="gateway_lost:10.0.0.1")
    said = dict(model.answer_to(EN, city(), child, NOW).sections)["Suppressed by design"]
    assert said == "explained by: 10.0.0.1 gateway_lost title"
    season = alarm(state="suppressed", suppressed_by="season")
    assert "season" in dict(model.answer_to(EN, city(), season, NOW).sections)["Suppressed by design"]


def test_an_alarm_of_a_rule_that_this_screen_does_not_know_is_shown_all_the_same():
    newer = alarm("newer_rule:S001:1")
    assert table([newer]).rows[0].cells[6].text == ""
    assert model.answer_to(EN, city(), newer, NOW).title == "Loop is freezing"


def test_measures_show_their_target_as_a_band_and_never_leave_the_track():
    tiles = model.quality_tiles(EN, kpis(peak_10_min=55))
    peak = tiles[1]
    assert (peak.text, peak.band, peak.scale) == ("55", (0.0, 10.0), (0.0, 55))
    assert [tile.text for tile in tiles] == ["0.28", "55", "0.0", "1", "0", "50"]
    assert model.priority_split(EN, kpis()) == ((3, "80 %"), (2, "15 %"), (1, "5 %"))
    assert model.priority_split(EN, kpis(by_priority={})) == ()


def test_the_journal_shows_the_newest_first_and_finds_by_any_word():
    steps = [
        step(at=NOW - 90),
        step("frost:S002:1", at=NOW - 60, why="shelved", by="bo", after="shelved", note="repair"),
    ]
    rows = model.journal_table(EN, city(), steps, "", 1).rows
    assert [row.cells[1].text for row in rows] == ["S002 S002 Homes", "S001 S001 Homes"]
    for needle, count in {"BO": 1, "repair": 1, "s002": 1, "frost": 2, "nothing": 0}.items():
        assert len(model.journal_table(EN, city(), steps, needle, 1).rows) == count
    assert len({row.id for row in rows}) == 2
    assert model.step_text(EN, step(after="normal")) == "condition ended"


@pytest.mark.parametrize("why", ["explained", "unexplained", "condition"])
def test_the_journal_names_the_alarm_that_explains_another_one_and_not_its_id(why):
    known = city()
    explained = step(why=why, after="suppressed", by="frost:S002:1")
    (row,) = model.journal_table(ZH, known, [explained], "", 1).rows
    assert row.cells[-1].text == f"S002 {ZH.name(known.traits['S002'])} {known.rules['frost'].title_zh}"


@pytest.mark.parametrize("quiet", ["season", "maintenance"])
def test_the_journal_says_in_words_that_the_season_explains_an_alarm(quiet):
    raised = step(why="condition", after="suppressed", by=quiet)
    (row,) = model.journal_table(ZH, city(), [raised], "", 1).rows
    assert row.cells[-1].text == "季节状态"


def test_a_long_journal_is_cut_and_a_long_filter_is_too():
    steps = [step(at=NOW - i) for i in range(500)]
    assert len(model.journal_table(EN, city(), steps, "", 1).rows) == 200
    assert model.journal_table(EN, city(), steps, "x" * 100_000, 1).rows == ()
