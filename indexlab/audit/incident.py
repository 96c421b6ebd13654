"""An incident as twin runs: who was liquidated under the rules of the day, who in the twin without the fault, and who under another index.

Isolated accounts of every whole leverage that the venue offers, long and short, are opened at the first index with nothing but their initial margin. The
mark is taken to be the index: what the contract's own book said is in no fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

from indexlab.audit.incident_accounts import Opened, opened_accounts
from indexlab.audit.incident_clean import clean_quotes
from indexlab.audit.incident_cost import cost_of
from indexlab.audit.incident_plan import IncidentPlan, OtherIndex, checked_plan, incident_plan
from indexlab.audit.replay import rules_of_the_day
from indexlab.audit.venues import rules_named
from indexlab.index.determination import STATUSES
from indexlab.margin.answer import answer
from indexlab.margin.case import MarginCase, Status
from indexlab.margin.opening import Side
from indexlab.margin.states import STATES
from indexlab.market.errors import InputError, TargetFailure
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.targets.options import USUAL
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from indexlab.margin.rules import VenueRules
    from indexlab.market.fixture import Fixture
    from indexlab.market.quotes import Quotes
    from indexlab.targets.options import TargetOptions

__all__ = ["CLEAN", "THE_DAY", "AccountFates", "Fate", "Incident", "IndexRun", "incident"]

THE_DAY: Final = "rules of the day"
CLEAN: Final = "clean twin"
_GONE: Final = ("liquidation", "bankrupt")

Reached: TypeAlias = "Callable[[str], TargetOptions]"


class IndexRun(msgspec.Struct, frozen=True):
    """One index over the incident: `index` at each of the incident's times (None: no value), and its status. `rules` is the target's label."""

    name: str
    rules: str
    index: tuple[float | None, ...]
    status: tuple[Status, ...]

    def extreme(self, *, low: bool) -> float | None:
        """Return the lowest or highest index, None where there never was one."""
        known = [value for value in self.index if value is not None]
        return (min(known) if low else max(known)) if known else None


class Fate(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one account under one index: the worst state, and where it was liquidated, when, at which index, and what that cost.

    `cost` is in the settlement currency, against closing at the clean twin's price without a fee; `fee` is what of it were fees. `frozen`: whether it ever was.
    """

    worst: str
    liquidated: int | None = None
    index: float | None = None
    cost: float | None = None
    fee: float | None = None
    frozen: bool = False


