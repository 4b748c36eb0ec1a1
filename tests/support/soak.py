"""Long tests in two lengths: reduced in `make test`, full in `make soak` (DHC_SOAK=1)."""

import json
import os
import platform
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

SOAK_FOLDER = Path(__file__).resolve().parents[2] / "build" / "soak"


def soaking() -> bool:
    """Whether this run is the full-length one."""
    return os.environ.get("DHC_SOAK", "") not in ("", "0")


@dataclass
class Soak:
    """Length and result of one long test.

    Use: `trials = soak.pick(reduced=20, full=200)`, then at the end `soak.record(trials=trials, lost=0)`.
    What was recorded is written as JSON to build/soak/ when the run is the full one.
    """

    test: str
    full: bool = field(default_factory=soaking)
    folder: Path = SOAK_FOLDER
    started: float = field(default_factory=time.monotonic)
    figures: dict = field(default_factory=dict)

    def pick(self, *, reduced, full):
        """The count or duration for this run."""
        return full if self.full else reduced

    def record(self, **figures):
        """Notes figures of this test (numbers, texts, lists); later calls add and replace."""
        self.figures.update(figures)

    def write(self, outcome):
        """Writes the result file of a full run and returns its path; None on a reduced run."""
        if not self.full:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / (re.sub(r"[^\w.-]+", "_", self.test).strip("_") + ".json")
        result = {
            "test": self.test,
            "outcome": outcome,
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "wall_s": round(time.monotonic() - self.started, 3),
            "figures": self.figures,
        }
        path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path
