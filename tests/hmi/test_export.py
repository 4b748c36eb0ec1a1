"""Exports are safe in Excel: no text becomes a formula, numbers stay numbers, nothing is lost."""

import csv
import io
from datetime import datetime

import openpyxl
import pytest

from hmi.export import Sheet, csv_bytes, safe_text, xlsx_bytes

MOMENT = datetime(2026, 1, 15, 8, 0, 0, 500_000)
FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =cmd|' /C calc'!A0"]


def sheet(*rows, headers=("name", "value")):
    return Sheet(title="Trend", headers=headers, rows=[list(row) for row in rows])


def read_csv(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content):
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_begins_like_a_formula_in_a_csv(text):
    (_, (name, _)) = read_csv(csv_bytes(sheet((text, 1.0))))
    assert name.startswith("'")
    assert read_csv(csv_bytes(sheet(headers=(text,))))[0][0].startswith("'")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula_in_a_workbook(text):
    page = read_xlsx(xlsx_bytes(sheet((text, 1.0), headers=(text, "value")))).worksheets[0]
    for cell in (page["A1"], page["A2"]):
        assert cell.data_type == "s"
        assert cell.quotePrefix


@pytest.mark.parametrize("text", ["S001", "文昌家园站", "a=b", "1-2", "", 'quote "this", and that'])
def test_plain_text_stays_as_it_is(text):
    assert safe_text(text) == text
    assert read_csv(csv_bytes(sheet((text, 1.0))))[1][0] == text


def test_numbers_stay_numbers_also_below_zero():
    content = csv_bytes(sheet(("a", -6.25), ("b", None)))
    assert [row[1] for row in read_csv(content)[1:]] == ["-6.25", ""]
    page = read_xlsx(xlsx_bytes(sheet(("a", -6.25), ("b", None)))).worksheets[0]
    assert page["B2"].value == -6.25
    assert page["B2"].data_type == "n"
    assert page["B3"].value is None


def test_times_are_times():
    assert read_csv(csv_bytes(sheet((MOMENT, 1))))[1][0] == "2026-01-15 08:00:00.500"
    page = read_xlsx(xlsx_bytes(sheet((MOMENT, 1)))).worksheets[0]
    assert page["A2"].is_date


def test_a_csv_begins_with_the_mark_by_which_excel_sees_utf_8():
    assert csv_bytes(sheet()).startswith(b"\xef\xbb\xbf")


def test_control_characters_do_not_break_the_file():
    text = "bell\x07null\x00"
    assert read_csv(csv_bytes(sheet((text, 1))))[1][0] == "bell\ufffdnull\ufffd"
    assert read_xlsx(xlsx_bytes(sheet((text, 1)))).worksheets[0]["A2"].value == "bell\ufffdnull\ufffd"


def test_what_the_file_is_stands_with_it():
    about = [("Made", "by anna"), ("=evil", "@evil")]
    assert read_csv(csv_bytes(sheet(("a", 1)), about))[-1] == ["'=evil", "'@evil"]
    second = read_xlsx(xlsx_bytes(sheet(("a", 1)), about)).worksheets[1]
    assert second["B1"].value == "by anna"
    assert second["A2"].data_type == "s"


@pytest.mark.parametrize("title", ["a/b:c*d?[e]", "x" * 80, "", "'quoted'"])
def test_any_title_makes_a_workbook(title):
    assert read_xlsx(xlsx_bytes(Sheet(title=title, headers=("a",), rows=[]))).sheetnames
