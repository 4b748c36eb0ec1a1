"""Reading the cells of one row: text becomes a value, or a fault line and None."""

import math
import re
from dataclasses import dataclass

from controller.config.table import Row

# float() also takes "nan", "1_000", "٣" and " 3": a station list says numbers plainly.
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cells:
    """One row with the list that takes its faults. Owner: the reader of that row."""

    row: Row
    faults: list[str]

    def fault(self, column: str, text: str) -> None:
        """Add a fault of this row: ``stations.csv: line 7 column port: ...``."""
        self.faults.append(f"{self.row.where} column {column}: {text}")

    def blank(self, column: str) -> bool:
        """Tell whether nothing stands in a cell."""
        return not self.row.cells[column]

    def text(self, column: str, pattern: str = r".{1,100}", allowed: str = "1..100 characters") -> str | None:
        """Return a text that matches ``pattern`` as a whole."""
        value = self.row.cells[column]
        if re.fullmatch(pattern, value):
            return value
        self.fault(column, f"{'empty' if not value else f'not allowed (got {value!r})'}; allowed {allowed}")
        return None

    def choice(self, column: str, *allowed: str) -> str | None:
        """Return one of the allowed words."""
        value = self.row.cells[column]
        if value in allowed:
            return value
        got = f"not allowed (got {value!r})" if value else "empty"
        self.fault(column, f"{got}; allowed {', '.join(allowed)}")
        return None

    def number(self, column: str, low: float, high: float) -> float | None:
        """Return a finite number within ``low``..``high``."""
        value = self.row.cells[column]
        if not _NUMBER.fullmatch(value):
            got = f"not a number (got {value!r})" if value else "empty"
            self.fault(column, f"{got}; allowed {low:.10g}..{high:.10g}")
            return None
        number = float(value)
        if not (math.isfinite(number) and low <= number <= high):
            self.fault(column, f"out of range (got {value}); allowed {low:.10g}..{high:.10g}")
            return None
        return number

    def whole(self, column: str, low: int, high: int) -> int | None:
        """Return a whole number within ``low``..``high``."""
        value = self.row.cells[column]
        if not _WHOLE.fullmatch(value) or not low <= int(value) <= high:
            got = f"not a whole number in range (got {value!r})" if value else "empty"
            self.fault(column, f"{got}; allowed {low}..{high}")
            return None
        return int(value)
