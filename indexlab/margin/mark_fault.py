"""What a wrong index does to a mark, in closed form: it goes in at once, and out again as the average of the basis takes it up. No numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from indexlab.margin.mark_rules import MarkRule

__all__ = ["fades_to", "index_share"]


def _step(rule: MarkRule) -> int:
    return rule.sample_us or SECOND


def index_share(rule: MarkRule, lasted_us: int) -> float:
    """Return which share of a wrong index is in the mark when it has been wrong for so long (microseconds; 0: at its first publication).

    For an index that jumps, and stays, further off than the rule's inputs lie apart, while the contract's own book, its last trade and other venues stay where
    they are. There is a sample each second, or as often as the rule says. By the rule's first step alone, without a band or a limit of the rate.
    """
    if rule.rule in {"index", "funding-basis"}:
        return 1.0
    if rule.rule == "hyperliquid":
        return 0.0  # two of its three inputs are no index
    taken_up = (lasted_us // _step(rule) + 1) * _step(rule)
    return math.exp(-taken_up / rule.window_us) if rule.average == "decaying" else max(0.0, 1.0 - taken_up / rule.window_us)


def fades_to(rule: MarkRule, share: float) -> int | None:
    """Return after how long (microseconds, whole samples) a wrong index that lasts has at most this share in the mark; None where it never has."""
    if index_share(rule, 0) <= share:
        return 0
    if rule.rule in {"index", "funding-basis"}:
        return None
    if rule.average == "decaying":
        if share <= 0:
            return None
        needed = -math.log(share) * rule.window_us
    else:
        needed = (1.0 - share) * rule.window_us
    return max(math.ceil(needed / _step(rule) - 1e-9) - 1, 0) * _step(rule)
