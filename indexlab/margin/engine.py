"""The engine's judgement of a case: what each account is judged by at each time, its states with their persistence, its ratios and prices.

Plain floats for a few times, the compiled loop (engine_many) for many.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from indexlab.margin.case_check import checked_case
from indexlab.margin.engine_book import place
from indexlab.margin.engine_money import money_at, state_code
from indexlab.margin.engine_price import liquidation_price
from indexlab.margin.engine_terms import SAME
from indexlab.margin.states import BANKRUPT, FROZEN, HEALTHY, LIQUIDATION, REDUCE_ONLY, STATES, WARNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.case import MarginCase, Series
    from indexlab.margin.engine_book import Book
    from indexlab.margin.engine_money import Money

__all__ = ["MANY", "Judged", "judge"]

MANY: Final = 200
"""From so many times on a case is judged by the compiled loop."""


class Judged(NamedTuple):
    """States and ratios, a row a time; liquidation price and initial margin, an entry an account."""

    state: tuple[tuple[str, ...], ...]
    margin_ratio: tuple[tuple[float | None, ...], ...]
    liquidation_price: tuple[float | None, ...]
    initial_margin: tuple[float | None, ...]


def _seen(series: Series | None, n: int) -> float:
    value = None if series is None else series[n]
    return value if value is not None and 0 < value < math.inf else math.nan


def marks_at(case: MarginCase, book: Book, n: int) -> list[float] | None:
    """Return the marks of an account's legs at a time, None where one is missing or its underlying is not to be trusted."""
    marks: list[float] = []
    for leg in book.legs:
        name = leg.contract.id
        series = case.short_mark.get(name) if leg.size < 0 else None
        mark = _seen(case.mark.get(name) if series is None else series, n)
        if math.isnan(mark) or not _trusted(case, leg.contract.underlying, n):
            return None
        marks.append(mark)
    return marks


def prices_at(case: MarginCase, book: Book, n: int) -> dict[str, float] | None:
    """Return the prices of an account's assets at a time, None where one is missing or not to be trusted."""
    prices: dict[str, float] = {}
    indices = {rule.asset: rule.index for rule in case.rules.collateral if rule.index}
    for name in book.amounts:
        price = 1.0
        if name in indices:
            price = _seen(case.index.get(indices[name]), n)
            if math.isnan(price) or not _trusted(case, indices[name], n):
                return None
        prices[name] = max(price, book.floors.get(name, price))
    return prices


def _trusted(case: MarginCase, name: str, n: int) -> bool:
    statuses = case.status.get(name)
    if statuses is not None and statuses[n] in {"held", "halted"}:
        return False
    series = case.index.get(name)
    return series is None or not math.isnan(_seen(series, n))


def judge(case: MarginCase) -> Judged:
    """Return states, ratios, liquidation prices and initial margins of a case. Raises InputError for accounts that the rules cannot judge."""
    checked_case(case)
    books = [place(account, case.rules, case.open_interest) for account in case.accounts]
    prices: list[float | None] = []
    initial: list[float | None] = []
    for book in books:
        marks, worth = (marks_at(case, book, 0), prices_at(case, book, 0)) if case.times else (None, None)
        if marks is None or worth is None:
            initial.append(None)
            prices.append(None)
        else:
            initial.append(money_at(book, marks, worth).initial)
            prices.append(liquidation_price(book, marks, worth))
    states, ratios = _many(case) if len(case.times) >= MANY and books else _few(case, books)
    return Judged(states, ratios, tuple(prices), tuple(initial))


def _few(case: MarginCase, books: Sequence[Book]) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[float | None, ...], ...]]:
    columns = [_column(case, book) for book in books]
    rows = list(zip(*columns, strict=True)) if columns else [()] * len(case.times)
    return tuple(tuple(entry[0] for entry in row) for row in rows), tuple(tuple(entry[1] for entry in row) for row in rows)


def _many(case: MarginCase) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[float | None, ...], ...]]:
    from indexlab.margin.engine_many import judge_many

    codes, ratios = judge_many(case)
    states = tuple(tuple(STATES[code] for code in row) for row in codes.tolist())
    return states, tuple(tuple(None if math.isnan(ratio) else ratio for ratio in row) for row in ratios.tolist())


def _money(case: MarginCase, book: Book, n: int) -> Money | None:
    marks, prices = marks_at(case, book, n), prices_at(case, book, n)
    return None if marks is None or prices is None else money_at(book, marks, prices)


def _column(case: MarginCase, book: Book) -> list[tuple[str, float | None]]:
    rules = case.rules.states
    before = REDUCE_ONLY if rules.reduce_only is not None else WARNING if rules.warning is not None else HEALTHY
    column: list[tuple[str, float | None]] = []
    lasted = 0
    for n in range(len(case.times)):
        money = _money(case, book, n)
        code = FROZEN if money is None else state_code(rules, money)
        lasted = lasted + 1 if code in {LIQUIDATION, BANKRUPT} else 0
        if 0 < lasted < rules.persistence:
            code = before
        owes = money is None or money.balance <= SAME * money.gross
        column.append((STATES[code], None if money is None or owes else money.maintenance / money.balance))
    return column
