"""What several commands read alike: lists of words, KEY=VALUE pairs; and columns as they are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["pairs", "split", "table"]


def split(_: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Read words given one by one or with commas between them, as a click callback."""
    words = tuple(word.strip() for each in value for word in each.split(",") if word.strip())
    if value and not words:
        message = "names nothing"
        raise click.BadParameter(message, param=parameter)
    return words


def pairs(_: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[tuple[str, object], ...]:
    """Read KEY=VALUE as a click callback, numbers and truths as what they are."""
    pairs: list[tuple[str, object]] = []
    for each in value:
        key, equals, text = each.partition("=")
        if not equals:
            message = f'must be KEY=VALUE, was "{each}"'
            raise click.BadParameter(message, param=parameter)
        plain: object = {"true": True, "false": False}.get(text, text)
        if key in {"min_sources", "faulty_sources"} and text.isdigit():
            plain = int(text)
        elif key == "tick":
            try:
                plain = float(text)
            except ValueError:
                plain = text
        pairs.append((key, plain))
    return tuple(pairs)


def table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows with their columns under one another."""
    listed = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in listed) for column in range(len(listed[0]) - 1)] if listed else []
    for row in listed:
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))
