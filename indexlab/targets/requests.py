"""The server's side of the target protocol, version 1: requests read strictly, results written.

Whatever a client gets wrong is an InputError of one line that names the place, the rule and the value:
`observations.price[3] must be a number or null, was "x"`
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from indexlab.index.determination import REASONS, STATUSES
from indexlab.market.errors import InputError, TargetFailure
from indexlab.market.levels import Levels
from indexlab.market.quotes import OPTIONAL_COLUMNS, Quotes
from indexlab.market.rates import Rate
from indexlab.market.source import Source, checked_basket
from indexlab.market.times import LATEST_US
from indexlab.targets.lines import read_json
from indexlab.targets.protocol import BATCH, PROTOCOL
from indexlab.targets.shape import JSONObject, as_list, as_object, as_text, misfit, numbers, shown
from indexlab.targets.target import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from indexlab.index.determination import Determinations
    from indexlab.market.rates import Rates
    from indexlab.market.source import Basket
    from indexlab.targets.target import Description

__all__ = [
    "MOST_CELLS",
    "MOST_LEVELS",
    "MOST_RATES",
    "MOST_ROWS",
    "MOST_RUNS",
    "MOST_SOURCES",
    "check_describe",
    "encode_description",
    "encode_result",
    "read_call",
    "read_params",
    "read_request",
    "read_requests",
]

MOST_ROWS: Final = 1 << 22
"""So many observations a run, and so many entries of one rate."""
MOST_LEVELS: Final = 1 << 22
"""So many levels of books a run."""
MOST_CELLS: Final = 1 << 24
"""So many publication times, times sources."""
MOST_SOURCES: Final = 1_024
MOST_RUNS: Final = 1_024
"""So many runs a batch."""
MOST_RATES: Final = 256
_NUMBERS: Final = ("price", "bid", "ask", "volume", *OPTIONAL_COLUMNS)
_EXPLAINED_CELLS: Final = 1 << 20
"""Larger runs are answered without weights, used prices and reasons: the answer must stay one that its reader takes."""


def read_call(line: bytes) -> tuple[int | None, InputError | None, str, object]:
    """Read a line: the id (None where it has none that can be read), what is wrong with it (None: nothing), method and params, which are not looked at."""
    call: JSONObject = {}
    request_id = None
    try:
        with _refusing():
            call = as_object(read_json(line, "the request", "sent"), "the request")
            given = call.get("id")
            if type(given) is not int or not -(2**53) < given < 2**53:
                raise misfit("id", f"must be a whole number, {'is missing' if given is None else f'was {shown(given)}'}")
            request_id = given
            return request_id, None, as_text(call.get("method"), "method"), call.get("params")
    except InputError as error:
        return request_id, error, "", None


def read_params(body: bytes) -> object:
    """Read bare params, as they come over HTTP, without looking at them; nothing at all is an empty object. Raises InputError."""
    with _refusing():
        return read_json(body, "the body", "sent") if body.strip() else {}


def check_describe(params: object) -> None:
    """Hold the params of `describe` against the version that is spoken here. Raises InputError."""
    with _refusing():
        given = as_object(params, "params").get("protocol", PROTOCOL)
    if type(given) is not int or given != PROTOCOL:
        raise InputError(f"must be {PROTOCOL}, was {shown(given)}", key="protocol")


def read_requests(params: object) -> list[Request | InputError]:
    """Read the params of `index_batch`: a run each, or what is wrong with it, which costs no other run its answer. Raises InputError."""
    with _refusing():
        return [_read(entry, f"params[{i}]") for i, entry in enumerate(_list(params, "params", MOST_RUNS, "runs"))]


def read_request(given: object, where: str = "params") -> Request:
    """Read the params of `index`; unknown keys are ignored. Raises InputError; `where` is how it names params that are no object."""
    with _refusing():
        params = as_object(given, where)
        basket = _basket(params.get("sources"))
        times = _moments(params.get("times"), "times", None, MOST_CELLS)
        if len(times) * len(basket) > MOST_CELLS:
            raise misfit("times", f"must not make more than {MOST_CELLS} entries with the sources, {len(times)} times for {len(basket)} sources do")
        _check_forward(times, "times")
        quotes = _quotes(as_object(params.get("observations"), "observations"), len(basket))
        rates = None if params.get("rates") is None else _rates(as_object(params["rates"], "rates"))
        return Request(basket, quotes, times, explain=len(times) * len(basket) <= _EXPLAINED_CELLS, rates=rates)


def encode_description(description: Description) -> JSONObject:
    """Return the result of `describe`: an index, and what its target says of itself."""
    told: JSONObject = {"protocol": PROTOCOL, "name": description.name}
    if description.version:
        told["version"] = description.version
    provides = ["index", BATCH, *(["margin"] if "margin" in description.provides else [])]
    told |= {"provides": provides, "uses": list(description.uses), "expect": description.expect, "thresholds": list(description.thresholds)}
    told |= {"columns": list(description.columns), "converts": description.converts}
    return told | {"venue": description.venue} if description.venue else told


def encode_result(found: Determinations) -> JSONObject:
    """Return the result of `index`, as far as the target explained itself; NaN becomes null when it is written."""
    told: JSONObject = {"index": found.value.tolist(), "status": [STATUSES[code] for code in found.status.tolist()]}
    if found.weight is not None:
        told["weights"] = found.weight.tolist()
    if found.used is not None:
        told["used"] = found.used.tolist()
    if found.reason is not None:
        told["reasons"] = [[REASONS[code] for code in row] for row in found.reason.tolist()]
    if found.confidence is not None:
        told["confidence"] = found.confidence.tolist()
    return told


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what `shape` says of an answer into what is said of a request."""
    try:
        yield
    except TargetFailure as failure:
        raise InputError(failure.detail) from None


