"""Cases with one thing wrong in their prices: which one is taken, when, and whether it is trusted. Pure, no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexlab.margin.case import MarginCase, Series, Status

__all__ = [
    "collateral_at_first_price", "collateral_trusted", "degraded_freezes", "first_mark_for_all", "gaps_filled", "halted_acts", "held_acts",
    "index_for_mark", "interest_at_last_trade", "last_for_mark", "longer_persistence", "mark_averaged", "mark_before", "mark_for_index",
    "mark_to_whole_units", "never_frozen", "one_mark_for_all_sides", "sides_swapped", "status_late", "untrusted_acts",
]  # fmt: skip


def _marks(case: MarginCase, change: Callable[[str, Series], Series]) -> MarginCase:
    """Change both marks of each contract."""
    return msgspec.structs.replace(
        case,
        mark={name: change(name, series) for name, series in case.mark.items()},
        short_mark={name: change(name, series) for name, series in case.short_mark.items()},
    )


def _statuses(case: MarginCase, change: Callable[[tuple[Status, ...]], tuple[Status, ...]]) -> MarginCase:
    return msgspec.structs.replace(case, status={name: change(given) for name, given in case.status.items()})


def index_for_mark(case: MarginCase) -> MarginCase:
    """The index is taken for the mark."""
    underlying = {contract.id: contract.underlying for contract in case.rules.contracts}
    return _marks(case, lambda name, series: case.index.get(underlying.get(name, ""), series))


def mark_for_index(case: MarginCase) -> MarginCase:
    """Collateral is priced at the mark of a contract on it, not at its index."""
    marks = {contract.underlying: case.mark[contract.id] for contract in reversed(case.rules.contracts) if contract.id in case.mark}
    return msgspec.structs.replace(case, index={name: marks.get(name, series) for name, series in case.index.items()})


def last_for_mark(case: MarginCase) -> MarginCase:
    """The last trade is taken for the mark, where there is one."""

    def traded(name: str, series: Series) -> Series:
        last = case.last.get(name)
        if last is None:
            return series
        return tuple(mark if mark is None or one is None else one for mark, one in zip(series, last, strict=True))

    return _marks(case, traded)


def interest_at_last_trade(case: MarginCase) -> MarginCase:
    """Open interest is valued at the last trade: a print moves everybody's initial margin."""

    def valued(name: str, amount: float) -> float:
        mark, last = (next((price for price in series.get(name, ()) if price is not None), None) for series in (case.mark, case.last))
        return amount if not mark or not last else amount * last / mark

    return msgspec.structs.replace(case, open_interest={name: valued(name, amount) for name, amount in case.open_interest.items()})


def mark_before(case: MarginCase) -> MarginCase:
    """The mark is the one of the publication before."""
    return _marks(case, lambda _, series: _late(series))


def _late(series: Series) -> Series:
    return tuple(mark if mark is None or before is None else before for mark, before in zip(series, (None, *series)[: len(series)], strict=True))


def mark_averaged(case: MarginCase) -> MarginCase:
    """The mark is averaged with the one before it once more."""
    return _marks(
        case, lambda _, series: tuple(mark if mark is None or late is None else (mark + late) / 2 for mark, late in zip(series, _late(series), strict=True))
    )


def mark_to_whole_units(case: MarginCase) -> MarginCase:
    """Marks lose what stands after the point."""
    return _marks(case, lambda _, series: tuple(mark if mark is None or mark < 1 else float(int(mark)) for mark in series))


def first_mark_for_all(case: MarginCase) -> MarginCase:
    """Every contract is marked at the price of the first one."""
    first = next(iter(case.mark.values()), ())
    return _marks(case, lambda _, series: first if len(first) == len(series) else series)


def one_mark_for_all_sides(case: MarginCase) -> MarginCase:
    """Shorts are marked at the price of longs: the worse of two prices is taken for one side alone."""
    return msgspec.structs.replace(case, short_mark={})


def sides_swapped(case: MarginCase) -> MarginCase:
    """Longs are marked at the price of shorts and the other way round: the better of two prices is taken."""
    both = {name: series for name, series in case.mark.items() if name in case.short_mark}
    return msgspec.structs.replace(case, mark={**case.mark, **case.short_mark}, short_mark={**case.short_mark, **both})


