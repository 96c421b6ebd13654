"""`indexlab margin`: show, headroom, band, incident, paths, funding."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexlab.commands.completing import complete_fixtures, complete_targets, complete_venues
from indexlab.commands.margin_funding import funding
from indexlab.commands.margin_paths import paths
from indexlab.commands.parsing import split, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.opening import Side
    from indexlab.margin.rules import VenueRules

__all__ = ["margin"]

_FIGURE = click.option("--figure", metavar="FILE", type=click.Path(path_type=Path), help="Draw it into this file as well, as .svg or .png.")
_VENUE = click.option("--venue", required=True, metavar="VENUE", shell_complete=complete_venues, help="A bundled venue, or a TOML file of your own.")
_CONTRACT = click.option("--contract", metavar="ID", help="Which of the venue's contracts (default: its first).")
_NOTIONAL = click.option(
    "--notional", type=float, help="How large the position is, in the quote currency (quanto: settlement). Default: 10000, or 1 for a quanto."
)


def _position(command: Callable[..., Any]) -> Callable[..., Any]:
    return _VENUE(_CONTRACT(_NOTIONAL(command)))


@click.group(short_help="Margin accounts: venues' rules, headroom, the liquidation band, incidents, paths, funding.")
def margin() -> None:
    """What a moved index does to margin accounts, under the rules of venues: data, dated and cited.

    \b
    indexlab margin show okx                                        a venue's rules as a person reads them
    indexlab margin headroom --venue okx --leverage 10,20 --weight 25%
    indexlab margin band --venue okx --leverage 10 --fixture bitmex-2019-05-17 --figure band.svg
    indexlab margin incident bitmex-2017-04-15                      who was liquidated, when, at what cost
    indexlab margin paths, indexlab margin funding                  what forced reductions and funding cost
    """  # noqa: D301 - click's mark for lines that stay as they are


@margin.command(short_help="Show a venue's margin rules; without VENUE list the bundled ones.")
@click.argument("venue", required=False, shell_complete=complete_venues)
def show(venue: str | None) -> None:
    """Show a venue's margin rules: contracts, tiers, states, collateral, mark, funding, liquidation, fees, and what of them is assumed.

    VENUE is a bundled one or a TOML file; without it the bundled ones are listed.
    """
    from indexlab.margin import rules_file
    from indexlab.report.margin_show import venue_rows, venue_text

    if venue is None:
        table(venue_rows(rules_file.venue(name) for name in rules_file.venue_names()))
        return
    click.echo(venue_text(_rules(venue)))


@margin.command(short_help="Show what move of mark and index changes the state of a position.")
@_position
@click.option("--leverage", required=True, multiple=True, metavar="L", callback=split, help="Leverages, with commas between them; may be repeated.")
@click.option("--side", type=click.Choice(["long", "short", "both"]), default="both", show_default=True, help="Which side.")
@click.option("--price", type=float, default=10_000.0, show_default=True, help="The price that it was opened at.")
@click.option("--mark", type=float, help="The mark it stands at now (default: the price that it was opened at).")
@click.option("--weight", "weights", multiple=True, metavar="W", callback=split, help="Also what a source with this share of the index must be off (25%).")
@_FIGURE
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def headroom(leverage: tuple[str, ...], side: str, mark: float | None, weights: tuple[str, ...], figure: Path | None, **options: Any) -> None:  # noqa: ANN401 - those of the position
    """Show what move of the mark, and what displacement of the index, changes the state of an isolated position, state by state."""
    from indexlab.commands.margin_position import each_position, price_of, share_of
    from indexlab.report.margin_figure import checked_figure
    from indexlab.report.margin_headroom import headroom_of, headroom_text

    file = checked_figure(figure)
    as_json = options.pop("as_json")
    shares = [share_of(weight) for weight in weights]
    rules = _rules(options.pop("venue"))
    asked = each_position(rules, leverage, side, **options)
    at = asked.price if mark is None else price_of(mark)
    found = [headroom_of(account, rules, each, at, shares) for each, account in asked.accounts]
    if as_json:
        _json(found)
    else:
        click.echo(headroom_text(found, rules, asked.contract, notional=asked.notional, price=asked.price, mark=at))
    if file is not None:
        from indexlab.report.margin_figure import write_figure
        from indexlab.report.margin_headroom_figure import headroom_svg

        write_figure(headroom_svg(found, rules, asked.contract), file)


@margin.command(short_help="Show the liquidation band of a position, and what a path does to it.")
@_position
@click.option("--leverage", required=True, type=float, metavar="L", help="The leverage it was opened with.")
@click.option("--side", type=click.Choice(["long", "short"]), default="long", show_default=True, help="Which side.")
@click.option("--price", type=float, help="The price that it was opened at (default: the first index of the fixture, or 10000).")
@click.option("--fixture", metavar="ID-OR-DIR", shell_complete=complete_fixtures, help="Take the mark through this market, as the index has it.")
@click.option(
    "--index",
    "labels",
    multiple=True,
    metavar="TARGET",
    shell_complete=complete_targets,
    help="Under this index (default: the rules of the day, deribit-2019).",
)
@_FIGURE
def band(leverage: float, side: Side, labels: tuple[str, ...], figure: Path | None, **options: Any) -> None:  # noqa: ANN401 - those of the position
    """Show the liquidation band of an isolated position: from where maintenance pressure begins, over forced reduction, to bankruptcy.

    With --fixture also when the mark crossed each border, how long there was between them, and a figure; the mark is taken to be the index.
    """
    from indexlab.commands.margin_position import band_of
    from indexlab.report.margin_band import band_svg, band_text
    from indexlab.report.margin_figure import checked_figure, write_figure

    file = checked_figure(figure)
    if file is not None and options["fixture"] is None:
        message = "--figure needs a path: name a --fixture"
        raise click.UsageError(message)
    if labels and options["fixture"] is None:
        message = "--index needs a market: name a --fixture"
        raise click.UsageError(message)
    picture = band_of(_rules(options.pop("venue")), leverage, side, labels, **options)
    click.echo(band_text(picture))
    if file is not None:
        write_figure(band_svg(picture), file)


@margin.command(short_help="Show which accounts an incident liquidated, and under which other index it had not.")
@click.argument("fixture", metavar="FIXTURE", shell_complete=complete_fixtures)
@click.option("--venue", metavar="VENUE", shell_complete=complete_venues, help="Under these margin rules, not the day's: a bundled venue or a TOML file.")
@_CONTRACT
@_NOTIONAL
@click.option("--index", "labels", multiple=True, metavar="TARGET", shell_complete=complete_targets, help="Beside the rules of the day: these, not the usual.")
@click.option("--broken", multiple=True, metavar="SOURCE", callback=split, help="Which sources are broken: in the clean twin they say what the others do.")
@_FIGURE
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, every account of it.")
def incident(fixture: str, figure: Path | None, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - what stands in for the fixture's own plan
    """Run an incident as twins: under the rules of the day, without its fault, and under other indices, with margin accounts of every leverage.

    FIXTURE is a bundled one or a folder; incident.toml beside it says whose margin rules hold and which sources are broken.
    """
    from indexlab.commands.margin_position import incident_of
    from indexlab.report.margin_figure import checked_figure, write_figure
    from indexlab.report.margin_incident import incident_text

    file = checked_figure(figure)
    found = incident_of(fixture, **options)
    if as_json:
        _json(found)
    else:
        click.echo(incident_text(found))
    if file is not None:
        from indexlab.report.margin_incident_figure import incident_svg

        write_figure(incident_svg(found), file)


for _command in (paths, funding):
    margin.add_command(_command)


def _rules(name: str) -> VenueRules:
    from indexlab.audit.venues import rules_named

    return rules_named(name)


def _json(value: object) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
