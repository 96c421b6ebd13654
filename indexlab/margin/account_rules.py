"""The rules of accounts, section by section: where states begin, what collateral counts, the scenario matrix. Each key has one meaning, written here."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import msgspec

from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from indexlab.market.toml_table import Table

__all__ = [
    "CHOICES",
    "AtBorder",
    "CollateralRule",
    "FeeRules",
    "MatrixRule",
    "Measure",
    "StateRules",
    "read_collateral",
    "read_fees",
    "read_matrix",
    "read_states",
]

Measure: TypeAlias = Literal["maintenance/balance", "balance/maintenance"]
AtBorder: TypeAlias = Literal["worse", "better"]
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "states.measure": ("maintenance/balance", "balance/maintenance"),
    "states.at_border": ("worse", "better"),
}


class StateRules(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where each state begins, on the one order healthy, warning, reduce-only, liquidation, bankrupt.

    - The balance of an isolated account is its collateral and its profit, in the settlement currency of its contract. That of a cross or portfolio account is
      in `currency`: `collateral`, the profits that are settled in `currency`, and what its assets are credited with (CollateralRule). Profit that is settled
      in another currency is that asset: it is added to the account's amount of it before the amount is credited. Maintenance and initial margin that are
      settled in another currency are converted at the asset's price, without a haircut.
    - `measure`: what the thresholds are compared with. "maintenance/balance" (Binance's margin ratio): a state begins where it is at or above its threshold.
      "balance/maintenance" (OKX, uniMMR): where it is at or below. Both are judged without a division, threshold * one against the other.
    - `warning`, `reduce_only`: None where the venue has no such state. Of the states that have begun an account is in the worst.
    - `at_border`: which state an account exactly at a threshold is in (dYdX: "better"). `bankrupt` begins where the balance is 0 or less, and for
      "better" where it is below 0.
    - `liquidation_fee`: the fee of FeeRules.liquidation on the notional of every position is added to the maintenance margin (OKX); not to the initial one.
    - `persistence`: how many publications in a row the condition of `liquidation` or `bankrupt` (either counts) must last before an account is in it; until
      then it is in the state before, `reduce-only` where the venue has it, else `warning`, else `healthy`. A publication at which the account is frozen ends
      the row.
    - `currency`: what cross collateral and the balance are counted in.
    - `idle_is_healthy`: an account without maintenance margin (no position) is `healthy` whatever its balance (dYdX); otherwise a balance of 0 or less is
      bankrupt.
    - Prices: a mark or an index that is not a finite number above 0 is missing. An account needs the mark of every contract in which its size is not 0, the
      index of that contract's underlying where the case has one under this name, and the index of every asset that it has or owes or that one of its
      positions is settled in (the currency itself needs none). Where one of these is missing, or the status of such an underlying or index is held or halted,
      the account is `frozen`.
    """

    measure: Measure = "maintenance/balance"
    warning: float | None = None
    reduce_only: float | None = None
    liquidation: float = 1.0
    at_border: AtBorder = "worse"
    liquidation_fee: bool = False
    persistence: int = 1
    currency: str = "USDT"
    idle_is_healthy: bool = False


class CollateralRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What an asset counts as collateral: amount * price * `ratio`, where amount * price is above 0; a debt counts in full (a haircut never helps a debt).

    The amount is the sum of what an account has of the asset, owes of it, and has won or lost in positions that are settled in it. `index` names the
    underlying that prices it, "" where a unit of it is a unit of the currency. `floor` is a lowest price that is taken (Binance's floor of October 2025 for
    USDe), for debts and requirements too, None where there is none. An asset without a rule is refused, but for the currency itself: it then counts as it is.
    """

    asset: str
    ratio: float = 1.0
    index: str = ""
    floor: float | None = None


class MatrixRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Portfolio margin by a scenario matrix. Positions of one underlying are one group, and offset one another inside it.

    All money is in the venue's currency; what is settled in another one is converted at the price of the moment, which a shock does not move.

    - The loss of a group in a row (s, v): minus the sum over its positions of what they gain when their marks move by the ratio s and volatility by v, besides
      what they have gained so far: profit at mark * (1 + s) less profit at mark, plus size * vega * v. Its risk is the largest loss over all
      `price_shocks` x `volatility_shocks`, at least 0.
    - `hedge_rate`: of the smaller of the long and the short notional of a group (what offsets) this rate is added (Deribit: 1 %).
    - `offset`: of the risks of any two groups that lie in opposite directions at their worst (one loses upwards, one downwards), this rate of twice the smaller
      is taken off. A group loses upwards where its largest loss in the rows with s above 0 (at least 0) is larger than that in the rows with s below 0,
      downwards where it is smaller, and has no direction where the two differ by no more than 1e-9 of the larger. Pairs are formed from the largest risk down:
      each group in its turn pairs with the largest one before it that is of the other direction and has no partner yet.
    - `stress`: price shocks of a row in which correlations go to one: all groups move by the same shock, volatility stays. `stress_share` of the largest loss
      over them, at least 0.
    - Maintenance margin = max(sum of risks + hedge charges - offsets, stress_share * stress loss). Initial margin = `initial_factor` times that.
    """

    price_shocks: tuple[float, ...]
    volatility_shocks: tuple[float, ...] = (0.0,)
    hedge_rate: float = 0.0
    offset: float = 0.0
    stress: tuple[float, ...] = ()
    stress_share: float = 1.0
    initial_factor: float = 1.0


