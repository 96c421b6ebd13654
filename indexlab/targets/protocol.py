"""The target protocol, version 1: requests as lines of JSON, and answers read back strictly.

An answer that does not fit raises TargetFailure: `not-json`, `wrong-id`, `error` (the target says so itself) or `misfit`, with what was wrong and where.
A value that is negative or absurd is no misfit: it is decoded as it is, and the property `protocol` judges it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from indexlab.index.determination import HALTED, HELD, REASONS, STATUSES, Determinations
from indexlab.market.errors import TargetFailure
from indexlab.market.quotes import OPTIONAL_COLUMNS
from indexlab.targets.lines import excerpt, read_json
from indexlab.targets.shape import JSONObject, as_object, as_text, misfit, numbers, numbers_by_source, shown, words, words_by_source
from indexlab.targets.target import BOOK, PRICE, Description

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.market.levels import Levels
    from indexlab.market.source import Source
    from indexlab.targets.target import Request

__all__ = ["PROTOCOL", "decode_description", "decode_determinations", "encode_describe", "encode_request"]

_OPTIONAL: Final = (*OPTIONAL_COLUMNS, "book")
_MOST_THRESHOLDS: Final = 64
_LARGEST_THRESHOLD: Final = 1e12
PROTOCOL: Final = 1


def encode_describe(request_id: int) -> bytes:
    """Return the line that asks a target about itself."""
    return _line(request_id, "describe", {"protocol": PROTOCOL})


def encode_request(request_id: int, request: Request, uses: Sequence[str] = PRICE) -> bytes:
    """Return the line that asks for a run, NaN as null.

    The book is sent where the target uses it or the quotes carry one; a target that prices from the book gets bid = ask = price where no quote of the run has a
    book. Volume is sent where any is known, `confidence`, `trade_size`, `book` (the levels) and `rates` where the run carries them.
    """
    quotes = request.quotes
    has_book = quotes.has_book
    columns: dict[str, NDArray[np.int32] | NDArray[np.int64] | NDArray[np.float64]] = {
        "receive_time": quotes.receive_time,
        "event_time": quotes.event_time,
        "source": quotes.source,
        "price": quotes.price,
    }
    if has_book:
        columns |= {"bid": quotes.bid, "ask": quotes.ask}
    elif any(name in uses for name in BOOK):
        columns |= {"bid": quotes.price, "ask": quotes.price}
    if not bool(np.all(np.isnan(quotes.volume))):
        columns["volume"] = quotes.volume
    columns |= {name: column for name in OPTIONAL_COLUMNS if (column := getattr(quotes, name)) is not None}
    observations: JSONObject = {name: column.tolist() for name, column in columns.items()}  # msgspec writes NaN as null
    if quotes.book is not None:
        observations["book"] = _levels(quotes.book)
    params: JSONObject = {"sources": [_source(source) for source in request.basket], "observations": observations, "times": request.times.tolist()}
    if request.rates:
        params["rates"] = {
            currency: {name: getattr(rate, name).tolist() for name in ("receive_time", "event_time", "price")} for currency, rate in request.rates.items()
        }
    return _line(request_id, "index", params)


def decode_description(line: bytes, request_id: int) -> Description:
    """Read the answer to `describe`; raises TargetFailure."""
    result = _result(line, request_id)
    given = result.get("protocol")
    if type(given) is not int or given != PROTOCOL:
        raise misfit("result.protocol", f"must be {PROTOCOL}, {'is missing' if given is None else f'was {shown(given)}'}")
    version = result.get("version")
    uses = PRICE if result.get("uses") is None else _texts(result["uses"], "result.uses")
    if uses not in (PRICE, BOOK, BOOK[::-1]):
        raise misfit("result.uses", f'must be ["price"] or ["bid", "ask"], was [{", ".join(uses)}]')
    expect = result.get("expect")
    return Description(
        name=as_text(result.get("name"), "result.name"),
        version="" if version is None else as_text(version, "result.version"),
        provides=_texts(result.get("provides"), "result.provides"),
        uses=uses if uses == PRICE else BOOK,
        expect={} if expect is None else as_object(expect, "result.expect"),
        thresholds=_thresholds(result.get("thresholds")),
        columns=_columns(result.get("columns")),
        converts=_flag(result.get("converts"), "result.converts"),
    )


def _columns(given: object) -> tuple[str, ...]:
    """Read which optional columns a target reads."""
    named = () if given is None else _texts(given, "result.columns")
    for name in named:
        if name not in _OPTIONAL:
            raise misfit("result.columns", f"must be of {', '.join(_OPTIONAL)}, was {shown(name)}")
    return tuple(name for name in _OPTIONAL if name in named)


def _flag(given: object, where: str) -> bool:
    if given is None or isinstance(given, bool):
        return bool(given)
    raise misfit(where, f"must be true or false, was {shown(given)}")


def _thresholds(given: object) -> tuple[float, ...]:
    """Read the ratios at which a target's rules take hold: at most so many positive numbers; they only say where it is worth looking."""
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_THRESHOLDS:
        raise misfit("result.thresholds", f"must be a list of at most {_MOST_THRESHOLDS} ratios, was {shown(given)}")
    for ratio in given:
        if isinstance(ratio, bool) or not isinstance(ratio, (int, float)) or not 0 < ratio < _LARGEST_THRESHOLD:
            raise misfit("result.thresholds", f"must be ratios above 0 (0.05 is 5 %), was {shown(ratio)}")
    return tuple(float(ratio) for ratio in given)


