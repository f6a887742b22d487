"""The blocks of a page, run as a reader would: what is ours in this process, the rest by a shell.

A command of ours costs seconds of imports in a process of its own; here they are paid once.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from almanac import cli
from tests.stores import forget

ROOT = Path(__file__).parents[2]
OURS = ["python", "-m", "almanac"]


def blocks(page: str, language: str) -> list[str]:
    """The code of every block of a page in a language."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(*pages: str) -> list[str]:
    """Every line of the shell of some pages."""
    lines = [line for page in pages for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in lines if line.strip()]


def run(line: str) -> str:
    """What a command prints; it must end well."""
    words = shlex.split(line)
    own = dict(word.split("=", 1) for word in words if re.match(r"^[A-Z_]+=", word))
    rest = words[len(own) :]
    if rest[:3] != OURS:
        done = subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout
    said, complained = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own.items():
            patch.setenv(name, os.path.expandvars(value))
        forget()  # as a process that begins
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            code = cli.main(rest[3:])
        forget()
    assert code == 0, f"{line}: {complained.getvalue()}"
    return said.getvalue()
