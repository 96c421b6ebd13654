"""What goes in, in words: what each source brings, in which currency, what counts as a price, and how much each source weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.index.wording_key import Key, Keys, listed, no_older_than, spelt
from indexlab.market.units import format_duration, format_ratio

if TYPE_CHECKING:
    from indexlab.index.rules import Declaration

__all__ = ["INPUT", "WINDOWED"]

WINDOWED: Final = ("vwap", "tvwap", "trades")
"""The inputs that look at more than the newest observation."""
_SERIES: Final = ("same-round", "previous-round")
_WEIGHING: Final = ("weighted-mean", "weighted-median", "drop-highest-and-lowest", "trimmed-mean")

_PRICE: Final = {
    "last": "each source brings the price of its newest valid observation, whatever its book says",
    "mid": "each source brings (bid + ask) / 2 of its newest valid observation; without a book its price stands in; half a book, or a crossed one, is invalid",
    "median": "each source brings the median of the bid, the ask and the price of its newest valid observation, of those that are there (of two their mean); "
    "a crossed book is invalid",
    "cross": "each source brings the two best levels a side of its newest book, each price weighted by the size on the other side; without levels its bid and "
    "ask, without those its price; one empty side, or a crossed book, is invalid",
    "book": "each source brings all levels of its newest book; without levels its bid and ask, without those its price with half a basis point to each side; "
    "one empty side, or a crossed or locked book, is invalid",
    "confidence": "each source brings its price and a confidence; where that is null, half the spread, or without a book a basis point of the price; a "
    "confidence that is not above 0 is invalid",
    "vwap": "each source brings the mean price of its observations in a window, weighted by size",
    "tvwap": "each source brings the mean price of its observations in a window, weighted by size and by how recent they are",
    "trades": "each source brings all of its observations in a window, each with its price and its size",
}
_RATE: Final = {
    "none": "prices are taken as they are, whatever currency they are in",
    "same-round": "a price in another currency is multiplied by the newest rate of that currency that was received by the publication",
    "previous-round": "a price in another currency is multiplied by the rate of that currency as of the publication before (at the first one there is none)",
    "peg": "a price in another currency is multiplied by that currency's peg",
}
_MISSING: Final = {
    "exclude": "without a rate the source is invalid",
    "peg": "without a rate the peg stands in (without a peg the source is invalid)",
}
_ACCEPT: Final = {
    "positive": "what is null, zero or negative is no price",
    "finite": "any finite number is a price, zero and negative too; null is none",
}


def _is_windowed(declaration: Declaration) -> bool:
    return declaration.input.price in WINDOWED


def _has_series(declaration: Declaration) -> bool:
    return declaration.conversion.rate in _SERIES


def _weights_matter(declaration: Declaration) -> bool:
    outlier = declaration.outlier
    asked = (outlier.rule != "none" and outlier.reference == "weighted-median") or outlier.exempt_share < 1 or declaration.quorum.weight_share > 0
    return asked or declaration.aggregation.rule in _WEIGHING or declaration.weights.kind == "fixed"


def _has_volume(declaration: Declaration) -> bool:
    return declaration.weights.kind == "volume"


def _window(declaration: Declaration) -> str:
    window = declaration.input.window_us
    if window is None:
        return "only the newest observation counts, there is no window"
    empty = "" if declaration.input.price == "trades" else "; a source with nothing in it is stale"
    return f"the window is the last {format_duration(window)}, by event time{empty}"


def _least_time_weight(declaration: Declaration) -> str:
    least = declaration.input.least_time_weight
    return f"at the old end of the window a size counts {format_ratio(least)} of what it counts at the new end, and in proportion between them"


def _least_size(declaration: Declaration) -> str:
    least = declaration.input.least_size
    return f"an observation of less than {least:.12g} is passed over" if least else "no size above 0 is too small to count"


def _max_uncertainty(declaration: Declaration) -> str:
    most = declaration.input.max_uncertainty
    return "no confidence is too wide" if most >= 1 else f"an observation whose confidence is more than {format_ratio(most)} of its price is invalid"


def _pegs(declaration: Declaration) -> str:
    return f"the pegs are {spelt(declaration.conversion.peg)}" if declaration.conversion.peg else "no currency has a peg"


def _inverted(declaration: Declaration) -> str:
    inverted = declaration.conversion.inverted
    return f"first of all a price of {listed(inverted, 'or')} becomes 1 / price" if inverted else "no price is inverted"


def _peg_band(declaration: Declaration) -> str:
    conversion = declaration.conversion
    if not conversion.band:
        return "a rate may be any distance from its peg"
    does = "is moved to the end of that band" if conversion.outside == "clamp" else "makes its sources invalid"
    return f"a rate more than {format_ratio(conversion.band)} from its peg {does}"


def _weights(declaration: Declaration) -> str:
    weights = declaration.weights
    renormalised = "divided by the sum over those that take part; weight 0 is absence"
    if weights.kind == "equal":
        return "all sources weigh the same"
    if weights.kind == "volume":
        return f"sources weigh what they traded (where nobody traded, what the basket gives them), {renormalised}"
    if weights.kind == "traded":
        return f"sources weigh the size behind their price (where there is none, what the basket gives them), {renormalised}"
    named = f" ({spelt(weights.fixed)} by these rules)" if weights.fixed else ""
    return f"sources weigh what the basket gives them{named}, {renormalised}"


def _volume_window(declaration: Declaration) -> str:
    window = declaration.weights.window_us
    return "volumes are of all time" if window is None else f"volumes are those received in the last {format_duration(window)}"


def _refresh(declaration: Declaration) -> str:
    refresh = declaration.weights.refresh_us
    return (
        f"volumes are summed anew every {format_duration(refresh)}, and the weights stand between"
        if refresh
        else "volumes are summed anew at every publication"
    )


def _cap(declaration: Declaration) -> str:
    cap = declaration.weights.cap
    if cap >= 1:
        return "a source may have any share of the weight"
    return f"no source has more than {format_ratio(cap)} of the weight; what is above that is spread over the others in proportion"


INPUT: Final[Keys] = {
    "input.price": Key(lambda declaration: _PRICE[declaration.input.price]),
    "input.window": Key(_window, _is_windowed),
    "input.least_time_weight": Key(_least_time_weight, lambda declaration: declaration.input.price == "tvwap"),
    "input.least_size": Key(_least_size, _is_windowed),
    "input.max_uncertainty": Key(_max_uncertainty, lambda declaration: declaration.input.price == "confidence" or declaration.input.max_uncertainty < 1),
    "conversion.rate": Key(lambda declaration: _RATE[declaration.conversion.rate], lambda declaration: declaration.conversion.rate != "none"),
    "conversion.peg": Key(_pegs, lambda declaration: bool(declaration.conversion.peg)),
    "conversion.inverted": Key(_inverted, lambda declaration: bool(declaration.conversion.inverted)),
    "conversion.silence": Key(lambda declaration: no_older_than(declaration.conversion.silence_us, "a rate"), _has_series),
    "conversion.missing": Key(lambda declaration: _MISSING[declaration.conversion.missing], _has_series),
    "conversion.band": Key(_peg_band, lambda declaration: _has_series(declaration) and bool(declaration.conversion.peg)),
    "conversion.outside": Key(_peg_band, lambda declaration: declaration.conversion.band > 0, "conversion.band"),
    "validity.accept": Key(lambda declaration: _ACCEPT[declaration.validity.accept]),
    "weights.kind": Key(_weights, _weights_matter),
    "weights.fixed": Key(_weights, lambda declaration: bool(declaration.weights.fixed), "weights.kind"),
    "weights.window": Key(_volume_window, _has_volume),
    "weights.refresh": Key(_refresh, _has_volume),
    "weights.cap": Key(_cap, lambda declaration: declaration.weights.cap < 1),
}
