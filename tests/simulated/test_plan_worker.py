"""The solver in its process: killed, hung, out of memory, crashed. Polling goes on, status says so."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
import uvloop

from controller.planning.port import InlinePlanner
from controller.planning.process import ProcessPlanner, SolverLimits
from controller.planning.wire import LENGTH, BrokenFrame, asked, lengths, question, replied, reply
from optimizer.plan.solving import solve
from optimizer.plan.status import PlanStatus
from tests.support.misbehaving_solver import CRASH, GARBAGE, HANG, MEMORY, PRINT, SEGFAULT
from tests.support.plan_cities import a_step_later, city
from tests.support.polling import until

MISBEHAVING = ("-m", "tests.support.misbehaving_solver")
LAG_MAX_S = 1.0
"""What a loop on a busy test machine may lag by itself; a solver that blocked it would take seconds."""


@asynccontextmanager
async def planner(**limits):
    made = ProcessPlanner(SolverLimits(**limits), MISBEHAVING)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def watched_loop():
    """Measure by how much the event loop's ticks come late; yields a list of lags in s."""
    lags = []

    async def tick():
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            lags.append(time.monotonic() - before - 0.01)

    task = asyncio.create_task(tick())
    try:
        yield lags
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def same(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
        for name in ("q", "T_indoor", "price", "P")
    )


async def test_a_plan_from_the_process_is_the_plan_made_here():
    problem = city(5)
    async with planner() as process:
        theirs = await process.plan(problem, None)
        ours = solve(problem)
        assert same(theirs, ours)
        assert replace(theirs, q=ours.q, T_indoor=ours.T_indoor, price=ours.price, P=ours.P) == ours
        later = a_step_later(problem, ours.q[:, 0])
        assert same(await process.plan(later, theirs), solve(later, ours))
        assert process.state.plans == 2
        assert process.state.failures == 0
    assert same(await InlinePlanner().plan(problem, None), ours)


@pytest.mark.parametrize(
    ("deed", "reason", "told"),
    [
        (SEGFAULT, "plan.solver_died", {"how": "SIGSEGV"}),
        (CRASH, "plan.solver_died", {"how": "exit 1"}),
        (MEMORY, "plan.solver_memory", {}),
        (GARBAGE, "plan.solver_broken", None),
        (HANG, "plan.solver_hung", {"limit_s": 10.0}),
    ],
)
async def test_whatever_becomes_of_the_solver_costs_one_plan_and_nobody_waits(deed, reason, told):
    problem = city(4, steps=24)
    async with planner(wall_s=10.0, memory_bytes=2 << 30) as process, watched_loop() as lags:
        first = await process.plan(problem, None)
        assert first.status is PlanStatus.OPTIMAL
        began = time.monotonic()
        none = await process.plan(replace(problem, start=deed), None)
        assert time.monotonic() - began < 30.0
        assert none.status is PlanStatus.NONE
        assert none.why.id == reason
        assert told is None or dict(none.why.params) == told
        assert process.state.last_failure == none.why
        assert process.state.pid is None
        again = await process.plan(problem, None)
        assert same(again, first)
        assert process.state.failures == 1
        assert process.state.last_failure is None
    assert max(lags) < LAG_MAX_S


async def test_a_solver_killed_in_the_middle_leaves_the_last_plan_moved_on():
    problem = city(4, steps=24)
    async with planner() as process, watched_loop() as lags:
        first = await process.plan(problem, None)
        step = 3600.0 * problem.dt_h
        moved = replace(first, start=HANG - step, made_from=HANG - 600.0)
        asking = asyncio.create_task(process.plan(replace(problem, start=HANG), moved))

        def killed():
            if process.state.busy and process.state.pid is not None:
                with contextlib.suppress(ProcessLookupError):  # the kill before may only not be told yet
                    os.kill(process.state.pid, signal.SIGKILL)
            return asking.done()

        await until(killed, what="an answer in spite of kills")
        stale = await asking
        assert stale.status is PlanStatus.STALE
        assert stale.why.id == "plan.solver_died"
        assert stale.why.params["how"] == "SIGKILL"
        assert np.array_equal(stale.q, first.q[:, 1:])
    assert max(lags) < LAG_MAX_S


