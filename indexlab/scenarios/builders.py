"""Builders: for each recipe, how long its market is, how it differs from the usual one, and what its twins are. Pure functions of what is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from indexlab.market.synthetic import JUMPS
from indexlab.scenarios import sweeps, sweeps_groups, sweeps_kinds, sweeps_moments
from indexlab.scenarios.baskets import FEWEST, LARGEST_WEIGHT, spared
from indexlab.scenarios.shapes import (
    Shape,
    garbage_shape,
    hour_shape,
    later_shape,
    limit_shape,
    message_shape,
    quorum_shape,
    restart_shape,
    return_shape,
    start_shape,
    value_shape,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexlab.market.source import Basket
    from indexlab.market.synthetic import Regime
    from indexlab.scenarios.sweeps import FaultList
    from indexlab.scenarios.world import Drawn, Recipe, World

__all__ = ["BUILDERS", "ZOO_PLACES", "Plan"]

ZOO_PLACES: Final = 1 << 16
"""A zoo begins at the place in the catalogue that its seed is beyond a multiple of this."""

_MOST_LONG: Final = {"bias": 5, "messages": 2}
"""Twins of the recipes whose runs are long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recipe makes of what was drawn: publications, twins, the regime and its move, and fields of the market that differ from the usual."""

    publications: int
    twins: tuple[FaultList, ...]
    regime: Regime
    move: float = 1.0
    changes: Mapping[str, Any] = field(default_factory=dict)


def _span(drawn: Drawn, shape: Shape) -> tuple[int, int | None]:
    return drawn.start + shape.window_start, None if shape.window_end is None else drawn.start + shape.window_end


def _bounded(drawn: Drawn, shape: Shape) -> tuple[int, int]:
    end = shape.window_end if shape.window_end is not None else shape.window_start
    return drawn.start + shape.window_start, drawn.start + end


def _usual(drawn: Drawn, publications: int, twins: tuple[FaultList, ...], changes: Mapping[str, Any] | None = None) -> Plan:
    return Plan(publications, twins, drawn.regime, drawn.move if drawn.regime in JUMPS else 1.0, changes or {})


def _faulty(world: World, basket: Basket) -> int:
    return min(world.expect.faulty_sources, len(basket))


def _wrong(drawn: Drawn, world: World, basket: Basket, shape: Shape) -> tuple[FaultList, ...]:
    return sweeps.values(world.twins, len(basket), _span(drawn, shape), drawn.seed, sources=_faulty(world, basket), thresholds=world.thresholds)


def _values(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = value_shape(world.expect)
    return _usual(drawn, shape.publications, _wrong(drawn, world, basket, shape))


def _later(drawn: Drawn, world: World, basket: Basket) -> Plan:
    # to the end: who is out then is out when the next run begins, if anything is left of this one
    shape = replace(later_shape(world.expect), window_end=None)
    return _usual(drawn, shape.publications, _wrong(drawn, world, basket, shape))


def _fewer(drawn: Drawn, world: World, basket: Basket) -> Plan:
    # some sources are silent in the clean twin already, from the start on (in a calm market) or soon after it: half a list is not half of those that are there
    shape, n, step = value_shape(world.expect), len(basket), world.expect.interval
    heard = 0 if drawn.regime == "calm" else 5 * step
    later = 0 if not heard else -(-(world.expect.max_age + 2 * world.expect.age_margin) // step) * step
    shape = Shape(shape.publications + later // step, shape.window_start + later, (shape.window_end or 0) + later)
    mute = spared(basket, max(FEWEST, world.expect.min_sources, 2 * world.expect.faulty_sources + 1), LARGEST_WEIGHT)
    live = [place for place in range(n) if place not in mute]
    twins = sweeps.values(world.twins, len(live), _span(drawn, shape), drawn.seed, sources=min(_faulty(world, basket), len(live)), thresholds=world.thresholds)
    named = tuple(tuple(msgspec.structs.replace(spec, sources=tuple(live[place] for place in spec.sources)) for spec in twin) for twin in twins)
    return _usual(drawn, shape.publications, named, {"mute": mute, "mute_from": heard})


def _moves(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = value_shape(world.expect)
    return Plan(shape.publications, _wrong(drawn, world, basket, shape), drawn.regime if drawn.regime in JUMPS else "gap", drawn.move)


def _partial(drawn: Drawn, world: World, basket: Basket) -> Plan:
    # the first source shows the move just after a publication, so that the others follow over as many publications as the lead allows
    shape, step = value_shape(world.expect), world.expect.interval
    at = (shape.publications // 3) * step + step // 20
    return Plan(shape.publications, _wrong(drawn, world, basket, shape), "lead-lag", drawn.move, {"move_at": at // 1000 * 1000})


def _flat(drawn: Drawn, world: World, basket: Basket) -> Plan:
    # long enough that prices which never change are no silence
    usual = value_shape(world.expect)
    shape = replace(usual, publications=max(usual.publications, limit_shape(world.expect).publications))
    return Plan(shape.publications, _wrong(drawn, world, basket, shape), "calm", changes={"flat": True})


def _garbage(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = garbage_shape(world.expect)
    return _usual(drawn, shape.publications, sweeps.garbage(world.twins, len(basket), _span(drawn, shape), drawn.seed, book=world.book))


def _silences(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = limit_shape(world.expect)
    return _usual(drawn, shape.publications, sweeps.silences(world.twins, len(basket), _span(drawn, shape), world.expect, drawn.seed))


def _late(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = limit_shape(world.expect)
    return _usual(drawn, shape.publications, sweeps.late(world.twins, len(basket), _span(drawn, shape), world.expect, drawn.seed))


def _quorum(drawn: Drawn, world: World, basket: Basket) -> Plan:
    publications, windows = quorum_shape(world.expect)
    shifted = [(drawn.start + begin, drawn.start + end) for begin, end in windows]
    return _usual(drawn, publications, sweeps.quorum_losses(world.twins, len(basket), shifted, world.expect, drawn.seed, book=world.book))


def _return(drawn: Drawn, world: World, basket: Basket) -> Plan:
    publications, windows = return_shape(world.expect)
    shifted = [(drawn.start + begin, drawn.start + end) for begin, end in windows]
    return _usual(drawn, publications, sweeps.returns(world.twins, len(basket), shifted, drawn.seed))


def _volumes(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = value_shape(world.expect)
    return _usual(drawn, shape.publications, sweeps.volumes(world.twins, len(basket), _span(drawn, shape), drawn.seed))


def _start(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = start_shape(world.expect)
    return _usual(drawn, shape.publications, sweeps.from_the_start(world.twins, len(basket), _span(drawn, shape), world.expect, drawn.seed))


def _restart(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape, silence = restart_shape(world.expect)
    twins = sweeps.from_the_start(world.twins, len(basket), _span(drawn, shape), world.expect, drawn.seed)
    # where the market opens again, or far away from there
    far = drawn.regime in JUMPS or drawn.regime in ("crash", "rally")
    # all at once, between two publications: with few sources back a wrong one among them is no small part of the index, whatever its rules
    changes = {"silence": silence, "move_at": shape.window_start, "lead": 0}
    return Plan(shape.publications, twins, "gap-open" if far else "calm", drawn.move if far else 1.0, changes)


def _zoo(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = garbage_shape(world.expect)
    # the seed's last digits are the place in the catalogue: the built-in batches go through it one after another
    first = drawn.seed % ZOO_PLACES
    twins = sweeps_kinds.zoo(world.twins, len(basket), _bounded(drawn, shape), world.expect, drawn.seed, first=first, book=world.book)
    return _usual(drawn, shape.publications, twins)


def _pairs(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = garbage_shape(world.expect)
    twins = sweeps_kinds.pairs(world.twins, len(basket), _bounded(drawn, shape), world.expect, drawn.seed, book=world.book)
    return _usual(drawn, shape.publications, twins)


def _foreign(drawn: Drawn, world: World, basket: Basket) -> Plan:
    names = sweeps_kinds.foreign_faults()
    if not names:
        return _zoo(drawn, world, basket)
    shape = garbage_shape(world.expect)
    name = names[drawn.seed % len(names)]
    return _usual(drawn, shape.publications, sweeps_kinds.third_party(world.twins, name, len(basket), _bounded(drawn, shape), world.expect, drawn.seed))


def _timing(drawn: Drawn, world: World, basket: Basket) -> Plan:
    # a silence beyond the limit, the time to prove itself, and time to recover
    expect = world.expect
    publications = return_shape(expect)[0] + -(-(expect.max_recovery + 2 * expect.age_margin) // expect.interval) + 12
    start = drawn.start + value_shape(expect).window_start
    # every source is heard at nearly every publication: windows as short as one then have something to break
    changes = {"spacing": max(expect.interval // 2000 * 1000, 2_000)}
    return _usual(drawn, publications, sweeps_moments.timing(world.twins, len(basket), start, expect, drawn.seed), changes)


def _riders(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = garbage_shape(world.expect)
    twins = sweeps_moments.riders(world.twins, len(basket), _bounded(drawn, shape), world.expect, drawn.seed, thresholds=world.thresholds)
    return _usual(drawn, shape.publications, twins)


def _future(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape, step = limit_shape(world.expect), world.expect.interval
    begin = drawn.start + shape.window_start
    twins = sweeps_moments.future(world.twins, len(basket), (begin, begin + 20 * step), world.expect, drawn.seed)
    # heard at nearly every publication: a clock that is half a second ahead is then ahead of the publication too
    return _usual(drawn, shape.publications + 20, twins, {"spacing": max(step // 2000 * 1000, 2_000)})


def _unanimous(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape, step = limit_shape(world.expect), world.expect.interval
    begin = drawn.start + shape.window_start
    twins = sweeps_groups.unanimous(world.twins, len(basket), (begin, begin + 20 * step), world.expect, drawn.seed)
    return Plan(shape.publications + 20, twins, "calm", changes={"flat": True})


def _minority(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape = value_shape(world.expect)
    return _usual(drawn, shape.publications, sweeps_groups.minorities(world.twins, basket, _span(drawn, shape), drawn.seed))


def _shared(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape, step = limit_shape(world.expect), world.expect.interval
    begin = drawn.start + shape.window_start
    twins = sweeps_groups.shared(world.twins, basket, (begin, begin + 20 * step), world.expect, drawn.seed)
    return _usual(drawn, shape.publications, twins)


def _depeg(drawn: Drawn, world: World, basket: Basket) -> Plan:
    # every source and every rate is heard at every publication: what is converted is then never an old price times a new rate
    shape = value_shape(world.expect)
    twins = sweeps_groups.depegs(world.twins, basket, _span(drawn, shape), drawn.seed)
    return _usual(drawn, shape.publications, twins, {"instant": True, "spacing": max(world.expect.interval * 11 // 20, 1_000)})


def _bias(drawn: Drawn, world: World, basket: Basket) -> Plan:
    expect = world.expect
    shape = limit_shape(expect) if world.dear else hour_shape(expect)
    count = min(world.twins, _MOST_LONG["bias"])
    return Plan(shape.publications, sweeps_moments.biases(count, len(basket), drawn.start + shape.window_start, expect, drawn.seed), "calm")


def _messages(drawn: Drawn, world: World, basket: Basket) -> Plan:
    shape, spacing = message_shape(world.expect)
    twins = sweeps.values(min(world.twins, _MOST_LONG["messages"]), len(basket), _span(drawn, shape), drawn.seed)
    busiest = twins[0][0].sources[0]
    return Plan(shape.publications, twins, "volatile", changes={"busiest": busiest, "busy_spacing": spacing})


BUILDERS: Final[Mapping[Recipe, Callable[[Drawn, World, Basket], Plan]]] = {
    "values": _values,
    "garbage": _garbage,
    "silences": _silences,
    "late": _late,
    "quorum": _quorum,
    "moves": _moves,
    "volumes": _volumes,
    "start": _start,
    "flat": _flat,
    "return": _return,
    "later": _later,
    "fewer": _fewer,
    "restart": _restart,
    "partial": _partial,
    "zoo": _zoo,
    "pairs": _pairs,
    "timing": _timing,
    "riders": _riders,
    "future": _future,
    "unanimous": _unanimous,
    "minority": _minority,
    "shared": _shared,
    "depeg": _depeg,
    "foreign": _foreign,
    "bias": _bias,
    "messages": _messages,
}
"""By recipe: the drawn numbers, the world and the basket give the plan of a batch."""