def _as(old: Mapping[Status, Status]) -> Callable[[tuple[Status, ...]], tuple[Status, ...]]:
    return lambda given: tuple(old.get(status, status) for status in given)


def held_acts(case: MarginCase) -> MarginCase:
    """A held index is an index: states go on from it."""
    return gaps_filled(_statuses(case, _as({"held": "ok"})), at=_at(case, "held"))


def halted_acts(case: MarginCase) -> MarginCase:
    """With a halted index states go on from the last price."""
    return gaps_filled(_statuses(case, _as({"halted": "ok"})), at=_at(case, "halted"))


def untrusted_acts(case: MarginCase) -> MarginCase:
    """What the index says of its own trust is not read."""
    return msgspec.structs.replace(case, status={})


def degraded_freezes(case: MarginCase) -> MarginCase:
    """A degraded index freezes accounts, though it may be acted on."""
    return _statuses(case, _as({"degraded": "held"}))


def status_late(case: MarginCase) -> MarginCase:
    """The status of the index is the one of the publication before."""
    return _statuses(case, lambda given: (*given[:1], *given[:-1]))


def _at(case: MarginCase, status: Status) -> tuple[bool, ...]:
    return tuple(any(given[k] == status for given in case.status.values() if k < len(given)) for k in range(len(case.times)))


def _filled(series: Series, at: tuple[bool, ...] | None = None) -> Series:
    """Where there is no price take the one before it; `at`: at these times alone."""
    found: list[float | None] = []
    last: float | None = None
    for k, price in enumerate(series):
        last = price if price is not None else last
        found.append(last if price is None and (at is None or at[k]) else price)
    return tuple(found)


def gaps_filled(case: MarginCase, at: tuple[bool, ...] | None = None) -> MarginCase:
    """Where there is no price the one before it is taken; `at`: at these times alone."""
    return msgspec.structs.replace(
        case,
        index={name: _filled(series, at) for name, series in case.index.items()},
        mark={name: _filled(series, at) for name, series in case.mark.items()},
        short_mark={name: _filled(series, at) for name, series in case.short_mark.items()},
    )


def never_frozen(case: MarginCase) -> MarginCase:
    """Nobody is ever frozen: what was published last goes on, whatever is said of it; before anything was published, what comes first."""

    def forward(series: Series) -> Series:
        first = next((price for price in series if price is not None), None)
        return _filled((first, *series[1:]) if series and series[0] is None else series)

    return msgspec.structs.replace(
        case,
        index={name: forward(series) for name, series in case.index.items()},
        mark={name: forward(series) for name, series in case.mark.items()},
        short_mark={name: forward(series) for name, series in case.short_mark.items()},
        status={},
    )


def _collateral_names(case: MarginCase) -> set[str]:
    return {rule.index for rule in case.rules.collateral if rule.index}


def _collateral_apart(case: MarginCase, series: Callable[[Series], Series], *, trusted: bool) -> MarginCase:
    """Price collateral by copies of its indices, so that a contract's own underlying stays what it is; `trusted`: whatever their status says."""
    mine = {name: f"{name}:collateral" for name in _collateral_names(case) if name in case.index}
    rules = tuple(msgspec.structs.replace(rule, index=mine.get(rule.index, rule.index)) for rule in case.rules.collateral)
    told = {} if trusted else {new: case.status[old] for old, new in mine.items() if old in case.status}
    return msgspec.structs.replace(
        case,
        rules=msgspec.structs.replace(case.rules, collateral=rules),
        index={**case.index, **{new: series(case.index[old]) for old, new in mine.items()}},
        status={**case.status, **told},
    )


def collateral_trusted(case: MarginCase) -> MarginCase:
    """An index that prices collateral is trusted whatever its status says; where it has no value the last one counts."""
    return _collateral_apart(case, _filled, trusted=True)


def collateral_at_first_price(case: MarginCase) -> MarginCase:
    """Collateral keeps the price that it had first."""

    def kept(series: Series) -> Series:
        first = next((price for price in series if price is not None), None)
        return tuple(None if price is None else first for price in series)

    return _collateral_apart(case, kept, trusted=False)


def longer_persistence(case: MarginCase) -> MarginCase:
    """A breach must last a publication more than the venue says."""
    states = msgspec.structs.replace(case.rules.states, persistence=case.rules.states.persistence + 1)
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, states=states))
