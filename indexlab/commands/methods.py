"""`indexlab methods`: list, show, check, diff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexlab.commands.completing import complete_methods
from indexlab.commands.parsing import table

if TYPE_CHECKING:
    from indexlab.index.rules import Declaration


__all__ = ["methods"]


@click.group(short_help="The bundled methodologies: list, show, check, diff.")
def methods() -> None:
    """Published index methodologies as declarations, dated and cited."""


@methods.command("list")
def methods_list() -> None:
    """List the methodologies: date, venue, grade of the evidence, name, and how many keys are assumed."""
    from indexlab.index.catalogue import left_out, preset, preset_names

    rows = []
    for name in preset_names():
        found = preset(name)
        methodology = found.methodology
        rows.append((name, methodology.date, methodology.venue, methodology.grade or "-", methodology.name, f"{len(found.assumed)} assumed"))
    table(rows)
    for problem in left_out():
        click.echo(f"left out: {problem}", err=True)


@methods.command("show")
@click.argument("name", shell_complete=complete_methods)
def methods_show(name: str) -> None:
    """Show a methodology as a definition sheet; NAME is a bundled one or a TOML file."""
    from indexlab.index.sheet import sheet

    click.echo(sheet(_methodology(name)))


@methods.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def methods_check(file: Path) -> None:
    """Check a methodology FILE of your own, and say what it leaves unspecified."""
    from indexlab.index.declaration import load_declaration
    from indexlab.index.sheet import questions

    declaration = load_declaration(file)
    click.echo(f"{file}: a methodology that indexlab can run")
    for question in questions(declaration):
        click.echo(f"  - {question}")
    click.echo(f"{len(declaration.assumed)} key(s) marked assumed")


@methods.command("diff")
@click.argument("first", metavar="A", shell_complete=complete_methods)
@click.argument("second", metavar="B", shell_complete=complete_methods)
def methods_diff(first: str, second: str) -> None:
    """Say in words what changed from methodology A to B; each is a bundled one or a TOML file."""
    from indexlab.index.difference import difference

    click.echo(difference(_methodology(first), _methodology(second)))


def _methodology(name: str) -> Declaration:
    from indexlab.index.catalogue import preset
    from indexlab.index.declaration import load_declaration

    return load_declaration(Path(name)) if name.endswith(".toml") else preset(name)
