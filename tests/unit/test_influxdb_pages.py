"""The pages about the server historian say what the code does."""

import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from controller.config.loader import load_site
from controller.historian.block import Block
from controller.historian.cursor import (
    KEEP_REFUSED,
    KEEP_UNSETTLED_DAYS,
    Cursor,
    Progress,
    Refused,
    read_refused,
)
from controller.historian.encoding import Encoder
from controller.historian.forwarder_batch import MAX_LINES, MAX_REFUSED
from controller.historian.forwarder_faults import FaultKind
from controller.historian.forwarder_stats import ForwarderStats, Pace
from controller.historian.forwarder_thread import READER, SETTLE_S
from controller.historian.journal import FILE, KEEP_DAYS, Journal
from controller.historian.lines import LineEncoder
from controller.historian.slot import Answer, JournalStats, Slot
from controller.metrics import Metrics
from controller.wiring import first_state
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from tests.support.faulty_historian import FaultyHistorian
from tests.support.forwarding import QUICK, forwarder, store
from tests.support.history import wait_until
from tests.support.history_servers import CADDYFILE
from tests.support.programs import program
from tests.support.sites import SITE_TOML, site_config, write_site

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = (DOCS / "reference/influxdb.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to/connect-influxdb.md").read_text(encoding="utf-8")


def blocks(page, kind=""):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    return [text for marked, text in found if marked == kind]


def test_the_lines_of_the_reference_are_those_of_the_encoder():
    at = 1_768_435_201.0
    readings = {
        Point(0, "T_outdoor"): good(-4.1, at + 0.25),
        Point(1, "T_supply_secondary"): good(55.2, at + 0.5),
        Point(1, "m_flow_secondary"): uncertain(12.5, Reason.FROZEN, at + 0.5),
        Point(1, "p_supply_secondary"): bad(Reason.SENTINEL, at + 0.5),
    }
    block = Block(Encoder().encode(Slot(start=at - 1.0, answers=[Answer("S017", readings)])))
    assert LineEncoder("demo", {"S017": "north"}).encode(block).lines == blocks(REFERENCE)[0].splitlines()


@pytest.mark.parametrize("section", blocks(HOW_TO, "toml"))
def test_the_sections_of_the_how_to_are_sound(tmp_path, section):
    site = load_site(write_site(tmp_path, toml=f"{SITE_TOML}\n{section}"))
    assert site.influxdb.bucket == "heating"


def test_the_proxy_of_the_how_to_is_the_one_that_the_tests_use():
    (block,) = [block for block in blocks(HOW_TO) if "reverse_proxy" in block]
    tried = CADDYFILE.partition("}\n")[2] % (8087, 8086)
    assert block == tried


async def test_the_reference_names_every_metric_and_every_fault(tmp_path):
    state = first_state(site_config(tmp_path), SystemClock())
    metrics = Metrics(
        state,
        SystemClock(),
        journal_stats=JournalStats,
        lag_ms=lambda: (0.0, 0.0),
        forwarder_stats=ForwarderStats,
    )
    shown = set(re.findall(r"^(dhc_influxdb_\w+)[ {]", (await metrics.render()).decode(), flags=re.MULTILINE))
    told = set(re.findall(r"`(dhc_influxdb_\w+)[`{]", REFERENCE.partition("## Metrics")[2]))
    assert told == shown
    kinds = set(re.findall(r"^\| `(\w+)` \|", REFERENCE.partition("## Faults")[2], flags=re.MULTILINE))
    assert kinds == {kind.value for kind in FaultKind} - {"refused", "outdated"}


def test_the_numbers_of_the_pages_are_those_of_the_code():
    pace = Pace()
    assert (KEEP_DAYS, KEEP_UNSETTLED_DAYS, SETTLE_S, KEEP_REFUSED) == (7.0, 14.0, 120.0, 1000)
    assert (MAX_LINES, MAX_REFUSED, pace.rewind_s, pace.back_off_s, pace.cpu_share) == (
        5000,
        20,
        60.0,
        (1.0, 30.0),
        0.25,
    )


def statements(words):
    return [line for block in blocks(HOW_TO) for line in block.splitlines() if words in line]


def test_the_commands_of_the_how_to_work_as_written(tmp_path):
    program("sqlite3")
    (ask,) = statements("FROM refused")
    (tmp_path / "data").mkdir()
    journal = Journal.open(tmp_path / "data")
    journal.note(READER, Progress(Cursor(), (Refused(0.0, "m x=1 7", "type conflict"),)))
    journal.close()
    done = subprocess.run(ask, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "1970-01-01 00:00:00|type conflict|m x=1 7\n"


def test_a_forgotten_cursor_sends_everything_again(tmp_path):
    (statement,) = re.findall(r'"(DELETE FROM cursors[^"]*)"', HOW_TO)
    for turn in (1, 2):
        with FaultyHistorian() as server:
            journal = Journal.open(tmp_path)
            if turn == 1:
                store(journal, 0, 1, 2)
            sending = forwarder(journal, server.url, QUICK)
            wait_until(lambda: len(server.lines) == 18)
            assert sending.close(5)
            journal.close()
        with sqlite3.connect(tmp_path / FILE) as file:
            assert file.execute(statement).rowcount == 1
        file.close()
    assert read_refused(tmp_path / FILE, READER) == []
