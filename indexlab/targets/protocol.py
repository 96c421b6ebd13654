"""The target protocol, version 1: requests as JSON, one run or a batch of runs, and answers read back strictly.

Over pipes a message is a line with an id (`encode_…`, `decode_…`), over HTTP its params alone and the result alone (`…_params`, `read_…`).
An answer that does not fit raises TargetFailure: `not-json`, `wrong-id`, `error` (the target says so itself) or `misfit`, with what was wrong and where.
A value that is negative or absurd is no misfit: it is decoded as it is, and the property `protocol` judges it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

from indexlab.index.determination import HALTED, HELD, REASONS, STATUSES, Determinations
from indexlab.market.errors import TargetFailure
from indexlab.market.quotes import OPTIONAL_COLUMNS
from indexlab.targets.description import PROTOCOL, read_description
from indexlab.targets.lines import excerpt, read_json
from indexlab.targets.shape import JSONObject, as_list, as_object, misfit, numbers, numbers_by_source, shown, words, words_by_source
from indexlab.targets.target import BOOK, PRICE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from indexlab.market.levels import Levels
    from indexlab.market.source import Source
    from indexlab.targets.target import Description, Outcome, Request

    Column: TypeAlias = NDArray[np.int32] | NDArray[np.int64] | NDArray[np.float64]

__all__ = [
    "BATCH",
    "DESCRIBE_PARAMS",
    "PROTOCOL",
    "Pieces",
    "batch_params",
    "batch_parts",
    "batches",
    "decode_batch",
    "decode_description",
    "decode_determinations",
    "decode_result",
    "encode_batch",
    "encode_call",
    "encode_describe",
    "encode_request",
    "error_message",
    "id_of",
    "outcome_of",
    "params_of",
    "read_batch",
    "read_description",
    "read_determinations",
    "request_parts",
    "shape_of",
]

BATCH: Final = "index_batch"
"""What a target `provides` that takes many runs at once."""
DESCRIBE_PARAMS: Final = msgspec.json.encode({"protocol": PROTOCOL})
_MOST_RUNS: Final = 16
_MOST_BATCH_BYTES: Final = 4 << 20
_CALL: Final = b'{"id":%d,"method":"%s","params":'
_END: Final = b"}\n"
_RATE: Final = ("receive_time", "event_time", "price")
_BID: Final = b',"bid":'
_encode: Final = msgspec.json.Encoder().encode


class Pieces:
    """Parts of requests that are encoded already. Twins share most of their columns: the very same arrays are written once.

    Made for one round of requests and dropped with it: arrays are known by their identity, so they must neither change nor go away meanwhile.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: dict[tuple[int, ...], tuple[object, bytes]] = {}

    def numbers(self, column: Column) -> bytes:
        """Return a column as a JSON list; NaN is null."""
        return self.shared((column,), lambda: _encode(column.tolist()))

    def shared(self, parts: tuple[object, ...], write: Callable[[], bytes]) -> bytes:
        """Return what is written from these very parts, written anew where none of the round was."""
        key = tuple(map(id, parts))
        kept = self._known.get(key)
        if kept is None:
            kept = self._known[key] = (parts, write())
        return kept[1]


def encode_describe(request_id: int) -> bytes:
    """Return the line that asks a target about itself."""
    return _line(request_id, "describe", DESCRIBE_PARAMS)


def encode_call(request_id: int, method: str, params: bytes) -> bytes:
    """Return the line that asks for anything, with params that are JSON already."""
    return _line(request_id, method, params)


def encode_request(request_id: int, request: Request, uses: Sequence[str] = PRICE, pieces: Pieces | None = None) -> bytes:
    """Return the line that asks for a run."""
    return b"".join(request_parts(request_id, request, uses, pieces or Pieces()))


def encode_batch(request_id: int, requests: Sequence[Request], uses: Sequence[str] = PRICE, pieces: Pieces | None = None) -> bytes:
    """Return the line that asks for several runs at once."""
    return b"".join(batch_parts(request_id, requests, uses, pieces or Pieces()))


def request_parts(request_id: int, request: Request, uses: Sequence[str], pieces: Pieces) -> list[bytes]:
    """Return the line that asks for a run in parts, for who writes them one after another: most are long, and shared."""
    return [_CALL % (request_id, b"index"), *_params(request, uses, pieces), _END]


def batch_parts(request_id: int, requests: Sequence[Request], uses: Sequence[str], pieces: Pieces) -> list[bytes]:
    """Return the line that asks for several runs in parts."""
    return [_CALL % (request_id, BATCH.encode()), *_list_of_params(requests, uses, pieces), _END]


def batch_params(requests: Sequence[Request], uses: Sequence[str] = PRICE, pieces: Pieces | None = None) -> bytes:
    """Return the params of several runs as a JSON list."""
    return b"".join(_list_of_params(requests, uses, pieces or Pieces()))


