"""Where a figure goes: an SVG or PNG file, by its ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.market.errors import InputError
from indexlab.report.drawing import png_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["checked_figure", "write_figure"]


def checked_figure(file: Path | None) -> Path | None:
    """Return the file where its name ends with .svg or .png. Raises InputError before anything is computed."""
    if file is not None and file.suffix.lower() not in {".svg", ".png"}:
        problem = "must end with .svg or .png"
        raise InputError(problem, file=file, key="--figure")
    if file is not None and (file.is_dir() or not file.parent.is_dir()):
        problem = "cannot be written: it is a folder" if file.is_dir() else "cannot be written: its folder is not there"
        raise InputError(problem, file=file, remedy="name a file in a folder that is there")
    return file


def write_figure(svg: str, file: Path) -> None:
    """Write a drawing of `drawn` as what the file's ending says. Raises InputError where it cannot be written."""
    content = png_of(svg) if file.suffix.lower() == ".png" else (svg + "\n").encode()
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=file, remedy="name a file in a folder that is there") from error
