"""A rack of accounts beside every scenario, so that some account always stands just above the promise's border, and its states at many marks at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.margin.account import Account, checked_accounts
from indexlab.margin.contract import BTCUSDT
from indexlab.margin.kernel import count_headrooms, count_states
from indexlab.margin.states import BANKRUPT, DEFAULT_WARNING_RATIO, HEALTHY, LIQUIDATION, WARNING
from indexlab.margin.thresholds import Positions, border_prices, border_rule, checked_border_rule, checked_ratio, has_one_border, plain_rule, tier_columns
from indexlab.market.errors import InputError
from indexlab.market.units import format_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules
    from indexlab.margin.thresholds import BorderRule

__all__ = ["Rack", "build_rack", "priced", "rack_from_accounts"]

_SMALLEST: Final = 0.0005
_LARGEST: Final = 0.5
_STEPS: Final = 17
_EDGES: Final = (1.01, 1.1)
"""How far above the promise's border two pairs of accounts stand."""
_PLAIN_NOTIONAL: Final = 100_000.0
"""The notional of an account under a contract with a single tier."""
_INTO_LAST_TIER: Final = 1.25
_LEVERAGES: Final = (3, 5, 10, 20, 50, 100, 125)
_BESIDE: Final = (("below", 1 - 1e-4), ("at", 1.0), ("above", 1 + 1e-4))
"""Notionals beside a tier's border, as ratios of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Rack:
    """Accounts of one contract as columns [accounts], with the prices at which their states begin (-inf: no positive price does it).

    `side` is 1 (long) or -1 (short), `size` is signed. A state holds at and below its price for a long, at and above it for a short.
    `warning_ratio` is the ratio of maintenance margin to balance at which `warning` begins.
    """

    ids: tuple[str, ...]
    side: NDArray[np.float64]
    size: NDArray[np.float64]
    entry_price: NDArray[np.float64]
    collateral: NDArray[np.float64]
    contract: Contract
    warning_ratio: float
    borders: NDArray[np.float64]
    signed_borders: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many accounts there are."""
        return len(self.ids)

    @property
    def warning_price(self) -> NDArray[np.float64]:
        """Where `warning` begins, [accounts]."""
        return np.asarray(self.borders[0])

    @property
    def liquidation_price(self) -> NDArray[np.float64]:
        """Where `liquidation` begins, [accounts]."""
        return np.asarray(self.borders[2])

    @property
    def bankruptcy_price(self) -> NDArray[np.float64]:
        """Where `bankrupt` begins, [accounts]."""
        return np.asarray(self.borders[3])

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts one by one, as a scenario file stores them."""
        columns = zip(self.ids, self.size.tolist(), self.entry_price.tolist(), self.collateral.tolist(), strict=True)
        return tuple(Account(name, size, entry, collateral, self.contract.id) for name, size, entry, collateral in columns)

    def take(self, positions: Sequence[int]) -> Rack:
        """Return the accounts at these positions, in the order given."""
        rows = np.asarray(positions, dtype=np.intp)
        return replace(
            self,
            ids=tuple(self.ids[row] for row in rows.tolist()),
            side=self.side[rows],
            size=self.size[rows],
            entry_price=self.entry_price[rows],
            collateral=self.collateral[rows],
            borders=np.ascontiguousarray(self.borders[:, rows]),
            signed_borders=np.ascontiguousarray(self.signed_borders[:, rows]),
        )

    def states(self, mark: ArrayLike, missing: ArrayLike | None = None) -> NDArray[np.int8]:
        """Return state codes [..., accounts] at marks [...]; `frozen` where `missing` is true or the mark is NaN."""
        marks = priced(mark, missing)
        out = np.empty((marks.size, len(self)), dtype=np.int8)
        count_states(marks.reshape(-1), self.side, self.signed_borders, out)
        return out.reshape(*marks.shape, len(self))

    def headroom(self, mark: ArrayLike, missing: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far each mark may move before the state changes, (to a worse one, to a better one), each [..., accounts].

        Ratios of the mark; inf where the state never changes that way, NaN where there is no price above 0.
        """
        marks = priced(mark, missing)
        against = np.empty((marks.size, len(self)))
        in_favour = np.empty((marks.size, len(self)))
        count_headrooms(marks.reshape(-1), self.side, self.signed_borders, against, in_favour)
        return against.reshape(*marks.shape, len(self)), in_favour.reshape(*marks.shape, len(self))


def priced(mark: ArrayLike, missing: ArrayLike | None) -> NDArray[np.float64]:
    """Return marks as contiguous numbers of their own shape, NaN where `missing` is true."""
    marks = np.ascontiguousarray(mark, dtype=np.float64).reshape(np.shape(mark))
    return marks if missing is None else np.where(missing, np.nan, marks)


def _rack(ids: tuple[str, ...], size: NDArray[np.float64], positions: Positions, contract: Contract, rule: BorderRule) -> Rack:
    borders = border_prices(positions, contract, rule)
    side, _, entry, collateral = positions
    return Rack(ids, side, size, entry, collateral, contract, rule.ratios[0], borders, side * borders)


