"""`indexlab properties`: list, show."""

from __future__ import annotations

import click

from indexlab.commands.completing import complete_properties
from indexlab.commands.parsing import table

__all__ = ["properties"]


@click.group(short_help="The properties: list, show.")
def properties() -> None:
    """Statements that an index must keep."""


@properties.command("list")
def properties_list() -> None:
    """List the properties."""
    from indexlab.properties.registry import properties as all_properties

    table([(prop.id, prop.statement) for prop in all_properties()])


@properties.command("show")
@click.argument("id", shell_complete=complete_properties)
def properties_show(id: str) -> None:  # noqa: A002 - the word of the command's help
    """Show one property: its statement, when it is judged and by what, who was hurt by its absence, and a violation of it."""
    from indexlab.properties.registry import find_property
    from indexlab.report.described import property_text

    click.echo(property_text(find_property(id)))
