"""Answers about funding with one thing wrong: slots, rates, payments. Pure, no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from indexlab.margin.ledger import COUNTERPARTIES, FUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.case import FundingAnswer, FundingCase, MarginAnswer, MarginCase
    from indexlab.targets.planted_margin.defect import Engine

__all__ = [
    "away_from_zero", "cap_above_alone", "cap_unflagged", "charged_twice", "clock_step_skips", "counterparties_forgotten", "remainder_lost",
    "restart_pays_again", "sign_flipped", "skipped_never_paid", "skipped_paid_at_newest_rate", "step_back_pays_again", "tail_lost",
]  # fmt: skip


def _with(answer: MarginAnswer, funding: FundingAnswer) -> MarginAnswer:
    return msgspec.structs.replace(answer, funding=funding)


def _payments(answer: MarginAnswer, change: Callable[[dict[str, int]], dict[str, int]]) -> MarginAnswer:
    found = answer.funding
    return answer if found is None else _with(answer, msgspec.structs.replace(found, payments=tuple(change(paid) for paid in found.payments)))


def charged_twice(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Every payment is booked twice."""
    return _payments(answer, lambda paid: {party: 2 * amount for party, amount in paid.items()})


def sign_flipped(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Shorts pay to longs where the rate is above 0."""
    return _payments(answer, lambda paid: {party: -amount for party, amount in paid.items()})


def remainder_lost(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """What rounding leaves over is nobody's: payments do not net to zero."""
    rule = case.rules.funding
    if rule is None or answer.funding is None:
        return answer
    to_fund = engine(msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, funding=msgspec.structs.replace(rule, remainder="fund"))))
    return _payments(to_fund, lambda paid: {party: amount for party, amount in paid.items() if party != FUND})


def counterparties_forgotten(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """The rest of the open interest neither pays nor receives."""
    return _payments(answer, lambda paid: {party: amount for party, amount in paid.items() if party != COUNTERPARTIES})


def away_from_zero(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Payments are rounded away from zero, and the fund pays for it."""

    def rounded(paid: dict[str, int]) -> dict[str, int]:
        larger = {party: amount + (amount > 0) - (amount < 0) for party, amount in paid.items() if party != FUND}
        left = -sum(larger.values())
        return {**larger, FUND: left} if left else larger

    return _payments(answer, rounded)


def _chosen(found: FundingAnswer, places: list[int]) -> FundingAnswer:
    """Return the answer with these of its slots, in this order."""
    return msgspec.structs.replace(
        found,
        slots=tuple(found.slots[k] for k in places),
        rates=tuple(found.rates[k] for k in places),
        payments=tuple(found.payments[k] for k in places),
        capped=tuple(found.capped[k] for k in places) if found.capped else (),
    )


def _read(case: FundingCase, slots: tuple[int, ...]) -> list[list[int]]:
    """By reading of the clock, the slots that it found due and unpaid, by their places."""
    done: set[int] = set()
    readings = []
    for tick in case.ticks:
        due = [k for k, slot in enumerate(slots) if slot <= tick and k not in done]
        done.update(due)
        readings.append(due)
    return readings


def _paid_again(answer: MarginAnswer, again: Callable[[FundingCase, tuple[int, ...]], list[int]], case: MarginCase) -> MarginAnswer:
    found = answer.funding
    if found is None or case.funding is None:
        return answer
    return _with(answer, _chosen(found, sorted([*range(len(found.slots)), *again(case.funding, found.slots)])))


def restart_pays_again(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Where the clock is read at the same time twice, as after a restart, the newest slot is paid again."""

    def again(asked: FundingCase, slots: tuple[int, ...]) -> list[int]:
        found = []
        for before, tick in zip(asked.ticks, asked.ticks[1:], strict=False):
            due = [k for k, slot in enumerate(slots) if slot <= tick]
            if before == tick and due:
                found.append(due[-1])
        return found

    return _paid_again(answer, again, case)


def step_back_pays_again(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Where the clock steps back behind a slot and passes it anew, the slot is paid again."""

    def again(asked: FundingCase, slots: tuple[int, ...]) -> list[int]:
        found = []
        for k, slot in enumerate(slots):
            passed = [before < slot <= tick for before, tick in zip(asked.ticks, asked.ticks[1:], strict=False)]
            first = bool(asked.ticks) and asked.ticks[0] >= slot
            found += [k] * max(sum(passed) + first - 1, 0)
        return found

    return _paid_again(answer, again, case)


def _missing(answer: MarginAnswer, case: MarginCase, skipped: Callable[[list[list[int]]], set[int]]) -> MarginAnswer:
    found = answer.funding
    if found is None or case.funding is None:
        return answer
    gone = skipped(_read(case.funding, found.slots))
    return _with(answer, _chosen(found, [k for k in range(len(found.slots)) if k not in gone]))


def skipped_never_paid(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Of several slots that a reading finds due the newest alone is paid: those that the clock left out are lost."""
    return _missing(answer, case, lambda readings: {k for due in readings for k in due[:-1]})


def clock_step_skips(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Of several slots that a reading finds due the oldest alone is paid."""
    return _missing(answer, case, lambda readings: {k for due in readings for k in due[1:]})


def skipped_paid_at_newest_rate(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """A slot that is paid late is paid at the rate, and with the amounts, of the newest slot."""
    found = answer.funding
    if found is None or case.funding is None:
        return answer
    newest = {k: due[-1] for due in _read(case.funding, found.slots) for k in due}
    taken = _chosen(found, [newest.get(k, k) for k in range(len(found.slots))])
    return _with(answer, msgspec.structs.replace(taken, slots=found.slots))


def tail_lost(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Amounts lose their last two digits, as with a unit of a hundred smallest ones, and the fund makes up for it."""

    def shortened(paid: dict[str, int]) -> dict[str, int]:
        shorter = {party: int(amount / 100) * 100 for party, amount in paid.items() if party != FUND}
        left = -sum(shorter.values())
        return {**shorter, FUND: left} if left else shorter

    return _payments(answer, shortened)


def cap_above_alone(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """The cap holds for rates above 0 alone: there is no floor."""
    rule, found = case.rules.funding, answer.funding
    if rule is None or found is None:
        return answer
    free = engine(msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, funding=msgspec.structs.replace(rule, cap=0.0)))).funding
    if free is None or free.slots != found.slots:
        return answer
    below = [rate < 0 for rate in free.rates]
    return _with(
        answer,
        msgspec.structs.replace(
            found,
            rates=tuple(theirs if low else mine for mine, theirs, low in zip(found.rates, free.rates, below, strict=True)),
            payments=tuple(theirs if low else mine for mine, theirs, low in zip(found.payments, free.payments, below, strict=True)),
        ),
    )


def cap_unflagged(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Nobody is told that the cap cut a rate."""
    found = answer.funding
    return answer if found is None else _with(answer, msgspec.structs.replace(found, capped=(False,) * len(found.slots)))
