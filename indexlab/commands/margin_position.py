"""From what a person says of a position to accounts, bands and incidents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from indexlab.audit.incident import THE_DAY, Incident, incident
from indexlab.audit.incident_plan import INCIDENT_TOML, OTHERS, IncidentPlan, OtherIndex, incident_plan
from indexlab.audit.replay import replay_fixture, rules_of_the_day
from indexlab.audit.venues import rules_named
from indexlab.margin.opening import checked_figure, opened, usual_notional
from indexlab.market.errors import InputError
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.market.units import ratio
from indexlab.report.margin_band import BandPicture, band_picture
from indexlab.report.margin_show import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.account import Account
    from indexlab.margin.contract import Contract
    from indexlab.margin.opening import Side
    from indexlab.margin.rules import VenueRules

__all__ = ["Asked", "band_of", "each_position", "incident_of", "leverage_of", "price_of", "share_of"]

_USUAL_PRICE = 10_000.0
_USUAL_INDEX = "preset:deribit-2019"


class Asked(NamedTuple):
    """The positions that were asked about: (leverage, account), and what they share."""

    contract: Contract
    notional: float
    price: float
    accounts: list[tuple[float, Account]]


def leverage_of(text: str) -> float:
    """Read a leverage: 20 or 20x. Raises InputError."""
    try:
        return float(text.strip().lower().removesuffix("x"))
    except ValueError:
        problem = f'must be a number, was "{text}"'
        raise InputError(problem, key="leverage", remedy='write "20" or "20x"') from None


def price_of(mark: float) -> float:
    """Return a mark that is a price. Raises InputError."""
    return checked_figure("mark", mark)


def share_of(text: str) -> float:
    """Read a source's share of the index: 25%, 0.25. Raises InputError where it is not above 0."""
    bare = text.replace(".", "", 1).isdigit()
    share = ratio(float(text) if bare else text, key="weight")
    if not share > 0:
        problem = f"must be above 0, was {text}"
        raise InputError(problem, key="weight")
    return share


def each_position(rules: VenueRules, leverages: Sequence[str], side: str, *, contract: str | None, notional: float | None, price: float) -> Asked:
    """Return the positions, sides first. Raises InputError for what the venue does not offer."""
    traded = _contract(rules, contract)
    worth = usual_notional(traded) if notional is None else notional
    sides: tuple[Side, ...] = ("long", "short") if side == "both" else ("long",) if side == "long" else ("short",)
    numbers = [leverage_of(text) for text in leverages]
    return Asked(traded, worth, price, [(each, opened(rules, traded, one, each, notional=worth, price=price)) for one in sides for each in numbers])


def _contract(rules: VenueRules, name: str | None) -> Contract:
    return rules.contracts[0] if name is None else rules.contract(name)


def band_of(
    rules: VenueRules,
    leverage: float,
    side: Side,
    labels: Sequence[str],
    *,
    contract: str | None,
    notional: float | None,
    price: float | None,
    fixture: str | None,
) -> BandPicture:
    """Return a position's band, and over a fixture what each index did to it. Raises InputError; TargetFailure where an index does not answer."""
    traded = _contract(rules, contract)
    runs = [] if fixture is None else _paths(fixture, labels)
    if price is None:
        price = next((value for _, _, values in runs for value in values if value is not None), _USUAL_PRICE)
    worth = usual_notional(traded) if notional is None else notional
    account = opened(rules, traded, side, leverage, notional=worth, price=price)
    unit = traded.settlement if traded.kind == "quanto" else traded.quote
    title = f"{side} {leverage:g}x at {rules.venue.id}, {traded.id}"
    where = f"{figure(worth)} {unit} opened at {figure(price)}, margin {figure(account.collateral)} {traded.settlement}"
    return band_picture(account, rules, title, where if fixture is None else f"{where}; the mark is the index over {fixture}", runs)


def _paths(name: str, labels: Sequence[str]) -> list[tuple[str, list[int], list[float | None]]]:
    fixture = load_fixture(find_fixture(name))
    day = rules_of_the_day(fixture)
    wanted = [(THE_DAY if _same_file(label, day) else _shown(label), label) for label in labels]
    if not wanted:
        wanted = [*([] if day is None else [(THE_DAY, day)]), (_USUAL_INDEX.removeprefix("preset:"), _USUAL_INDEX)]
    runs = [(shown, replay_fixture(name, label)) for shown, label in wanted]
    return [(shown, run.times, run.index) for shown, run in runs]


def _same_file(label: str, day: str | None) -> bool:
    scheme, _, name = label.partition(":")
    return day is not None and scheme == "file" and Path(name).resolve() == Path(day.partition(":")[2]).resolve()


def _shown(label: str) -> str:
    """Return what a table calls a target."""
    name = label.removeprefix("preset:")
    return name.rpartition("/")[2] if name.startswith("file:") else name


def incident_of(name: str, *, venue: str | None, contract: str | None, notional: float | None, labels: Sequence[str], broken: Sequence[str]) -> Incident:
    """Run an incident; what is given stands in for the fixture's own plan. Raises InputError."""
    plan = _plan(name, venue, contract)
    changes: dict[str, Any] = {}
    if notional is not None:
        changes["notional"] = notional
    if labels:
        changes["others"] = tuple(OtherIndex(_shown(label), label) for label in labels)
    if broken:
        changes["clean"] = dict.fromkeys(broken, OTHERS)
    return incident(name, plan=msgspec.structs.replace(plan, **changes))


def _plan(name: str, venue: str | None, contract: str | None) -> IncidentPlan:
    """Return the fixture's own plan, or one under another venue's rules."""
    fixture = load_fixture(find_fixture(name))
    own = incident_plan(fixture)
    if venue is None:
        if own is None:
            problem = f"does not say whose margin rules hold: there is no {INCIDENT_TOML} beside it"
            raise InputError(problem, file=fixture.folder, remedy="name a venue with --venue")
        if contract is None:
            return own
        other = rules_named(own.venue).contract(contract)
        return msgspec.structs.replace(own, contract=other.id, notional=usual_notional(other))
    traded = _contract(rules_named(venue), contract)
    plan = IncidentPlan(venue=venue, contract=traded.id, notional=usual_notional(traded), clean={}, others=())
    return plan if own is None else msgspec.structs.replace(plan, clean=own.clean, others=own.others, collateral=own.collateral)