def test_a_solver_whose_pipe_broke_before_it_was_asked_is_told_as_dead_on_the_service_s_own_loop():
    """The service runs on uvloop, which has a RuntimeError for a write to a broken pipe."""

    async def asked_once_more():
        problem = city(4)
        async with planner() as process:
            first = await process.plan(problem, None)
            os.kill(process.state.pid, signal.SIGSTOP)  # it must not end in order when its pipe ends
            process._process.stdin.close()
            await asyncio.sleep(0.1)  # the loop ends the pipe in a turn of its own, and tells nobody when
            return await process.plan(a_step_later(problem, first.q[:, 0]), first), process.state

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stale, state = runner.run(asked_once_more())
    assert stale.status is PlanStatus.STALE
    assert stale.why.id == "plan.solver_died"
    assert stale.why.params["how"] == "SIGKILL"
    assert state.failures == 1


async def test_a_process_that_is_cancelled_or_closed_leaves_nothing_running():
    process = ProcessPlanner(SolverLimits(), MISBEHAVING)
    asking = asyncio.create_task(process.plan(replace(city(3, steps=24), start=HANG), None))
    pid = await until(lambda: process.state.pid, what="a process")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    plan = await process.plan(city(3, steps=24), None)
    assert plan.status is PlanStatus.OPTIMAL
    await process.close()
    assert process.state.pid is None


async def test_what_a_library_prints_does_not_reach_the_wire():
    async with planner() as process:
        plan = await process.plan(replace(city(3, steps=24), start=PRINT), None)
        assert plan.status is PlanStatus.OPTIMAL


async def test_the_solver_dies_with_its_parent():
    script = (
        "import asyncio, os, signal\n"
        "from controller.planning.process import ProcessPlanner\n"
        "from dataclasses import replace\n"
        "from tests.support.plan_cities import city\n"
        "async def main():\n"
        "    planner = ProcessPlanner(worker=('-m', 'tests.support.misbehaving_solver'))\n"
        "    asyncio.create_task(planner.plan(replace(city(2, steps=24), start=-1.0), None))\n"
        "    while planner.state.pid is None:\n"
        "        await asyncio.sleep(0.01)\n"
        "    print(planner.state.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    pid = int(await parent.stdout.readline())
    assert await parent.wait() == -signal.SIGKILL
    await until(lambda: not _lives(pid), what="the solver's end")


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_questions_and_plans_survive_the_wire_bit_for_bit():
    problem = replace(
        city(4, cap=np.inf), owed=np.array([1.0, np.nan, 3.0, 4.0]), critical=np.array([True, False] * 2)
    )
    plan = solve(problem)
    for previous in (None, plan):
        frame = question(problem, previous)
        total, head = lengths(frame[: LENGTH.size])
        body = frame[LENGTH.size :]
        assert len(body) == total
        heard, heard_previous = asked(body, head)
        for name in ("A", "B", "x0", "T_outdoor", "P_max", "owed", "critical", "tariff"):
            assert np.array_equal(getattr(heard, name), getattr(problem, name), equal_nan=name == "owed")
        assert heard.weights == problem.weights
        assert heard.P_ramp == problem.P_ramp
        assert (heard_previous is None) == (previous is None)
    frame = reply(plan)
    assert same(replied(frame[LENGTH.size :], lengths(frame[: LENGTH.size])[1]), plan)


def test_how_a_shortage_is_shared_out_survives_the_wire():
    plan = solve(city(4, cap=0.7, seed=4))
    frame = reply(plan)
    heard = replied(frame[LENGTH.size :], lengths(frame[: LENGTH.size])[1])
    assert np.array_equal(heard.shares.needed, plan.shares.needed)
    assert np.array_equal(heard.shares.spared, plan.shares.spared)


@pytest.mark.parametrize("cut", [1, 40, 1000])
def test_a_frame_that_is_cut_or_spoilt_is_no_plan(cut):
    frame = reply(solve(city(2, steps=24)))
    head = lengths(frame[: LENGTH.size])[1]
    with pytest.raises(BrokenFrame):
        replied(frame[LENGTH.size : -cut], head)
    with pytest.raises(BrokenFrame):
        replied(frame[LENGTH.size :], head - 3)
    with pytest.raises(BrokenFrame):
        lengths(b"\xff" * LENGTH.size)
