"""Compiled: the consolidated order book, its size cap and its curve (see `rules.Book`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.kernel_numbers import mean
from indexlab.index.kernel_rules import TIE
from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.kernel_rules import Extra, Rules

__all__ = ["booked"]


@compiled
def booked(rules: Rules, n: int, pool: NDArray[np.uint32], newest: NDArray[np.int64], extra: Extra, share: NDArray[np.float64]) -> float:
    """Return the value of the consolidated book of the sources in `pool` (NaN: one side is empty)."""
    share[:] = 0.0
    n_bid, n_ask = 0, 0
    for k in range(n):
        row = newest[pool[k]]
        n_bid += extra.bids[row]
        n_ask += extra.asks[row]
        share[pool[k]] = 1.0 / n
    bid_price, bid_size, n_bid = _side(n_bid, n, pool, newest, extra, True)
    ask_price, ask_size, n_ask = _side(n_ask, n, pool, newest, extra, False)
    if n_bid == 0 or n_ask == 0:
        return math.nan
    cap = _cap(rules, bid_price, bid_size, n_bid, ask_price, ask_size, n_ask)
    best = mean(bid_price[0], ask_price[0])
    _accumulate(bid_size, n_bid, cap)
    _accumulate(ask_size, n_ask, cap)
    return _curve(rules, best, bid_price, bid_size, n_bid, ask_price, ask_size, n_ask)


@compiled
def _side(
    most: int,
    n: int,
    pool: NDArray[np.uint32],
    newest: NDArray[np.int64],
    extra: Extra,
    is_bid: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Return prices and sizes of one side, best first, and how many there are; levels that are no levels are passed over."""
    raw_price, raw_size = np.empty(most), np.empty(most)
    m = 0
    for k in range(n):
        row = newest[pool[k]]
        begin = extra.start[row] if is_bid else extra.start[row] + extra.bids[row]
        count = extra.bids[row] if is_bid else extra.asks[row]
        for level in range(begin, begin + count):
            p, size = extra.level_price[level], extra.level_size[level]
            if 0.0 < p < math.inf and 0.0 < size < math.inf:
                raw_price[m], raw_size[m] = p, size
                m += 1
    order = np.argsort(-raw_price[:m] if is_bid else raw_price[:m], kind="mergesort")
    return raw_price[order], raw_size[order], m


@compiled
def _cap(
    rules: Rules,
    bid_price: NDArray[np.float64],
    bid_size: NDArray[np.float64],
    n_bid: int,
    ask_price: NDArray[np.float64],
    ask_size: NDArray[np.float64],
    n_ask: int,
) -> float:
    """Return the largest size that a level counts with."""
    near_bid, near_ask = 0, 0
    while near_bid < n_bid and (near_bid < rules.at_least or _is_near(bid_price[near_bid], bid_price[0], rules.depth)):
        near_bid += 1
    while near_ask < n_ask and (near_ask < rules.at_least or _is_near(ask_price[near_ask], ask_price[0], rules.depth)):
        near_ask += 1
    sizes = np.concatenate((bid_size[:near_bid], ask_size[:near_ask]))
    sizes.sort()
    m = len(sizes)
    cut = min(math.floor(rules.book_trim * m + 1e-9), (m - 1) // 2)
    total = 0.0
    for k in range(cut, m - cut):
        total += sizes[k]
    trimmed = total / (m - 2 * cut)
    for k in range(cut):
        sizes[k] = sizes[cut]
        sizes[m - 1 - k] = sizes[m - 1 - cut]
    middle = 0.0
    for k in range(m):
        middle += sizes[k] / m
    spread = 0.0
    for k in range(m):
        spread += (sizes[k] - middle) * (sizes[k] - middle)
    return trimmed + rules.book_sigmas * (math.sqrt(spread / (m - 1)) if m > 1 else 0.0)


@compiled
def _is_near(p: float, best: float, depth: float) -> bool:
    return abs(p - best) <= depth * best * (1.0 + TIE) + TIE * best


@compiled
def _accumulate(size: NDArray[np.float64], n: int, cap: float) -> None:
    """Make cumulative capped sizes of sizes, in place."""
    total = 0.0
    for k in range(n):
        total += min(size[k], cap)
        size[k] = total


@compiled
def _curve(
    rules: Rules,
    best: float,
    bid_price: NDArray[np.float64],
    bid_depth: NDArray[np.float64],
    n_bid: int,
    ask_price: NDArray[np.float64],
    ask_depth: NDArray[np.float64],
    n_ask: int,
) -> float:
    """Walk the curve to the utilised depth, and weigh the mids up to it."""
    mids = np.empty(rules.steps)
    b, a, used, reached = 0, 0, 0, 0
    for step in range(rules.steps):
        volume = (step + 1) * rules.spacing
        while b < n_bid and bid_depth[b] < volume * (1.0 - TIE):
            b += 1
        while a < n_ask and ask_depth[a] < volume * (1.0 - TIE):
            a += 1
        if b == n_bid or a == n_ask:
            break
        mids[step] = mean(bid_price[b], ask_price[a])
        reached = step + 1
        if ask_price[a] / mids[step] - 1.0 > rules.max_spread + TIE:
            break
        used = step + 1
    if reached == 0:
        return best
    used = max(used, 1)
    total, weighted = 0.0, 0.0
    for step in range(used):
        weight = math.exp(-(step + 1) / (rules.decay * used))
        total += weight
        weighted += weight * mids[step]
    return weighted / total
