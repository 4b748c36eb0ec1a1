"""The page on how the plan decides: its example runs and prints what the page says."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "how-the-plan-decides.md"


def blocks(kind):
    found = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return found[0]


def test_the_example_says_in_both_languages_what_the_page_says():
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(blocks("python"), "page", "exec"), {})
    assert out.getvalue() == blocks("text")
