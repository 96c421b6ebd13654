"""The outlier rule in words; and what it comes to with two live sources, and with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.index.wording_key import Key, Keys, listed
from indexlab.market.units import format_ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexlab.index.rules import Declaration, FewRule, Outlier

__all__ = ["NAMES", "OUTLIER", "THROWS_OUT", "alone", "together"]

THROWS_OUT: Final = ("drop", "weight-0")
NAMES: Final = {
    "median": "the median",
    "mean": "the mean",
    "median-of-others": "the median of the others",
    "mean-of-others": "the mean of the others",
    "weighted-median": "the weighted median",
    "last-index": "the last index",
    "median-with-last-index": "the median of the prices and the last index",
    "neighbour": "the next one",
    "own": "the venue's own last price",
}
_REFERENCE: Final = {
    "median": "the median is of all live sources, the suspect among them, unweighted",
    "mean": "the mean is of all live sources, the suspect among them, unweighted",
    "median-of-others": "the median is of the other live sources, without the suspect, unweighted",
    "mean-of-others": "the mean is of the other live sources, without the suspect, unweighted",
    "weighted-median": "the weighted median is of all live sources, the suspect among them, by given weight, the lower at a tie",
    "last-index": "the last index is the last value that was ok or degraded; before there is one, nobody is out",
    "median-with-last-index": "the median is of all live prices and the last value that was ok or degraded, together",
    "neighbour": "only the lowest and the highest price are asked, each against the next one",
    "own": "the venue's own last price is that of own.source; without one nobody is out",
}
_ACTION: Final = {
    "drop": "takes no part",
    "clamp": "is moved to the end of that band",
    "weight-0": "has no weight",
    "median": "makes the index the median of all live sources, none dropped, none moved",
    "hold": "has the last value published again (held)",
    "halt": "leaves no value (halted)",
    "own": "makes the venue's own last price the index (degraded)",
}
_SEVERAL: Final = {
    "each": "several outside at once are treated each by itself",
    "median": "with {many} outside, the index is the median of all live sources instead",
    "keep": "with {many} outside, none is out",
    "hold": "with {many} outside, the last value is published again (held)",
    "halt": "with {many} outside, there is no value (halted)",
}
_COMPARISON: Final = {">": "a price at exactly the end of the band is inside", ">=": "a price at exactly the end of the band is outside"}


def _is_active(declaration: Declaration) -> bool:
    return declaration.outlier.rule != "none"


def _acts_on_each(declaration: Declaration) -> bool:
    return declaration.outlier.rule in {"drop", "clamp", "weight-0"}


def _can_throw_all_out(declaration: Declaration) -> bool:
    return declaration.outlier.rule in THROWS_OUT or declaration.outlier.drop_beyond > 0


def _outside(rule: Outlier | FewRule, distance: str) -> str:
    far = f"more than {distance}" if rule.comparison == ">" else f"{distance} or more"
    return f"a {'lowest or highest ' if rule.reference == 'neighbour' else ''}price {far} from {NAMES[rule.reference]} {_ACTION[rule.rule]}"


def _outlier(declaration: Declaration) -> str:
    outlier = declaration.outlier
    if outlier.rule == "none":
        return "no price is too far from the others to count"
    return _outside(outlier, f"{outlier.sigmas:.12g} standard deviation{'' if outlier.sigmas == 1 else 's'}" if outlier.sigmas else format_ratio(outlier.band))


def _deviation(declaration: Declaration) -> str:
    divisor = "their number" if declaration.outlier.deviation == "population" else "their number less one"
    return f"the standard deviation is of the prices in that {declaration.outlier.reference}, divided by {divisor}"


def _several(declaration: Declaration) -> str:
    least = declaration.outlier.several_from
    return _SEVERAL[declaration.outlier.several].format(many="more than one" if least == 2 else f"at least {least}")


def _from_sources(declaration: Declaration) -> str:
    least = declaration.outlier.from_sources
    return "this is done with any number of live sources" if least == 1 else f"this is done from {least} live sources on"


def _drop_beyond(declaration: Declaration) -> str:
    beyond = declaration.outlier.drop_beyond
    return f"beyond {format_ratio(beyond)} it takes no part at all" if beyond else "no price is too far off to be moved"


def _exempt(declaration: Declaration) -> str:
    share = declaration.outlier.exempt_share
    return "no source is too heavy to be out" if share >= 1 else f"a source with more than {format_ratio(share)} of the weight of the live ones is never out"


def _all_out(declaration: Declaration) -> str:
    return f"where everyone is out, {'there is no value' if declaration.outlier.all_out == 'no-value' else 'nobody is'}"


def _bands(table: Mapping[str, float], whose: str) -> str:
    if not table:
        return f"the band is the same {whose}"
    return f"the band is {listed(f'{format_ratio(band)} {whose} {name}' for name, band in table.items())}"


def _by_asset(declaration: Declaration) -> str:
    asset, bands = declaration.methodology.asset, declaration.outlier.by_asset
    if not bands:
        return "the band is the same whatever the index is of"
    return f"{_bands(bands, 'where the index is of')} ({f'this one is of {asset}' if asset else 'it is not said what this one is of'})"


# ------------------------------------------------------------------------------------------------------------------ two sources, and one


def _few(few: FewRule | None, live: str) -> str:
    if few is None:
        return f"with exactly {live} there is no rule of its own"
    if few.rule == "none":
        return f"with exactly {live} none is out"
    return f"with exactly {live} {_outside(few, format_ratio(few.band))}"


def _two(declaration: Declaration) -> str:
    return _few(declaration.outlier.two, "two live sources")


def _one(declaration: Declaration) -> str:
    return _few(declaration.outlier.one, "one live source")


_TOGETHER: Final = {
    "drop": "both are as far from it, and take part together or not at all",
    "weight-0": "both are as far from it, and count together or not at all",
    "clamp": "both are moved as far, and the index stays between them whatever either says",
    "median": "nobody can tell which of them is wrong: the index is halfway between them",
    "hold": "nobody can tell which of them is wrong, and both or none stop the index",
    "halt": "nobody can tell which of them is wrong, and both or none stop the index",
    "own": "nobody can tell which of them is wrong",
}


def together(declaration: Declaration) -> str:
    """Say what the outlier rule comes to with two live sources, where it has no rule for two."""
    outlier = declaration.outlier
    if outlier.rule == "none" or outlier.from_sources > 2:
        return "two live sources both count, however far apart they are"
    if outlier.reference in {"median", "mean"}:
        return f"of two live sources {NAMES[outlier.reference]} is halfway between them; {_TOGETHER[outlier.rule]}"
    if outlier.reference.endswith("-of-others") or outlier.reference == "neighbour":
        return "two live sources are each compared with the other, and nobody can tell which of them is wrong"
    return f"two live sources are compared with {NAMES[outlier.reference]}, as any number is"


def alone(declaration: Declaration) -> str:
    """Say what the outlier rule comes to with one live source, where it has no rule for one."""
    outlier = declaration.outlier
    if outlier.rule == "none" or outlier.from_sources > 1 or outlier.reference not in {"last-index", "median-with-last-index", "own"}:
        return f"one live source has nothing to be compared with: whatever it says counts{_once(declaration)}"
    return f"one live source is compared with {NAMES[outlier.reference]}, as any number is"


def _once(declaration: Declaration) -> str:
    return "" if declaration.quorum.ok_from > 1 else ", and is ok"


def _few_keys(name: str, words: Callable[[Declaration], str], few: Callable[[Declaration], FewRule | None]) -> Keys:
    def is_given(declaration: Declaration) -> bool:
        return few(declaration) is not None

    def compares(declaration: Declaration) -> bool:
        rule = few(declaration)
        return rule is not None and rule.rule != "none"

    primary = f"outlier.{name}.rule"
    return {primary: Key(words, is_given), **{f"outlier.{name}.{key}": Key(words, compares, primary) for key in ("reference", "band", "comparison")}}


OUTLIER: Final[Keys] = {
    "outlier.rule": Key(_outlier),
    "outlier.band": Key(_outlier, _is_active, "outlier.rule"),
    "outlier.sigmas": Key(_outlier, lambda declaration: declaration.outlier.sigmas > 0, "outlier.rule"),
    "outlier.deviation": Key(_deviation, lambda declaration: declaration.outlier.sigmas > 0),
    "outlier.by_quote": Key(
        lambda declaration: _bands(declaration.outlier.by_quote, "for prices in" if declaration.outlier.by_quote else "whatever the currency"),
        lambda declaration: bool(declaration.outlier.by_quote),
    ),
    "outlier.by_asset": Key(_by_asset, lambda declaration: bool(declaration.outlier.by_asset)),
    "outlier.reference": Key(lambda declaration: _REFERENCE[declaration.outlier.reference], _is_active),
    "outlier.comparison": Key(lambda declaration: _COMPARISON[declaration.outlier.comparison], _is_active),
    "outlier.drop_beyond": Key(_drop_beyond, lambda declaration: declaration.outlier.drop_beyond > 0),
    "outlier.exempt_share": Key(_exempt, lambda declaration: declaration.outlier.exempt_share < 1),
    "outlier.several": Key(_several, lambda declaration: _acts_on_each(declaration) or declaration.outlier.several != "each"),
    "outlier.several_from": Key(_several, lambda declaration: declaration.outlier.several != "each", "outlier.several"),
    "outlier.all_out": Key(_all_out, _can_throw_all_out),
    "outlier.from_sources": Key(_from_sources, _is_active),
    **_few_keys("two", _two, lambda declaration: declaration.outlier.two),
    **_few_keys("one", _one, lambda declaration: declaration.outlier.one),
}
