"""What the tests of the command line share: a command in this process, quick and with a small budget, or as a process of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from indexlab.cli import main
from tests.audit.audits import SMALL, spending

if TYPE_CHECKING:
    from click.testing import Result

    from indexlab.audit.plan import Budget

TARGETS = Path(__file__).parents[1] / "targets"
ENVIRONMENT = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "GITHUB_ACTIONS": "", "GITHUB_STEP_SUMMARY": "", "FORCE_COLOR": ""}


def ran(*arguments: object, budget: Budget = SMALL) -> Result:
    """Run a command in this process, from where the test stands; what it does with signals and the current folder is undone."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with spending(budget), contextlib.chdir("."):
            return CliRunner(env=ENVIRONMENT).invoke(main, [str(word) for word in arguments], prog_name="indexlab")
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def started(*arguments: object, here: Path, stdin: int | None = None) -> subprocess.Popen[str]:
    """Start a command as a process of its own, the leader of a group as a terminal would have it; `stdin` as subprocess takes it."""
    return subprocess.Popen(
        [sys.executable, "-m", "indexlab", *map(str, arguments)],
        cwd=here,
        env={**os.environ, **ENVIRONMENT},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def planted(file: str | Path, *switches: str) -> str:
    """The label of a target of tests/targets (or of a file elsewhere), run by the interpreter that runs the tests."""
    return f"exec:{shlex.join([sys.executable, '-S', str(TARGETS / file), *switches])}"
