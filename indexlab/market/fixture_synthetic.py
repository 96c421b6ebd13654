"""The bundled synthetic fixtures, as the few numbers from which they are made again: `fixtures/README.md` says how, a test that they are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.fixture_declaration import FixtureDeclaration, Provenance
from indexlab.market.source import Source
from indexlab.market.synthetic import Market, synthesise
from indexlab.market.times import parse_time
from indexlab.market.units import MINUTE, SECOND

if TYPE_CHECKING:
    from indexlab.market.quotes import Quotes

__all__ = ["SYNTHETIC_FIXTURES", "SyntheticFixture", "made_fixture"]

_SOURCES: Final = 8


class SyntheticFixture(NamedTuple):
    """A title, and the market it is made from."""

    title: str
    market: Market


SYNTHETIC_FIXTURES: Final = {
    "calm-hour": SyntheticFixture(
        "A calm hour: eight venues with books, nothing happens",
        Market(
            regime="calm",
            seed=1,
            start=parse_time("2024-01-08T12:00:00Z"),
            interval=5 * SECOND,
            publications=720,
            price=50_000.0,
            spacing=8 * SECOND,
            lead=SECOND,
            book=True,
        ),
    ),
    "true-crash": SyntheticFixture(
        "A true crash: the market falls by 30 % in ten minutes, one of eight venues shows it first",
        Market(
            regime="crash",
            seed=2,
            start=parse_time("2024-01-08T14:00:00Z"),
            interval=5 * SECOND,
            publications=420,
            price=50_000.0,
            spacing=8 * SECOND,
            lead=5 * SECOND,
            move=0.7,
            move_at=12 * MINUTE,
            move_over=10 * MINUTE,
            leader=0,
            book=True,
        ),
    ),
}


def made_fixture(id: str) -> tuple[FixtureDeclaration, Quotes]:  # noqa: A002 - the word of fixture.toml
    """Return a bundled synthetic fixture as it is made: what its fixture.toml says (without checksums), and its quotes.

    The window begins where the quotes do, so at its first publications some sources have said nothing yet. Raises InputError for an unknown id.
    """
    if id not in SYNTHETIC_FIXTURES:
        problem = f'is no synthetic fixture, was "{id}"'
        raise InputError(problem, key="id", remedy=did_you_mean(id, SYNTHETIC_FIXTURES))
    title, market = SYNTHETIC_FIXTURES[id]
    declaration = FixtureDeclaration(
        id=id,
        title=title,
        kind="synthetic",
        instrument="BTC-USD",
        start=market.start,
        end=market.end,
        interval=market.interval,
        sources=tuple(Source(id=f"venue-{letter}", venue=f"venue-{letter}") for letter in "abcdefgh"[:_SOURCES]),
        provenance=Provenance(
            text=f"Made by indexlab.market.synthetic from the numbers of indexlab.market.fixture_synthetic (seed {market.seed}); no venue's prices.",
            licence="Apache-2.0",
        ),
    )
    quotes = synthesise(market, _SOURCES)
    return declaration, quotes.take(quotes.receive_time >= market.start)
