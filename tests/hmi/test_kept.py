"""Answers that all sessions share: asked once, kept for a while, never waited for twice."""

import threading

import pytest

from hmi.kept import MOST, followed, forget, kept
from hmi.user_api import Unreachable
from tests.support.history import wait_until


@pytest.fixture(autouse=True)
def nothing_kept():
    forget()
    yield
    forget()


def test_an_answer_is_asked_for_once_and_then_kept():
    asked = []
    for _ in range(3):
        assert kept("map", 60.0, lambda: asked.append(1) or "pipes") == "pipes"
    assert asked == [1]


def test_an_answer_that_is_too_old_is_asked_for_anew():
    numbers = iter(range(10))
    assert [kept("n", 0.0, lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]


def test_a_silent_controller_leaves_the_answer_of_before_and_is_not_pressed():
    asked = []

    def silent():
        asked.append(1)
        raise Unreachable("no answer")

    assert kept("n", 0.0, lambda: "old") == "old"
    assert [kept("n", 0.0, silent) for _ in range(3)] == ["old"] * 3
    assert asked == [1]
    assert kept("never", 60.0, silent) is None


def test_a_bug_in_asking_is_not_swallowed_and_locks_nobody_out():
    with pytest.raises(ZeroDivisionError):
        kept("n", 60.0, lambda: 1 / 0)
    assert kept("n", 60.0, lambda: "well") == "well"


def test_what_takes_long_is_not_waited_for():
    go, done = threading.Event(), threading.Event()

    def slow():
        go.wait(10)
        done.set()
        return "trend"

    assert kept("day", 60.0, slow, wait=False) is None
    assert kept("day", 60.0, slow, wait=False) is None
    go.set()
    assert done.wait(10)
    assert kept("day", 60.0, slow) == "trend", "who waits gets what the thread found"


def test_what_was_used_longest_ago_makes_room():
    for number in range(MOST + 1):
        kept(f"answer {number}", 60.0, lambda: "old")
    assert kept("answer 0", 60.0, lambda: "new") == "new"
    assert kept(f"answer {MOST}", 60.0, lambda: "new") == "old"


def test_who_looks_all_the_time_never_waits_for_a_new_answer():
    renewed, asked_in = threading.Event(), []

    def anew():
        asked_in.append(threading.current_thread())
        renewed.set()
        return "new"

    assert followed("n", 0.05, lambda: "old") == "old"
    wait_until(lambda: followed("n", 0.05, anew) == "new")
    assert renewed.is_set()
    assert threading.main_thread() not in asked_in


def test_who_comes_back_after_a_while_waits_for_a_new_answer():
    assert followed("n", 0.0, lambda: "old") == "old"
    assert followed("n", 0.0, lambda: "new") == "new"
