"""A rack of accounts beside every scenario, so that some account always stands just above the promise's border, and its states at many marks at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.margin.account import Account, checked_accounts
from indexlab.margin.contract import BTCUSDT
from indexlab.margin.kernel import count_headrooms, count_states
from indexlab.margin.states import BANKRUPT, DEFAULT_WARNING_RATIO, HEALTHY, LIQUIDATION, WARNING
from indexlab.margin.thresholds import Positions, border_prices, checked_ratio, tier_columns
from indexlab.market.errors import InputError
from indexlab.market.units import format_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from indexlab.margin.contract import Contract

__all__ = ["Rack", "build_rack", "rack_from_accounts"]

_SMALLEST: Final = 0.0005
_LARGEST: Final = 0.5
_STEPS: Final = 17
_EDGES: Final = (1.01, 1.1)
"""How far above the promise's border two pairs of accounts stand."""
_PLAIN_NOTIONAL: Final = 100_000.0
"""The notional of an account under a contract with a single tier."""
_INTO_LAST_TIER: Final = 1.25


@dataclass(frozen=True, slots=True, eq=False)
class Rack:
    """Accounts of one contract as columns [accounts], with the prices at which their states begin (-inf: no positive price does it).

    `side` is 1 (long) or -1 (short), `size` is signed. A state holds at and below its price for a long, at and above it for a short.
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
        marks = _priced(mark, missing)
        out = np.empty((marks.size, len(self)), dtype=np.int8)
        count_states(marks.reshape(-1), self.side, self.signed_borders, out)
        return out.reshape(*marks.shape, len(self))

    def headroom(self, mark: ArrayLike, missing: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far each mark may move before the state changes, (to a worse one, to a better one), each [..., accounts].

        Ratios of the mark; inf where the state never changes that way, NaN where there is no price above 0.
        """
        marks = _priced(mark, missing)
        against = np.empty((marks.size, len(self)))
        in_favour = np.empty((marks.size, len(self)))
        count_headrooms(marks.reshape(-1), self.side, self.signed_borders, against, in_favour)
        return against.reshape(*marks.shape, len(self)), in_favour.reshape(*marks.shape, len(self))


def _priced(mark: ArrayLike, missing: ArrayLike | None) -> NDArray[np.float64]:
    marks = np.ascontiguousarray(mark, dtype=np.float64).reshape(np.shape(mark))
    return marks if missing is None else np.where(missing, np.nan, marks)


def _rack(ids: tuple[str, ...], size: NDArray[np.float64], positions: Positions, contract: Contract, warning_ratio: float) -> Rack:
    borders = border_prices(positions, contract, warning_ratio)
    side, _, entry, collateral = positions
    return Rack(ids, side, size, entry, collateral, contract, warning_ratio, borders, side * borders)


def rack_from_accounts(
    accounts: Sequence[Account],
    contract: Contract = BTCUSDT,
    warning_ratio: float = DEFAULT_WARNING_RATIO,
    *,
    file: object = None,
) -> Rack:
    """Return the accounts as a rack; all of them are of this contract. Raises InputError."""
    checked = checked_accounts(accounts, contract, file=file)
    size = np.array([account.size for account in checked], dtype=float)
    entry = np.array([account.entry_price for account in checked], dtype=float)
    collateral = np.array([account.collateral for account in checked], dtype=float)
    positions = Positions(np.sign(size), np.abs(size) * contract.multiplier, entry, collateral)
    return _rack(tuple(account.id for account in checked), size, positions, contract, checked_ratio(warning_ratio, contract))


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
    beyond = _INTO_LAST_TIER * tiers.start[-1] if len(tiers.start) > 1 else _PLAIN_NOTIONAL
    notionals = [*((tiers.start[:-1] + tiers.end[:-1]) / 2).tolist(), float(beyond)]
    return np.array([float(f"{notional / (price * contract.multiplier):.6g}") for notional in notionals])


def build_rack(price: float, margin_headroom: float, contract: Contract = BTCUSDT, warning_ratio: float = DEFAULT_WARNING_RATIO) -> Rack:
    """Return a rack whose accounts stand at known distances from a change of state while the mark is `price`.

    - healthy, long and short: 17 headrooms each from 0.05 % to 50 %, even on a logarithmic scale, and one pair each at 1.01 and 1.1 times
      `margin_headroom`;
    - where the last tier's band is wide enough for it (as that of BTCUSDT is): pairs at 1.1 times `margin_headroom` from the other borders: in
      `warning` before `liquidation`, in `warning` before `healthy`, in `liquidation` before `bankrupt`.

    All enter at `price`; the collateral is solved for the border (maintenance / ratio - unrealised profit there), which makes the headroom exact.
    Raises InputError.
    """
    if not 0 < price < np.inf:
        problem = f"must be a finite number above 0, was {price}"
        raise InputError(problem, key="price")
    if not 0 < margin_headroom * _EDGES[1] < 1:
        problem = f"must be above 0 and below {1 / _EDGES[1]:.2g}, was {margin_headroom:g}"
        raise InputError(problem, key="margin_headroom", remedy='write "1%"')
    checked_ratio(warning_ratio, contract)
    layout = _layout(margin_headroom)
    base = _sizes(price, contract)[layout.tier(len(contract.tiers))]
    units = base * contract.multiplier
    share = np.array([1 / warning_ratio, 1.0, 1.0, 0.0])[layout.border]
    margin_at_border = tier_columns(contract).maintenance(units * price * (1 + layout.step)) * share
    collateral = margin_at_border - layout.side * units * price * layout.step
    positions = Positions(layout.side, units, np.full(len(base), price), collateral)
    rack = _rack(layout.ids, layout.side * base, positions, contract, warning_ratio)
    # the contract's bands may have no room for the pairs that are not healthy
    placed = rack.states(price) == layout.state
    return rack if placed.all() else rack.take(np.flatnonzero(placed).tolist())


if len(("warning", "reduce-only", "liquidation", "bankrupt")) != BANKRUPT:  # pragma: no cover - a border's row is the code of the state before it
    message = "borders must be in the order of the states"
    raise AssertionError(message)
