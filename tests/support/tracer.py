"""Coverage watches the first moments of each test; then its tracer leaves, until the next test.

Before Python 3.12 the tracer is called for every line that runs, which makes computing tests two to three
times as slow. What a test does later it has mostly done before, or another test does it at once: the lines
that all tests together run in their first moments are nearly all that they run. Setting up is the same for
all tests of a file that ask for the same fixtures, so that is watched once.
"""

import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

WATCHED_S = 0.25
"""Of a first set-up, and of each test itself; CPU seconds, so that waiting costs nothing of it."""
_set_up = pytest.StashKey[set[tuple[Path, frozenset[str]]]]()
"""Files and fixtures of which a set-up has been watched."""


@contextmanager
def _not_watched(config):
    controller = getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    watching = controller is not None and controller.started
    if watching:
        controller.cov.stop()
    try:
        yield
    finally:
        if watching:
            controller.cov.start()


@contextmanager
def _watched_at_first(config):
    controller = getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if controller is None:
        yield
        return
    left = []

    def leave(_number, _frame):
        if controller.started:  # a test marked `no_cover` is not watched at all
            controller.cov.stop()
            left.append(True)

    before = signal.signal(signal.SIGVTALRM, leave)
    signal.setitimer(signal.ITIMER_VIRTUAL, WATCHED_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)
        if left:
            controller.cov.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    seen = item.config.stash.setdefault(_set_up, set())
    same = item.path, frozenset(item.fixturenames)
    watch = _not_watched if same in seen else _watched_at_first
    seen.add(same)
    with watch(item.config):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with _watched_at_first(item.config):
        return (yield)
