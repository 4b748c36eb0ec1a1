"""The how-to about generated cities: each of its examples is carried out as it stands on the page."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "generate-a-city.md").read_text(encoding="utf-8")


def test_every_console_example_prints_what_the_page_says(tmp_path):
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "dhc").write_text(f'#!/bin/sh\nexec {sys.executable} -m controller.cli "$@"\n', "utf-8")
    (bin_folder / "dhc").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
    }
    for block in blocks:
        commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
        expected = "".join(f"{line}\n" for line in block.splitlines() if not line.startswith("$ "))
        shown = subprocess.run(
            ["sh", "-c", "\n".join(commands)],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert shown.stdout.replace(f"{tmp_path}/", "") == expected
