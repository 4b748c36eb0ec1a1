"""Waiting for a condition instead of sleeping for a guess."""

import asyncio
import time


async def until(condition, wall_s=10.0, what="condition"):
    """Poll ``condition`` (plain or async) until it is true; fails the test after ``wall_s`` wall seconds."""
    deadline = time.monotonic() + wall_s
    while True:
        result = condition()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not become true within {wall_s} s")
        await asyncio.sleep(0.01)
