"""Margin cases from a seed: a venue's rules, accounts at their borders, an index that was published, and now and then funding and a forced reduction.

Pure: a case is a function of (seed, rules, what was published). `retold` is the same case over another index: accounts, holdings, books, everything else
stays, and what comes from the index alone (index, marks, samples) moves with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from indexlab.index.determination import DEGRADED, STATUSES
from indexlab.margin.account_rules import CollateralRule
from indexlab.margin.case import FundingCase, LiquidationCase, MarginCase, Series, Status
from indexlab.market.seeds import stream
from indexlab.scenarios.margin_accounts import Placed, accounts_of, notional_of
from indexlab.scenarios.margin_borders import plain_near
from indexlab.scenarios.margin_forced import forced_case, victim
from indexlab.scenarios.margin_slots import LEAST_SPAN_US, compressed, funding_case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from indexlab.margin.rules import VenueRules

__all__ = ["MOST_TIMES", "Published", "margin_case", "retold"]

MOST_TIMES: Final = 12
_MOST_CONTRACTS: Final = 3
_PARTS: Final = 0.5
"""In this share of the cases there is funding, in this share a forced reduction, where not all have both."""
_STRAYS: Final = (0.0, 0.0, 0.0005, -0.0005, 0.004, -0.004, 0.03, -0.03, 0.2, -0.2)
_USUAL: Final = 100.0
_SMALLEST, _LARGEST = 1e-6, 1e9
_DOLLARS: Final = ("USD", "USDT", "USDC")


class Published(NamedTuple):
    """What was published at `times` (sorted, microseconds): the index, where it is missing, and status codes; each [T]."""

    times: NDArray[np.int64]
    value: NDArray[np.float64]
    missing: NDArray[np.bool_]
    status: NDArray[np.int8]

    @classmethod
    def of(cls, times: ArrayLike, value: ArrayLike, missing: ArrayLike, status: ArrayLike) -> Published:
        """Return columns as they are used here."""
        return cls(np.asarray(times, dtype=np.int64), np.asarray(value, dtype=np.float64), np.asarray(missing, dtype=bool), np.asarray(status, dtype=np.int8))

    def at(self, times: Sequence[int]) -> list[float | None]:
        """Return the newest value at or before each of these times; None where there is none to act on."""
        rows = np.searchsorted(self.times, np.asarray(times, dtype=np.int64), side="right") - 1
        usable = ~self.missing & np.isfinite(self.value) & (self.value > _SMALLEST) & (self.value < _LARGEST)
        return [float(self.value[row]) if row >= 0 and usable[row] else None for row in rows.tolist()]

    def status_at(self, times: Sequence[int]) -> list[Status]:
        """Return the status at or before each of these times; halted where nothing was published yet."""
        rows = np.searchsorted(self.times, np.asarray(times, dtype=np.int64), side="right") - 1
        return [_status(int(self.status[row])) if row >= 0 else "halted" for row in rows.tolist()]


def _status(code: int) -> Status:
    return STATUSES[code]


def margin_case(
    seed: int,
    rules: VenueRules,
    times: ArrayLike,
    index_value: ArrayLike,
    missing: ArrayLike,
    status: ArrayLike,
    *,
    most_times: int = MOST_TIMES,
    whole: bool = False,
) -> MarginCase:
    """Return the case of a seed over an index that was published at `times` (microseconds, [T]); it prices the underlying of the case's first contract.

    Accounts are of all modes that the rules allow; the mark wanders from the index, and stands exactly at borders of accounts, in decimals, at some times.
    `whole`: it has funding and a forced reduction, which otherwise half of the cases have each.
    """
    told, draw = Published.of(times, index_value, missing, status), stream("margin-case", seed)
    moments = _moments(told.times, most_times)
    seen = told.at(moments)
    level = next((value for value in seen if value is not None), _USUAL)
    rules = _rules_for(draw, rules, moments)
    price, index = _levels(draw, rules, level)
    placed = list(accounts_of(draw, rules, price, index))
    mark = _marks(draw, rules, placed, price, seen)
    first, tested = rules.contracts[0], rules.contracts[0].underlying
    well: Status = "ok"
    statuses = {name: tuple(told.status_at(moments)) if name == tested else (well,) * len(moments) for name in index}
    case = MarginCase(
        rules=rules,
        accounts=tuple(each.account for each in placed),
        times=tuple(moments),
        index={name: tuple(seen) if name == tested else tuple(_plain_walk(draw, value, len(moments))) for name, value in index.items()},
        mark=mark,
        status=_interrupted(draw, statuses),
        last={name: tuple(_astray(value, place) for place, value in enumerate(series)) for name, series in mark.items()},
        short_mark={first.id: tuple(_above(value) for value in mark[first.id])} if rules.mark.strict != "none" else {},
        open_interest=_open_interest(draw, rules),
    )
    return _with_parts(draw, case, price, [(time, value) for time, value in zip(moments, seen, strict=True) if value is not None], 1.0 if whole else _PARTS)


def retold(case: MarginCase, clean: Published, broken: Published) -> MarginCase:
    """Return the case over another index: at each time what comes from the index is multiplied by how far the broken one is from the clean one."""
    tested = case.rules.contracts[0].underlying
    mine = {contract.id for contract in case.rules.contracts if contract.underlying == tested}
    before, after = clean.at(case.times), broken.at(case.times)
    index = tuple(
        value if one == other else None if other is None else other if one is None or value is None else value * (other / one)
        for value, one, other in zip(case.index.get(tested, (None,) * len(case.times)), before, after, strict=True)
    )
    statuses = tuple(
        said if mine_ == theirs else theirs
        for said, mine_, theirs in zip(
            case.status.get(tested, ("ok",) * len(case.times)), clean.status_at(case.times), broken.status_at(case.times), strict=True
        )
    )
    ratios = [1.0 if one is None or other is None or one == other else other / one for one, other in zip(before, after, strict=True)]
    moved = {
        name: {each: _times(series, ratios) if each in mine else series for each, series in getattr(case, name).items()}
        for name in ("mark", "last", "short_mark")
    }
    funding = None if case.funding is None else _refunded(case.funding, clean, broken) if case.funding.contract in mine else case.funding
    forced = case.liquidation
    owner = next((account.contract for account in case.accounts if forced is not None and account.id == forced.account), "")
    if forced is not None and owner in mine:
        forced = _reforced(forced, clean, broken)
    return msgspec.structs.replace(
        case, index=case.index | {tested: index}, status=case.status | {tested: statuses}, funding=funding, liquidation=forced, **moved
    )


def _times(series: Series, ratios: Sequence[float]) -> Series:
    return tuple(None if value is None else value if ratio == 1.0 else value * ratio for value, ratio in zip(series, ratios, strict=True))


def _ratios(times: Sequence[int], clean: Published, broken: Published) -> list[float]:
    pairs = zip(clean.at(times), broken.at(times), strict=True)
    return [1.0 if one is None or other is None or one == other else other / one for one, other in pairs]


def _refunded(funding: FundingCase, clean: Published, broken: Published) -> FundingCase:
    """The book of the contract is its own: only the index of a sample, and the price of payments, come from the index."""
    factors = _ratios([sample.time for sample in funding.samples], clean, broken)
    samples = tuple(msgspec.structs.replace(sample, index=sample.index * factor) for sample, factor in zip(funding.samples, factors, strict=True))
    factors = _ratios([time for time, _ in funding.price], clean, broken)
    price = tuple((time, value * factor) for (time, value), factor in zip(funding.price, factors, strict=True))
    return msgspec.structs.replace(funding, samples=samples, price=price)


def _reforced(forced: LiquidationCase, clean: Published, broken: Published) -> LiquidationCase:
    factors = _ratios([time for time, _ in forced.marks], clean, broken)
    return msgspec.structs.replace(forced, marks=tuple((time, mark * factor) for (time, mark), factor in zip(forced.marks, factors, strict=True)))


def _moments(times: NDArray[np.int64], most: int) -> list[int]:
    """Return at most so many distinct times, evenly spread, with the first and the last."""
    known = np.unique(times)
    if len(known) <= most:
        return [int(time) for time in known]
    return [int(known[row]) for row in np.unique(np.linspace(0, len(known) - 1, most).astype(int))]


def _rules_for(draw: np.random.Generator, rules: VenueRules, moments: Sequence[int]) -> VenueRules:
    """Return the rules with a few of their contracts, funding slots that fall into the run, and collateral that the tested index prices."""
    order = [int(place) for place in draw.permutation(len(rules.contracts))][:_MOST_CONTRACTS]
    contracts = tuple(rules.contracts[place] for place in order)
    collateral, tested = rules.collateral, contracts[0].underlying
    if rules.states.currency in _DOLLARS and not any(rule.index == tested for rule in collateral):
        collateral = (*collateral, CollateralRule(tested, 0.95, tested))
    funding = rules.funding
    if funding is not None and len(moments) > 1 and moments[-1] - moments[0] >= LEAST_SPAN_US:
        funding = compressed(draw, funding, moments[0], moments[-1])
    return msgspec.structs.replace(rules, contracts=contracts, collateral=collateral, funding=funding, assumed={})


def _levels(draw: np.random.Generator, rules: VenueRules, level: float) -> tuple[dict[str, float], dict[str, float]]:
    """Return a usual price of each contract, and of whatever is priced by an index."""
    names = [contract.underlying for contract in rules.contracts] + [rule.index for rule in rules.collateral if rule.index]
    index: dict[str, float] = {}
    for name in names:
        if name not in index:
            index[name] = level if not index else plain_near(level * float(draw.choice((0.05, 0.4, 3.0))))
    return {contract.id: index[contract.underlying] for contract in rules.contracts}, index


def _plain_walk(draw: np.random.Generator, value: float, count: int) -> list[float]:
    return [float(f"{value * (1 + float(draw.choice(_STRAYS[:6]))):.7g}") for _ in range(count)]


def _marks(
    draw: np.random.Generator, rules: VenueRules, placed: Sequence[Placed], price: Mapping[str, float], seen: Sequence[float | None]
) -> dict[str, Series]:
    """Return marks by contract: near the index, now and then far from it, and at some times exactly where an account changes."""
    tested = rules.contracts[0].underlying
    marks: dict[str, Series] = {}
    for contract in rules.contracts:
        borders = [each.mark for each in placed if each.mark is not None and each.account.contract == contract.id and each.account.mode == "isolated"]
        series: list[float | None] = []
        for place, value in enumerate(seen):
            near = price[contract.id] if contract.underlying != tested or value is None else value
            stray = float(f"{near * (1 + float(draw.choice(_STRAYS))):.8g}")
            exactly = borders[place % len(borders)] if borders and draw.random() < 0.6 else stray
            series.append(None if value is None and contract.underlying == tested and draw.random() < 0.5 else exactly)
        marks[contract.id] = tuple(series)
    return marks


def _interrupted(draw: np.random.Generator, statuses: Mapping[str, tuple[Status, ...]]) -> dict[str, tuple[Status, ...]]:
    """Let one index be degraded, held or halted for a moment, in a third of the cases, whatever the tested one does."""
    told = dict(statuses)
    if draw.random() < 1 / 3:
        name = list(told)[int(draw.integers(0, len(told)))]
        series = list(told[name])
        if series:
            series[int(draw.integers(0, len(series)))] = _status(DEGRADED + int(draw.integers(0, 3)))
        told[name] = tuple(series)
    return told


def _astray(mark: float | None, place: int) -> float | None:
    return None if mark is None or place % 5 == 4 else float(f"{mark * (1.03 if place % 2 else 0.96):.8g}")


def _above(mark: float | None) -> float | None:
    return None if mark is None else float(f"{mark * 1.002:.8g}")


def _open_interest(draw: np.random.Generator, rules: VenueRules) -> dict[str, float]:
    found = {}
    for contract in rules.contracts:
        scale = contract.open_interest
        if scale is not None:
            found[contract.id] = float(f"{scale.lower + (scale.upper - scale.lower) * float(draw.choice((-0.2, 0.0, 0.3, 0.9, 1.2))):.6g}")
    return {name: max(amount, 0.0) for name, amount in found.items()}


def _with_parts(draw: np.random.Generator, case: MarginCase, price: Mapping[str, float], index: Sequence[tuple[int, float]], share: float) -> MarginCase:
    """Add funding and a forced reduction, each in this share of the cases, of the contract that the tested index prices."""
    contract = case.rules.contracts[0]
    if not case.times:
        return case
    span, level = (case.times[0], case.times[-1]), price[contract.id]
    if draw.random() < share:
        size = max(abs(account.size) for account in case.accounts if account.mode == "isolated" and account.contract == contract.id)
        case = msgspec.structs.replace(case, funding=funding_case(draw, case.rules, contract, span, index, min(size, 1e6 / notional_of(contract, 1.0, level))))
    if draw.random() < share:
        mark = plain_near(level)
        account = victim(draw, case.rules, contract, mark)
        case = msgspec.structs.replace(case, accounts=(*case.accounts, account), liquidation=forced_case(draw, case.rules, contract, account, mark, span))
    return case
