"""`indexlab schema`."""

from __future__ import annotations

import click

__all__ = ["schema"]


@click.command(short_help="Print the JSON Schema of a plan, scenario, report or fixture.")
@click.argument("name", metavar="plan|scenario|report|fixture")
def schema(name: str) -> None:
    """Print a JSON Schema (draft 2020-12), for editors and other programs.

    \b
    plan      indexlab.toml
    scenario  a finding's file, under findings/
    report    report.json
    fixture   fixture.toml

    \b
    indexlab schema plan > indexlab.schema.json
    and in indexlab.toml, as its first line:  #:schema ./indexlab.schema.json
    """  # noqa: D301 - click's mark for lines that stay as they are
    from indexlab.report.schemas import schema_text

    click.echo(schema_text(name), nl=False)
