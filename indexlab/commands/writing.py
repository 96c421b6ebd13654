"""Files that a command makes for somebody: whole, and nothing of theirs is written over unless they say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["empty_folder", "say_next", "write_files"]


def empty_folder(folder: Path) -> Path:
    """Return the folder where it is new or empty. Raises InputError."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise InputError(f"cannot be looked into: {error.strerror}", file=folder) from None
    if taken:
        raise InputError("is there already, and is no empty folder", file=folder, remedy="name a folder that is new or empty")
    return folder


def write_files(files: Mapping[Path, str], *, force: bool = False) -> None:
    """Write the files and say which. Raises InputError before the first one where one is there already, unless `force` is given."""
    from indexlab.report.files import write_whole

    there = [str(path) for path in files if path.exists() or path.is_symlink()]
    if there and not force:
        problem = f"{'is' if len(there) == 1 else 'are'} there already"
        raise InputError(problem, file=", ".join(there), remedy="nothing was written; --force writes over it")
    for path, text in files.items():
        write_whole(path, text.encode())
        click.echo(f"wrote {path}")


def say_next(commands: Sequence[str]) -> None:
    """Say what to type next."""
    click.echo("\nnext:")
    for command in commands:
        click.echo(f"  {command}")