def _read(entry: object, where: str) -> Request | InputError:
    try:
        return read_request(entry, where)
    except InputError as error:
        return error


def _basket(given: object) -> Basket:
    entries = _list(given, "sources", MOST_SOURCES, "sources")
    return checked_basket([_source(as_object(entry, f"sources[{i}]"), f"sources[{i}]") for i, entry in enumerate(entries)])


def _source(given: JSONObject, where: str) -> Source:
    upstream = given.get("upstream")
    return Source(
        id=as_text(given.get("id"), f"{where}.id"),
        venue=as_text(given.get("venue"), f"{where}.venue"),
        quote=as_text(given.get("quote"), f"{where}.quote"),
        weight=_number(given.get("weight", 1.0), f"{where}.weight"),
        upstream=None if upstream is None else as_text(upstream, f"{where}.upstream"),
    )


def _number(given: object, where: str) -> float:
    if type(given) is not float and type(given) is not int:
        raise misfit(where, f"must be a number, was {shown(given)}")
    try:
        return float(given)
    except OverflowError:
        raise misfit(where, "must fit a double-precision number, is too large") from None


def _quotes(given: JSONObject, sources: int) -> Quotes:
    received = _moments(given.get("receive_time"), "observations.receive_time", None, MOST_ROWS)
    n = len(received)
    event = _moments(given.get("event_time"), "observations.event_time", n, MOST_ROWS)
    rule = f"a position in the list of {sources} sources"
    position = _whole(given.get("source"), "observations.source", n, MOST_ROWS, sources - 1, rule)
    _check_forward(received, "observations.receive_time")
    wanted = [name for name in _NUMBERS if name == "price" or given.get(name) is not None]
    columns: dict[str, Any] = {name: numbers(given.get(name), f"observations.{name}", n, "observation", nullable=True) for name in wanted}
    book = None if given.get("book") is None else _book(as_list(given["book"], "observations.book", n, "observation"))
    return Quotes(
        received,
        event,
        position.astype(np.int32),
        **({name: np.full(n, np.nan) for name in ("bid", "ask", "volume")} | columns),
        book=book,
    )


