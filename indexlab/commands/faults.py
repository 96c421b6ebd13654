"""`indexlab faults`: list, show."""

from __future__ import annotations

from pathlib import Path

import click

from indexlab.commands.completing import complete_faults
from indexlab.market.errors import HarnessError, InputError

__all__ = ["faults"]


@click.group(short_help="The faults: list, show.")
def faults() -> None:
    """What breaks a source."""


@faults.command("list", short_help="List the faults, and the true market moves.")
def faults_list() -> None:
    """List the faults by family, and the true market moves, which an index must follow."""
    from indexlab.faults.listing import listing

    click.echo(listing())


@faults.command("show", short_help="Show what a fault does to a small market.")
@click.argument("name", shell_complete=complete_faults)
@click.option("--svg", metavar="FILE", type=click.Path(path_type=Path), help="Draw it into this file as well, as SVG.")
def faults_show(name: str, svg: Path | None) -> None:
    """Show what a fault, or a true market move, does to a small market, and what its intensity means."""
    from indexlab.faults.registry import BUNDLED
    from indexlab.faults.show import picture

    try:
        click.echo(picture(name))
    except HarnessError as error:
        if name in BUNDLED:
            raise
        raise InputError(str(error), remedy="mend or uninstall the package that brings it") from error
    if svg is not None:
        from indexlab.report.fault_picture import write_svg

        write_svg(name, svg)
