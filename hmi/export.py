"""Tables as files that people open in Excel: numbers stay numbers, and no text can become a formula. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Content = str | float | int | datetime | None
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins like this is taken for a formula by Excel or its kin (OWASP, CSV injection)."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
MAX_WIDTH = 40
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table with its headers; a datetime is written as it is, without a zone."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Content]]


def safe_text(text: str) -> str:
    """Return text that stays text when a spreadsheet opens the file: a leading apostrophe where needed."""
    plain = _CONTROL.sub("\ufffd", text)
    return f"'{plain}" if plain.startswith(FORMULA) or plain.lstrip().startswith(FORMULA) else plain


def csv_bytes(sheet: Sheet, about: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return a CSV in UTF-8 with a byte order mark, which Excel needs to see that it is UTF-8.

    ``about`` stands below the table, after an empty line: what was asked, and what is left out.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([safe_text(header) for header in sheet.headers])
    writer.writerows([_csv(cell) for cell in row] for row in sheet.rows)
    notes = list(about)
    if notes:
        writer.writerow([])
        writer.writerows([safe_text(name), safe_text(value)] for name, value in notes)
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")


def _csv(cell: Content) -> str | float | int:
    match cell:
        case None:
            return ""
        case str():
            return safe_text(cell)
        case datetime():
            return cell.isoformat(sep=" ", timespec="milliseconds")
        case _:
            return cell


def xlsx_bytes(sheet: Sheet, about: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return an Excel workbook: the table with a frozen head, and a second sheet that says what it is."""
    book = Workbook(write_only=True)
    page = book.create_sheet(_title(sheet.title))
    page.freeze_panes = "A2"
    for number, header in enumerate(sheet.headers, start=1):
        page.column_dimensions[get_column_letter(number)].width = _width(header, sheet.rows, number - 1)
    page.append([_head(page, header) for header in sheet.headers])
    for row in sheet.rows:
        page.append([_cell(page, cell) for cell in row])
    notes = list(about)
    if notes:
        second = book.create_sheet("about")
        second.column_dimensions["A"].width, second.column_dimensions["B"].width = 28, 80
        for name, value in notes:
            second.append([_cell(second, name), _cell(second, value)])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _cell(page: WriteOnlyWorksheet, content: Content) -> Cell:
    if isinstance(content, str):
        cell = WriteOnlyCell(page, _CONTROL.sub("\ufffd", content))
        # openpyxl takes "=…" for a formula unless told otherwise; the prefix keeps it text when it is edited
        cell.data_type = "s"
        if content.lstrip().startswith(FORMULA):
            cell.quotePrefix = True
        return cell
    return WriteOnlyCell(page, content)


def _head(page: WriteOnlyWorksheet, header: str) -> Cell:
    cell = _cell(page, header)
    cell.font = Font(bold=True)
    return cell


def _title(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:31] or "data"


def _width(header: str, rows: Sequence[Sequence[Content]], column: int) -> float:
    longest = max([len(header), *(len(str(row[column])) for row in rows[:50])])
    return float(min(MAX_WIDTH, longest + 3))