def params_of(request: Request, uses: Sequence[str] = PRICE, pieces: Pieces | None = None) -> bytes:
    """Return the params of a run as a JSON object, NaN as null.

    The book is sent where the target uses it or the quotes carry one; a target that prices from the book gets bid = ask = price where no quote of the run has a
    book. Volume is sent where any is known, `confidence`, `trade_size`, `book` (the levels) and `rates` where the run carries them.
    """
    return b"".join(_params(request, uses, pieces or Pieces()))


def batches(requests: Sequence[Request]) -> list[Sequence[Request]]:
    """Cut requests into batches of at most 16 runs and about 4 MiB, in their order; a run that is larger is a batch of its own."""
    cut: list[Sequence[Request]] = []
    first = held = 0
    for place, request in enumerate(requests):
        size = _bytes_at_most(request)
        if place > first and (place - first == _MOST_RUNS or held + size > _MOST_BATCH_BYTES):
            cut.append(requests[first:place])
            first, held = place, 0
        held += size
    if first < len(requests):
        cut.append(requests[first:])
    return cut


def shape_of(request: Request) -> tuple[int, int]:
    """Return what the answer to a request is held against: the numbers of its times and of its sources."""
    return len(request.times), len(request.basket)


def id_of(line: bytes) -> int | None:
    """Return the id of a line, None where it has none that can be read."""
    try:
        told = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    given = told.get("id") if isinstance(told, dict) else None
    return given if type(given) is int else None


def decode_description(line: bytes, request_id: int) -> Description:
    """Read the line that answers `describe`; raises TargetFailure."""
    return read_description(decode_result(line, request_id))


def decode_determinations(line: bytes, request_id: int, times: int, sources: int) -> Determinations:
    """Read the line that answers `index` for a run of so many `times` and `sources`; raises TargetFailure."""
    return read_determinations(decode_result(line, request_id), (times, sources))


def decode_batch(line: bytes, request_id: int, shapes: Sequence[tuple[int, int]]) -> list[Outcome]:
    """Read the line that answers `index_batch`, as `read_batch` does."""
    return read_batch(decode_result(line, request_id), shapes)


def read_batch(result: object, shapes: Sequence[tuple[int, int]]) -> list[Outcome]:
    """Read the results of runs of such `shapes` (times, sources): an entry that fails does so alone. Raises TargetFailure where there is not one for each."""
    return [outcome_of(entry, shape) for entry, shape in zip(as_list(result, "result", len(shapes), "run"), shapes, strict=True)]


def read_determinations(result: object, shape: tuple[int, int]) -> Determinations:
    """Read the result of a run of such a `shape` (times, sources); raises TargetFailure."""
    told, times = as_object(result, "result"), shape[0]
    index = told.get("index")
    value = numbers(index, "index", times, "time", nullable=True)
    status = words(told.get("status"), "status", times, "time", STATUSES)
    if times and (status.max() >= HELD or (isinstance(index, list) and None in index)):
        _check_missing(value, status)
    weight, used, reason, confidence = (told.get(key) for key in ("weights", "used", "reasons", "confidence"))
    return Determinations(
        value,
        status,
        weight=None if weight is None else numbers_by_source(weight, "weights", shape, nullable=False),
        used=None if used is None else numbers_by_source(used, "used", shape, nullable=True),
        reason=None if reason is None else words_by_source(reason, "reasons", shape, REASONS),
        confidence=None if confidence is None else numbers(confidence, "confidence", times, "time", nullable=True),
    )


def decode_result(line: bytes, request_id: int) -> object:
    """Return the result of a line, unread, once it is an object with the id of the request and no error; raises TargetFailure."""
    answer = as_object(read_json(line, "the answer", "answered"), "the answer")
    error, given = answer.get("error"), answer.get("id")
    if not (given is None and error is not None):  # who could not read the request cannot know its id
        _check_id(given, request_id)
    if error is not None:
        raise TargetFailure("error", error_message(error))
    return answer.get("result")


def outcome_of(entry: object, shape: tuple[int, int]) -> Outcome:
    """Read the result of a run, or what is wrong with it; `{"error": …}` in its place is the target's own word for that run alone."""
    if isinstance(entry, dict) and entry.get("error") is not None:
        return TargetFailure("error", error_message(entry["error"]))
    try:
        return read_determinations(entry, shape)
    except TargetFailure as failure:
        return failure


def error_message(error: object) -> str:
    """Return what an `error` says, on one line."""
    told = error.get("message") if isinstance(error, dict) else error
    return f"answered with an error: {excerpt(told.encode()) if isinstance(told, str) else shown(error)}"


def _line(request_id: int, method: str, params: bytes) -> bytes:
    return _CALL % (request_id, method.encode()) + params + _END


