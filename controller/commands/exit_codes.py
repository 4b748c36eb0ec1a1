"""Exit codes of ``dhc``, and how a command says what went wrong."""

import sys
from pathlib import Path

from controller.config.faults import SiteError
from controller.config.loader import load_site
from controller.config.model import SiteConfig

OK, FAILED, WRONG_USE = 0, 1, 2


def fail(code: int, text: str) -> int:
    """Print ``text`` on stderr and return ``code``."""
    print(text, file=sys.stderr)
    return code


def site_or_faults(path: Path, data: Path | None = None) -> SiteConfig | None:
    """Load a site, or print every fault of it on stderr and return None."""
    try:
        return load_site(path, data)
    except SiteError as error:
        count = len(error.faults)
        lines = [f"{path}: {count} fault{'s' if count > 1 else ''}; nothing was started"]
        fail(WRONG_USE, "\n".join([*lines, *(f"  {fault}" for fault in error.faults)]))
        return None
