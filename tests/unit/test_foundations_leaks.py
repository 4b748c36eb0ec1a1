"""The guard rails of the suite themselves: a leaked task fails, long tests record, real data is counted."""

import json
from pathlib import Path

import pytest

from tests.support.soak import Soak

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")


@pytest.fixture
def suite(pytester, monkeypatch):
    """Runs test text in a pytest of its own that has this project's conftest and strictness."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("DHC_REALDATA", raising=False)
    monkeypatch.delenv("DHC_SOAK", raising=False)
    # each of these runs is a process: only the plug-ins that are tried here, or their imports take seconds
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ("-p", "pytest_asyncio.plugin", "-p", "xdist.plugin")
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
        "filterwarnings = error\naddopts = --strict-markers\nmarkers =\n    realdata\n    soak\n    slow\n"
    )
    pytester.makeconftest(CONFTEST)

    def run(text, *arguments):
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess(*plugins, "-p", "no:cacheprovider", *arguments)

    return run


def test_a_task_left_running_fails_its_test_and_is_named(suite):
    result = suite(
        """
        import asyncio
        import pytest
        from hypothesis import given, settings, strategies

        keep = []

        async def test_leaves_a_task():
            keep.append(asyncio.create_task(asyncio.sleep(3600), name="forgotten-poll"))

        @pytest.mark.asyncio(loop_scope="module")
        async def test_leaves_a_task_on_a_shared_loop():
            keep.append(asyncio.create_task(asyncio.sleep(3600), name="forgotten-shared"))

        @settings(max_examples=1)
        @given(number=strategies.integers())
        async def test_leaves_a_task_under_hypothesis(number):
            keep.append(asyncio.create_task(asyncio.sleep(3600), name="forgotten-example"))
        """
    )
    result.assert_outcomes(passed=3, errors=3)
    for name in ("forgotten-poll", "forgotten-shared", "forgotten-example"):
        assert f"tasks left running by the test: {name} (" in result.stdout.str()


def test_tasks_that_end_in_time_are_no_leak(suite):
    result = suite(
        """
        import asyncio
        import pytest

        @pytest.fixture
        async def background():
            task = asyncio.create_task(asyncio.sleep(3600))
            yield task
            task.cancel()

        async def test_awaits_what_it_started():
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(0))

        async def test_leaves_closing_to_its_fixture(background):
            assert not background.done()

        async def test_leaves_a_task_that_is_just_ending():
            asyncio.get_running_loop().keep = asyncio.create_task(asyncio.sleep(0.01))

        def test_without_a_loop():
            pass
        """
    )
    result.assert_outcomes(passed=4)


def test_a_resource_left_open_fails_its_test(suite):
    result = suite(
        """
        import gc
        import socket

        def test_forgets_a_socket():
            socket.socket()
            gc.collect()
        """
    )
    result.assert_outcomes(failed=1)


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "xdist worker"])
def test_tests_on_measured_data_are_counted_where_there_is_none(suite, workers):
    result = suite(
        """
        import pytest

        @pytest.mark.realdata
        def test_reads_measurements(realdata_folder):
            assert realdata_folder

        def test_plain():
            pass
        """,
        *workers,
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 test on measured data deselected: DHC_REALDATA is not set"])


def test_files_with_long_tests_come_first_and_whole(suite, pytester):
    pytester.makepyfile(
        test_a="def test_a(): pass",
        test_b="import pytest\n\ndef test_quick(): pass\n\n@pytest.mark.slow\ndef test_slow(): pass",
        test_c="import pytest\n\n@pytest.mark.slow(minutes=2)\ndef test_longest(): pass",
        test_d="def test_d(): pass",
    )
    result = suite("", "-v")
    result.assert_outcomes(passed=5)
    ran = [line.split()[0] for line in result.outlines if "PASSED" in line]
    long = ["test_c.py::test_longest", "test_b.py::test_quick", "test_b.py::test_slow"]
    assert ran == [*long, "test_a.py::test_a", "test_d.py::test_d"]


def test_a_long_test_is_reduced_in_the_plain_run_and_leaves_no_file(tmp_path):
    run = Soak(test="plug/test_kill.py::test_kill", full=False, folder=tmp_path)
    assert run.pick(reduced=3, full=200) == 3
    assert run.write("passed") is None
    assert list(tmp_path.iterdir()) == []


def test_a_long_test_at_full_length_leaves_its_figures(tmp_path):
    run = Soak(test="plug/test_kill.py::test_kill[9]", full=True, folder=tmp_path / "soak")
    assert run.pick(reduced=3, full=200) == 200
    run.record(kills=200, lost=1)
    run.record(lost=0)
    path = run.write("passed")
    assert path.name == "plug_test_kill.py_test_kill_9.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["figures"] == {"kills": 200, "lost": 0}
    assert (result["test"], result["outcome"]) == ("plug/test_kill.py::test_kill[9]", "passed")
