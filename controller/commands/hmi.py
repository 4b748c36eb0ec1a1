"""``dhc hmi``: the operators' screen of a site's controller. This process becomes the screen's."""

import argparse
import os
import sys
from pathlib import Path

from controller.api.auth import TOKEN_FILE
from controller.commands.exit_codes import WRONG_USE, fail, site_or_faults


def execute(options: argparse.Namespace) -> int:
    """Return 2 for a faulty site or missing options; else never returns."""
    api, token_file = options.api, options.token_file
    if options.site is not None:
        site = site_or_faults(options.site, options.data)
        if site is None:
            return WRONG_USE
        host = f"[{site.api.host}]" if ":" in site.api.host else site.api.host
        api = api or f"http://{host}:{site.api.port}"
        token_file = token_file or site.data / TOKEN_FILE
    if api is None or token_file is None:
        return fail(WRONG_USE, "dhc hmi: give the site folder, or both --api and --token-file")
    sys.stdout.flush()
    _become(api, token_file, options)
    return 0


def _become(api: str, token_file: Path, options: argparse.Namespace) -> None:
    arguments = ["--api", api, "--token-file", str(token_file), "--host", options.host]
    os.execv(sys.executable, [sys.executable, "-m", "hmi", *arguments, "--port", str(options.port)])
