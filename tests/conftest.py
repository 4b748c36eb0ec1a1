"""What holds for every test: no task is left running, long tests have two lengths, real data is asked for."""

import gc
import os
import sys
from pathlib import Path

import hypothesis
import pytest
import structlog

from tests.support.leaks import *  # noqa: F403  (its fixtures apply to every test)
from tests.support.soak import Soak, soaking
from tests.support.tracer import pytest_runtest_call, pytest_runtest_setup  # noqa: F401  (hooks of pytest)

REALDATA = "DHC_REALDATA"
_deselected = pytest.StashKey[int]()
_outcome = pytest.StashKey[str]()

# A deadline per example would measure the machine, not the code. The failing example is printed as a blob.
hypothesis.settings.register_profile("test", deadline=None, max_examples=100, print_blob=True)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=5000, print_blob=True)
hypothesis.settings.load_profile("soak" if soaking() else "test")

# Some environments forbid to keep compiled code. A suite that imports as much as this one in some hundred
# processes, each of which would rewrite or compile it anew, pays minutes for that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# While tests are collected nothing becomes garbage; the collector would look through a growing heap for it.
gc.disable()

# Out of the box structlog draws the locals of every frame of a traceback: seconds for one with a large state.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture
def soak(request):
    """Length and result file of a long test (see tests/support/soak.py)."""
    run = Soak(test=request.node.nodeid.removeprefix("tests/"))
    yield run
    run.write(request.node.stash.get(_outcome, "unknown"))


@pytest.fixture(scope="session")
def realdata_folder():
    """The folder of measured data; only tests marked `realdata` may ask for it."""
    return Path(os.environ[REALDATA])


@pytest.fixture(autouse=True)
def own_log_settings():
    """What a command sets for its own process must not hold for the tests after it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[_outcome] = report.outcome
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Last, so that pytest-randomly has shuffled and `-m` has selected before."""
    if not os.environ.get(REALDATA):
        _deselect_realdata(config, items)
    _long_files_first(items)


def _long_files_first(items):
    """Workers take files in this order: one with minutes of tests, taken last, would let the others wait.

    The sort is stable: among long files that tell no minutes, and among short ones, the order stays random.
    """
    minutes = dict.fromkeys((item.path for item in items), -1)
    for item in items:
        for slow in item.iter_markers("slow"):
            minutes[item.path] = max(minutes[item.path], slow.kwargs.get("minutes", 0))
    items.sort(key=lambda item: -minutes[item.path])


def _deselect_realdata(config, items):
    """Without DHC_REALDATA the tests on measured data are deselected, and counted, never skipped unseen."""
    left_out = [item for item in items if item.get_closest_marker("realdata")]
    config.stash[_deselected] = len(left_out)
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


def pytest_sessionfinish(session):
    """A pytest-xdist worker hands its count to the process that prints the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[REALDATA] = session.config.stash.get(_deselected, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    count = getattr(node, "workeroutput", {}).get(REALDATA, 0)
    node.config.stash[_deselected] = max(count, node.config.stash.get(_deselected, 0))


def pytest_terminal_summary(terminalreporter, config):
    count = config.stash.get(_deselected, 0)
    if count:
        tests = "test" if count == 1 else "tests"
        terminalreporter.write_line(f"{count} {tests} on measured data deselected: {REALDATA} is not set")


@pytest.fixture(autouse=True)
def main_module():
    """Put the main module back: Streamlit's tester leaves a page there, and new processes would run it."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