class AccountFates(msgspec.Struct, frozen=True):
    """One account, and its fate under each of the incident's runs, in their order; `collateral` in the incident's currency when it was opened."""

    side: Side
    leverage: float
    collateral: float
    fates: tuple[Fate, ...]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found. The first run is that of the day (the first index that was named where there are no rules of the day), the second its clean twin.

    `currency` is what collateral and costs are in.
    """

    fixture: str
    title: str
    venue: str
    contract: str
    currency: str
    notional: float
    price: float
    times: tuple[int, ...]
    runs: tuple[IndexRun, ...]
    accounts: tuple[AccountFates, ...]
    collateral_asset: str | None = None
    takeover: bool = False

    def falls_from(self, side: Side, run: int) -> float | None:
        """Return the lowest leverage of this side that was liquidated under a run and not in the clean twin, None where none was."""
        return min((each.leverage for each in self.hurt(run) if each.side == side), default=None)

    def hurt(self, run: int) -> list[AccountFates]:
        """Return the accounts that were liquidated under a run and not in the clean twin."""
        return [each for each in self.accounts if each.fates[run].liquidated is not None and each.fates[1].liquidated is None]


def incident(name: str, *, plan: IncidentPlan | None = None, reached: Reached = lambda _: USUAL) -> Incident:
    """Run an incident; `plan` stands in for its incident.toml. Raises InputError, or TargetFailure where an index does not answer."""
    fixture = load_fixture(find_fixture(name))
    plan = incident_plan(fixture) if plan is None else plan
    if plan is None:
        problem = "does not say whose margin rules hold: there is no incident.toml beside it"
        raise InputError(problem, file=fixture.folder, remedy="name a venue with --venue")
    rules = rules_named(checked_plan(plan, fixture).venue)
    runs = _runs(fixture, plan, reached)
    start = next((value for value in runs[0].index if value is not None), None)
    if start is None:
        problem = "has no index under the rules of the day: no account can be opened"
        raise InputError(problem, file=fixture.folder)
    accounts = opened_accounts(rules, plan, start)
    times = fixture.times()
    fates = [_fates(rules, plan, accounts, times, run, runs[1]) for run in runs]
    contract = rules.contract(plan.contract)
    return Incident(
        fixture=fixture.id,
        title=fixture.title,
        venue=rules.venue.id,
        contract=contract.id,
        currency=contract.settlement if plan.collateral is None else rules.states.currency,
        notional=plan.notional,
        price=start,
        times=tuple(times.tolist()),
        runs=tuple(runs),
        accounts=tuple(AccountFates(each.side, each.leverage, each.collateral, fate) for each, fate in zip(accounts, zip(*fates, strict=True), strict=True)),
        takeover=plan.takeover,
        collateral_asset=None if plan.collateral is None else plan.collateral.asset,
    )


def _runs(fixture: Fixture, plan: IncidentPlan, reached: Reached) -> list[IndexRun]:
    day = rules_of_the_day(fixture)
    if day is None and not plan.others:
        problem = "has no rules.toml, the rules of the day, beside it"
        raise InputError(problem, file=fixture.folder, remedy="name an index with --index")
    first, *others = plan.others if day is None else (OtherIndex(THE_DAY, day), *plan.others)
    quotes = fixture.quotes()
    runs = [
        _run(first, fixture, quotes, reached),
        _run(OtherIndex(CLEAN, first.rules), fixture, clean_quotes(quotes, fixture.basket, plan.clean), reached),
    ]
    for other in others:
        over = load_fixture(find_fixture(other.fixture)) if other.fixture else fixture
        if not np.array_equal(over.times(), fixture.times()):
            problem = f'must have the publication times of "{fixture.id}"'
            raise InputError(problem, file=over.folder)
        runs.append(_run(other, over, over.quotes() if other.fixture else quotes, reached))
    return runs


def _run(other: OtherIndex, fixture: Fixture, quotes: Quotes, reached: Reached) -> IndexRun:
    with open_target(other.rules, reached(other.rules)) as target:
        found = target.index([Request(fixture.basket, quotes, fixture.times())])[0]
    if isinstance(found, TargetFailure):
        raise found
    index = tuple(None if np.isnan(value) else float(value) for value in found.value)
    return IndexRun(other.name, other.rules, index, tuple(STATUSES[code] for code in found.status))


def _fates(rules: VenueRules, plan: IncidentPlan, accounts: Sequence[Opened], times: NDArray[np.int64], run: IndexRun, clean: IndexRun) -> list[Fate]:
    contract = rules.contract(plan.contract)
    priced = contract.underlying if plan.collateral is None else next(rule.index for rule in rules.collateral if rule.asset == plan.collateral.asset)
    said = list(zip(run.index, run.status, strict=True))
    # a state is the condition of the moment: what repeats the publication before it says nothing new, unless publications are counted
    kept = [place for place in range(len(times)) if place == 0 or said[place] != said[place - 1] or rules.states.persistence > 1]
    index = tuple(run.index[place] for place in kept)
    case = MarginCase(
        rules=rules,
        accounts=tuple(each.account for each in accounts),
        times=tuple(int(times[place]) for place in kept),
        index={priced: index},
        mark={contract.id: index if plan.collateral is None else (plan.collateral.underlying_price,) * len(kept)},
        status={priced: tuple(run.status[place] for place in kept)},
    )
    columns = zip(*answer(case).state, strict=True)
    return [_fate(rules, plan, each, dict(zip(kept, column, strict=True)), times, run, clean) for each, column in zip(accounts, columns, strict=True)]


def _fate(rules: VenueRules, plan: IncidentPlan, each: Opened, states: Mapping[int, str], times: NDArray[np.int64], run: IndexRun, clean: IndexRun) -> Fate:
    seen = set(states.values())
    gone = next((place for place, state in states.items() if state in _GONE), None)
    if gone is None:
        return Fate(max(seen - {"frozen"}, key=STATES.index, default="frozen"), frozen="frozen" in seen)
    worst = "bankrupt" if "bankrupt" in seen else "liquidation"
    index, true_price = run.index[gone], clean.index[gone]
    cost = None if index is None or true_price is None else cost_of(rules, plan, each.account, index, true_price)
    taken, fee = (None, None) if cost is None else cost
    return Fate(worst, int(times[gone]), index, taken, fee, "frozen" in seen)
