"""``dhc doctor``: is this machine, and a site's data folder, fit for a winter?"""

import argparse
import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from controller.commands.exit_codes import FAILED, OK
from controller.doctor import run_doctor

STYLE = {"ok": "green", "warn": "yellow", "fail": "red"}


def execute(options: argparse.Namespace) -> int:
    """Return 1 if anything fails; warnings are for people."""
    checks = run_doctor(options.site)
    if options.json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False))
    else:
        table = Table("check", "status", "found", "what to do")
        for check in checks:
            style = STYLE[check.status]
            table.add_row(check.name, f"[{style}]{check.status}[/{style}]", check.detail, check.advice)
        Console().print(table)
    return FAILED if any(check.status == "fail" for check in checks) else OK
