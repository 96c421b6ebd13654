"""The paths of forced reduction compared, as rows and as text; and what a little more cost eats. Altair draws the figure, `margin_paths_figure`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.margin.liquidation_cost import DEPTH, notional_at, profit_at
from indexlab.margin.liquidation_paths import PATHS, compare_paths, first_unsafe_mark
from indexlab.margin.liquidation_steps import EXTRA, eaten_steps
from indexlab.market.units import format_ratio
from indexlab.report.grid import aligned, wrapped
from indexlab.report.margin_show import figure
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.margin.account import Account
    from indexlab.margin.liquidation_paths import Outcomes, Setting
    from indexlab.margin.liquidation_steps import StepRow
    from indexlab.margin.opening import Side
    from indexlab.margin.rules import VenueRules

__all__ = ["PathRow", "PathsView", "paths_text", "paths_view"]

_WIDTH: Final = 110
_TAIL: Final = 95


@dataclass(frozen=True, slots=True)
class PathRow:
    """One path over all scenarios. Ratios: `cost`, `slippage`, `fees`, `fund` (what the fund paid, below 0 got, on average) and `fund_worst` over the notional.

    `lost_mean`, `lost_tail`, `lost_worst` and `kept` (every scenario's loss, sorted) are over the balance where liquidation begins. `took` and `took_tail` are
    seconds (NaN: not over in time), `unended` the share of scenarios not over, `deleveraged` that in which rivals were taken from, `left` the size left.
    """

    path: str
    about: str
    cost: float
    cost_tail: float
    slippage: float
    fees: float
    lost_mean: float
    lost_tail: float
    lost_worst: float
    took: float
    took_tail: float
    unended: float
    fund: float
    fund_worst: float
    deleveraged: float
    left: float
    costs: tuple[float, ...]
    lost: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PathsView:
    """A comparison: the position, what it was drawn from, a row a path, and what EXTRA eats by leverage."""

    venue: str
    contract: str
    settlement: str
    side: str
    leverage: float
    notional: float
    price: float
    mark: float
    balance: float
    worth: float
    liquidation_fee: float
    scenarios: int
    seed: int
    volatility: float
    depth: float
    fund: float
    rows: tuple[PathRow, ...]
    steps: tuple[StepRow, ...]


def paths_view(
    rules: VenueRules, account: Account, side: Side, leverage: float, setting: Setting, *, notional: float, paths: tuple[str, ...] = ()
) -> PathsView:
    """Return the comparison of an account that was opened with this leverage. Raises InputError."""
    contract, price = rules.contract(account.contract), account.entry_price
    mark = first_unsafe_mark(rules, contract, account)
    worth = notional_at(contract, account.size, mark)
    balance = account.collateral + profit_at(contract, account.size, price, mark)
    found = compare_paths(rules, account, setting, paths or tuple(PATHS))
    return PathsView(
        venue=rules.venue.id,
        contract=contract.id,
        settlement=contract.settlement,
        side=side,
        leverage=leverage,
        notional=notional,
        price=price,
        mark=mark,
        balance=balance,
        worth=worth,
        liquidation_fee=rules.fees.liquidation,
        scenarios=setting.scenarios,
        seed=setting.seed,
        volatility=setting.volatility,
        depth=setting.depth,
        fund=setting.fund,
        rows=tuple(_row(one, worth, balance) for one in found),
        steps=tuple(eaten_steps(rules, contract, side, price=price)),
    )


def _row(one: Outcomes, worth: float, balance: float) -> PathRow:
    lost = np.sort(one.lost / balance)
    costs = np.sort(one.cost / worth)
    over = one.took[~np.isnan(one.took)]
    return PathRow(
        path=one.path,
        about=PATHS[one.path][1],
        cost=float(costs.mean()),
        cost_tail=_tail(costs),
        slippage=float(one.slippage.mean() / worth),
        fees=float(one.fees.mean() / worth),
        lost_mean=float(lost.mean()),
        lost_tail=_tail(lost),
        lost_worst=float(lost[-1]),
        took=float(np.median(over)) if len(over) else math.nan,
        took_tail=_tail(np.sort(over)) if len(over) else math.nan,
        unended=float(np.isnan(one.took).mean()),
        fund=float(one.fund.mean() / worth),
        fund_worst=float(one.fund.max() / worth),
        deleveraged=float((one.deleveraged > 0).mean()),
        left=float(one.left.mean()),
        costs=tuple(costs.tolist()),
        lost=tuple(lost.tolist()),
    )


def _tail(ascending: NDArray[np.float64]) -> float:
    """Return the value that 95 of 100 do not exceed: one of them, none in between."""
    return float(ascending[min(math.ceil(len(ascending) * _TAIL / 100), len(ascending)) - 1])


def paths_text(view: PathsView) -> str:
    """Return the position, what it is drawn from, a row a path, and the table of leverages."""
    head = f"{plain(view.venue)} {plain(view.contract)}: a {view.side} of {figure(view.notional)} at {view.leverage:g}x, reduced by force in each way"
    return "\n".join([head, *_setting(view), "", *_table(view), "", *_about(view), "", *_steps(view)])


def _setting(view: PathsView) -> list[str]:
    left = f"{figure(float(f'{view.balance:.6g}'))} {plain(view.settlement)}"
    share = format_ratio(float(f"{view.balance / view.worth:.3g}"))
    where = f"Opened at {figure(view.price)}; liquidation begins at {figure(view.mark)}, where {left} of the margin are left, {share} of the notional."
    drawn = (
        f"{view.scenarios} scenarios, seed {view.seed}: a price that moves {format_ratio(view.volatility)} a year in steps of 15 s, beginning beyond that mark,"
        f" against books of {figure(view.depth)} of notional a basis point, times a lognormal factor (sigma 1)."
        f" The fund has {format_ratio(view.fund)} of the notional."
    )
    basis = f" {figure(DEPTH)} is what Coinbase's BTC-USD book had within 1 bp in June 2026 (median of 600 snapshots)." if view.depth == DEPTH else ""
    return [*wrapped(where, _WIDTH, indent=2), *wrapped(drawn + basis, _WIDTH, indent=2)]


def _table(view: PathsView) -> list[str]:
    groups = ["", "of the notional, bp", "", "", "", "lost of margin", "", "", "time", "", "fund, bp", "", "rivals", "position"]
    heads = ["path", "cost", "95 %", "slippage", "fees", "mean", "95 %", "worst", "median", "95 %", "mean", "worst", "taken", "left"]
    rows = [heads]
    for row in view.rows:
        basis = [_bp(value) for value in (row.cost, row.cost_tail, row.slippage, row.fees)]
        lost = [_percent(value) for value in (row.lost_mean, row.lost_tail, row.lost_worst)]
        took = [_seconds(row.took), _seconds(row.took_tail) + ("+" if row.unended else "")]
        rows.append([row.path, *basis, *lost, *took, _bp(row.fund), _bp(row.fund_worst), _percent(row.deleveraged), _percent(row.left)])
    lines = aligned(rows, right=frozenset(range(1, len(heads))), indent=2)
    return [_over(groups, lines[0], heads), *lines]


def _over(groups: list[str], line: str, heads: list[str]) -> str:
    """Return the line of groups, each beginning where its first column does."""
    above, place = "", 0
    for group, head in zip(groups, heads, strict=True):
        at = line.index(head, place)
        place = at + len(head)
        if group:
            above = above.ljust(at) + group
    return above


def _about(view: PathsView) -> list[str]:
    lines = aligned([[row.path, row.about] for row in view.rows], indent=2)
    told = (
        "cost: against the mark of each round, fees included; time: until it was over (+: some were not within 15 minutes); fund: what it paid, below 0 what it"
        " got; rivals taken: in how many scenarios; position left: how much of it, on average."
    )
    fee = f" The liquidation fee of {format_ratio(view.liquidation_fee)} goes to the fund, and at most what is left." if view.liquidation_fee else ""
    return [*lines, *wrapped(told + fee, _WIDTH, indent=2)]


def _steps(view: PathsView) -> list[str]:
    extra = f"{EXTRA * 100:g}%"
    head = (
        f"What {extra} more cost on a forced execution eats, of the largest position that each leverage is offered for. A margin step is a hundredth of the"
        " balance that is left where liquidation begins (the maintenance margin); the other two count it in the tier's rate, and in the way of the price from"
        " the entry to liquidation."
    )
    rows = [["leverage", "position", "liquidation after", "tier's rate", "left there", "eats: steps", "of the rate", "of the way", ""]]
    for row in view.steps:
        moved, rate, kept = (_percent(value, 2) for value in (row.room, row.rate, row.kept))
        shares = [f"{row.steps:.1f}", _percent(row.of_rate, 1), _percent(row.of_room, 1)]
        rows.append([f"{row.leverage:g}x", figure(float(f"{row.notional:.6g}")), moved, rate, kept, *shares, "" if row.covered else "more than is left"])
    return [*wrapped(head, _WIDTH, indent=0), *aligned(rows, right=frozenset(range(8)), indent=2)]


def _bp(value: float) -> str:
    text = f"{value * 1e4:.1f}"
    return "0.0" if text == "-0.0" else text


def _percent(value: float, digits: int = 0) -> str:
    return f"{value * 100:.{digits}f}%"


def _seconds(value: float) -> str:
    return "never" if math.isnan(value) else f"{value:.0f} s"
