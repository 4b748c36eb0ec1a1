"""The page of alarms names every rule as it is."""

import re
from pathlib import Path

from controller.alarms.definitions import definitions

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "alarms.md"
ROW = re.compile(
    r"^\| `(\w+)` \| (\d) \| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \| ([^|]+) \| ([^|]+) \|$", re.M
)
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


def seconds(text):
    number, unit = text.split()
    return float(number) * SECONDS[unit]


def test_the_page_lists_every_rule_with_its_priority_scope_delays_limit_and_titles():
    rows = {row[0]: row[1:] for row in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    told = {
        rule: (int(p), scope, seconds(on), seconds(off), en, zh)
        for rule, (p, scope, on, off, _, en, zh) in rows.items()
    }
    assert told == {
        rule: (d.priority, d.scope.value, d.on_delay_s, d.off_delay_s, d.title_en, d.title_zh)
        for rule, d in definitions().items()
    }
    for rule, row in rows.items():
        definition = definitions()[rule]
        limit, _, band = row[4].partition(" − ")
        assert (float(limit) if limit else None) == definition.limit
        assert (float(band) if band else 0.0) == definition.dead_band
