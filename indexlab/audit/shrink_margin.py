"""Shrinking a margin case: fewer parts, accounts, times, holdings, levels; beside a market of one quote where no index is needed to see the breach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from indexlab.scenarios.scenario import QuoteColumns, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexlab.margin.case import Book, MarginCase
    from indexlab.properties.run import Run

    Breaks = Callable[[Scenario], bool]

__all__ = ["shrunk_case", "without_market"]

Item = TypeVar("Item")
_ROUNDS: Final = 3
_SERIES: Final = ("index", "mark", "status", "last", "short_mark")


def without_market(scenario: Scenario, run: Run, twin: int, breaks: Breaks) -> Scenario | None:
    """Return the scenario with the case of its broken run asked as it stands, beside a market of one quote; None where it takes the market to break."""
    case = next((talk.case for talk in run.margin if talk.twin == twin), scenario.margin)
    moment = int(run.times[-1]) if len(run.times) else 0
    quote = QuoteColumns(receive_time=(moment,), event_time=(moment,), source=(0,), price=(100.0,))
    alone = Scenario(sources=scenario.sources[:1], quotes=quote, times=(moment,), margin=case)
    return alone if breaks(alone) else None


def shrunk_case(scenario: Scenario, breaks: Breaks) -> Scenario:
    """Return the scenario with as little in its margin case as still breaks."""
    for _ in range(_ROUNDS):
        before = scenario
        for step in (_parts, _accounts, _times, _rules, _funding, _liquidation):
            scenario = step(scenario, breaks)
        if scenario == before:
            break
    return scenario


def _case(scenario: Scenario) -> MarginCase:
    if scenario.margin is None:  # pragma: no cover - whoever calls has looked
        message = "there is no margin case to shrink"
        raise AssertionError(message)
    return scenario.margin


def _tried(scenario: Scenario, case: MarginCase, breaks: Breaks) -> Scenario:
    smaller = msgspec.structs.replace(scenario, margin=case)
    return smaller if smaller != scenario and breaks(smaller) else scenario


def _fewer(
    scenario: Scenario, breaks: Breaks, items_of: Callable[[MarginCase], Sequence[Item]], with_items: Callable[[MarginCase, tuple[Item, ...]], MarginCase]
) -> Scenario:
    """Take away stretches of items, halving their length, as long as it still breaks."""
    size = max(len(items_of(_case(scenario))) // 2, 1)
    while True:
        end = len(items_of(_case(scenario)))
        while end > 0:
            items = tuple(items_of(_case(scenario)))
            begin = max(end - size, 0)
            if begin < len(items):
                scenario = _tried(scenario, with_items(_case(scenario), (*items[:begin], *items[end:])), breaks)
            end = begin
        if size == 1:
            return scenario
        size //= 2


def _parts(scenario: Scenario, breaks: Breaks) -> Scenario:
    less: tuple[dict[str, Any], ...] = ({"funding": None}, {"liquidation": None}, {"last": {}}, {"short_mark": {}}, {"open_interest": {}}, {"status": {}})
    for changes in less:
        scenario = _tried(scenario, msgspec.structs.replace(_case(scenario), **changes), breaks)
    return scenario


def _accounts(scenario: Scenario, breaks: Breaks) -> Scenario:
    forced = _case(scenario).liquidation
    kept = tuple(account for account in _case(scenario).accounts if forced is not None and account.id == forced.account)
    return _fewer(
        scenario,
        breaks,
        lambda case: [account for account in case.accounts if account not in kept],
        lambda case, accounts: msgspec.structs.replace(case, accounts=(*accounts, *kept)),
    )


def _times(scenario: Scenario, breaks: Breaks) -> Scenario:
    return _fewer(scenario, breaks, lambda case: range(len(case.times)), _with_rows)


def _with_rows(case: MarginCase, rows: tuple[int, ...]) -> MarginCase:
    series = {name: {key: tuple(values[row] for row in rows) for key, values in getattr(case, name).items()} for name in _SERIES}
    return msgspec.structs.replace(case, times=tuple(case.times[row] for row in rows), **series)


def _rules(scenario: Scenario, breaks: Breaks) -> Scenario:
    """Keep the contracts, tables and indices that somebody needs."""
    case = _case(scenario)
    used = {position.contract for account in case.accounts for position in account.all_positions} | ({case.funding.contract} if case.funding else set())
    contracts = tuple(contract for contract in case.rules.contracts if contract.id in used) or case.rules.contracts[:1]
    assets = {asset.asset for account in case.accounts for asset in account.assets} | {contract.settlement for contract in contracts}
    collateral = tuple(rule for rule in case.rules.collateral if rule.asset in assets)
    matrix = case.rules.matrix if any(account.mode == "portfolio" for account in case.accounts) else None
    rules = msgspec.structs.replace(case.rules, contracts=contracts, collateral=collateral, matrix=matrix)
    names = {contract.underlying for contract in contracts} | {rule.index for rule in collateral}
    ids = {contract.id for contract in contracts}
    series = {name: {key: values for key, values in getattr(case, name).items() if key in names | ids} for name in _SERIES}
    return _tried(scenario, msgspec.structs.replace(case, rules=rules, **series), breaks)


def _funding(scenario: Scenario, breaks: Breaks) -> Scenario:
    for name in ("holdings", "ticks", "samples", "price"):
        if _case(scenario).funding is None:
            return scenario

        def items_of(case: MarginCase, name: str = name) -> Sequence[object]:
            return () if case.funding is None else tuple(getattr(case.funding, name))

        def with_items(case: MarginCase, items: tuple[object, ...], name: str = name) -> MarginCase:
            return case if case.funding is None else msgspec.structs.replace(case, funding=msgspec.structs.replace(case.funding, **{name: items}))

        scenario = _fewer(scenario, breaks, items_of, with_items)
    return scenario


def _liquidation(scenario: Scenario, breaks: Breaks) -> Scenario:
    for name in ("rivals", "books", "marks"):
        if _case(scenario).liquidation is None:
            return scenario

        def items_of(case: MarginCase, name: str = name) -> Sequence[object]:
            return () if case.liquidation is None else tuple(getattr(case.liquidation, name))

        def with_items(case: MarginCase, items: tuple[object, ...], name: str = name) -> MarginCase:
            if case.liquidation is None or (not items and name == "marks"):
                return case
            return msgspec.structs.replace(case, liquidation=msgspec.structs.replace(case.liquidation, **{name: items}))

        scenario = _fewer(scenario, breaks, items_of, with_items)
    return _levels(scenario, breaks)


def _levels(scenario: Scenario, breaks: Breaks) -> Scenario:
    """Keep as few levels of the books as will do, the best ones."""
    forced = _case(scenario).liquidation
    most = max((len(side) for _, book in forced.books for side in (book.bids, book.asks)), default=0) if forced is not None else 0
    for count in range(most):
        if forced is None:
            break
        books = tuple((time, _cut(book, count)) for time, book in forced.books)
        smaller = _tried(scenario, msgspec.structs.replace(_case(scenario), liquidation=msgspec.structs.replace(forced, books=books)), breaks)
        if smaller is not scenario:
            return smaller
    return scenario


def _cut(book: Book, count: int) -> Book:
    return msgspec.structs.replace(book, bids=book.bids[:count], asks=book.asks[:count])
