"""The energy screen's ranking, totals and plane: figures among peers, and words where there is none."""

import pytest

from hmi.language import Words
from hmi.view_models import energy as model
from hmi.view_models import energy_export
from hmi.view_models import energy_totals as totals
from tests.support.operations_city import city, counted, energy, station_energy

EN = Words("en", "Asia/Shanghai")
HOUR = 3600.0


def used(*stations):
    return model.used(EN, energy(*stations), city().traits)


FOUR = (
    station_energy("S001", heat=90_000.0),
    station_energy("S002", heat=120_000.0, T_indoor=23.0),
    station_energy("S003", heat=80_000.0, T_indoor=17.5, pump=900.0),
    station_energy("S004", heat=95_000.0, makeup=9.0),
)


def test_amounts_are_per_area_and_degree_day():
    (one,) = used(station_energy("S001", heat=90_000.0, pump=500.0, makeup=2.0))
    assert one.heat_GJ_per_m2 == pytest.approx(90_000 * 0.0036 / 100_000)
    assert one.heat_W_per_m2 == pytest.approx(90_000 / 24 / 100_000 * 1000)
    assert one.heat_kJ_per_m2_Kd == pytest.approx(90_000 * 3600 / 100_000 / 24)
    assert one.pump_kWh_per_m2 == pytest.approx(0.005)
    assert one.water_kg_per_m2_d == pytest.approx(0.02)


def test_the_largest_consumer_stands_first_and_a_missing_figure_last_with_its_reason():
    silent = station_energy("S001", degree_days=None)
    silent = silent.model_copy(update={"heat": counted(None, doubts=["no_counter"])})
    table = model.ranking(EN, used(silent, *FOUR[1:]), "heat", 1, "")
    assert [row.id for row in table.rows] == ["S002", "S004", "S003", "S001"]
    assert table.rows[-1].cells[0].text == ""
    assert table.rows[-1].cells[5].text == "no counter"
    assert table.rows[-1].cells[4].value is None


@pytest.mark.parametrize(("metric", "first"), [("heat", "S002"), ("pump", "S003"), ("water", "S004")])
def test_each_metric_ranks_by_itself(metric, first):
    assert model.ranking(EN, used(*FOUR), metric, 1, "").rows[0].id == first


def test_without_degree_days_heat_is_ranked_by_power():
    mild = [station.model_copy(update={"degree_days": None}) for station in FOUR]
    table = model.ranking(EN, used(*mild), "heat", 1, "")
    assert table.columns[5].title == "W/m²"
    assert table.rows[0].id == "S002"


def test_few_stations_have_no_peers_and_no_band():
    assert model.ranking(EN, used(*FOUR[:2]), "heat", 1, "").scale is None
    assert model.ranking(EN, used(*FOUR), "heat", 1, "").scale is not None


def test_findings_name_the_over_heated_the_cold_and_the_leaking():
    table = model.ranking(EN, used(*FOUR), "heat", 1, "")
    said = {row.id: row.cells[-1].text for row in table.rows}
    assert "over-heated by 1.5 K" in said["S002"]
    assert "too cold by 1.5 K" in said["S003"]
    assert "leak" in said["S004"]
    assert said["S001"] == ""


def test_doubt_stands_beside_its_figure():
    doubted = FOUR[0].model_copy(update={"heat": counted(90_000.0, doubts=["reset", "gap"])})
    table = model.ranking(EN, used(doubted, *FOUR[1:]), "heat", 1, "")
    cell = next(row for row in table.rows if row.id == "S001").cells[5]
    assert cell.small == "doubted"
    assert "counter fell" in cell.hint


@pytest.mark.parametrize(
    ("values", "unit", "decimals"),
    [([0.187], "GJ/m²", 3), ([0.0019], "MJ/m²", 2), ([0.00002], "kJ/m²", 1), ([], "GJ/m²", 3)],
    ids=["a season", "a day", "minutes", "nothing"],
)
def test_a_short_period_gets_a_unit_in_which_it_can_be_read(values, unit, decimals):
    figures = model.figures_for("heat", values)
    assert (figures.unit, figures.decimals) == (unit, decimals)


def test_a_period_that_is_short_or_cut_says_so():
    counted_text, warning = totals.period_note(EN, energy(span_s=2 * HOUR), 86_400.0)
    assert "2.0 h" in counted_text
    assert "Less than a day" in warning
    assert "shorter than asked" in totals.period_note(EN, energy(span_s=90_000.0), 7 * 86_400.0)[1]
    assert totals.period_note(EN, energy(), 86_400.0)[1] == ""
    assert totals.period_note(EN, energy(span_s=0.0), 86_400.0)[0] == ""


def test_totals_are_over_the_area_of_which_something_is_known():
    known = used(FOUR[0], FOUR[1].model_copy(update={"heat": counted(None), "T_indoor_mean": None}))
    tiles = {tile.label: tile for tile in totals.total_tiles(EN, energy(), known)}
    assert tiles["Heat"].text == "3.24"
    assert tiles["Heat"].unit == "MJ/m²"
    assert tiles["Mean indoor temperature"].value == 20.5
    empty = {tile.label: tile for tile in totals.total_tiles(EN, energy(), [])}
    assert empty["Heat"].text == "no data"


def test_the_plane_names_only_the_odd_and_holds_every_dot():
    plane = totals.plane(EN, used(*FOUR), 1)
    assert {dot.id for dot in plane.dots if dot.label} == {"S002", "S003"}
    for dot in plane.dots:
        assert plane.x.low <= dot.x <= plane.x.high
        assert plane.y.low <= dot.y <= plane.y.high
    assert totals.plane(EN, [], 1).dots == ()


def test_the_export_holds_numbers_and_reasons():
    doubted = FOUR[0].model_copy(update={"pump": counted(None, doubts=["no_data"])})
    sheet = energy_export.export_sheet(EN, used(doubted), "Energy")
    row = sheet.rows[0]
    assert row[0] == "S001"
    assert row[7] is None
    assert row[10] == "Electricity: no data"
    assert energy_export.export_about(EN, energy(), "anna")[2] == ("Degree-days", "24.00 K·d, base 18 °C")


@pytest.mark.parametrize(("T_indoor", "beyond"), [(21.54, 0.0), (21.56, 0.1), (18.97, 0.0), (18.0, -1.0)])
def test_what_a_screen_would_show_as_zero_is_no_finding(T_indoor, beyond):
    assert model.beyond_band(T_indoor) == beyond
    row = model.ranking(EN, used(station_energy("S001", T_indoor=T_indoor)), "heat", 1, "").rows[0]
    assert bool(row.cells[-1].text) is (beyond != 0.0)


def test_of_many_odd_stations_the_plane_names_the_farthest():
    many = [station_energy(f"S{i:03}", T_indoor=22.0 + 0.1 * i) for i in range(40)]
    plane = totals.plane(EN, used(*many), 1)
    named = [dot.id for dot in plane.dots if dot.label]
    assert len(named) == totals.MOST_NAMES
    assert named[0] == "S039"
    assert len(plane.dots) == 40
