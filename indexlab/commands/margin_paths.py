"""`indexlab margin paths`: what each path of forced reduction does to the same position."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexlab.commands.completing import complete_venues
from indexlab.commands.parsing import split

if TYPE_CHECKING:
    from indexlab.margin.opening import Side

__all__ = ["paths"]


@click.command(short_help="Compare the paths of forced reduction on one position: cost, slippage, time, tail, fund, deleveraging.")
@click.option("--venue", default="binance-usdm", show_default=True, metavar="VENUE", shell_complete=complete_venues, help="Whose contract, tiers, fees.")
@click.option("--contract", metavar="ID", help="Which of the venue's contracts (default: its first).")
@click.option("--side", type=click.Choice(["long", "short"]), default="long", show_default=True, help="Which side.")
@click.option("--leverage", type=float, default=20.0, show_default=True, metavar="L", help="The leverage it was opened with.")
@click.option("--notional", type=float, help="In the quote currency (quanto: settlement). Default: 1000000, or 100 for a quanto.")
@click.option("--price", type=float, default=10_000.0, show_default=True, help="The price that it was opened at.")
@click.option("--path", "chosen", multiple=True, metavar="PATH", callback=split, help="These paths alone, with commas between them.")
@click.option("--scenarios", type=click.IntRange(1, 100_000), default=1000, show_default=True, metavar="N", help="Over so many.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed gives the same scenarios.")
@click.option("--volatility", default="300%", show_default=True, metavar="V", help="How much the price moves, a year.")
@click.option("--depth", type=float, metavar="N", help="Notional on each side for each basis point (default: 55000, of a real book).")
@click.option("--fund", default="10bp", show_default=True, metavar="SHARE", help="What the insurance fund has, as a share of the notional.")
@click.option("--figure", metavar="FILE", type=click.Path(path_type=Path), help="Draw it into this file as well, as .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def paths(venue: str, side: Side, leverage: float, chosen: tuple[str, ...], figure: Path | None, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - position and setting
    """Compare the paths of forced reduction: one market order, immediate-or-cancel with takeover, by tier, by fraction, Dutch auction, backstop vault.

    Each is run on the same position over the same seeded prices and order books; below it, what 0.05 % more cost eats of the margin, by leverage.
    """
    from indexlab.audit.venues import rules_named
    from indexlab.commands.margin_paths_asked import PathsAsked, asked_paths
    from indexlab.report.margin_figure import checked_figure, write_figure
    from indexlab.report.margin_paths import paths_text

    file = checked_figure(figure)
    view = asked_paths(rules_named(venue), side, leverage, chosen, PathsAsked(**options))
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(view), indent=2).decode())
    else:
        click.echo(paths_text(view))
    if file is not None:
        from indexlab.report.margin_paths_figure import paths_svg

        write_figure(paths_svg(view), file)
