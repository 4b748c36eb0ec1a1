"""Tasks that do not end when they are told to."""

import asyncio

from controller.runtime import _insist


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again(monkeypatch):
    monkeypatch.setattr("controller.runtime.INSIST_S", 0.01)
    swallowed = []

    async def stubborn():
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(True)
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(5.0):
        await _insist([task])
    assert task.cancelled()
    assert len(swallowed) == 3
