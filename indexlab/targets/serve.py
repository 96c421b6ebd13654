"""A target served by the target protocol, version 1: a JSON object a line on standard input, one a line on standard output.

Every request is answered, with a result or with an error; none ends the server. What a client gets wrong is its own error, what the target gets wrong the
target's, and anything else is said to be ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.margin_params import MARGIN
from indexlab.targets.margin_requests import encode_margin, read_margin_case
from indexlab.targets.output import protocol_output
from indexlab.targets.protocol import BATCH
from indexlab.targets.requests import check_describe, encode_description, encode_result, read_call, read_request, read_requests
from indexlab.targets.target import Margining

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexlab.targets.shape import JSONObject
    from indexlab.targets.target import Outcome, Request, Target

__all__ = ["answer", "failed", "internal", "methods_of", "protocol_output", "serve_lines", "warm"]

_METHODS: Final = ("describe", "index", BATCH)
_MOST_LINE: Final = 256 << 20
"""A request line has at most so many bytes; the rest of a longer one is passed over."""
_CHUNK: Final = 1 << 20


def methods_of(target: Target) -> tuple[str, ...]:
    """Return the methods that a target is served with: `margin` where it has a margin engine."""
    return (*_METHODS, MARGIN) if isinstance(target, Margining) and MARGIN in target.describe().provides else _METHODS


def answer(target: Target, method: str, params: object) -> object:
    """Return the result of a request; raises InputError (the client's mistake) or TargetFailure (the target's)."""
    if method == "describe":
        check_describe(params)
        return encode_description(target.describe())
    if method == "index":
        (outcome,) = target.index([read_request(params)])
        if isinstance(outcome, TargetFailure):
            raise outcome
        return encode_result(outcome)
    if method == BATCH:
        return _batch(target, read_requests(params))
    if method == MARGIN and MARGIN in methods_of(target):
        return _margin(target, params)
    raise InputError(f"must be one of {', '.join(methods_of(target))}, was {msgspec.json.encode(method).decode()}", key="method")


def _margin(target: Target, params: object) -> object:
    case = read_margin_case(params)
    if not isinstance(target, Margining):  # pragma: no cover - `methods_of` has looked
        raise TypeError
    (answered,) = target.margin([case])
    if isinstance(answered, TargetFailure):
        raise answered
    return encode_margin(answered)


def failed(failure: TargetFailure) -> str:
    """Say that a failure is the target's."""
    return f"the target failed: {failure}"


def internal(error: Exception) -> str:
    """Say that a failure is ours."""
    return f"this is a failure of indexlab itself: {type(error).__name__}: {error}"


def serve_lines(target: Target, reader: BinaryIO, write: Callable[[bytes], object], *, most_line: int = _MOST_LINE) -> None:
    """Answer line after line until the input ends; `write` takes one whole line."""
    while line := reader.readline(most_line + 1):
        whole = len(line) <= most_line
        if not whole:
            _pass_over(line, reader)
        write(_answered(target, line) if whole else _error(None, f"the request must not be longer than {most_line} bytes"))


def _batch(target: Target, requests: Sequence[Request | InputError]) -> list[JSONObject]:
    """Answer many runs at once; what is wrong with one is said in its place."""
    outcomes = iter(target.index([request for request in requests if not isinstance(request, InputError)]))
    return [_entry(request if isinstance(request, InputError) else next(outcomes)) for request in requests]


def _entry(outcome: Outcome | InputError) -> JSONObject:
    if isinstance(outcome, InputError):
        return {"error": {"message": str(outcome)}}
    return {"error": {"message": failed(outcome)}} if isinstance(outcome, TargetFailure) else encode_result(outcome)


def _pass_over(line: bytes, reader: BinaryIO) -> None:
    while line and not line.endswith(b"\n"):
        line = reader.readline(_CHUNK)


def _answered(target: Target, line: bytes) -> bytes:
    request_id, wrong, method, params = read_call(line)
    if wrong is not None:
        return _error(request_id, str(wrong))
    try:
        return msgspec.json.encode({"id": request_id, "result": answer(target, method, params)}) + b"\n"  # NaN is written as null
    except InputError as error:
        return _error(request_id, str(error))
    except TargetFailure as failure:
        return _error(request_id, failed(failure))
    except Exception as error:  # noqa: BLE001 - one request must not end the server
        return _error(request_id, internal(error))


def _error(request_id: int | None, message: str) -> bytes:
    return msgspec.json.encode({"id": request_id, "error": {"message": message}}) + b"\n"


def warm(target: Target) -> None:
    """Load what is compiled before the first request, where the engine will be asked: an answer has a time limit."""
    if target.kind == "in-process":
        from indexlab.index.warm import main as load

        load()
