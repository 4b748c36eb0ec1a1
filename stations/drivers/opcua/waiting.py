"""A deadline around the library's awaits that neither loses a cancellation nor invents one."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_T = TypeVar("_T")


async def within(seconds: float, step: Awaitable[_T]) -> _T:
    """Await ``step`` for at most ``seconds`` of wall time; raises TimeoutError after that.

    asyncua waits through two helpers that misbehave when a deadline (or a real cancellation) and the answer
    fall into the same turn of the loop. wait_for2 raises a subclass of CancelledError, which
    ``asyncio.timeout`` lets pass: the deadline would look like a cancellation of the caller, and end its
    supervisor. ``asyncio.wait_for`` of Python 3.11 returns the answer and swallows the cancellation.
    """
    task = asyncio.current_task()
    assert task is not None
    async with asyncio.timeout(seconds):
        before = task.cancelling()
        try:
            result = await step
        except asyncio.CancelledError:
            raise asyncio.CancelledError from None
        if task.cancelling() > before:
            raise asyncio.CancelledError
        return result
