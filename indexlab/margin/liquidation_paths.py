"""The paths of forced reduction side by side: the same position, over the same seeded price paths and order books, reduced in each way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from indexlab.margin.case import Book, LiquidationCase, MarginCase, Rival
from indexlab.margin.liquidation import reduce_position
from indexlab.margin.liquidation_cost import DEPTH, level_bands, notional_at, profit_at, stepped, usual_depth
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.liquidation_terms import parts, terms_of
from indexlab.market.errors import InputError
from indexlab.market.seeds import stream
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.margin.account import Account
    from indexlab.margin.case import LiquidationAnswer
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = ["PATHS", "Outcomes", "Setting", "compare_paths", "first_unsafe_mark"]

_YEAR_S: Final = 365.25 * 86400
_STEP_S: Final = 15
_STEPS: Final = 60
_SOON_S: Final = 60
_DIGITS: Final = 8
_RIVALS: Final = (5.0, 10.0, 20.0, 50.0, 100.0)
"""Leverages of the rivals, each with a quarter of the position on the other side, opened at the same price."""

PATHS: Final[dict[str, tuple[LiquidationRule, str]]] = {
    "market": (LiquidationRule(path="market"), "one order for all of it"),
    "ioc-takeover": (LiquidationRule(path="ioc-takeover"), "Binance: one order for what is needed, the rest to the fund"),
    "incremental-tier": (LiquidationRule(path="incremental-tier", tiers_a_round=2, cool_down_us=60 * SECOND), "OKX: two tiers a round, a round a minute"),
    "incremental-fraction": (
        LiquidationRule(path="incremental-fraction", fraction=0.1, least_notional=1000.0, cool_down_us=SECOND),
        "dYdX: a tenth of what is left a second, at least 1,000",
    ),
    "dutch-auction": (
        LiquidationRule(path="dutch-auction", auction_start=1.0, auction_end=0.7, auction_us=900 * SECOND, cool_down_us=5 * SECOND),
        "as Derive's: from the mark down by 30 % over 15 minutes, seen each 5 s",
    ),
    "backstop": (
        LiquidationRule(path="backstop", fraction=0.2, fraction_above=100_000.0, fraction_rounds=1, cool_down_us=30 * SECOND, backstop_below=2 / 3),
        "Hyperliquid: a fifth, all of it 30 s later; a vault below two thirds of the maintenance margin",
    ),
}
"""By name: the rule with its venue's published parameters (amounts in US dollars), and what it is in a few words."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the scenarios are drawn from.

    A price path starts where the account is first unsafe, beyond it by the size of one step, and moves every 15 s for 15 minutes without a drift, by
    `volatility` a year. The book around it is full again at each step: `depth` of notional a basis point on each side (DEPTH), in each scenario times
    exp(normal * `depth_spread`). `fund` is what the insurance fund has, as a share of the position's notional.
    """

    scenarios: int = 1000
    seed: int = 0
    volatility: float = 3.0
    depth: float = DEPTH
    depth_spread: float = 1.0
    fund: float = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What a path did in each scenario, arrays of [scenarios]; money in the settlement currency, time in seconds.

    `cost` is against the mark of each round, `fees` are part of it. `lost` is what the account lost, its position included, from the mark at which it was first
    unsafe to the one at which it was over. `took` is NaN where it was not over in time. `fund` is what the fund paid (below 0: got), `deleveraged` the size
    taken from rivals and `left` the size that is left, both as a share of the position.
    """

    path: str
    cost: NDArray[np.float64]
    fees: NDArray[np.float64]
    lost: NDArray[np.float64]
    took: NDArray[np.float64]
    fund: NDArray[np.float64]
    deleveraged: NDArray[np.float64]
    left: NDArray[np.float64]

    @property
    def slippage(self) -> NDArray[np.float64]:
        """What of the cost was no fee."""
        return self.cost - self.fees


def first_unsafe_mark(rules: VenueRules, contract: Contract, account: Account) -> float:
    """Return the mark nearest to the entry, to a tick or eight digits, at which an account that is safe there is not. Raises InputError where none is."""
    terms = terms_of(rules, contract, [account.size], [account.entry_price, account.entry_price / 10**_DIGITS])
    scale = 10.0**terms.price_digits
    size, entry = round(account.size * 10**terms.size_digits), round(account.entry_price * scale)
    cash = int(account.collateral / contract.unit)

    def safe(price: int) -> bool:
        gained = terms.profit(size, entry, price)
        return terms.is_safe((cash * gained[1] + gained[0], gained[1]), terms.maintenance(abs(size), price))

    low, high = (terms.tick, entry) if size > 0 else (entry, 100 * entry)
    good, bad = (high, low) if size > 0 else (low, high)
    if not safe(good) or safe(bad):
        problem = f'"{account.id}" is {"never" if safe(good) else "already"} liquidated'
        raise InputError(problem, key="leverage")
    while abs(good - bad) > terms.tick:
        middle = (good + bad) // 2 // terms.tick * terms.tick
        if middle in {good, bad}:
            break
        good, bad = (middle, bad) if safe(middle) else (good, middle)
    return bad / scale


