"""What several files of this folder stand on."""

import pytest

from tests.support.physical_judge import SmallJudge


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """A judge of small physical cities, generated once a file."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield SmallJudge(tmp_path_factory.mktemp("cities"), monkeypatch)
