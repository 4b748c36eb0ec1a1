"""Verdicts of cities that are done, kept so that hours of judging go on where they were broken off.

They are kept by commit: ``build/control/<commit>/<name>.json``. A work tree with changes keeps nothing, since
its commit would not say what was run. Who wants a city anew removes its file.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT, commit

FOLDER = ROOT / "build" / "control"
UNNAMED = ("unknown", "-dirty")
"""How a state of the code that no commit names ends."""


def kept(name: str, judge: Callable[[], dict[str, Any]], folder: Path = FOLDER) -> dict[str, Any]:
    """Return the verdict that this commit has given under this name; else give it now, and keep it."""
    state = commit()
    if state.endswith(UNNAMED):
        return judge()
    path = folder / state / f"{name}.json"
    if path.exists():
        print(f"  {name}: as judged before by this commit ({path})", file=sys.stderr, flush=True)
        return dict(json.loads(path.read_text(encoding="utf-8")))
    verdict = judge()
    path.parent.mkdir(parents=True, exist_ok=True)
    # whole or not at all: a run that is broken off while it writes leaves no half of a verdict
    half = path.with_suffix(".part")
    half.write_text(json.dumps(verdict, allow_nan=False) + "\n", encoding="utf-8")
    half.replace(path)
    return verdict
