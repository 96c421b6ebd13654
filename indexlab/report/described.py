"""What `show` prints of a property and of a fixture, as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indexlab.market.gaps import gaps
from indexlab.market.times import time_text
from indexlab.market.units import SECOND, format_duration
from indexlab.report.grid import wrapped
from indexlab.scenarios.expect import Expect

if TYPE_CHECKING:
    from indexlab.market.fixture import Fixture
    from indexlab.properties.property import Property

__all__ = ["fixture_text", "property_text"]

_WIDTH: Final = 100
_COLUMN: Final = 14
_TOLD: Final = {
    "repeat": "asked for again",
    "source-order": "with its sources in another order",
    "duplicates": "with observations delivered twice",
    "late-data": "with older observations added",
    "scale": "with its prices scaled",
    "time-shift": "with its times shifted",
    "weight-zero": "with a source at weight 0",
    "weight-absent": "without that source",
    "absent": "without its faulty sources",
    "absent-some": "without some of them",
    "removed": "without its invalid observations",
    "price-alone": "without its bad books",
    "book-alone": "with bad prices taken from the book",
    "explained": "explained",
    "restamped": "with other event times",
    "against": "as another target answers it",
}
"""How a variation is told; of another kind, its name."""
_KEY: Final = re.compile(r"«(\w+)»")
_LONG_SILENCE: Final = 10
_MOST_SILENCES: Final = 12


def property_text(prop: Property) -> str:
    """Return a property's statement, what it is judged by and when, who was hurt by its absence, and a violation of it."""
    told = {
        "applies to": prop.occasion,
        "premise": prop.premise,
        "compares": f"with the same run {', '.join(_TOLD.get(kind, kind) for kind in prop.needs)}" if prop.needs else "",
        "confirmed": "a breach counts only if it is still there when every price and weight is moved by a relative 1e-9 (three draws)"
        if prop.metamorphic
        else "",
        "expects": ", ".join(_keys(f"{prop.statement} {prop.occasion} {prop.premise} {prop.measure}")),
        "measures": prop.measure,
    }
    lines = [prop.id, *wrapped(prop.statement, _WIDTH, indent=2), ""]
    for name, text in told.items():
        if text:
            first, *rest = wrapped(text, _WIDTH, indent=_COLUMN)
            lines += [f"  {name}".ljust(_COLUMN) + first[_COLUMN:], *rest]
    if prop.hurt:
        lines += ["", "  who was hurt by its absence", *wrapped(prop.hurt, _WIDTH, indent=4)]
    if prop.example:
        lines += ["", "  a violation"]
        for line in prop.example.splitlines():
            # a line that is wider than the page goes on further in; columns that somebody set stay as they are
            first, *rest = [f"    {line}"] if len(line) <= _WIDTH else wrapped(line, _WIDTH, indent=4)
            lines += [first, *(f"  {each}" for each in rest)]
    return "\n".join(lines)


def _keys(text: str) -> list[str]:
    """Return the keys of `[expect]` that a text names in guillemets, each once, with what they are where nobody gives them."""
    default = Expect().as_table(whole=True)
    named = dict.fromkeys(_KEY.findall(text))
    return [f"{key} = {default[key]}" if key in default else f"{key} (unset)" for key in named]


def fixture_text(fixture: Fixture) -> str:
    """Return what a fixture is: when, which sources, how many quotes each, the long silences, where it comes from."""
    quotes = fixture.quotes()
    lines = [
        f"{fixture.id}: {fixture.title}",
        f"  {fixture.kind}, {fixture.instrument}, {time_text(fixture.start)} to {time_text(fixture.end)}, published every {format_duration(fixture.interval)}",
        "",
    ]
    for position, source in enumerate(fixture.basket):
        count = int((quotes.source == position).sum())
        upstream = f", upstream {source.upstream}" if source.upstream else ""
        lines.append(f"  {source.id:<18} {source.venue}, {source.quote}, weight {source.weight:g}{upstream}: {count} quotes")
    limit = _LONG_SILENCE * fixture.interval
    silences = gaps(quotes, len(fixture.basket), start=fixture.start, end=fixture.end, longer_than=limit)
    longest = sorted(silences, key=lambda gap: gap.start - gap.end)[:_MOST_SILENCES]
    lines += ["", f"  silent for longer than {format_duration(limit)}: {len(silences)} times" + (", the longest" if len(silences) > len(longest) else "")]
    for gap in sorted(longest, key=lambda gap: gap.start):
        span = format_duration((gap.end - gap.start) // SECOND * SECOND)
        lines.append(f"    {fixture.basket[gap.source].id:<18} {time_text(gap.start)} to {time_text(gap.end)} ({span})")
    if fixture.rules is not None:
        lines += ["", "  the rules of its day lie beside it: rules.toml"]
    lines += ["", *wrapped(f"from: {fixture.provenance.text}", _WIDTH, indent=2)]
    if fixture.provenance.url:
        lines.append(f"  {fixture.provenance.url}")
    if fixture.provenance.licence:
        lines.append(f"  licence: {fixture.provenance.licence}")
    return "\n".join(lines)
