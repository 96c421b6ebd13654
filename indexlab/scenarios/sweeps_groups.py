"""Sweeps over several sources at once: a minority of weight, sources that share a venue or a currency, the others when all live ones agree.

Pure functions of a seed; times in microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from indexlab.faults.sizes import intensity_of_delay, intensity_of_factor
from indexlab.faults.spec import FaultSpec
from indexlab.market.seeds import derive, stream
from indexlab.scenarios.baskets import currency_users, independent, shared_groups
from indexlab.scenarios.currencies import index_currency
from indexlab.scenarios.sweeps import SIZES, some

if TYPE_CHECKING:
    import numpy as np

    from indexlab.market.source import Basket
    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.sweeps import FaultList

__all__ = ["depegs", "minorities", "shared", "unanimous"]

_LOSSES: Final = (1.05, 1.01, 1.005, 1.12, 1.02, 1.5, 1.002, 2.0)
"""By what factor a currency loses its peg."""
_WITHIN: Final = 0.8


def unanimous(count: int, n_sources: int, windows: tuple[int, int], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which all live sources go on saying one price while others are silent, stale at another price, or say what is no price.

    From `windows[0]` on the others are wrong, from `windows[1]` on silent; as many as leave «min_sources».

    More than «faulty_sources» that are live are wrong by less than «max_displacement»: they may take the index along, and who has a memory must still be
    back in time.
    """
    draw = stream("unanimous", seed)
    most = max(n_sources - expect.min_sources, 1)
    twins: list[FaultList] = []
    for k in range(count):
        who, mark = some(draw, n_sources, (1, most, int(draw.integers(1, most + 1)))[k // 6 % 3]), derive("unanimous", seed, k)
        direction: Literal["up", "down"] = "up" if draw.random() < 0.5 else "down"
        size = intensity_of_factor((1.04, 1.3, 6.0, 1.008)[k // 2 % 4])
        little = intensity_of_factor(1.0 + _WITHIN * min(expect.max_displacement, 0.5))
        off = FaultSpec("level", who, *windows, size if len(who) <= expect.faulty_sources else little, direction, mark)
        silent = FaultSpec("stop", who, windows[1], seed=mark)
        late = FaultSpec("lag", who, windows[0], None, intensity_of_delay(expect.max_age + 2 * expect.age_margin), seed=mark)
        twins.append(
            (
                (off, silent),
                (FaultSpec("stop", who, windows[0], seed=mark),),
                (FaultSpec(("null", "zero", "negative")[k // 6 % 3], who, windows[0], seed=mark),),
                (off, FaultSpec("freeze-stamped", who, windows[1], seed=mark)),
                (late, FaultSpec("level", who, windows[0], None, size, direction, mark)),
                (FaultSpec("null", who, windows[0], None, 0.5, seed=mark),),
            )[k % 6]
        )
    return tuple(twins)


def minorities(count: int, basket: Basket, window: tuple[int, int | None], seed: int) -> tuple[FaultList, ...]:
    """Return twins in which sources with less than half of the given weight are wrong together, by the same size or each by its own."""
    draw = stream("minorities", seed)
    twins: list[FaultList] = []
    for k in range(count):
        who = _less_than_half(draw, basket, lightest=k % 2 == 1)
        size = intensity_of_factor(SIZES[k % len(SIZES)])
        direction: Literal["up", "down"] = "up" if k % 2 == 0 else "down"
        marks = [derive("minority", seed, k, place) for place in range(len(who))]
        if k % 4 == 2:
            twins.append(tuple(FaultSpec("level", (each,), *window, size * (place + 1) / len(who), direction, marks[place]) for place, each in enumerate(who)))
        elif k % 4 == 3:
            twins.append((FaultSpec("agree", who, *window, size, direction, marks[0]),))
        else:
            twins.append((FaultSpec("level", who, *window, size, direction, marks[0]),))
    return tuple(twins)


def _less_than_half(draw: np.random.Generator, basket: Basket, *, lightest: bool) -> tuple[int, ...]:
    # sources in a drawn order, or from the lightest on (which may be most of them), for as long as their weight stays below half; the lightest alone
    # where the first one is too heavy
    total, held, chosen = sum(source.weight for source in basket), 0.0, []
    order = draw.permutation(len(basket))
    for place in sorted(order, key=lambda place: basket[int(place)].weight) if lightest else order:
        weight = basket[int(place)].weight
        if 2.0 * (held + weight) < total * (1.0 - 1e-6):
            held += weight
            chosen.append(int(place))
    return tuple(sorted(chosen)) or (min(range(len(basket)), key=lambda place: basket[place].weight),)


def shared(count: int, basket: Basket, windows: tuple[int, int], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which all sources of one venue or upstream have the same fault over the window, or in which too few independent ones are left after it.

    `windows` is a window of value faults; what takes sources away lasts from its start to the end. Every source stands for itself where none share anything.
    """
    draw = stream("shared", seed)
    groups = shared_groups(basket) or tuple((place,) for place in range(len(basket)))
    twins: list[FaultList] = []
    for k in range(count):
        who, mark = groups[k // 2 % len(groups)], derive("shared", seed, k)
        direction: Literal["up", "down"] = "up" if draw.random() < 0.5 else "down"
        size = intensity_of_factor(SIZES[k % len(SIZES)])
        left = _too_few(draw, basket, groups, expect)
        if k % 4 == 0 and len(left) < len(basket):
            gone = tuple(place for place in range(len(basket)) if place not in left)
            twins.append((FaultSpec("stop", gone, windows[0], seed=mark),))
        elif k % 4 == 2:
            kind = ("stop", "null", "zero", "negative", "lag")[k // 4 % 5]
            twins.append((FaultSpec(kind, who, windows[0], None if kind in ("stop", "lag") else windows[1], 1.0, seed=mark),))
        else:
            kind = "agree" if k % 8 == 7 and len(who) > 1 else "level"
            twins.append((FaultSpec(kind, who, *windows, size, direction, mark),))
    return tuple(twins)


def _too_few(draw: np.random.Generator, basket: Basket, groups: tuple[tuple[int, ...], ...], expect: Expect) -> set[int]:
    # whole groups first, then others in a drawn order, for as long as fewer than «min_sources» of them are independent
    order = [place for number in draw.permutation(len(groups)) for place in groups[int(number)]]
    order += [int(place) for place in draw.permutation(len(basket)) if int(place) not in order]
    left: set[int] = set()
    for place in order:
        if independent(basket, {*left, place}) < expect.min_sources:
            left.add(place)
    return left


def depegs(count: int, basket: Basket, window: tuple[int, int | None], seed: int) -> tuple[FaultList, ...]:
    """Return twins in which a quote currency loses its peg in all sources that use it: each but the index's own, by several sizes, up and down.

    In a basket of one currency one source's loses it.
    """
    own = index_currency(basket)
    foreign = [users for currency, users in currency_users(basket).items() if currency != own] or [(place,) for place in range(len(basket))]
    twins = []
    for k in range(count):
        size = intensity_of_factor(_LOSSES[k // len(foreign) % len(_LOSSES)])
        direction: Literal["up", "down"] = "up" if (k + k // len(foreign)) % 2 == 0 else "down"
        twins.append((FaultSpec("depeg", foreign[k % len(foreign)], *window, size, direction, derive("depeg", seed, k)),))
    return tuple(twins)
