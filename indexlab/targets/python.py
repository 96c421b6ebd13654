"""`python:MODULE:ATTRIBUTE`: a user's function or object as a target, in this process, or with `--isolate` in one of its own.

It is called with the bodies of the target protocol and its answers are read as strictly as those that come over a wire. What it raises is a failure of the
target, with the user's traceback as its log. In this process time limits hold as far as Python can be interrupted, and memory has none; `--isolate` sets both.
"""

from __future__ import annotations

import functools
import multiprocessing
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.called import CalledTarget, limit_of
from indexlab.targets.lines import read_json
from indexlab.targets.options import USUAL
from indexlab.targets.protocol import error_message
from indexlab.targets.spoken import Spoken, load, spoken

if TYPE_CHECKING:
    from indexlab.targets.callable import IndexFunction, IndexObject
    from indexlab.targets.options import TargetOptions

__all__ = ["isolated_command", "open_python", "python_target"]

_ANSWER_BYTES: Final = 64 << 20


def open_python(rest: str, options: TargetOptions = USUAL) -> CalledTarget:
    """Return what `MODULE:ATTRIBUTE` names as a target in this process. The module is imported. Raises InputError."""
    return CalledTarget(f"python:{rest}", _PythonCaller(load(rest), options))


def python_target(index: IndexFunction | IndexObject | type[IndexObject], label: str | None = None, options: TargetOptions = USUAL) -> CalledTarget:
    """Return a function, an object or a class as a target in this process. Raises InputError where it is none of these."""
    named = index if hasattr(index, "__qualname__") else type(index)
    name = f"{getattr(named, '__module__', '')}:{getattr(named, '__qualname__', '')}"
    label = label or f"python:{name}"
    return CalledTarget(label, _PythonCaller(spoken(index, name, f"target {label}"), options))


def isolated_command(rest: str) -> str:
    """Return the command that serves `MODULE:ATTRIBUTE` in a process of its own. Raises InputError where it cannot be served."""
    if multiprocessing.parent_process() is None:  # workers are started for what has been looked at
        _check_isolated(rest)
    return shlex.join([sys.executable, "-m", "indexlab.targets.python_host", rest])


@functools.lru_cache(maxsize=64)
def _check_isolated(rest: str) -> None:
    """Have the module loaded in a process of its own, once, to say what is wrong with it before work starts."""
    command = [sys.executable, "-m", "indexlab.targets.python_host", "--check", rest]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        raise InputError(told if told.startswith("target python:") else f"target python:{rest} cannot be loaded: {told}")


class _PythonCaller:
    """Calls the user's code. Params are made anew for each call: what the code does to them is its own affair."""

    def __init__(self, spoken: Spoken, options: TargetOptions) -> None:
        self._spoken, self._options = spoken, options
        self._answered = False

    def call(self, method: str, params: bytes, runs: int = 1) -> object:
        """Call a method and return its result, read from JSON; raises TargetFailure."""
        try:
            answer = self._spoken.answer(method, msgspec.json.decode(params), limit_of(self._options, runs, first=not self._answered))
        except TargetFailure as failure:
            if failure.kind != "error":
                raise
            raise TargetFailure("error", error_message({"message": failure.detail}), log=failure.log) from failure
        self._answered = True
        if len(answer) > _ANSWER_BYTES:
            raise TargetFailure("too-large", f"answered more than {_ANSWER_BYTES >> 20} MiB")
        return read_json(answer, "the answer", "answered")

    def close(self) -> None:
        """Nothing is held."""
