"""What is remembered of one point takes little memory, and no more on the second day than on the first."""

import tracemalloc

from controller import plausibility, point_memory
from controller.plausibility import value_fault
from controller.point_memory import BUCKETS_PER_DAY, PointMemory, point_limits

DAY_MAX_BYTES = 3000
"""Of one point, of which 1,000 stations have 18,000. Measured: 2.3 KB; 9.9 KB with deques."""
EVERY_S = 60.0


def watched(memory, begin, hours):
    """Feed hours of a temperature that is never the same twice; returns the UTC second of their end."""
    for _ in range(round(hours * 3600.0 / EVERY_S)):
        begin += EVERY_S
        assert value_fault(memory, 60.0 + (begin * 0.618) % 1.0, begin, EVERY_S) is None
    return begin


def taken():
    """Bytes that what is remembered holds; what other tests left and drop meanwhile is not looked at."""
    files = (point_memory.__file__, plausibility.__file__, __file__)
    mine = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, file) for file in files])
    return sum(trace.size for trace in mine.traces)


def test_a_day_of_a_point_takes_3_kilobytes_and_the_next_no_more():
    watched(PointMemory(point_limits("T_supply_secondary", 0.01)), 1e9, 1.0)  # what all points share
    tracemalloc.start()
    try:
        memory = PointMemory(point_limits("T_supply_secondary", 0.01))
        evening = watched(memory, 1e9, 25.0)
        first = taken()
        watched(memory, evening, 24.0)
        second = taken()
    finally:
        tracemalloc.stop()
    assert len(memory.day_low) == len(memory.day_high) == BUCKETS_PER_DAY
    assert first < DAY_MAX_BYTES
    assert abs(second - first) < 200


def test_the_range_of_the_last_day_forgets_the_day_before():
    memory = PointMemory(point_limits("T_supply_secondary", 0.01))
    memory.begin_anew(1e9)
    for n in range(BUCKETS_PER_DAY + 3):
        memory.low, memory.high = float(n), n + 0.5
        memory.note_range(100.0, memory.bucket_end)
    assert (memory.day_low[0], memory.day_high[0]) == (3.0, 3.5)
    assert (memory.day_low[-1], memory.day_high[-1]) == (BUCKETS_PER_DAY + 2.0, BUCKETS_PER_DAY + 2.5)
    memory.forget_day()
    assert not memory.day_low
    assert not memory.day_high
