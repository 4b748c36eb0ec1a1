"""Every ``dhc`` command that README and docs show is one that ``dhc`` takes."""

import re
import shlex
from pathlib import Path

import pytest

from controller.cli import _parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
ENDS = frozenset(("|", "||", "&&", ";", "&", ">", ">>", "2>", "#"))
"""Words of a shell after which it is no argument of ours any more."""


def commands(page):
    """Give each command of a page as its words, without the leading ``dhc``."""
    for block in re.findall(
        r"^```[a-z]*\n(.*?)^```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    ):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            shown = line.strip().removeprefix("$ ").split("; do ")[-1]
            if not re.match(r"dhc [a-z]+( |$)", shown):  # "dhc city: ..." is what it says
                continue
            shown = re.sub(r"[0-9a-f]+…", "0" * 64, shown)  # a hash, cut short
            words = shlex.split(shown, comments=True)[1:]
            end = next(
                (i for i, word in enumerate(words) if word in ENDS or word.startswith(">")), len(words)
            )
            yield [word.rstrip(";") for word in words[:end]]


SHOWN = [
    pytest.param(words, id=f"{page.relative_to(ROOT)}: {' '.join(words)}")
    for page in PAGES
    for words in commands(page)
]


def test_there_are_commands_to_look_at():
    assert len(SHOWN) > 30


def exit_code(words):
    """0 for a command that is taken, and for one that asks for help."""
    try:
        _parser().parse_args(words)
    except SystemExit as end:
        return end.code
    return 0


@pytest.mark.parametrize("words", SHOWN)
def test_a_command_that_is_shown_is_taken(words, capsys):
    assert exit_code(words) == 0, capsys.readouterr().err
