"""The words that keys of a declaration may take."""

from __future__ import annotations

from typing import Final

__all__ = ["CHOICES"]

_PLAIN: Final[dict[str, tuple[str, ...]]] = {
    "methodology.grade": ("O", "M", "C", "T", "D"),
    "input.price": ("last", "mid", "median", "cross", "book", "confidence", "vwap", "tvwap", "trades"),
    "conversion.rate": ("none", "same-round", "previous-round", "peg"),
    "conversion.missing": ("exclude", "peg"),
    "conversion.outside": ("clamp", "exclude"),
    "staleness.clock": ("event", "receive"),
    "staleness.at_limit": ("live", "stale"),
    "staleness.action": ("drop", "hold", "weight-0"),
    "latency.at_limit": ("live", "stale"),
    "latency.action": ("drop", "hold", "weight-0"),
    "unchanged.at_limit": ("live", "stale"),
    "unchanged.action": ("drop", "weight-0"),
    "validity.accept": ("positive", "finite"),
    "validity.invalid": ("ignore", "exclude"),
    "outlier.rule": ("none", "drop", "clamp", "weight-0", "median", "hold", "halt", "own"),
    "outlier.reference": (
        "median", "mean", "median-of-others", "mean-of-others", "weighted-median", "last-index", "median-with-last-index", "neighbour", "own",
    ),
    "outlier.comparison": (">", ">="),
    "outlier.several": ("each", "median", "keep", "hold", "halt"),
    "outlier.deviation": ("population", "sample"),
    "outlier.all_out": ("no-value", "keep"),
    "reinclusion.comparison": ("<=", "<"),
    "reinclusion.reference": ("others", "all"),
    "reinclusion.at_limit": ("back", "out"),
    "reinclusion.applies_to": ("outlier", "stale", "both"),
    "weights.kind": ("equal", "fixed", "volume", "traded"),
    "aggregation.rule": (
        "weighted-mean", "median", "weighted-median", "drop-highest-and-lowest", "trimmed-mean", "votes", "order-book", "partitions",
    ),
    "aggregation.even": ("mean", "floor", "away-from-zero", "lower", "upper"),
    "aggregation.tie": ("lower", "upper", "mean"),
    "guard.action": ("clamp", "halt"),
    "quorum.below": ("halt", "hold", "degrade", "mean", "own"),
    "quorum.then": ("halt", "hold"),
    "quorum.counts": ("sources", "venues", "upstreams"),
    "rounding.mode": ("half-even", "half-up", "half-down", "down", "up"),
}  # fmt: skip
CHOICES: Final[dict[str, tuple[str, ...]]] = _PLAIN | {
    f"outlier.{few}.{key}": _PLAIN[f"outlier.{key}"] for few in ("two", "one") for key in ("rule", "reference", "comparison")
}
"""The words that a key may take, by dotted key; the first is the default where there is one."""
