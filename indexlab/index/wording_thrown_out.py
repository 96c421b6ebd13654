"""What is thrown out, in words: invalid, silent, delayed and unchanging observations, and when a source that was out comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.index.wording_key import Key, Keys
from indexlab.index.wording_outlier import OUTLIER
from indexlab.market.units import format_duration, format_ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.index.rules import Declaration, Reinclusion

__all__ = ["BACK_AT_ONCE", "THROWN_OUT"]

BACK_AT_ONCE: Final = "a source that was thrown out counts again at the first publication at which nothing throws it out, however far off it has just been"
_INVALID: Final = {
    "ignore": "an invalid observation is ignored, as if it had not come",
    "exclude": "an invalid observation puts its source out until its next valid one",
}
_CLOCK: Final = {
    "event": "newest is by event time, and age is counted from it; what arrives late never replaces what is newer",
    "receive": "newest is what was received last, and age is counted from its receipt",
}
_STALE: Final = {
    "drop": "a stale source takes no part",
    "hold": "a stale source counts as before, with its last price",
    "weight-0": "a stale source has no weight and does not count as live, but its last price stays among those that outliers are compared with",
}
_DELAYED: Final = {
    "drop": "a delayed observation puts its source out (stale) until the next that is not delayed",
    "hold": "a delayed observation is ignored, and the price before it stays",
    "weight-0": "a delayed observation is taken, but has no weight until the next that is not delayed",
}
_UNCHANGED: Final = {
    "drop": "a source whose price stands still takes no part",
    "hold": "a source whose price stands still counts as before",
    "weight-0": "a source whose price stands still has no weight and does not count as live, but stays among those that outliers are compared with",
}
_AT_END: Final = {"live": "still counts", "stale": "counts no more"}
_WHO: Final = {
    "outlier": "a source that the outlier rule threw out",
    "stale": "a source that was stale",
    "both": "a source that the outlier rule threw out, or that was stale,",
}


def _has_silence(declaration: Declaration) -> bool:
    return declaration.staleness.silence_us is not None


def _silence(declaration: Declaration) -> str:
    staleness = declaration.staleness
    if staleness.silence_us is None:
        return "a source never goes stale, however long it is silent"
    return f"a source is stale once its newest valid observation is older than {format_duration(staleness.silence_us)}"


def _remove_after(declaration: Declaration) -> str:
    limit = declaration.staleness.remove_after_us
    return (
        "no silence is too long for that" if limit is None else f"a source that was silent for longer than {format_duration(limit)} takes no part in any case"
    )


def _has_latency(declaration: Declaration) -> bool:
    return declaration.latency.limit_us is not None


def _latency(declaration: Declaration) -> str:
    limit = declaration.latency.limit_us
    if limit is None:
        return "an observation may arrive any time after it was made"
    return f"an observation that is received more than {format_duration(limit)} after its event time is delayed"


def _has_unchanged(declaration: Declaration) -> bool:
    return declaration.unchanged.limit_us is not None


def _unchanged(declaration: Declaration) -> str:
    limit = declaration.unchanged.limit_us
    if limit is None:
        return "a price may stay the same for ever, as long as it is said again"
    return f"a price stands still once it has not changed for longer than {format_duration(limit)}, however often it is said"


def _max_ahead(declaration: Declaration) -> str:
    return f"an observation whose event time is more than {format_duration(declaration.validity.max_ahead_us)} ahead of its receipt is invalid"


# ------------------------------------------------------------------------------------------------------------------ re-inclusion


def _of(words: Callable[[Reinclusion], str]) -> Callable[[Declaration], str]:
    """Return the words for a rule of re-inclusion, or what holds without any."""
    return lambda declaration: BACK_AT_ONCE if declaration.reinclusion is None else words(declaration.reinclusion)


def _when(holds: Callable[[Reinclusion], bool]) -> Callable[[Declaration], bool]:
    return lambda declaration: declaration.reinclusion is not None and holds(declaration.reinclusion)


def _back_band(back: Reinclusion) -> str:
    if back.band is None:
        return "it is right while it would be no outlier"
    if back.band >= 1:
        return "it is right while it has a valid price, whatever that is"
    far = "at most" if back.comparison == "<=" else "less than"
    return f"it is right while its price is {far} {format_ratio(back.band)} from that median"


def _back_reference(back: Reinclusion) -> str:
    others = "its price is compared with the median of the sources that are in"
    return others if back.reference == "others" else f"{others} and its own"


def _back_comparison(back: Reinclusion) -> str:
    return f"a price at exactly the end of that band is {'right' if back.comparison == '<=' else 'wrong'}"


def _held_for(back: Reinclusion) -> str:
    return f"it has to be right for {format_duration(back.held_for_us)} without a break" if back.held_for_us else "it comes back as soon as it is right"


def _back_at_limit(back: Reinclusion) -> str:
    return f"after exactly that time it {'is back' if back.at_limit == 'back' else 'is still out'}"


def _alone(back: Reinclusion) -> str:
    band = "the same band" if back.alone is None else f"a band of {format_ratio(back.alone)}"
    return f"where no other is in (or one, and the last value was held), it is compared with the last index, with {band}"


def _out_for(back: Reinclusion) -> str:
    if not back.out_for_us:
        return "it is looked at from the next publication on"
    again = format_duration(back.out_for_us)
    return f"first it stays out for {again}, whatever it says; where it is not right then, for {again} again"


def _strikes(back: Reinclusion) -> str:
    if not back.strikes:
        return "it may go out and come back any number of times"
    within = f" within {format_duration(back.strikes_within_us)}" if back.strikes_within_us else ""
    return f"whatever has gone out {'once' if back.strikes == 1 else f'{back.strikes} times'}{within} stays out for good"


_REINCLUSION: Final[Keys] = {
    "reinclusion.applies_to": Key(_of(lambda back: f"{_WHO[back.applies_to]} stays out until it has been right"), _when(lambda _: True)),
    "reinclusion.reference": Key(_of(_back_reference), _when(lambda back: back.band is None or back.band < 1)),
    "reinclusion.band": Key(_of(_back_band), _when(lambda _: True)),
    "reinclusion.comparison": Key(_of(_back_comparison), _when(lambda back: back.band is None or back.band < 1)),
    "reinclusion.alone": Key(_of(_alone), _when(lambda back: back.alone is not None or back.band is None or back.band < 1)),
    "reinclusion.held_for": Key(_of(_held_for), _when(lambda _: True)),
    "reinclusion.at_limit": Key(_of(_back_at_limit), _when(lambda back: back.held_for_us > 0)),
    "reinclusion.out_for": Key(_of(_out_for), _when(lambda back: back.out_for_us > 0)),
    "reinclusion.strikes": Key(_of(_strikes), _when(lambda back: back.strikes > 0)),
    "reinclusion.strikes_within": Key(_of(_strikes), _when(lambda back: back.strikes > 0), "reinclusion.strikes"),
}
THROWN_OUT: Final[Keys] = {
    "validity.invalid": Key(lambda declaration: _INVALID[declaration.validity.invalid]),
    "validity.max_ahead": Key(_max_ahead),
    "staleness.silence": Key(_silence),
    "staleness.clock": Key(lambda declaration: _CLOCK[declaration.staleness.clock]),
    "staleness.at_limit": Key(lambda declaration: f"an age of exactly the limit {_AT_END[declaration.staleness.at_limit]}", _has_silence),
    "staleness.action": Key(lambda declaration: _STALE[declaration.staleness.action], _has_silence),
    "staleness.remove_after": Key(_remove_after, lambda declaration: declaration.staleness.remove_after_us is not None),
    "latency.limit": Key(_latency, _has_latency),
    "latency.at_limit": Key(lambda declaration: f"a delay of exactly the limit {_AT_END[declaration.latency.at_limit]}", _has_latency),
    "latency.action": Key(lambda declaration: _DELAYED[declaration.latency.action], _has_latency),
    "unchanged.limit": Key(_unchanged, _has_unchanged),
    "unchanged.at_limit": Key(
        lambda declaration: f"a price that has not changed for exactly the limit {_AT_END[declaration.unchanged.at_limit]}", _has_unchanged
    ),
    "unchanged.action": Key(lambda declaration: _UNCHANGED[declaration.unchanged.action], _has_unchanged),
    **OUTLIER,
    **_REINCLUSION,
}