def _rule(contract: Contract, warning_ratio: float, rules: VenueRules | None) -> BorderRule:
    return plain_rule(checked_ratio(warning_ratio, contract)) if rules is None else checked_border_rule(border_rule(rules), contract)


def rack_from_accounts(
    accounts: Sequence[Account],
    contract: Contract = BTCUSDT,
    warning_ratio: float = DEFAULT_WARNING_RATIO,
    *,
    rules: VenueRules | None = None,
    file: object = None,
) -> Rack:
    """Return the accounts as a rack; all of them are isolated and of this contract.

    States begin at `warning_ratio` and 1, or where a venue's `rules` say. Raises InputError, also where a worse price may give a better state (whole-position
    tiers by notional): those accounts are a ladder's.
    """
    checked = checked_accounts(accounts, contract, file=file)
    size = np.array([account.size for account in checked], dtype=float)
    entry = np.array([account.entry_price for account in checked], dtype=float)
    collateral = np.array([account.collateral for account in checked], dtype=float)
    positions = Positions(np.sign(size), np.abs(size) * contract.multiplier, entry, collateral)
    return _rack(tuple(account.id for account in checked), size, positions, contract, _rule(contract, warning_ratio, rules))


class _Layout(NamedTuple):
    """Which account stands where, [accounts].

    `state` is the one it is in; `border` 0 to 3 says which state begins at the border it is measured to, at price * (1 + `step`).
    """

    ids: tuple[str, ...]
    side: NDArray[np.float64]
    state: NDArray[np.int8]
    border: NDArray[np.intp]
    step: NDArray[np.float64]

    def tier(self, n_tiers: int) -> NDArray[np.intp]:
        """Return each account's tier at the start: the healthy ones take turns through all, the others need the wide bands of the last."""
        turn = np.arange(len(self.ids)) // 2 % n_tiers
        return np.where(self.state == HEALTHY, turn, n_tiers - 1)


@lru_cache(maxsize=64)
def _layout(margin_headroom: float) -> _Layout:
    """Plan the accounts of a rack."""
    near = _EDGES[1] * margin_headroom
    plan = [(f"{ratio:.3g}", HEALTHY, 0, 1, ratio) for ratio in np.geomspace(_SMALLEST, _LARGEST, _STEPS).tolist()]
    plan += [("edge", HEALTHY, 0, 1, edge * margin_headroom) for edge in _EDGES]
    plan += [("warning", WARNING, 2, 1, near), ("warning, improving", WARNING, 0, -1, near), ("liquidation", LIQUIDATION, 3, 1, near)]
    rows = [(name, side, *row) for name, *row in plan for side in (1, -1)]
    ids = tuple(_name(name, side, ratio) for name, side, _, _, _, ratio in rows)
    columns = (np.array([row[column] for row in rows]) for column in (1, 2, 3))
    side, state, border = columns
    step = np.array([-row[1] * row[4] * row[5] for row in rows])
    return _Layout(ids, side.astype(float), state.astype(np.int8), border, step)


def _name(name: str, side: int, ratio: float) -> str:
    label = "" if name[0].isdigit() else f" {name}"
    return f"{'long' if side > 0 else 'short'}{label} {format_ratio(float(f'{ratio:.3g}'))}"


def _sizes(price: float, contract: Contract) -> NDArray[np.float64]:
    """Return one size inside each tier, so that accounts stand in all of them and cross their borders; six digits, for the reader."""
    tiers = tier_columns(contract)
    if len(tiers.start) == 1:
        measures = [_PLAIN_NOTIONAL / price if contract.is_inverse else _PLAIN_NOTIONAL]
        return np.array([float(f"{_size_of(measures[0], price, contract):.6g}")])
    measures = [*((tiers.start[:-1] + tiers.end[:-1]) / 2).tolist(), float(_INTO_LAST_TIER * tiers.start[-1])]
    by_size = contract.tier_measure == "contracts"
    return np.array([float(f"{measure if by_size else _size_of(measure, price, contract):.6g}") for measure in measures])


def _size_of(notional: float, price: float, contract: Contract) -> float:
    return notional * price / contract.multiplier if contract.is_inverse else notional / (price * contract.multiplier)


def _collateral(steps: _Steps, price: float, share: NDArray[np.float64], contract: Contract, fee: float) -> NDArray[np.float64]:
    """Return what makes the balance `share` of the maintenance margin at price * (1 + step), entered at the price: that less the profit there."""
    side, size, step = steps
    units, tiers = size * contract.multiplier, tier_columns(contract)
    if contract.is_inverse:
        notional = units / (price * (1 + step))
        profit = side * (units / price - notional)
    else:
        notional = units * price * (1 + step)
        profit = side * units * price * step
    tier = np.searchsorted(tiers.end[:-1], size if contract.tier_measure == "contracts" else notional, side="left")
    needed: NDArray[np.float64] = (notional * (tiers.rate[tier] + fee) - tiers.amount[tier]) * share - profit
    return needed


