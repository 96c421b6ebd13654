"""One batch, evaluated: ask the target for every twin and every variation, and record what was sent and answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from indexlab.audit.margin_talks import with_talks
from indexlab.audit.racks import rack_of
from indexlab.market.errors import TargetFailure
from indexlab.market.panel import sample
from indexlab.market.quotes import Quotes, valid_quotes
from indexlab.market.seeds import derive, stream
from indexlab.properties.invalid_values import patterns_of
from indexlab.properties.run import CLEAN, Against, Run, Trace, Twin, Variation
from indexlab.scenarios import variants
from indexlab.scenarios.scenario import Expanded, expand
from indexlab.targets.target import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from indexlab.audit.margin_talks import MarginSetting
    from indexlab.index.determination import Determinations
    from indexlab.market.rates import Rates
    from indexlab.market.source import Basket
    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.scenario import Batch
    from indexlab.targets.target import Target

__all__ = ["Setting", "evaluate"]

_ABOUT_FAULTY = frozenset({"absent", "absent-some", "removed", "price-alone", "book-alone"})
_MOST_IN_TURN = 8
_SMALLEST_SCALABLE, _LARGEST_SCALABLE = 1e-200, 1e200


@dataclass(frozen=True, slots=True)
class Setting:
    """How a batch is to be evaluated: the promise, the columns the target prices from, which variations are wanted.

    `retold` are the twins (-1: the clean run) for which the metamorphic variations are made; `jitter` above 0 moves every price and
    weight by a relative 1e-9 (draw number `jitter`). `margin` says how margin is asked beside it, None: not at all.
    """

    expect: Expect
    uses: tuple[str, ...]
    needs: frozenset[str]
    seed: int
    retold: tuple[int, ...] = (CLEAN,)
    jitter: int = 0
    margin: MarginSetting | None = None

    @property
    def uses_book(self) -> bool:
        """Whether the target prices from bid and ask."""
        return "bid" in self.uses


@dataclass(frozen=True, slots=True)
class _Asked:
    """One variation before it is answered."""

    kind: str
    twin: int
    basket: Basket
    quotes: Quotes
    detail: str = ""
    sources: frozenset[int] = frozenset()
    times: NDArray[np.int64] | None = None
    rates: Rates | None = None
    explain: bool = False


def evaluate(target: Target, batch: Batch, setting: Setting, second: Target | None = None) -> Run:
    """Expand a batch, ask the target, and record. A twin that the target failed on is kept as a failure and judged by `protocol` alone.

    A `second` target is asked for the clean and the broken runs, and for none of the variations.
    """
    expanded = _jittered(expand(batch), setting)
    asked = list(_variations(expanded, setting))
    twins = range(len(expanded.injections))
    requests = [Request(expanded.basket, expanded.clean, expanded.times, rates=expanded.rates)]
    requests += [
        Request(expanded.basket, injection.quotes, expanded.times, rates=_rates_of(expanded, twin)) for twin, injection in enumerate(expanded.injections)
    ]
    heard = [] if second is None or "against" not in setting.needs else second.index(requests)
    requests += [
        Request(each.basket, each.quotes, expanded.times if each.times is None else each.times, explain=each.explain, rates=each.rates) for each in asked
    ]
    answers = target.index(requests)
    failures = [
        (CLEAN if k == 0 else k - 1 if k <= len(twins) else asked[k - 1 - len(twins)].twin, answer)
        for k, answer in enumerate(answers)
        if isinstance(answer, TargetFailure)
    ]
    clean = answers[0]
    kept = [] if isinstance(clean, TargetFailure) else [k for k in twins if not isinstance(answers[1 + k], TargetFailure)]
    place = {twin: number for number, twin in enumerate(kept)} | {CLEAN: CLEAN}
    variations = [
        Variation(each.kind, place[each.twin], Trace(each.quotes, answer), each.detail, each.sources)
        for each, answer in zip(asked, answers[1 + len(twins) :], strict=True)
        if not isinstance(answer, TargetFailure) and each.twin in place and not isinstance(clean, TargetFailure)
    ]
    run = Run(
        expect=setting.expect,
        basket=expanded.basket,
        times=expanded.times,
        uses=setting.uses,
        clean_trace=Trace(expanded.clean, _nothing(len(expanded.times)) if isinstance(clean, TargetFailure) else clean),
        broken_traces=tuple(_trace(expanded.injections[k].quotes, answers[1 + k]) for k in kept),
        twins=tuple(_twin(expanded, k) for k in kept),
        batch=batch,
        variations=tuple(variations),
        failures=tuple(failures),
        numbers=tuple(kept),
        rates=expanded.rates,
        twin_rates=tuple(_rates_of(expanded, k) for k in kept),
        notes=tuple(dict.fromkeys(injection.failure for injection in expanded.injections if injection.failure)),
        mark=None if setting.margin is None or not setting.margin.marked else setting.margin.rules.mark,
    )
    margin = setting.margin
    rack = rack_of(run, None if margin is None or not margin.named else margin.rules, plain=margin is not None and margin.states)
    against = None if second is None or not heard else _against(second.label, run, heard)
    run = replace(run, rack=rack, rules=None if margin is None else margin.rules, against=against)
    return with_talks(target, run, setting.margin)


def _against(label: str, run: Run, heard: Sequence[Determinations | TargetFailure]) -> Against:
    """Return what the second target said, beside the runs that the first one answered."""
    traces = [
        None if isinstance(answer := heard[1 + number], TargetFailure) else Trace(trace.quotes, answer)
        for number, trace in zip((CLEAN, *run.numbers), (run.clean_trace, *run.broken_traces), strict=True)
    ]
    return Against(label, traces[0], tuple(traces[1:]), tuple(answer for answer in heard if isinstance(answer, TargetFailure)))


def _trace(quotes: Quotes, answer: Determinations | TargetFailure) -> Trace:
    if isinstance(answer, TargetFailure):  # pragma: no cover - kept twins have answers
        raise answer
    return Trace(quotes, answer)


def _nothing(count: int) -> Determinations:
    from indexlab.index.determination import HALTED, Determinations

    return Determinations(np.full(count, np.nan), np.full(count, HALTED, dtype=np.int8))


def _twin(expanded: Expanded, k: int) -> Twin:
    injection, faults = expanded.injections[k], expanded.batch.twins[k]
    if len(faults) == 1:  # most by far
        return Twin(frozenset(faults[0].sources), injection.first, injection.last, injection.touched_total, (faults[0].fault,), injection.touched)
    faulty = frozenset(position for fault in faults for position in fault.sources)
    return Twin(faulty, injection.first, injection.last, injection.touched_total, tuple(fault.fault for fault in faults), injection.touched)


def _jittered(expanded: Expanded, setting: Setting) -> Expanded:
    if not setting.jitter:
        return expanded
    seed = derive("jitter", setting.seed, setting.jitter)
    basket = variants.jittered_basket(expanded.basket, seed)
    # between two targets it makes a difference whether a price is said again, by the same source or another, and that is no tie
    moved = variants.jittered_alike if setting.needs == {"against"} else variants.jittered
    with np.errstate(over="ignore"):  # the largest of numbers has no larger neighbour
        injections = tuple(replace(injection, quotes=moved(injection.quotes, seed)) for injection in expanded.injections)
        return replace(expanded, basket=basket, clean=moved(expanded.clean, seed), injections=injections)


def _rates_of(expanded: Expanded, twin: int) -> Rates | None:
    return expanded.rates if twin == CLEAN or not expanded.twin_rates else expanded.twin_rates[twin]


def _variations(expanded: Expanded, setting: Setting) -> Iterator[_Asked]:
    yield from _absences(expanded, setting)
    for twin in setting.retold:
        quotes = expanded.clean if twin == CLEAN else expanded.injections[twin].quotes
        yield from _retold(expanded, quotes, twin, setting)
    if "repeat" in setting.needs:
        # last of all: the clean run again, when the target has seen everything else
        for twin in sorted({*setting.retold, CLEAN}, reverse=True):
            quotes = expanded.clean if twin == CLEAN else expanded.injections[twin].quotes
            yield _Asked("repeat", twin, expanded.basket, quotes, rates=_rates_of(expanded, twin))


def _absences(expanded: Expanded, setting: Setting) -> Iterator[_Asked]:
    made: dict[frozenset[int], Quotes] = {}
    if not setting.needs & _ABOUT_FAULTY:
        return
    for twin, injection in enumerate(expanded.injections):
        quotes = injection.quotes
        if quotes is expanded.clean or injection.touched_total == 0:
            continue
        faulty = frozenset(position for fault in expanded.batch.twins[twin] for position in fault.sources)
        valid = valid_quotes(quotes, uses_book=setting.uses_book)
        if "absent" in setting.needs and (_may_be_gone(expanded, twin, setting) or not valid.all()):
            # the clean run without them is the broken run without them: faults touch nobody else
            absent = made.setdefault(faulty, expanded.clean.without_sources(sorted(faulty)))
            yield _Asked("absent", twin, expanded.basket, absent, sources=faulty, rates=_rates_of(expanded, twin))
        if not valid.all():
            yield from _handled(expanded, quotes, twin, setting)


def _handled(expanded: Expanded, quotes: Quotes, twin: int, setting: Setting) -> Iterator[_Asked]:
    valid, rates = valid_quotes(quotes, uses_book=setting.uses_book), _rates_of(expanded, twin)
    rest = variants.without_invalid(quotes, valid)
    if "removed" in setting.needs:
        yield _Asked("removed", twin, expanded.basket, rest, rates=rates)
    if "absent-some" in setting.needs:
        for some in _invalid_in_turn(expanded, quotes, valid, twin, setting):
            yield _Asked("absent-some", twin, expanded.basket, rest.without_sources(sorted(some)), sources=some, rates=rates)
    if quotes.has_book:
        for kind, made in (("price-alone", variants.price_alone(quotes)), ("book-alone", variants.book_alone(quotes))):
            if kind in setting.needs and not made.equals(quotes):
                rest = variants.without_invalid(made, valid_quotes(made, uses_book=setting.uses_book))
                yield _Asked(kind, twin, expanded.basket, rest, rates=rates)


def _invalid_in_turn(expanded: Expanded, quotes: Quotes, valid: NDArray[np.bool_], twin: int, setting: Setting) -> list[frozenset[int]]:
    """Return which faulty sources are invalid together at some publication, where it is not always all of them; nothing where there are too many such sets.

    One source, or several that are invalid together, have the run without any of them already.
    """
    faulty = sorted({position for fault in expanded.batch.twins[twin] for position in fault.sources})
    if len(faulty) < 2:
        return []
    latest = sample(quotes, expanded.times, len(expanded.basket), valid, setting.expect.clock).latest[:, faulty]
    out = patterns_of(~np.append(valid, True)[latest])
    sets = [frozenset(faulty[place] for place in np.flatnonzero(row).tolist()) for row in out if row.any()]
    if sets == [frozenset(faulty)] or len(sets) > _MOST_IN_TURN:
        return []
    return sets


def _may_be_gone(expanded: Expanded, twin: int, setting: Setting) -> bool:
    # a cheap look at the stream: has a faulty source a hole, or an event time that lags, beyond «max_age»?
    quotes = expanded.injections[twin].quotes
    limit = setting.expect.max_age
    for position in sorted({position for fault in expanded.batch.twins[twin] for position in fault.sources}):
        rows = quotes.source == position
        received, event = quotes.receive_time[rows], quotes.event_time[rows]
        if not len(received):
            return True
        heard = np.concatenate((received, expanded.times[-1:]))
        if bool(np.any(np.diff(heard) > limit)) or bool(np.any(received - event > limit)):
            return True
    return False


def _retold(expanded: Expanded, quotes: Quotes, twin: int, setting: Setting) -> Iterator[_Asked]:
    basket, n, rates = expanded.basket, len(expanded.basket), _rates_of(expanded, twin)
    seed = derive("retold", setting.seed, "clean" if twin == CLEAN else "broken")
    yield from _retold_otherwise(expanded, quotes, twin, setting)
    if "source-order" in setting.needs and n > 1:
        order = variants.shuffled(n, seed)
        other_basket, other = variants.renumbered(basket, quotes, order)
        detail = f"listing the sources as {', '.join(basket[position].id for position in order[:4])}{', …' if n > 4 else ''}"
        yield _Asked("source-order", twin, other_basket, other, detail, rates=rates)
    if "duplicates" in setting.needs and len(quotes):
        doubled = variants.doubled(quotes, seed)
        yield _Asked("duplicates", twin, basket, doubled, f"delivering {len(doubled) - len(quotes)} of {len(quotes)} observations twice", rates=rates)
    if "late-data" in setting.needs and setting.expect.clock == "event":
        late, added = variants.with_late(quotes, expanded.times, n, seed, uses_book=setting.uses_book)
        if added:
            detail = f"adding {added} observation{'' if added == 1 else 's'} older than the newest of their source"
            yield _Asked("late-data", twin, basket, late, detail, rates=rates)
    if "scale" in setting.needs:
        exponent = _scalable(quotes, setting.expect, seed)
        if exponent is not None:
            yield _Asked("scale", twin, basket, variants.scaled(quotes, 2.0**exponent), f"scaling all prices by 2^{exponent}", rates=rates)


def _retold_otherwise(expanded: Expanded, quotes: Quotes, twin: int, setting: Setting) -> Iterator[_Asked]:
    basket, times, rates = expanded.basket, expanded.times, _rates_of(expanded, twin)
    # an audit's seed alone would draw the same for every batch; the day stays what it is when a finding is shrunk
    seed = derive("retold", setting.seed, int(times[0]) // variants.DAY_US if len(times) else 0)
    if "time-shift" in setting.needs:
        days = variants.days_to_shift(quotes, times, rates, seed)
        if days is not None:
            detail = f"moving all clocks {'forward' if days > 0 else 'back'} by {abs(days)} day{'' if abs(days) == 1 else 's'}"
            moved = variants.shifted(quotes, days)
            yield _Asked("time-shift", twin, basket, moved, detail, times=times + days * variants.DAY_US, rates=variants.shifted_rates(rates, days))
    if "weight-zero" in setting.needs and sum(source.weight > 0 for source in basket) > 1:
        who = variants.one_with_weight(basket, seed)
        only = frozenset({who})
        detail = f"giving {basket[who].id} weight 0 where it could as well be absent"
        bare = variants.without_weight(basket, who)
        yield _Asked("weight-zero", twin, bare, quotes, detail, only, rates=rates)
        # the same basket: a rule about the share of all given weights must not tell the two apart
        yield _Asked("weight-absent", twin, bare, quotes.without_sources([who]), sources=only, rates=rates)
    if "restamped" in setting.needs and setting.expect.clock == "receive" and len(quotes):
        yield _Asked("restamped", twin, basket, variants.restamped(quotes, seed), "stamping the observations with other event times", rates=rates)
    if "explained" in setting.needs:
        yield _Asked("explained", twin, basket, quotes, "asking for an explanation", rates=rates, explain=True)


def _scalable(quotes: Quotes, expect: Expect, seed: int) -> int | None:
    sizes = np.abs(np.concatenate([quotes.price, quotes.bid, quotes.ask]))
    sizes = sizes[(sizes > 0) & np.isfinite(sizes)]
    if not len(sizes) or sizes.min() < _SMALLEST_SCALABLE or sizes.max() > _LARGEST_SCALABLE:
        return None
    options = [exponent for exponent in range(-27, 21) if exponent and sizes.min() * 2.0**exponent >= 1e5 * expect.tick and sizes.min() >= 1e5 * expect.tick]
    return int(stream("scale", seed).choice(options)) if options else None


def retold_twins(batch_number: int, count: int) -> tuple[int, ...]:
    """Return for which twins of a batch the metamorphic variations are made: the clean one, and a broken one that changes from batch to batch."""
    return (CLEAN,) if count == 0 else (CLEAN, batch_number % count)


def kinds_needed(needs: Iterable[Sequence[str]]) -> frozenset[str]:
    """Return the union of what properties need."""
    return frozenset(kind for each in needs for kind in each)
