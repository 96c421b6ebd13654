"""What `show` prints of a property and of a fixture, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.market.gaps import gaps
from indexlab.market.times import time_text
from indexlab.market.units import SECOND, format_duration
from indexlab.report.grid import wrapped

if TYPE_CHECKING:
    from indexlab.market.fixture import Fixture
    from indexlab.properties.property import Property

__all__ = ["fixture_text", "property_text"]

_WIDTH: Final = 100
_LONG_SILENCE: Final = 10
_MOST_SILENCES: Final = 12


def property_text(prop: Property) -> str:
    """Return a property's statement, what it compares with, how it is confirmed, and who was hurt by its absence."""
    lines = [prop.id, *wrapped(prop.statement, _WIDTH, indent=2), ""]
    if prop.needs:
        lines.append(f"  compares with   runs that are {', '.join(prop.needs)}")
    if prop.metamorphic:
        lines += wrapped("a breach counts only if it is still there when every price and weight is moved by a relative 1e-9 (three draws)", _WIDTH, indent=2)
    if prop.hurt:
        lines += ["", "  who was hurt by its absence", *wrapped(prop.hurt, _WIDTH, indent=4)]
    return "\n".join(lines)


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
