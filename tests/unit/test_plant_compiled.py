"""The plant's machine code: for one kind of arguments each, kept where it can be, of these very sources."""

import fcntl
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulators.plant import compiled, plug, riser, zone
from simulators.plant.network import elimination, friction, iteration, parcels, tangent
from tests.support.field_cities import Stepped, field_city

KERNELS = (
    iteration._iterated, parcels.mean_temperature, parcels.mixed, parcels.put_in, parcels.taken_out,
    plug._left, riser._stepped, tangent._followed, zone._stepped,
)  # fmt: skip


def test_a_city_has_each_kernel_compiled_for_one_kind_of_arguments():
    """A strided or read-only array would have all of a kernel compiled once more, for seconds."""
    before = [len(kernel.signatures) for kernel in KERNELS]
    for dt in (60.0, 600.0):
        city = Stepped(field_city(), dt=dt)
        for _ in range(3):
            city.step()
    for kernel, had in zip(KERNELS, before, strict=True):
        assert 1 <= len(kernel.signatures) <= max(had, 1), kernel.py_func.__qualname__


def test_what_is_kept_is_of_these_sources_and_of_no_others(tmp_path, monkeypatch):
    (tmp_path / "law.py").write_text("G = 9.81\n", encoding="utf-8")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    before = compiled._folder.__wrapped__()
    assert Path(before).is_relative_to(tmp_path)
    assert compiled._folder.__wrapped__() == before
    (tmp_path / "law.py").write_text("G = 9.80\n", encoding="utf-8")
    assert compiled._folder.__wrapped__() != before


def test_a_package_that_cannot_be_written_to_keeps_its_code_with_the_user_or_not_at_all(
    tmp_path, monkeypatch
):
    package, home = tmp_path / "package", tmp_path / "home"
    package.mkdir()
    (package / "__pycache__").write_text("no folder can stand here", encoding="utf-8")
    monkeypatch.setattr(compiled, "__file__", str(package / "compiled.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    assert Path(compiled._folder.__wrapped__()).is_relative_to(home)
    monkeypatch.setenv("XDG_CACHE_HOME", str(package / "__pycache__"))
    assert compiled._folder.__wrapped__() is None
    monkeypatch.setattr(compiled, "_folder", lambda: None)
    assert compiled.compiled(lambda x: x + 1.0)(1.0) == 2.0


def test_one_process_compiles_and_the_others_wait_for_what_it_keeps(tmp_path):
    lock = tmp_path / "lock"

    def is_free():
        with lock.open("w", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    with compiled._held(lock):
        with compiled._held(lock):  # a kernel in a kernel
            assert not is_free()
        assert not is_free()
    assert is_free()


def test_divisions_by_zero_pass_as_in_numpy_and_nan_is_not_lost():
    halves = compiled.compiled(lambda x: 1.0 / x)
    assert halves(0.0) == np.inf
    assert np.isnan(friction.scaled_loss_from(np.nan, 1e-4, 0.0)[0])


def test_a_system_is_solved_as_a_dense_one_is():
    rng = np.random.default_rng(4)
    for n in (1, 2, 7, 40):
        matrix = np.where(rng.random((n, n)) < 2.0 / n, rng.uniform(-1.0, 0.0, (n, n)), 0.0)
        matrix = np.triu(matrix, 1) + np.triu(matrix, 1).T
        matrix += np.diag(0.1 - matrix.sum(axis=1))
        column, row = np.nonzero(np.triu(matrix).T)
        where = elimination.elimination(np.searchsorted(column, np.arange(n + 1)), row)
        lower, diagonal, x = np.empty(len(where.column)), np.empty(n), rng.normal(size=n)
        right = x.copy()
        elimination.factorise(where, matrix[row, column], lower, diagonal)
        elimination.solve(where, lower, diagonal, x)
        assert matrix @ x == pytest.approx(right, abs=1e-12)


@pytest.mark.parametrize(
    ("module", "has_it"),
    [("controller.cli", False), ("controller.runtime", False), ("simulators.__main__", False)],
)
def test_what_has_no_physical_city_does_not_load_the_compiler(module, has_it):
    asked = f"import sys, {module}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == has_it