def compare_paths(rules: VenueRules, account: Account, setting: Setting, paths: Sequence[str] = tuple(PATHS)) -> tuple[Outcomes, ...]:
    """Return what each path does to an isolated account in every scenario. Scenario i is a function of (seed, i). Raises InputError."""
    contract = rules.contract(account.contract)
    start = first_unsafe_mark(rules, contract, account)
    before = account.collateral + profit_at(contract, account.size, account.entry_price, start)
    fund, rivals = float(f"{setting.fund * notional_at(contract, account.size, start):.6g}"), _rivals(account, contract)
    ways = {path: msgspec.structs.replace(rules, contracts=(contract,), liquidation=_settled(PATHS[path][0], contract, start)) for path in paths}
    results: dict[str, list[tuple[float, ...]]] = {path: [] for path in paths}
    for number in range(setting.scenarios):
        asked = LiquidationCase(account.id, 0, _STEPS * _STEP_S * SECOND, *_drawn(setting, number, contract, start, long=account.size > 0), fund, rivals)
        for path, under in ways.items():
            results[path].append(_row(account, contract, before, asked, _reduced(under, account, asked)))
    return tuple(Outcomes(path, *np.array(rows, dtype=np.float64).reshape(-1, 7).T) for path, rows in results.items())


def _settled(rule: LiquidationRule, contract: Contract, price: float) -> LiquidationRule:
    """Return the rule with its amounts, which are in dollars in PATHS, in the settlement currency."""
    share = 1 / price if contract.is_inverse else usual_depth(contract) / DEPTH
    amounts = {name: float(f"{getattr(rule, name) * share:.6g}") for name in ("least_notional", "most_notional", "fraction_above")}
    return msgspec.structs.replace(rule, **amounts)


def _reduced(rules: VenueRules, account: Account, asked: LiquidationCase) -> LiquidationAnswer:
    """Return the answer; most are over soon, and what the books are like later is not looked at for these."""
    soon = msgspec.structs.replace(asked, end=_SOON_S * SECOND)
    answer = reduce_position(MarginCase(rules, (account,), (), {}, {}, liquidation=soon))
    return answer if answer.ended is not None else reduce_position(MarginCase(rules, (account,), (), {}, {}, liquidation=asked))


def _row(account: Account, contract: Contract, before: float, asked: LiquidationCase, answer: LiquidationAnswer) -> tuple[float, ...]:
    unit, size = contract.unit, abs(account.size)
    last = asked.end if answer.ended is None else answer.ended
    mark = next(mark for time, mark in reversed(asked.marks) if time <= last)
    after = answer.balances[account.id] * unit + profit_at(contract, answer.remaining, account.entry_price, mark)
    rivals = sum(abs(fill.size) for fill in answer.fills if fill.to in answer.deleveraged)
    took = float("nan") if answer.ended is None else (answer.ended - asked.start) / SECOND
    left = abs(answer.remaining) / size
    return answer.cost * unit, answer.fees * unit, before - after, took, answer.from_fund * unit, rivals / size, left


def _rivals(account: Account, contract: Contract) -> tuple[Rival, ...]:
    price = account.entry_price
    size = stepped(abs(account.size) / 4, contract.lot) * (-1 if account.size > 0 else 1)
    worth = notional_at(contract, size, price)
    return tuple(Rival(f"rival {leverage:g}x", size, price, float(f"{worth / leverage:.8g}")) for leverage in _RIVALS if size)


def _drawn(
    setting: Setting, number: int, contract: Contract, start: float, *, long: bool
) -> tuple[tuple[tuple[int, Book], ...], tuple[tuple[int, float], ...]]:
    """Return the books and the marks of one scenario."""
    draw = stream("liquidation paths", setting.seed, number)
    sigma = setting.volatility * (_STEP_S / _YEAR_S) ** 0.5
    moves = draw.standard_normal(_STEPS + 1) * sigma
    moves[0] = -abs(moves[0]) if long else abs(moves[0])
    prices = start * np.exp(np.cumsum(moves))
    depth = setting.depth * float(np.exp(draw.standard_normal() * setting.depth_spread))
    marks = _stepped_all(prices, contract.tick)
    away, width = np.array(level_bands()).T
    levels = _stepped_all(np.outer(marks, 1 - away if long else 1 + away), contract.tick)
    notional = depth * width * 1e4 / contract.multiplier
    sizes = _stepped_all(notional * np.ones_like(levels) if contract.is_inverse else notional / levels, contract.lot)
    times = [step * _STEP_S * SECOND for step in range(_STEPS + 1)]
    sides = [tuple(zip(*pair, strict=True)) for pair in zip(levels.tolist(), sizes.tolist(), strict=True)]
    books = tuple((time, Book(side, ()) if long else Book((), side)) for time, side in zip(times, sides, strict=True))
    return books, tuple(zip(times, marks.tolist(), strict=True))


def _stepped_all(numbers: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Return numbers above 0 rounded to a step (one at least), as decimals of that step's digits; to about seven digits where there is none."""
    mantissa, exponent = parts(step) if step else (1, -max(_DIGITS - 1 - int(np.log10(numbers.min())), 0))
    return np.asarray(np.maximum(np.rint(numbers / (mantissa * 10.0**exponent)), 1.0) * mantissa / 10.0**-exponent)
