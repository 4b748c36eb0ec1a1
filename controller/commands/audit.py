"""``dhc audit verify``: is the audit as it was written?"""

import argparse
import json
import sqlite3

from controller.audit.log import FILE
from controller.audit.verify import verify
from controller.commands.exit_codes import FAILED, OK, WRONG_USE, fail, site_or_faults


def execute(options: argparse.Namespace) -> int:
    """Return 0 for a sound chain, 1 for a broken one, 2 for wrong use."""
    site = site_or_faults(options.site, options.data)
    if site is None:
        return WRONG_USE
    if not (site.data / FILE).exists():
        return fail(WRONG_USE, f"{site.data / FILE}: there is no audit yet")
    try:
        found = verify(site.data, options.head)
    except sqlite3.Error as error:
        return fail(FAILED, f"{site.data / FILE}: can not be read: {error}")
    if options.json:
        print(json.dumps({"entries": found.entries, "head": found.head, "fault": found.fault}))
    elif found.fault is None:
        anchored = "" if options.head is None else f"; the anchor {options.head[0]} fits"
        print(f"{found.entries} entries, an unbroken chain{anchored}; head {found.entries}:{found.head}")
    if found.fault is not None:
        return fail(FAILED, f"after {found.entries} sound entries: {found.fault}")
    return OK
