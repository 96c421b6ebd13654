"""Funding of a position over some slots: what was computed, as rows, and as text with a small figure. Altair draws the other one, `margin_funding_figure`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from indexlab.margin.case import FundingCase, Holding
from indexlab.margin.funding import average_premium, is_there, settle, slots
from indexlab.margin.funding_check import funding_of
from indexlab.margin.funding_pressure import least_leverage_charged
from indexlab.margin.funding_rate import Premiums
from indexlab.margin.ledger import FUND
from indexlab.market.errors import InputError
from indexlab.market.times import time_text
from indexlab.market.units import SECOND, format_duration, format_ratio
from indexlab.report.grid import aligned, wrapped
from indexlab.report.margin_lines import path_line
from indexlab.report.margin_show_rules import figure, funding_lines
from indexlab.report.plain import plain
from indexlab.report.words import count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.case import Sample
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.opening import Side
    from indexlab.margin.rules import VenueRules

__all__ = ["POSITION", "FundingView", "SlotRow", "contracts_text", "funding_text", "funding_view", "rate_text"]

POSITION: Final = "position"
_SHARES: Final = (Decimal("0.5"), Decimal("0.3"), Decimal("0.2"))
"""The other side, split in three: so there is a remainder to see."""
_COLUMNS: Final = 72
_WIDTH: Final = 100
_MOST_ROWS: Final = 40


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A slot (microseconds): average premium, rate before and after the cap, and in smallest units what each party receives (below 0: pays)."""

    time: int
    interval_us: int
    premium: float
    before_cap: float
    rate: float
    capped: bool
    received: dict[str, int]


@dataclass(frozen=True, slots=True)
class FundingView:
    """A position's funding; `samples` are (time, premium). `falls_from` is the least leverage that a payment at the cap liquidates by itself, None: none."""

    venue: str
    contract: str
    settlement: str
    unit: float
    size: float
    notional: float
    lines: tuple[str, ...]
    cap: float
    samples: tuple[tuple[int, float], ...]
    slots: tuple[SlotRow, ...]
    who_pays: tuple[tuple[str, bool], ...]
    falls_from: float | None

    @property
    def received(self) -> float:
        """What the position received over all slots (below 0: paid), in the settlement currency."""
        return sum(slot.received.get(POSITION, 0) for slot in self.slots) * self.unit


def funding_view(rules: VenueRules, contract_id: str, size: float, samples: Sequence[Sample], span: tuple[int, int]) -> FundingView:
    """Return the funding of a position of `size` contracts, held all the time against three others, over the slots in (start, end].

    Payments are at the sample's index, or the middle of its bid and ask where the rule takes the mark. Raises InputError.
    """
    rule, contract = funding_of(rules), rules.contract(contract_id)
    start, end = span
    price = tuple((one.time, one.index if rule.price == "index" else (one.bid + one.ask) / 2) for one in samples)
    size = float(f"{size:.10g}")
    others = [Holding(f"maker {place}", float(-share * Decimal(repr(size))), start) for place, share in enumerate(_SHARES, 1)]
    case = FundingCase(contract.id, start, end, tuple(samples), (Holding(POSITION, size, start), *others), price, (end,))
    answer, premiums = settle(rules, case), Premiums(samples)
    rows = tuple(
        SlotRow(slot.time, slot.interval_us, average_premium(rule, premiums, slot), slot.rate.before_cap, slot.rate.value, slot.rate.capped, received)
        for slot, received in zip(slots(rule, case), answer.payments, strict=True)
    )
    if not rows:
        problem = f"must hold a slot: there is none from {time_text(start)} to {time_text(end)}"
        raise InputError(problem, key="samples", remedy=f"slots come every {format_duration(rule.interval_us)}")
    mark = next((value for _, value in reversed(price) if value > 0), 1.0)
    worth = abs(size) * contract.multiplier * (1.0 if contract.is_inverse else mark)
    side: Side = "long" if size > 0 else "short"
    falls = least_leverage_charged(rules, contract, side, rule.cap if size > 0 else -rule.cap, mark, notional=worth) if rule.cap else None
    known = tuple(zip((int(time) for time in premiums.times), (float(value) for value in premiums.values), strict=True))
    shown = tuple(funding_lines(rule))
    return FundingView(rules.venue.id, contract.id, contract.settlement, contract.unit, size, worth, shown, rule.cap, known, rows, _who(rule, rows), falls)


