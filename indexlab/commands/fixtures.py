"""`indexlab fixtures`: list, show, check, import."""

from __future__ import annotations

from pathlib import Path

import click

from indexlab.commands.completing import complete_fixtures
from indexlab.commands.parsing import table

__all__ = ["fixtures"]


@click.group(short_help="Recorded, reconstructed and synthetic markets: list, show, check, import.")
def fixtures() -> None:
    """Markets to run over, a folder each, with fixture.toml."""


@fixtures.command("list")
def fixtures_list() -> None:
    """List the bundled fixtures."""
    from indexlab.market.fixture import find_fixture, fixture_ids, load_fixture

    rows = []
    for name in fixture_ids():
        fixture = load_fixture(find_fixture(name))
        rows.append((name, fixture.kind, f"{len(fixture.basket)} sources", fixture.title))
    table(rows)


@fixtures.command("show")
@click.argument("fixture", metavar="ID-OR-DIR", shell_complete=complete_fixtures)
def fixtures_show(fixture: str) -> None:
    """Show a fixture: what, when, sources, silences, provenance."""
    from indexlab.market.fixture import find_fixture, load_fixture
    from indexlab.report.described import fixture_text

    click.echo(fixture_text(load_fixture(find_fixture(fixture))))


@fixtures.command("check")
@click.argument("fixture", metavar="ID-OR-DIR", shell_complete=complete_fixtures)
def fixtures_check(fixture: str) -> int:
    """Check a fixture's files against what it declares; exit 1 where something does not hold."""
    from indexlab.market.fixture import check_fixture, find_fixture

    problems = check_fixture(find_fixture(fixture))
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{fixture}: found nothing wrong")
    return 1 if problems else 0


@fixtures.group("import", short_help="Make a fixture of files that a feed reads.")
def fixtures_import() -> None:
    """Make a fixture of files."""


@fixtures_import.command("candles")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--id", "name", required=True, help="The fixture's id.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder in which DIR/ID is made.")
@click.option("--source", "named", multiple=True, metavar="ID=FILE", help="A file whose name does not say its venue and pair; may be repeated.")
@click.option("--title", default="", help="What it is, in a few words.")
@click.option("--licence", default="unknown", show_default=True, help="Under which licence the data may be used.")
def import_candles(files: tuple[Path, ...], name: str, out: Path, named: tuple[str, ...], title: str, licence: str) -> None:
    """Import minute candles (ts, open, high, low, close, volume, trades; gzip or not) as quotes.

    The file name VENUE_BASE-QUOTE.* gives id, venue and quote currency. The close counts, at the end of its minute; a minute with volume 0 is no new quote.
    """
    from indexlab.market.feed import import_fixture

    sources = {}
    for each in named:
        source, equals, path = each.partition("=")
        if not equals:
            message = f'must be ID=FILE, was "{each}"'
            raise click.BadParameter(message, param_hint="--source")
        sources[source] = path
    folder = import_fixture("candles", files, id=name, out=out, sources=sources, title=title or None, licence=licence)
    click.echo(f"wrote {folder}")