def _rates(given: JSONObject) -> Rates:
    if len(given) > MOST_RATES:
        raise misfit("rates", f"must not have more than {MOST_RATES} currencies, has {len(given)}")
    named = {as_text(currency, "a currency of rates"): entry for currency, entry in given.items()}
    return {currency: _rate(as_object(entry, f"rates.{currency}"), f"rates.{currency}") for currency, entry in named.items()}


def _rate(given: JSONObject, where: str) -> Rate:
    received = _moments(given.get("receive_time"), f"{where}.receive_time", None, MOST_ROWS)
    event = _moments(given.get("event_time"), f"{where}.event_time", len(received), MOST_ROWS)
    _check_forward(received, f"{where}.receive_time")
    return Rate(received, event, numbers(given.get("price"), f"{where}.price", len(received), "observation", nullable=True))


def _book(rows: list[object]) -> Levels:
    books: list[tuple[list[object], list[object]] | None] = []
    count = 0
    for i, row in enumerate(rows):
        sides = None if row is None else _sides(as_object(row, f"observations.book[{i}]"), f"observations.book[{i}]")
        count += 0 if sides is None else len(sides[0]) + len(sides[1])
        if count > MOST_LEVELS:
            raise misfit("observations.book", f"must not have more than {MOST_LEVELS} levels, has more at row {i}")
        books.append(sides)
    return Levels.from_lists(books)  # type: ignore[arg-type] # each level was looked at


def _sides(given: JSONObject, where: str) -> tuple[list[object], list[object]]:
    return _side(given.get("bids"), f"{where}.bids"), _side(given.get("asks"), f"{where}.asks")


def _side(given: object, where: str) -> list[object]:
    levels = _list(given, where, MOST_LEVELS, "levels")
    for k, level in enumerate(levels):
        if not isinstance(level, list) or len(level) != 2:
            raise misfit(f"{where}[{k}]", f"must be a price and a size, was {shown(level)}")
        if type(level[0]) is not float or type(level[1]) is not float:
            numbers(level, f"{where}[{k}]", 2, "number", nullable=True)
    return levels


def _moments(given: object, where: str, length: int | None, most: int) -> NDArray[np.int64]:
    return _whole(given, where, length, most, LATEST_US, f"microseconds since 1970, a whole number up to {LATEST_US}")


def _whole(given: object, where: str, length: int | None, most: int, largest: int, rule: str) -> NDArray[np.int64]:
    entries = _list(given, where, most, "entries") if length is None else as_list(given, where, length, "observation")
    if not set(map(type, entries)) <= {int}:
        at = next(i for i, entry in enumerate(entries) if type(entry) is not int)
        raise misfit(f"{where}[{at}]", f"must be {rule}, was {shown(entries[at])}")
    whole: list[int] = entries  # type: ignore[assignment] # their types were looked at
    if whole and not (min(whole) >= 0 and max(whole) <= largest):
        at = next(i for i, entry in enumerate(whole) if not 0 <= entry <= largest)
        raise misfit(f"{where}[{at}]", f"must be {rule}, was {shown(whole[at])}")
    return np.array(whole, dtype=np.int64)


def _check_forward(times: NDArray[np.int64], where: str) -> None:
    back = np.flatnonzero(times[1:] < times[:-1])
    if len(back):
        raise misfit(f"{where}[{back[0] + 1}]", f"must not go back in time, was {times[back[0] + 1]} after {times[back[0]]}")


def _list(given: object, where: str, most: int, unit: str) -> list[object]:
    if not isinstance(given, list):
        raise misfit(where, f"must be a list, {'is missing' if given is None else f'was {shown(given)}'}")
    if len(given) > most:
        raise misfit(where, f"must not have more than {most} {unit}, has {len(given)}")
    return given