def _who(rule: FundingRule, rows: Sequence[SlotRow]) -> tuple[tuple[str, bool], ...]:
    """Return who pays the first slot: those who open or close about it."""
    slot, late = rows[0].time, rule.window_late_us
    opens = [("opens 1s before a slot", -SECOND), ("opens at it", 0), ("opens 1s after it", SECOND)]
    if late:
        opens.append((f"opens {format_duration(late)} after it", late))
    asked = [(said, Holding("", 1.0, slot + off)) for said, off in opens]
    asked += [(said, Holding("", 1.0, slot - 2 * SECOND, slot + off)) for said, off in (("closes at it", 0), ("closes 1s after it", SECOND))]
    return tuple((said, is_there(rule, holding, slot)) for said, holding in asked)


def contracts_text(size: float) -> str:
    """Write a number of contracts, whatever the side."""
    return f"{abs(size):,.10g} contract{'' if abs(size) == 1 else 's'}".replace(",", " ")


def rate_text(rate: float) -> str:
    """Write a rate in percent with up to 6 decimals."""
    text = f"{rate * 100:.6f}".rstrip("0").removesuffix(".")
    return "0%" if text == "-0" else f"{text}%"


def funding_text(view: FundingView) -> str:
    """Return the rule, a row a slot, a figure, who pays, the remainder, and what a payment does to leverage."""
    side = "long" if view.size > 0 else "short"
    head = f"{plain(view.venue)} {plain(view.contract)}: a {side} of {contracts_text(view.size)}"
    lines = [head, *(f"  {line}" for line in view.lines), ""]
    lines += [*_table(view), "", *_figure(view), "", *_payers(view), *_remainder(view)]
    return "\n".join([*lines, *_pressure(view, side)])


def _table(view: FundingView) -> list[str]:
    rows = [["slot", "premium", "before the cap", "rate", "", f"the {'long' if view.size > 0 else 'short'} pays"]]
    for slot in view.slots[:_MOST_ROWS]:
        money = f"{figure(-slot.received.get(POSITION, 0) * view.unit)} {plain(view.settlement)}"
        rows.append([time_text(slot.time), rate_text(slot.premium), rate_text(slot.before_cap), rate_text(slot.rate), "cap" if slot.capped else "", money])
    left = len(view.slots) - _MOST_ROWS
    more = [f"  and {count_of(left, 'slot')} more"] if left > 0 else []
    total = f"{figure(0.0 - view.received)} {plain(view.settlement)}"
    rows.append(["all", "", "", "", "", total])
    return [*aligned(rows, right=frozenset({1, 2, 3, 5}), indent=2), *more]


def _figure(view: FundingView) -> list[str]:
    """Return the premium, and below it the rate of the slot that each sample counts for, each on its own scale."""
    rates: list[float | None] = []
    slots = list(view.slots)
    for time, _ in view.samples:
        while slots and slots[0].time < time:
            slots.pop(0)
        rates.append(slots[0].rate if slots else None)
    lines = []
    for name, values in (("premium", [premium for _, premium in view.samples]), ("rate", rates)):
        known = [value for value in values if value is not None]
        if known:
            low, high = min(known), max(known)
            lines.append(f"  {name:<8}{path_line(values, _COLUMNS, low=low, high=high)}  {rate_text(low)} to {rate_text(high)}")
    return lines


def _payers(view: FundingView) -> list[str]:
    yes = [said for said, pays in view.who_pays if pays]
    no = [said for said, pays in view.who_pays if not pays]
    return wrapped(f"A position pays that {', '.join(yes)}; one does not that {', '.join(no)}.", _WIDTH, indent=2)


def _remainder(view: FundingView) -> list[str]:
    slot = max(view.slots, key=lambda slot: (FUND in slot.received, abs(slot.received.get(POSITION, 0))))
    parties = ", ".join(f"{party} {amount:+d}" for party, amount in slot.received.items())
    text = f"At {time_text(slot.time)}, in units of {view.unit:g} {plain(view.settlement)}: {parties}; together {sum(slot.received.values())}."
    return wrapped(text, _WIDTH, indent=2)


def _pressure(view: FundingView, side: str) -> list[str]:
    if not view.cap:
        return []
    what = "liquidates no leverage that may be opened" if view.falls_from is None else f"alone liquidates from {view.falls_from:g}x on"
    text = f"One payment at the cap of {format_ratio(view.cap)}, right after a {side} of this size was opened, {what}."
    return wrapped(text, _WIDTH, indent=2)
