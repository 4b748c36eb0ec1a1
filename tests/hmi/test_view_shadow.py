"""The shadow report on the screen: districts and their loops, savings with doubt, what speaks against."""

from hmi.language import Words
from hmi.view_models import optimizer_shadow as model
from tests.support import plan_told
from tests.support.operations_city import city

EN, ZH = Words("en", "Asia/Shanghai"), Words("zh", "Asia/Shanghai")


def table(words=EN, report=None, may=lambda _: True):
    return model.shadow_table(words, city(), report or plan_told.shadow(), 300, may)


def rows_of(*args, **kwargs):
    return {row.id: row for row in table(*args, **kwargs).rows}


def test_loops_lie_folded_under_their_district_but_for_one_that_drifted():
    found = rows_of()
    assert list(found) == ["north", "S002/1", "S001/1", "S001/2", "south"]
    assert [row.parent for row in found.values()] == ["", "", "north", "north", ""]
    assert (found["north"].cells[0].action, found["north"].cells[0].text) == ("fold", "North · 3 loops")
    assert (found["south"].cells[0].action, found["south"].cells[0].text) == ("", "South")


def test_a_saving_stands_with_its_bounds_beside_heat_by_curve_by_plan_and_as_it_was():
    _, days, curve, plan, taken, saving, drawn, against, _ = rows_of()["S001/1"].cells
    assert (days.text, days.small) == ("21", "")
    assert [cell.text for cell in (curve, plan, taken)] == ["36.0", "32.1", "35.4"]
    assert (saving.text, saving.small, saving.hint) == ("+8.2", "+3.1 … +13.3", "proposed only")
    assert (round(drawn.value, 3), tuple(round(one, 3) for one in drawn.span)) == (8.2, (3.1, 13.3))
    assert against.text == "Nothing speaks against it."


def test_where_too_little_is_known_no_saving_is_made_up():
    cells = rows_of(ZH)["S001/2"].cells
    assert [cell.text for cell in cells[2:6]] == ["", "", "", "未知"]
    assert cells[6].value is None
    assert "7" in cells[7].text


def test_a_loop_that_drifted_says_so_and_has_a_button_for_who_may_promote():
    cells = rows_of()["S002/1"].cells
    assert (cells[1].text, cells[1].small, cells[5].hint) == ("21", "14", "under plans")
    assert "more heat" in cells[7].text
    assert (cells[8].action, cells[8].disabled) == ("promote", False)
    assert rows_of(may=lambda _: False)["S002/1"].cells[8].disabled
    assert [row.id for row in rows_of().values() if row.cells[8].action] == ["S002/1"]


def test_before_a_day_is_over_the_report_says_so():
    assert model.shadow_table(EN, city(), None, 300, lambda _: True).rows == ()
    assert table(report=plan_told.shadow(districts=[], loops=[])).rows == ()


def test_a_loop_is_found_by_its_name():
    assert model.loop_of(plan_told.shadow(), "S002/1").drift is not None
    assert model.loop_of(plan_told.shadow(), "S009/1") is None
    assert model.loop_of(None, "S002/1") is None
