"""A test that leaves an asyncio task running fails, whichever loop it ran on.

The check is a fixture of the test's own loop, set up before and torn down after every other fixture of
the test, so a fixture that closes its server in teardown is given the time to do so.
"""

import asyncio

import pytest
import pytest_asyncio

# Time for tasks that are already ending (a transport that closes, a cancelled reader) to end. Longer hides
# real leaks; zero blames the test for callbacks that the loop has merely not run yet.
GRACE_S = 0.2

LOOP_SCOPES = ("function", "class", "module", "package", "session")


def _name(task):
    """How a leaked task is named in the failure: its name and the coroutine it stands in."""
    frames = task.get_stack(limit=1)
    where = f" at {frames[-1].f_code.co_filename}:{frames[-1].f_lineno}" if frames else ""
    return f"{task.get_name()} ({getattr(task.get_coro(), '__qualname__', task.get_coro())}{where})"


async def _fail_on_new_tasks(before):
    own = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() - before if task is not own]
    if not left:
        return
    _, running = await asyncio.wait(left, timeout=GRACE_S)
    names = sorted(_name(task) for task in running)
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running, timeout=GRACE_S)
        pytest.fail("tasks left running by the test: " + "; ".join(names), pytrace=False)


def _check_for(scope):
    """The check on the loop of one pytest-asyncio scope."""

    @pytest_asyncio.fixture(loop_scope=scope, name=f"_no_leaked_task_{scope}")
    async def check():
        before = asyncio.all_tasks()
        yield
        await _fail_on_new_tasks(before)

    return check


(
    no_leaked_task_function,
    no_leaked_task_class,
    no_leaked_task_module,
    no_leaked_task_package,
    (no_leaked_task_session),
) = (_check_for(scope) for scope in LOOP_SCOPES)


@pytest.fixture(autouse=True)
def no_leaked_task(request):
    """Puts the check on the loop of an asynchronous test; plain tests pay nothing.

    In auto mode pytest-asyncio marks every asynchronous test, those under Hypothesis too.
    """
    if marker := request.node.get_closest_marker("asyncio"):
        request.getfixturevalue(f"_no_leaked_task_{marker.kwargs.get('loop_scope') or 'function'}")
