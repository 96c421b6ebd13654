"""`indexlab margin funding`: slots, rates and payments of a position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from indexlab.commands.completing import complete_venues
from indexlab.commands.parsing import split

__all__ = ["funding"]


@click.command(short_help="Show the funding of a position: slots, premium, rate before and after the cap, who pays.")
@click.option("--venue", required=True, metavar="VENUE", shell_complete=complete_venues, help="A bundled venue, or a TOML file of your own.")
@click.option("--contract", metavar="ID", help="Which of the venue's contracts (default: its first).")
@click.option("--side", type=click.Choice(["long", "short"]), default="long", show_default=True, help="Which side.")
@click.option("--size", type=float, metavar="N", help="How large the position is, in contracts.")
@click.option("--notional", type=float, help="The same in the quote currency (quanto: settlement). Default: 10000, or 1 for a quanto.")
@click.option(
    "--premium",
    multiple=True,
    metavar="P",
    callback=split,
    help="The premium over time: a straight line through these ratios, with commas between them (0%,0.2%,-5bp). Default: 0.01%.",
)
@click.option("--slots", type=click.IntRange(1, 500), default=3, show_default=True, metavar="N", help="Over so many intervals.")
@click.option("--start", metavar="TIME", default="2025-01-01T00:00:00Z", show_default=True, help="From this time on, as RFC 3339.")
@click.option("--price", type=float, default=10_000.0, show_default=True, help="The index, which stands still.")
@click.option("--samples", metavar="FILE", type=click.Path(path_type=Path), help="Take index and impact prices from a CSV file: time,index,bid,ask.")
@click.option("--figure", metavar="FILE", type=click.Path(path_type=Path), help="Draw it into this file as well, as .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def funding(venue: str, contract: str | None, side: str, samples: Path | None, figure: Path | None, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - the size and the premium
    """Show the funding of a position: each slot's premium, its rate before and after the cap, what the position pays, who pays, where the remainder goes.

    The premium is a straight line through what is given with --premium, or comes from a file of samples.
    """
    from indexlab.audit.venues import rules_named
    from indexlab.commands.margin_funding_samples import position_size, read_samples, straight_samples
    from indexlab.margin.funding_check import funding_of
    from indexlab.report.margin_figure import checked_figure, write_figure
    from indexlab.report.margin_funding import funding_text, funding_view

    size, notional, premium = options.pop("size"), options.pop("notional"), options.pop("premium")
    if size is not None and notional is not None:
        message = "--size and --notional exclude one another"
        raise click.UsageError(message)
    if samples is not None and premium:
        message = "--premium and --samples exclude one another"
        raise click.UsageError(message)
    file = checked_figure(figure)
    rules = rules_named(venue)
    rule = funding_of(rules)
    traded = rules.contracts[0] if contract is None else rules.contract(contract)
    told, span = straight_samples(rule, premium, **options) if samples is None else read_samples(rule, samples)
    view = funding_view(rules, traded.id, position_size(traded, side, size, notional, told[-1]), told, span)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(view), indent=2).decode())
    else:
        click.echo(funding_text(view))
    if file is not None:
        from indexlab.report.margin_funding_figure import funding_svg

        write_figure(funding_svg(view), file)
