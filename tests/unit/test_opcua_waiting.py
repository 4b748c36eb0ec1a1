"""A deadline stays a deadline and a cancellation itself, also when the answer comes in the same turn."""

import asyncio

import pytest

from stations.drivers.opcua.waiting import within


class CancelledWithResultError(asyncio.CancelledError):
    """As wait_for2 raises it."""


async def raises_a_subclass_when_cancelled():
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise CancelledWithResultError from None


async def swallows_its_cancellation():
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "answer"


STEPS = [asyncio.sleep, raises_a_subclass_when_cancelled, swallows_its_cancellation]


def start(step):
    return step(60) if step is asyncio.sleep else step()


async def test_an_answer_in_time_is_returned():
    assert await within(5.0, asyncio.sleep(0, "answer")) == "answer"


@pytest.mark.parametrize("step", STEPS)
async def test_a_deadline_is_a_timeout_and_the_caller_goes_on(step):
    with pytest.raises(TimeoutError):
        await within(0.01, start(step))
    assert asyncio.current_task().cancelling() == 0
    await asyncio.sleep(0)


@pytest.mark.parametrize("step", STEPS)
async def test_a_cancellation_reaches_the_caller_as_itself(step):
    task = asyncio.create_task(within(60.0, start(step)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await task
    assert type(cancelled.value) is asyncio.CancelledError
    assert task.cancelled()


@pytest.mark.parametrize("step", STEPS)
async def test_a_timeout_of_the_caller_around_it_still_works(step):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await within(60.0, start(step))


async def test_a_task_that_was_cancelled_before_may_still_say_farewell():
    said = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            said.append(await within(1.0, asyncio.sleep(0, "bye")))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert said == ["bye"]
