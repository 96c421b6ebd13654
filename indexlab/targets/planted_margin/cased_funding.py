"""Cases with one thing wrong in their funding: who holds when, which samples and prices are taken, when the clock is read. Pure, no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.case import FundingCase, Holding, MarginCase, Sample
    from indexlab.margin.funding_rules import FundingRule

__all__ = [
    "asks_ignored", "closed_still_pays", "fewer_digits", "funding_at_entry", "funding_inverse_as_linear", "latest_sample_alone", "newcomers_pay",
    "opened_at_slot_free", "price_after_slot", "samples_before_the_interval", "samples_of_mid", "slot_sample_to_next", "unscaled", "window_late_doubled",
]  # fmt: skip


def _funding(case: MarginCase, change: Callable[[FundingCase], FundingCase]) -> MarginCase:
    return case if case.funding is None else msgspec.structs.replace(case, funding=change(case.funding))


def _holdings(case: MarginCase, change: Callable[[Holding], Holding]) -> MarginCase:
    return _funding(case, lambda one: msgspec.structs.replace(one, holdings=tuple(change(holding) for holding in one.holdings)))


def _samples(case: MarginCase, change: Callable[[Sample], Sample]) -> MarginCase:
    return _funding(case, lambda one: msgspec.structs.replace(one, samples=tuple(change(sample) for sample in one.samples)))


def _interval(case: MarginCase) -> int:
    return case.rules.funding.interval_us if case.rules.funding is not None else 0


def newcomers_pay(case: MarginCase) -> MarginCase:
    """Who opens within an interval after the slot is charged for the time before."""
    interval = _interval(case)
    return _holdings(case, lambda one: msgspec.structs.replace(one, opened=one.opened - interval + 1))


def closed_still_pays(case: MarginCase) -> MarginCase:
    """Who closed within a minute before the slot, or at it, still pays."""
    return _holdings(case, lambda one: one if one.closed is None else msgspec.structs.replace(one, closed=one.closed + 60_000_000))


def opened_at_slot_free(case: MarginCase) -> MarginCase:
    """Who opens at the very slot does not pay, nor does who opens in the seconds after it."""
    late = case.rules.funding.window_late_us if case.rules.funding is not None else 0
    return _holdings(case, lambda one: msgspec.structs.replace(one, opened=one.opened + max(late, 1)))


def window_late_doubled(case: MarginCase) -> MarginCase:
    """The seconds after the slot in which who opens still pays are counted twice."""
    late = case.rules.funding.window_late_us if case.rules.funding is not None else 0
    return _holdings(case, lambda one: msgspec.structs.replace(one, opened=one.opened - late))


def slot_sample_to_next(case: MarginCase) -> MarginCase:
    """A sample at the very slot belongs to the next interval."""
    return _samples(case, lambda one: msgspec.structs.replace(one, time=one.time + 1))


def samples_before_the_interval(case: MarginCase) -> MarginCase:
    """The interval's samples are taken half an interval too early."""
    half = _interval(case) // 2
    return _samples(case, lambda one: msgspec.structs.replace(one, time=one.time + half))


def latest_sample_alone(case: MarginCase) -> MarginCase:
    """The premium is the one of the interval's last sample, not an average."""
    interval, offset = _interval(case), case.rules.funding.offset_us if case.rules.funding is not None else 0

    def last(one: FundingCase) -> FundingCase:
        # samples are in the order of their times: the last one of each interval stays
        kept = {-(-(sample.time - offset) // max(interval, 1)): sample for sample in one.samples}
        return msgspec.structs.replace(one, samples=tuple(kept.values()))

    return _funding(case, last)


def asks_ignored(case: MarginCase) -> MarginCase:
    """A discount is not seen: the premium is max(0, impact bid - index) alone."""
    return _samples(case, lambda one: msgspec.structs.replace(one, ask=max(one.ask, one.index)))


def samples_of_mid(case: MarginCase) -> MarginCase:
    """The premium is the middle's distance from the index."""
    return _samples(case, lambda one: msgspec.structs.replace(one, bid=(one.bid + one.ask) / 2, ask=(one.bid + one.ask) / 2))


def funding_at_entry(case: MarginCase) -> MarginCase:
    """The notional is the one of the first price, whatever the price at the slot."""
    return _funding(case, lambda one: msgspec.structs.replace(one, price=tuple((time, one.price[0][1]) for time, _ in one.price)))


def price_after_slot(case: MarginCase) -> MarginCase:
    """The price is the next one after the slot, not the newest at it."""

    def next_one(one: FundingCase) -> FundingCase:
        prices = sorted(one.price)
        return msgspec.structs.replace(one, price=tuple((time, after) for (time, _), (_, after) in zip(prices, (*prices[1:], *prices[-1:]), strict=True)))

    return _funding(case, next_one)


def _ruled(case: MarginCase, change: Callable[[FundingRule], FundingRule]) -> MarginCase:
    rule = case.rules.funding
    return case if rule is None else msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, funding=change(rule)))


def unscaled(case: MarginCase) -> MarginCase:
    """The rate per base interval is not scaled to the interval that it is paid for."""
    return _ruled(
        case,
        lambda rule: msgspec.structs.replace(
            rule, base_interval_us=rule.interval_us if rule.interval_us != rule.base_interval_us else rule.shorter_interval_us or rule.base_interval_us
        ),
    )


def fewer_digits(case: MarginCase) -> MarginCase:
    """The rate is rounded two digits too early."""
    return _ruled(case, lambda rule: msgspec.structs.replace(rule, rate_decimals=max(rule.rate_decimals - 2, 0)))


def funding_inverse_as_linear(case: MarginCase) -> MarginCase:
    """The notional of an inverse contract is size * price."""
    name = "" if case.funding is None else case.funding.contract
    contracts = tuple(msgspec.structs.replace(one, kind="quanto") if one.id == name and one.is_inverse else one for one in case.rules.contracts)
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, contracts=contracts))
