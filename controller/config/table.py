"""The station list as rows of text: CSV in UTF-8, or the first sheet of an Excel file."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

from controller.config.faults import unknown_key

STATION_COLUMNS = (
    "name_zh",
    "name_en",
    "district",
    "kind",
    "profile",
    "host",
    "port",
    "unit",
    "security",
    "allow_insecure",
    "server_certificate",
    "latitude",
    "longitude",
)
"""Belong to the station: the same, or blank, in the rows of its further loops."""
LOOP_COLUMNS = (
    "loop",
    "emitter",
    "piping",
    "A_heated_m2",
    "own_curve",
    "T_supply_max_degC",
    "T_supply_design_degC",
    "T_return_design_degC",
    "m_flow_design_kg_per_s",
    "dp_design_kPa",
    "pump_points",
    "mode",
    "proof",
    "calendar",
    "building",
    "insulation",
)
COLUMNS = ("station", *STATION_COLUMNS, *LOOP_COLUMNS)
OPTIONAL_COLUMNS = frozenset(
    {
        "unit",
        "security",
        "allow_insecure",
        "server_certificate",
        "T_supply_max_degC",
        "dp_design_kPa",
        "pump_points",
        "proof",
        "calendar",
        "building",
        "insulation",
    }
)
"""May be missing as a whole: then they are blank in every row."""

# What openpyxl raises, besides one of its own, for a file that is damaged, encrypted, or no workbook at all.
_EXCEL_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    OSError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    EOFError,
    NotImplementedError,  # a zip with a compression that Python cannot undo
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the list: a text per known column, stripped, blank where nothing stands."""

    where: str
    """``stations.csv: line 7``, for messages."""
    cells: dict[str, str]


def read_table(path: Path, faults: list[str]) -> list[Row]:
    """Read all rows of a station list; every fault becomes a line in ``faults``."""
    if path.suffix.lower() == ".xlsx":
        lines = _read_excel(path, faults)
    elif path.suffix.lower() == ".csv":
        lines = _read_csv(path, faults)
    else:
        faults.append(f"{path.name}: not a station list; allowed .csv or .xlsx")
        return []
    if lines is None:
        return []
    filled = [(number, cells) for number, cells in lines if any(cells)]
    if not filled:
        faults.append(f"{path.name}: empty; the first row names the columns: {', '.join(COLUMNS)}")
        return []
    (header_line, header), *body = filled
    if not _sound_header(f"{path.name}: line {header_line}", header, faults):
        return []
    return list(_rows(path.name, header, body, faults))


def _read_csv(path: Path, faults: list[str]) -> list[tuple[int, list[str]]] | None:
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        faults.append(f"{path.name}: {error.strerror} (looked for {path})")
        return None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        faults.append(
            f"{path.name}: line {line}: not UTF-8 (got byte 0x{data[error.start]:02X}); "
            "save it as CSV UTF-8, or as .xlsx"
        )
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = []
    try:
        for cells in reader:
            lines.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        faults.append(f"{path.name}: line {reader.line_num}: not CSV: {error}")
        return None
    return lines


def _read_excel(path: Path, faults: list[str]) -> list[tuple[int, list[str]]] | None:
    # Not above: it takes a tenth of a controller's imports, and most lists are CSV.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            rows = [[_cell_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        finally:
            book.close()
    except FileNotFoundError:
        faults.append(f"{path.name}: No such file or directory (looked for {path})")
        return None
    except (InvalidFileException, *_EXCEL_FAULTS) as error:
        faults.append(f"{path.name}: not a readable Excel workbook ({type(error).__name__}: {error})")
        return None
    # A sheet does not store the blank end of a row.
    width = max((len(row) for row in rows), default=0)
    return [(number, row + [""] * (width - len(row))) for number, row in enumerate(rows, 1)]


def _cell_text(cell: object) -> str:
    """Render a cell as it would stand in CSV: Excel keeps 502 as 502.0 and true as TRUE."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()


def _sound_header(where: str, header: list[str], faults: list[str]) -> bool:
    names = [name for name in header if name]
    found = len(faults)
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        faults.append(f"{where}: columns are not separated by commas (got {names[0][:60]!r})")
        return False
    faults += [unknown_key(where, f"column {name}", list(COLUMNS)) for name in names if name not in COLUMNS]
    faults += [f"{where}: column {name}: stands twice" for name in COLUMNS if names.count(name) > 1]
    missing = [name for name in COLUMNS if name not in names and name not in OPTIONAL_COLUMNS]
    faults += [f"{where}: column {name}: missing" for name in missing]
    return len(faults) == found


def _rows(
    file: str, header: list[str], body: Iterable[tuple[int, list[str]]], faults: list[str]
) -> Iterator[Row]:
    width = len(header)
    for number, cells in body:
        where = f"{file}: line {number}"
        if len(cells) < width or any(cells[width:]):
            faults.append(f"{where}: {len(cells)} cells; allowed {width}, one for each column")
            continue
        named = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        strange = [name for name, cell in named.items() if any(ord(c) < 32 or ord(c) == 127 for c in cell)]
        faults += [f"{where} column {name}: has control characters" for name in strange]
        yield Row(where=where, cells={name: named.get(name, "") for name in COLUMNS})