class FeeRules(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Rates of the traded notional: what a taker and a maker pay, and what a forced reduction pays besides (`liquidation`)."""

    taker: float = 0.0
    maker: float = 0.0
    liquidation: float = 0.0


def read_states(table: Table) -> StateRules:
    """Read [states]. Raises InputError."""
    measure = cast("Measure", table.word("measure"))
    states = StateRules(
        measure=measure,
        warning=table.number("warning", 0.0, above=0.0) if table.has("warning") else None,
        reduce_only=table.number("reduce_only", 0.0, above=0.0) if table.has("reduce_only") else None,
        liquidation=table.number("liquidation", 1.0, above=0.0),
        at_border=cast("AtBorder", table.word("at_border")),
        liquidation_fee=table.flag("liquidation_fee"),
        persistence=table.count("persistence", 1),
        currency=table.text("currency", "USDT"),
        idle_is_healthy=table.flag("idle_is_healthy"),
    )
    steps = [(name, value) for name in ("warning", "reduce_only", "liquidation") if (value := getattr(states, name)) is not None]
    worse = 1 if measure == "maintenance/balance" else -1
    for (_, before), (name, value) in pairwise(steps):
        if worse * value < worse * before:
            rule = "at least" if worse > 0 else "at most"
            raise table.problem(name, f"must be {rule} {before:g}, where the state before it begins, was {value:g}")
    return states


def read_collateral(tables: tuple[Table, ...]) -> tuple[CollateralRule, ...]:
    """Read [[collateral]]. Raises InputError."""
    rules: list[CollateralRule] = []
    for table in tables:
        asset = table.text("asset")
        if not asset or asset in [rule.asset for rule in rules]:
            raise table.problem("asset", f'must be a unique name, was "{asset}"{" twice" if asset else ""}')
        floor = table.number("floor", 0.0, above=0.0) if table.has("floor") else None
        rules.append(CollateralRule(asset, table.ratio("ratio", 1.0), table.text("index"), floor))
    return tuple(rules)


def read_matrix(table: Table) -> MatrixRule:
    """Read [matrix]. Raises InputError."""
    matrix = MatrixRule(
        price_shocks=_shocks(table, "price_shocks", (0.0,)),
        volatility_shocks=_shocks(table, "volatility_shocks", (0.0,)),
        hedge_rate=table.ratio("hedge_rate"),
        offset=table.ratio("offset"),
        stress=_shocks(table, "stress", ()),
        stress_share=table.number("stress_share", 1.0, low=0.0),
        initial_factor=table.number("initial_factor", 1.0, low=1.0),
    )
    if matrix.offset > 0.5:
        raise table.problem("offset", f"must be at most 50%, so that two risks together are at least the larger, was {matrix.offset:g}")
    return matrix


def _shocks(table: Table, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
    given = table.numbers(key, default)
    for shock in given:
        if shock <= -1 and key != "volatility_shocks":
            raise table.problem(key, f"must be above -1 (a fall to zero), was {shock:g}")
    return given


def read_fees(table: Table) -> FeeRules:
    """Read [fees]. Raises InputError."""
    maker = table.ratio("maker", low=-1.0)
    fees = FeeRules(table.ratio("taker"), maker, table.ratio("liquidation"))
    if fees.maker < -fees.taker:
        problem = f"must not give back more than the taker pays ({fees.taker:g}), was {maker:g}"
        raise InputError(problem, file=table.file, key=table.path("maker"))
    return fees
