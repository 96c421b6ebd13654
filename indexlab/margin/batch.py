"""Accounts of any mode in batch: made into columns once, then judged at many times by the compiled loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexlab.margin.case_check import checked_accounts_of
from indexlab.margin.engine_book import place
from indexlab.margin.engine_money import tier_index
from indexlab.margin.kernel_accounts import AccountColumns, MatrixColumns, Thresholds, judge_accounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from indexlab.margin.account import Account
    from indexlab.margin.account_rules import MatrixRule
    from indexlab.margin.engine_book import Book, Leg
    from indexlab.margin.rules import VenueRules

__all__ = ["AccountBatch", "account_batch"]


@dataclass(frozen=True, slots=True, eq=False)
class AccountBatch:
    """Accounts as columns, with the names of what they are judged by: marks by (contract, whether it is that of shorts), prices by asset."""

    ids: tuple[str, ...]
    rules: VenueRules
    marks: tuple[tuple[str, bool], ...]
    assets: tuple[str, ...]
    columns: AccountColumns
    matrix: MatrixColumns
    thresholds: Thresholds

    def judge(
        self, mark: Mapping[str, ArrayLike], index: Mapping[str, ArrayLike], short_mark: Mapping[str, ArrayLike] | None = None
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Return state codes and margin ratios, each [times, accounts], at marks by contract and indices by name, each [times]; NaN is no price.

        A ratio is NaN where there is none. A series that is not given is missing throughout. Persistence is not judged here, nor is trust: an index freezes
        only who has collateral that it prices, whereas a case's index also freezes who holds a contract on it. The engine sets those itself; who
        judges without a case leaves the marks out where the underlying's index is not to be trusted.
        """
        series = {**mark, **index}
        times = max((len(np.atleast_1d(np.asarray(values))) for values in series.values()), default=0)
        short = short_mark or {}
        marks = [_series((short if is_short and name in short else mark).get(name), times) for name, is_short in self.marks]
        rules = {rule.asset: rule for rule in self.rules.collateral}
        prices: list[NDArray[np.float64]] = []
        for name in self.assets:
            rule = rules.get(name)
            price = _series(index.get(rule.index), times) if rule is not None and rule.index else np.ones(times)
            prices.append(price if rule is None or rule.floor is None else np.where(np.isnan(price), np.nan, np.maximum(price, rule.floor)))
        states, ratios = np.empty((len(self.ids), times), dtype=np.int8), np.empty((len(self.ids), times))
        judge_accounts(self.columns, self.matrix, self.thresholds, _table(marks, times), _table([*prices, np.ones(times)], times), states, ratios)
        return states.T, ratios.T


def _series(values: ArrayLike | None, times: int) -> NDArray[np.float64]:
    if values is None:
        return np.full(times, np.nan)
    given = np.asarray(values, dtype=float)
    return np.where((given > 0) & (given < np.inf), given, np.nan)


def _table(columns: Sequence[NDArray[np.float64]], times: int) -> NDArray[np.float64]:
    return np.ascontiguousarray(np.stack(columns)) if columns else np.empty((1, times))


