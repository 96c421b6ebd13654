"""`indexlab compare`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["compare"]

_FORMATS = ("text", "markdown", "html")


@click.command(short_help="Hold two runs against each other: what got worse, what got better.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--tolerance", default="10%", show_default=True, metavar="RATIO", help="So much may a worst case grow, or the coverage shrink.")
@click.option("--format", "formats", multiple=True, metavar="text|markdown|html[=FILE]", help="As what, and where to; may be repeated (default: text).")
@click.option("--all", "everything", is_flag=True, help="Show what is the same, too.")
def compare(old: Path, new: Path, tolerance: str, formats: tuple[str, ...], *, everything: bool) -> int:
    """Compare two audits, each a run's folder or its report.json: verdicts, worst cases, findings, measures, coverage.

    \b
    indexlab compare reports/acme-1 reports/acme-2
    indexlab compare main/report.json branch/report.json --format markdown=compare.md --tolerance 25%

    Exit codes: 0 no regression, 1 a regression: a verdict or a coverage that got worse, a finding that was not there before, a worst case that grew by more
    than the tolerance (and a basis point); 2 bad usage or input.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from indexlab.market.units import ratio
    from indexlab.report.comparison import compare as compared
    from indexlab.report.comparison_text import comparison_markdown, comparison_text
    from indexlab.report.files import write_whole
    from indexlab.report.stored import read_report

    wanted = [_format(each) for each in formats] or [("text", None)]
    found = compared(read_report(old), read_report(new), ratio(tolerance, key="--tolerance", high=1000.0))
    for name, path in wanted:
        if name == "html":
            from indexlab.report.comparison_page import comparison_page

            content = comparison_page(found)
        else:
            content = comparison_markdown(found).encode() if name == "markdown" else f"{comparison_text(found, everything=everything)}\n".encode()
        if path is None:
            click.echo(content, nl=False)
        else:
            write_whole(path, content)
    return 1 if found.regressions else 0


def _format(given: str) -> tuple[str, Path | None]:
    name, equals, path = given.partition("=")
    if name not in _FORMATS or (equals and not path):
        message = f'must be one of {", ".join(_FORMATS)}, with or without =FILE, was "{given}"'
        raise click.BadParameter(message, param_hint="--format")
    return name, Path(path) if path else None
