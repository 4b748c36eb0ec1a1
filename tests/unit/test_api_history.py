"""The API on the real journal: what was stored comes back through the reader's thread."""

import asyncio
import threading

import pytest

from controller.api.history import MAX_WAITING, Busy, HistoryReader, history_message
from controller.historian.journal import Journal
from controller.historian.slot import Answer, Slot
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from tests.support.api_bench import NOW, FakeJournal

POINT = Point(1, "T_supply_secondary")


async def test_stored_readings_come_back_with_their_gap(tmp_path):
    journal = Journal.open(tmp_path)
    reader = HistoryReader(journal)
    try:
        readings = [good(60.0, NOW), bad(Reason.SENTINEL, NOW + 10), good(60.5, NOW + 20)]
        for i, reading in enumerate(readings):
            answers = (Answer("S001", {POINT: reading}),)
            assert await asyncio.wrap_future(journal.append(Slot(start=NOW + 10 * i, answers=answers)))
        message = history_message(await reader.read("S001", POINT, NOW - 60, NOW + 60, 100))
    finally:
        reader.close()
        journal.close()
    assert message["value"] == [60.0, None, 60.5]
    assert message["reason"] == ["ok", "sentinel", "ok"]
    assert message["measured_at"] == [NOW, NOW + 10, NOW + 20]


class HeldJournal(FakeJournal):
    """Answers only once it is let go."""

    def __init__(self):
        super().__init__()
        self.let_go = threading.Event()

    def history(self, *asked, **more):
        self.let_go.wait(10)
        return super().history(*asked, **more)


async def test_trends_queue_up_to_a_bound_and_the_loop_stays_free():
    journal = HeldJournal()
    reader = HistoryReader(journal)
    reads = [asyncio.create_task(reader.read("S001", POINT, NOW, NOW + 60, 100)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await reader.read("S001", POINT, NOW, NOW + 60, 100)
    journal.let_go.set()
    assert len(await asyncio.gather(*reads)) == MAX_WAITING
    assert await reader.read("S001", POINT, NOW, NOW + 60, 100)
    reader.close()
