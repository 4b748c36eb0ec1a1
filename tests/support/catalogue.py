"""What the screen says: every sentence in its code, and what the Chinese catalogues make of it."""

import ast
from pathlib import Path

from babel.messages.pofile import read_po

HMI = Path(__file__).parents[2] / "hmi"
SAYING = {"words", "N_"}
"""``words("…")``, ``screen.words("…")`` and ``N_("…")``; in f-strings too, unlike gettext."""


def sentences(folder=HMI):
    """{sentence: places} of all literals that are said or marked."""
    found = {}
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if name in SAYING and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.setdefault(first.value, []).append(f"{file.relative_to(folder)}:{node.lineno}")
    return found


def catalogues(folder=HMI / "locale" / "zh_CN"):
    """{file name: {sentence: Chinese}}."""
    read = {}
    for file in sorted(folder.glob("*.po")):
        with file.open("rb") as stream:
            read[file.name] = {
                message.id: message.string for message in read_po(stream, locale="zh_CN") if message.id
            }
    return read
