"""Coverage watches the first moments of each test; then its tracer leaves, until the next test.

Before Python 3.12 the tracer is called for every line that runs, which makes computing tests two to three
times as slow. What a test does later it has mostly done before, or another test does it at once: the lines
that all tests together run in their first moments are nearly all that they run.
"""

import signal
from contextlib import contextmanager

import pytest

WATCHED_S = 0.25
"""Of a test's set-up, and again of the test itself; CPU seconds, so that waiting costs nothing of it."""


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
    with _watched_at_first(item.config):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with _watched_at_first(item.config):
        return (yield)