class _Steps(NamedTuple):
    """Sides, sizes without their sign, and how far the price moves, [accounts]."""

    side: NDArray[np.float64]
    size: NDArray[np.float64]
    step: NDArray[np.float64]


class _More(NamedTuple):
    """The accounts that stand beside the plan: by leverage, and at a tier's border; [accounts], sizes without their sign."""

    ids: tuple[str, ...]
    side: NDArray[np.float64]
    size: NDArray[np.float64]
    collateral: NDArray[np.float64]


def _more(price: float, margin_headroom: float, contract: Contract, rule: BorderRule, sizes: NDArray[np.float64]) -> _More:
    """Return accounts by leverage in the highest tier that allows it, and just below, at and just above the border in the middle of the tiers."""
    tiers = contract.tiers
    rows: list[tuple[str, int, float, float]] = []
    for leverage in _LEVERAGES:
        allowed = [place for place, tier in enumerate(tiers) if tier.initial_rate * leverage <= 1 + 1e-9]
        size = float(sizes[allowed[-1]]) if allowed else 0.0
        notional = size * contract.multiplier * (1 / price if contract.is_inverse else price)
        rows += [(f"{name} {leverage}x", side, size, notional / leverage) for name, side in (("long", 1), ("short", -1)) if allowed]
    border = tiers[(len(tiers) - 1) // 2].up_to_notional if len(tiers) > 1 else None
    by_size = contract.tier_measure == "contracts"
    for name, ratio in _BESIDE if border is not None else ():
        size = (border or 0.0) * ratio if by_size else _size_of(border or 0.0, price, contract) * ratio
        rows += [(f"{word} {name} a border", side, size, math.nan) for word, side in (("long", 1), ("short", -1))]
    ids, *columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    side, size_of, collateral = (np.array(column, dtype=float) for column in columns)
    steps = _Steps(side, size_of, -side * _EDGES[1] * margin_headroom)
    solved = _collateral(steps, price, np.full(len(side), 1 / rule.ratios[0]), contract, rule.fee)
    return _More(tuple(ids), side, size_of, np.where(np.isnan(collateral), solved, collateral))


def build_rack(
    price: float,
    margin_headroom: float,
    contract: Contract = BTCUSDT,
    warning_ratio: float = DEFAULT_WARNING_RATIO,
    *,
    rules: VenueRules | None = None,
) -> Rack:
    """Return a rack whose accounts stand at known distances from a change of state while the mark is `price`.

    - healthy, long and short: 17 headrooms each from 0.05 % to 50 %, even on a logarithmic scale, and one pair each at 1.01 and 1.1 times
      `margin_headroom`;
    - where the last tier's band is wide enough for it (as that of BTCUSDT is): pairs at 1.1 times `margin_headroom` from the other borders: in
      `warning` before `liquidation`, in `warning` before `healthy`, in `liquidation` before `bankrupt`;
    - pairs by leverage, 3x to 125x, in the highest tier that allows it, with notional / leverage as collateral;
    - three pairs whose notional is just below, at and just above a tier's border, 1.1 times `margin_headroom` from `warning`.

    All enter at `price`; where a distance is given the collateral is solved for the border (maintenance / ratio - unrealised profit there), which makes the
    headroom exact. States begin at `warning_ratio` and 1, or where a venue's `rules` say. Raises InputError, also for whole-position tiers by notional.
    """
    if not 0 < price < np.inf:
        problem = f"must be a finite number above 0, was {price}"
        raise InputError(problem, key="price")
    if not 0 < margin_headroom * _EDGES[1] < 1:
        problem = f"must be above 0 and below {1 / _EDGES[1]:.2g}, was {margin_headroom:g}"
        raise InputError(problem, key="margin_headroom", remedy='write "1%"')
    if not has_one_border(contract):
        problem = f'must have tiers without jumps as the price moves, was "{contract.id}"'
        raise InputError(problem, key="contract")
    rule = _rule(contract, warning_ratio, rules)
    layout, sizes = _layout(margin_headroom), _sizes(price, contract)
    base = sizes[layout.tier(len(contract.tiers))]
    share = np.array([*(1 / ratio for ratio in rule.ratios), 0.0])[layout.border]
    collateral = _collateral(_Steps(layout.side, base, layout.step), price, share, contract, rule.fee)
    more = _more(price, margin_headroom, contract, rule, sizes)
    side, base = np.concatenate((layout.side, more.side)), np.concatenate((base, more.size))
    collateral = np.concatenate((collateral, more.collateral))
    positions = Positions(side, base * contract.multiplier, np.full(len(base), price), collateral)
    rack = _rack(layout.ids + more.ids, side * base, positions, contract, rule)
    # the contract's bands may have no room for the pairs that are not healthy
    placed = np.ones(len(rack), dtype=bool)
    placed[: len(layout.ids)] = rack.states(price)[: len(layout.ids)] == layout.state
    return rack if placed.all() else rack.take(np.flatnonzero(placed).tolist())


if len(("warning", "reduce-only", "liquidation", "bankrupt")) != BANKRUPT:  # pragma: no cover - a border's row is the code of the state before it
    message = "borders must be in the order of the states"
    raise AssertionError(message)
