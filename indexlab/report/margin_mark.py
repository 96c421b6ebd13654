"""What a mark rule makes of a wrong index, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.margin.mark_fault import fades_to
from indexlab.market.units import format_duration

if TYPE_CHECKING:
    from indexlab.margin.mark_rules import MarkRule

__all__ = ["index_note"]


def index_note(rule: MarkRule) -> str | None:
    """Say how much of a wrong index is in the mark, and for how long; None where all of it is as long as it is wrong."""
    if rule.rule == "hyperliquid":
        return (
            "The mark is taken to move as the index does. By this venue's rule it lies between its own book and other venues' prices while they stand,"
            " whatever the index alone says."
        )
    half, gone, word = fades_to(rule, 0.5), fades_to(rule, 0.0), "all of it"
    if gone is None:
        gone, word = fades_to(rule, 0.01), "99 % of it"
    if half is None or gone is None:
        return None
    return (
        "The mark is taken to move as the index does. By this venue's rule a wrong index is in the mark at once; where the contract's own book stays,"
        f" half of it has left the mark after {format_duration(half)} and {word} after {format_duration(gone)}."
    )