def decode_determinations(line: bytes, request_id: int, times: int, sources: int) -> Determinations:
    """Read the answer to `index` for a run of so many `times` and `sources`; raises TargetFailure."""
    result = _result(line, request_id)
    value = numbers(result.get("index"), "index", times, "time", nullable=True)
    status = words(result.get("status"), "status", times, "time", STATUSES)
    _check_missing(value, status)
    shape = (times, sources)
    weight, used, reason, confidence = (result.get(key) for key in ("weights", "used", "reasons", "confidence"))
    return Determinations(
        value,
        status,
        weight=None if weight is None else numbers_by_source(weight, "weights", shape, nullable=False),
        used=None if used is None else numbers_by_source(used, "used", shape, nullable=True),
        reason=None if reason is None else words_by_source(reason, "reasons", shape, REASONS),
        confidence=None if confidence is None else numbers(confidence, "confidence", times, "time", nullable=True),
    )


def _line(request_id: int, method: str, params: JSONObject) -> bytes:
    return msgspec.json.encode({"id": request_id, "method": method, "params": params}) + b"\n"


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


def _result(line: bytes, request_id: int) -> JSONObject:
    """Return the result of an answer, once it is an object with the id of the request and no error."""
    answer = as_object(read_json(line, "the answer", "answered"), "the answer")
    error, given = answer.get("error"), answer.get("id")
    if not (given is None and error is not None):  # who could not read the request cannot know its id
        _check_id(given, request_id)
    if error is not None:
        told = error.get("message") if isinstance(error, dict) else error
        raise TargetFailure("error", f"answered with an error: {excerpt(told.encode()) if isinstance(told, str) else shown(error)}")
    return as_object(answer.get("result"), "result")


def _check_id(given: object, request_id: int) -> None:
    if type(given) is int and given == request_id:
        return
    if type(given) is int and abs(given - request_id) < 2**53:  # ids depend on what was asked before: the difference reads the same in every run
        was = f"was {abs(given - request_id)} {'more' if given > request_id else 'less'}"
    else:
        was = "is missing" if given is None else f"was {shown(given)}"
    raise TargetFailure("wrong-id", f"id must repeat the id of the request, a whole number; it {was}")


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise misfit(where, f"must be a list of names, {'is missing' if value is None else f'was {shown(value)}'}")
    return tuple(as_text(entry, f"{where}[{i}]") for i, entry in enumerate(value[:64]))


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