def _list_of_params(requests: Sequence[Request], uses: Sequence[str], pieces: Pieces) -> list[bytes]:
    parts = [b"["]
    for place, request in enumerate(requests):
        if place:
            parts.append(b",")
        parts += _params(request, uses, pieces)
    parts.append(b"]")
    return parts


def _params(request: Request, uses: Sequence[str], pieces: Pieces) -> list[bytes]:
    """Return the params of a run in parts: what comes before the price, which differs most among twins, the price, and what comes after it."""
    quotes = request.quotes
    before = (request.basket, quotes.receive_time, quotes.event_time, quotes.source)
    after = (quotes.bid, quotes.ask, quotes.volume, quotes.confidence, quotes.trade_size, quotes.book, request.times, request.rates)
    opening = pieces.shared(before, lambda: _opening(request, pieces))
    price = pieces.numbers(quotes.price)
    closing = pieces.shared(after, lambda: _closing(request, pieces))
    if BOOK[0] in uses and not closing.startswith(_BID):
        return [opening, price, _BID, price, b',"ask":', price, closing]
    return [opening, price, closing]


def _opening(request: Request, pieces: Pieces) -> bytes:
    quotes = request.quotes
    columns = (pieces.numbers(quotes.receive_time), pieces.numbers(quotes.event_time), pieces.numbers(quotes.source))
    sources = _encode([_source(source) for source in request.basket])
    return b'{"sources":%s,"observations":{"receive_time":%s,"event_time":%s,"source":%s,"price":' % (sources, *columns)


def _closing(request: Request, pieces: Pieces) -> bytes:
    quotes = request.quotes
    columns: dict[str, Column] = {"bid": quotes.bid, "ask": quotes.ask} if quotes.has_book else {}
    if not bool(np.all(np.isnan(quotes.volume))):
        columns["volume"] = quotes.volume
    columns |= {name: column for name in OPTIONAL_COLUMNS if (column := getattr(quotes, name)) is not None}
    parts = [b',"%s":%s' % (name.encode(), pieces.numbers(column)) for name, column in columns.items()]
    if quotes.book is not None:
        parts += (b',"book":', _encode(_levels(quotes.book)))
    parts += (b'},"times":', pieces.numbers(request.times))
    if request.rates:
        rates = {currency: {name: getattr(rate, name).tolist() for name in _RATE} for currency, rate in request.rates.items()}
        parts += (b',"rates":', _encode(rates))
    return b"".join((*parts, b"}"))


def _source(source: Source) -> JSONObject:
    known: JSONObject = {"id": source.id, "venue": source.venue, "quote": source.quote, "weight": source.weight}
    return known if source.upstream is None else known | {"upstream": source.upstream}


def _levels(book: Levels) -> list[JSONObject | None]:
    levels = list(zip(book.price.tolist(), book.size.tolist(), strict=True))
    told: list[JSONObject | None] = []
    for start, bids, asks in zip(book.start.tolist(), book.bids.tolist(), book.asks.tolist(), strict=True):
        middle, end = start + bids, start + bids + asks
        told.append({"bids": levels[start:middle], "asks": levels[middle:end]} if end > start else None)
    return told


def _bytes_at_most(request: Request) -> int:
    """Return about how many bytes a request takes, without writing it: eight columns of 18 digits, and 40 a level."""
    quotes = request.quotes
    rates = sum(len(rate.receive_time) for rate in (request.rates or {}).values())
    levels = 0 if quotes.book is None else len(quotes.book.price)
    return 150 * len(quotes) + 60 * rates + 40 * levels + 20 * len(request.times) + 100 * len(request.basket)


def _check_id(given: object, request_id: int) -> None:
    if type(given) is int and given == request_id:
        return
    if type(given) is int and abs(given - request_id) < 2**53:  # ids depend on what was asked before: the difference reads the same in every run
        was = f"was {abs(given - request_id)} {'more' if given > request_id else 'less'}"
    else:
        was = "is missing" if given is None else f"was {shown(given)}"
    raise TargetFailure("wrong-id", f"id must repeat the id of the request, a whole number; it {was}")


def _check_missing(value: NDArray[np.float64], status: NDArray[np.int8]) -> None:
    """Hold values against statuses: null only with `held` and `halted`, and nothing but null with `halted`."""
    null = np.isnan(value)
    missing = np.flatnonzero(null & (status != HELD) & (status != HALTED))
    if len(missing):
        at = int(missing[0])
        raise misfit(f"index[{at}]", f"must be a number where the status is {STATUSES[int(status[at])]}, was null")
    beside = np.flatnonzero(~null & (status == HALTED))
    if len(beside):
        at = int(beside[0])
        raise misfit(f"index[{at}]", f"must be null where the status is halted, was {value[at]:g}")
