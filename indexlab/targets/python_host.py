"""The process of an isolated `python:` target: `python -m indexlab.targets.python_host MODULE:ATTRIBUTE` answers by lines, until its input ends.

What the user's code prints goes to standard error, where it is kept as the target's log; standard input is not its to read. `--check` only loads it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.output import protocol_output
from indexlab.targets.spoken import load

if TYPE_CHECKING:
    from indexlab.targets.spoken import Spoken

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Serve what is named; 2 where it cannot be."""
    write = protocol_output()
    requests = os.fdopen(os.dup(0), "rb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    try:
        target = load(arguments[-1])
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if "--check" in arguments:
        return 0
    for line in requests:
        write(_answered(target, line))
    return 0


def _answered(target: Spoken, line: bytes) -> bytes:
    request = json.loads(line)
    head = b'{"id":%s,' % json.dumps(request["id"]).encode()
    try:
        return head + b'"result":' + target.answer(request["method"], request["params"]) + b"}\n"
    except TargetFailure as failure:
        sys.stderr.write(failure.log)
        sys.stderr.flush()
        return head + b'"error":' + json.dumps({"message": failure.detail}).encode() + b"}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