def account_batch(accounts: Sequence[Account], rules: VenueRules) -> AccountBatch:
    """Return accounts ready to be judged in batch. Raises InputError for accounts that the rules cannot judge."""
    books = [place(account, rules, {}) for account in checked_accounts_of(accounts, rules)]
    legs = [(book, leg) for book in books for leg in book.legs]
    marks = list(dict.fromkeys((leg.contract.id, leg.size < 0) for _, leg in legs))
    assets = list(dict.fromkeys(name for book in books for name in book.amounts))
    contracts = {contract.id: contract for contract in rules.contracts}
    tiers = [tier for contract in contracts.values() for tier in contract.tiers]
    starts = dict(zip(contracts, np.cumsum([0, *(len(contract.tiers) for contract in contracts.values())]).tolist(), strict=False))
    spans = [_tiers(leg, starts[leg.contract.id]) for _, leg in legs]
    held = [(asset, amount, book) for book in books for asset, amount in book.amounts.items()]
    groups = [list(dict.fromkeys(leg.contract.underlying for leg in book.legs)) for book in books]
    columns = AccountColumns(
        first_leg=_starts(len(book.legs) for book in books),
        first_asset=_starts(len(book.amounts) for book in books),
        collateral=np.array([book.account.collateral for book in books], dtype=float),
        is_portfolio=np.array([book.account.mode == "portfolio" for book in books], dtype=bool),
        groups=np.array([len(names) for names in groups], dtype=np.int64),
        mark=np.array([marks.index((leg.contract.id, leg.size < 0)) for _, leg in legs], dtype=np.int64),
        quantity=np.array([leg.size * leg.contract.multiplier for _, leg in legs], dtype=float),
        entry_value=np.array([_entry_value(leg) for _, leg in legs], dtype=float),
        is_inverse=np.array([leg.contract.is_inverse for _, leg in legs], dtype=bool),
        asset=np.array([_asset(book, leg, rules) for book, leg in legs], dtype=np.int64),
        group=np.array([names.index(leg.contract.underlying) for book, names in zip(books, groups, strict=True) for leg in book.legs], dtype=np.int64),
        first_tier=np.array([first for first, _ in spans], dtype=np.int64),
        last_tier=np.array([last for _, last in spans], dtype=np.int64),
        vega=np.array([leg.size * leg.contract.vega for _, leg in legs], dtype=float),
        price=np.array([assets.index(asset) for asset, _, _ in held], dtype=np.int64),
        amount=np.array([amount for _, amount, _ in held], dtype=float),
        ratio=np.array([book.ratios.get(asset, 1.0) for asset, _, book in held], dtype=float),
        tier_end=np.array([np.inf if tier.up_to_notional is None else tier.up_to_notional for tier in tiers], dtype=float),
        tier_rate=np.array([tier.maintenance_rate for tier in tiers], dtype=float),
        tier_amount=np.array([tier.maintenance_amount for tier in tiers], dtype=float),
    )
    return AccountBatch(tuple(book.account.id for book in books), rules, tuple(marks), tuple(assets), columns, _matrix(rules.matrix), _thresholds(rules))


def _starts(counts: Iterable[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *counts], dtype=np.int64)


def _tiers(leg: Leg, start: int) -> tuple[int, int]:
    """Return the first and the last tier that a leg may stand in."""
    if leg.contract.tier_measure == "contracts":
        tier = start + tier_index(leg.contract, leg.size, 0.0)
        return tier, tier
    return start, start + len(leg.contract.tiers) - 1


def _entry_value(leg: Leg) -> float:
    quantity = leg.size * leg.contract.multiplier
    return quantity / leg.entry_price if leg.contract.is_inverse else quantity * leg.entry_price


def _asset(book: Book, leg: Leg, rules: VenueRules) -> int:
    own = book.isolated or leg.contract.settlement == rules.states.currency
    return -1 if own else list(book.amounts).index(leg.contract.settlement)


def _matrix(matrix: MatrixRule | None) -> MatrixColumns:
    if matrix is None:
        return MatrixColumns(np.empty(0), 0.0, 0.0, 0.0, 0.0, np.empty(0), 0.0)
    volatility = matrix.volatility_shocks or (0.0,)
    shocks, stress = np.array(matrix.price_shocks, dtype=float), np.array(matrix.stress, dtype=float)
    return MatrixColumns(shocks, min(volatility), max(volatility), matrix.hedge_rate, matrix.offset, stress, matrix.stress_share)


def _thresholds(rules: VenueRules) -> Thresholds:
    states = rules.states
    warning, reduce_only = (np.nan if value is None else value for value in (states.warning, states.reduce_only))
    fee = rules.fees.liquidation if states.liquidation_fee else 0.0
    return Thresholds(
        states.measure == "maintenance/balance", warning, reduce_only, states.liquidation, states.at_border == "better", fee, states.idle_is_healthy
    )
