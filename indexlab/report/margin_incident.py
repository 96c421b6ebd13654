"""An incident as a table for people: a row an account, a column an index; who was liquidated when, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.market.times import clock_text, time_text
from indexlab.properties.tell import price_text
from indexlab.report.grid import aligned, wrapped
from indexlab.report.margin_show import figure
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from indexlab.audit.incident import AccountFates, Fate, Incident, IndexRun

__all__ = ["incident_text", "money_text", "shown_accounts"]

_SHOWN: Final = (1, 2, 3, 5, 10, 20, 25, 50, 75, 100, 125)
_WIDTH: Final = 116
_MARK: Final = "the mark is taken to be the index: what the contract's own book said is in no fixture"


def incident_text(found: Incident) -> str:
    """Return the incident as text: what each index did, which leverages fell through the fault alone, and the accounts."""
    notional = figure(found.notional)
    lines = [
        f"{plain(found.fixture)}: {plain(found.title)}",
        f"  {time_text(found.times[0])} to {time_text(found.times[-1])}",
        f"  accounts under {plain(found.venue)}, {plain(found.contract)}, a notional of {notional} each, opened at an index of {price_text(found.price)}",
    ]
    if found.collateral_asset is not None:
        lines.append(f"  their collateral is {plain(found.collateral_asset)}, which the index prices; the position's own mark does not move")
    lines += ["", *_indices(found), "", *_table(found), ""]
    lines += wrapped(_notes(found), _WIDTH)
    return "\n".join(lines)


def shown_accounts(found: Incident) -> list[AccountFates]:
    """Return the accounts of the table: round leverages, the highest, and for each run the one below and the one from which accounts fell."""
    wanted: set[tuple[str, float]] = set()
    for side in ("long", "short"):
        offered = sorted(each.leverage for each in found.accounts if each.side == side)
        if not offered:
            continue
        if all(fate.liquidated is None for each in found.accounts if each.side == side for fate in each.fates):
            wanted |= {(side, leverage) for leverage in (offered[0], offered[-1])}
            continue
        wanted |= {(side, leverage) for leverage in offered if leverage in _SHOWN or leverage == offered[-1]}
        for run in range(len(found.runs)):
            first = min((each.leverage for each in found.accounts if each.side == side and each.fates[run].liquidated is not None), default=None)
            wanted |= set() if first is None else {(side, first), (side, max((each for each in offered if each < first), default=first))}
    return [each for each in found.accounts if (each.side, each.leverage) in wanted]


def money_text(amount: float) -> str:
    """Write an amount of money with four significant digits and no exponent."""
    return f"{amount:,.2f}".replace(",", " ") if abs(amount) >= 100 else f"{amount:.4g}" if abs(amount) >= 0.0001 or amount == 0 else f"{amount:.8f}"


def _indices(found: Incident) -> list[str]:
    rows = [["index", "first", "lowest", "highest", "status", "liquidated", "through the fault alone"]]
    for place, run in enumerate(found.runs):
        gone = sum(each.fates[place].liquidated is not None for each in found.accounts)
        known = [value for value in run.index if value is not None]
        low, high = run.extreme(low=True), run.extreme(low=False)
        prices = ["-"] * 3 if low is None or high is None else [price_text(known[0]), price_text(low), price_text(high)]
        rows.append([plain(run.name), *prices, _statuses(run), f"{gone} of {len(found.accounts)}", "-" if place == 1 else _fell(found, place)])
    return aligned(rows, right=frozenset({1, 2, 3, 5}), indent=2)


def _statuses(run: IndexRun) -> str:
    counted = {status: run.status.count(status) for status in dict.fromkeys(run.status)}
    return run.status[0] if len(counted) == 1 else ", ".join(f"{many} {status}" for status, many in counted.items())


def _fell(found: Incident, place: int) -> str:
    said = []
    for side in ("long", "short"):
        hurt = [each.leverage for each in found.hurt(place) if each.side == side]
        if hurt:
            low, high = f"{min(hurt):.4g}x", f"{max(hurt):.4g}x"
            said.append(f"{side}s {low}" + (f" to {high}" if high != low else ""))
    return ", ".join(said) or "nobody"


def _table(found: Incident) -> list[str]:
    rows = [["side", "leverage", f"margin, {plain(found.currency)}", *(plain(run.name) for run in found.runs)]]
    rows += [
        [each.side, f"{each.leverage:.4g}x", money_text(each.collateral), *(_cell(fate, each.collateral) for fate in each.fates)]
        for each in shown_accounts(found)
    ]
    return aligned(rows, right=frozenset({1, 2}), indent=2)


def _cell(fate: Fate, collateral: float) -> str:
    if fate.liquidated is None:
        return ("frozen, " if fate.frozen and fate.worst != "frozen" else "") + fate.worst
    lost = "" if fate.cost is None else f" {-fate.cost / collateral:+.1%}"
    return clock_text(fate.liquidated) + lost


def _notes(found: Incident) -> str:
    said = "A time says when an account was liquidated, the ratio what that cost of its margin"
    if found.collateral_asset is not None:
        said += ": the fees, paid with collateral sold at the wrong index"
    elif found.takeover:
        said += f": what was left of it at the clean twin's price, since the venue takes a position of this size over at its bankruptcy price; {_MARK}"
    else:
        said += f", against closing at the clean twin's price without a fee; {_MARK}"
    return f"{said}. In the clean twin the broken sources say what the others do: who is liquidated there would have been without the fault."
