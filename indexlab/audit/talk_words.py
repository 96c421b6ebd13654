"""What to do about an answer that failed, in an implementer's words: by the kind of the failure and by how the target is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from indexlab.market.errors import TargetFailure

__all__ = ["advice", "expected"]

_EXPECTED: Final = {
    "error": "a result",
    "misfit": "an answer in the shape of the target protocol",
    "wrong-id": "an answer with the id of its request",
    "not-json": "one JSON value, and nothing beside it",
    "timeout": "an answer within the time limit",
    "exited": "an answer",
    "too-large": "an answer of at most 64 MiB",
    "not-started": "a target that can be asked",
    "memory": "an answer within the limit on memory",
}
_PROCESS: Final = {
    "error": "look at what it says, and at its log: the request is one that an audit will send",
    "misfit": "mend the place that is named; docs/target-protocol.md shows an answer key by key",
    "wrong-id": 'copy "id" from each request into its answer, and answer in the order in which requests come',
    "not-json": "write nothing but answers to standard output, one a line; banners and logs belong on standard error",
    "timeout": "end each answer with a newline and flush it (in Python print(…, flush=True)); if it is slow, --answer-timeout gives it more",
    "exited": "keep the process alive until its input ends; what it wrote to standard error is shown below",
    "too-large": "answer with one entry for each of times, and no more",
    "not-started": "run the command by hand, from this folder",
    "memory": "keep nothing from one request to the next; --memory gives it more",
}
_HTTP: Final = {
    "misfit": "mend the place that is named; the body of an answer is the bare result, without id",
    "not-json": "answer with status 200 and the bare result as JSON, not compressed",
    "timeout": "if it is only slow, --start-timeout and --answer-timeout give it more",
    "exited": "answer each request whole, with its Content-Length; look at the log of the service",
    "not-started": "start the service first, and give the address that it listens on",
}
_PYTHON: Final = {
    "misfit": "mend the place that is named; the function returns the bare result, a dict",
    "error": "the traceback is below",
    "timeout": "if it is only slow, --answer-timeout gives it more",
}


def expected(failure: TargetFailure) -> str:
    """Return what was expected instead of a failure."""
    return _EXPECTED.get(failure.kind, "an answer")


def advice(failure: TargetFailure, label: str) -> str:
    """Return what to do about a failure of the target with this label."""
    if "null says that" in failure.detail:
        return "write null where there is no number (in Python None): JSON knows no NaN and no Infinity"
    scheme = label.partition(":")[0]
    own = _HTTP if scheme in {"http", "https"} else _PYTHON if scheme == "python" else {}
    return own.get(failure.kind) or _PROCESS.get(failure.kind, "")
