"""One controller at a time, and a token that grows at every start, whatever happened before."""

import asyncio
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from controller.coordinator import (
    MAX_TOKEN,
    HeldByAnother,
    LeaseLost,
    SqliteCoordinator,
    TokensExhausted,
)

NOW = 1_768_435_200.0
NAME = "controller"
ROOT = Path(__file__).resolve().parents[2]

HOLDING = """
import asyncio, sys, time
from pathlib import Path
from controller.coordinator import SqliteCoordinator
lease = asyncio.run(SqliteCoordinator(Path(sys.argv[1]), utc=lambda: 1.0).acquire("controller", 60.0))
print(lease.token, flush=True)
sys.stdin.read()
"""


def at(folder, now=NOW):
    return SqliteCoordinator(folder, utc=lambda: now)


async def one_start(folder, now=NOW):
    coordinator = at(folder, now)
    lease = await coordinator.acquire(NAME, 60.0)
    await coordinator.release(lease)
    return lease.token


def hold(folder):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    return child, int(child.stdout.readline())


def end(child):
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()


async def test_a_lease_is_taken_renewed_and_given_back(tmp_path):
    now = NOW
    coordinator = SqliteCoordinator(tmp_path, utc=lambda: now)
    lease = await coordinator.acquire(NAME, 60.0)
    assert (lease.name, lease.ttl_s, lease.expires_at) == (NAME, 60.0, NOW + 60.0)
    now += 30.0
    assert (await coordinator.renew(lease)).expires_at == NOW + 90.0
    await coordinator.release(lease)
    assert await one_start(tmp_path, NOW + 31.0) > lease.token


@pytest.mark.parametrize(
    "clock", [NOW, 1.0, 0.0, -5.0, NOW + 1e10], ids=["right", "1970", "zero", "less", "2342"]
)
async def test_the_token_grows_at_every_start_under_any_clock(tmp_path, clock):
    tokens = [await one_start(tmp_path, clock) for _ in range(4)]
    assert tokens == sorted(set(tokens))
    assert all(0 < token <= MAX_TOKEN for token in tokens)


async def test_the_token_grows_when_the_clock_is_set_back(tmp_path):
    first = await one_start(tmp_path, NOW)
    assert await one_start(tmp_path, NOW - 86_400.0) == first + 1


async def test_the_token_grows_when_the_folder_is_restored_or_lost(tmp_path):
    first = await one_start(tmp_path, NOW)
    shutil.copy(tmp_path / "coordinator.db", tmp_path / "backup")
    later = await one_start(tmp_path, NOW + 60.0)
    shutil.copy(tmp_path / "backup", tmp_path / "coordinator.db")
    restored = await one_start(tmp_path, NOW + 120.0)
    (tmp_path / "coordinator.db").unlink()
    assert first < later < restored < await one_start(tmp_path, NOW + 180.0)


async def test_a_token_that_would_not_fit_is_refused_with_what_to_do(tmp_path):
    await one_start(tmp_path, float(MAX_TOKEN))
    with pytest.raises(TokensExhausted, match="commissioned again"):
        await one_start(tmp_path, NOW)
    # The attempt left no lock behind.
    (tmp_path / "coordinator.db").unlink()
    await one_start(tmp_path, NOW)


async def test_a_second_controller_in_another_process_is_refused_and_told_by_whom(tmp_path):
    child, _ = hold(tmp_path)
    try:
        with pytest.raises(HeldByAnother) as refused:
            await at(tmp_path).acquire(NAME, 60.0)
    finally:
        end(child)
    assert refused.value.holder.pid == child.pid
    text = str(refused.value)
    assert f"process {child.pid} on host {socket.gethostname()}, since 1970-01-01 00:00:01 UTC" in text
    assert "Stop it first" in text
    assert str(tmp_path) in text


async def test_a_second_controller_in_the_same_process_is_refused(tmp_path):
    coordinator = at(tmp_path)
    lease = await coordinator.acquire(NAME, 60.0)
    with pytest.raises(HeldByAnother):
        await at(tmp_path).acquire(NAME, 60.0)
    await coordinator.release(lease)


async def test_leases_of_other_names_are_free(tmp_path):
    one, two = at(tmp_path), at(tmp_path)
    await one.release(await one.acquire(NAME, 60.0))
    lease = await one.acquire(NAME, 60.0)
    other = await two.acquire("poller-1", 60.0)
    await one.release(lease)
    await two.release(other)


async def test_after_a_kill_the_next_start_takes_over_at_once_with_a_greater_token(tmp_path):
    tokens = []
    for _ in range(3):
        child, token = await asyncio.to_thread(hold, tmp_path)
        end(child)
        tokens.append(token)
    assert tokens == [1, 2, 3]


async def test_a_holder_on_another_host_is_believed_until_its_lease_runs_out(tmp_path):
    await one_start(tmp_path)
    with sqlite3.connect(tmp_path / "coordinator.db") as connection:
        connection.execute("UPDATE leases SET host = 'plant2', pid = 4711, expires_at = ?", (NOW + 60.0,))
    connection.close()
    with pytest.raises(
        HeldByAnother, match=r"process 4711 on host plant2, .* runs out at 2026-01-15 00:01:00"
    ):
        await at(tmp_path, NOW + 59.0).acquire(NAME, 60.0)
    assert await one_start(tmp_path, NOW + 61.0) > int(NOW)


async def test_a_lease_that_another_has_taken_can_not_be_renewed(tmp_path):
    coordinator = at(tmp_path)
    lease = await coordinator.acquire(NAME, 60.0)
    with sqlite3.connect(tmp_path / "coordinator.db") as connection:
        connection.execute("UPDATE leases SET token = token + 1")
    connection.close()
    with pytest.raises(LeaseLost, match=str(lease.token)):
        await coordinator.renew(lease)
    await coordinator.release(lease)


@pytest.mark.parametrize("record", ["", "{", '{"pid": 1}', json.dumps({"pid": "x", "host": 1, "since": 2})])
async def test_a_record_that_can_not_be_read_still_refuses(tmp_path, record):
    coordinator = at(tmp_path)
    lease = await coordinator.acquire(NAME, 60.0)
    (tmp_path / f"{NAME}.lock").write_text(record, encoding="utf-8")
    with pytest.raises(HeldByAnother, match="its record can not be read"):
        await at(tmp_path).acquire(NAME, 60.0)
    await coordinator.release(lease)
