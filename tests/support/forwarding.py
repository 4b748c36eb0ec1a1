"""Quick forwarders for tests, and a child that stores and forwards until it is killed."""

import sys
import time
from pathlib import Path

from controller.config.model import InfluxConfig
from controller.forwarding import influx_server
from controller.historian.forwarder_stats import Pace
from controller.historian.forwarder_thread import Forwarder
from controller.historian.journal import Journal
from controller.historian.lines import LineEncoder
from tests.support.history import SLOT_S, START, slot
from tests.support.history_servers import BUCKET

QUICK = Pace(idle_s=0.02, back_off_s=(0.02, 0.1), rewind_s=0.3, note_s=0.05, cpu_share=1.0)
STATIONS = 3
READINGS_PER_SLOT = 9
"""Of ``tests.support.history.slot``: three stations with three points each."""


def encoder():
    return LineEncoder("test_site", {"S000": "north", "S001": "north", "S002": "south"})


def influx_config(url, **changes):
    return InfluxConfig(**({"url": url, "bucket": BUCKET, "timeout_s": 2.0} | changes))


def forwarder(journal, url, pace=QUICK, **changes):
    """A forwarder to a server at ``url``."""
    return Forwarder(journal, influx_server(influx_config(url, **changes)), encoder(), pace)


def store(journal, *numbers):
    """Put the slots of these numbers on the disk."""
    for number in numbers:
        assert journal.append(slot(number)).result(10)


def next_number(journal):
    span = journal.stored_span()
    return 0 if span is None else round((span[1] - START) / SLOT_S) + 1


def store_and_forward(folder, url, end):
    """Store a slot every 10 ms until number ``end``, and forward all the while; then idle until killed."""
    journal = Journal.open(folder)
    forwarder(journal, url)
    for number in range(next_number(journal), end):
        store(journal, number)
        print(number, flush=True)
        time.sleep(0.01)  # as slots come, one after the other: killed, some are sent and some are not
    time.sleep(600)  # until it is killed, as the one end that is tested


if __name__ == "__main__":
    store_and_forward(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
