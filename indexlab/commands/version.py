"""`indexlab --version`: what a report of a problem has to say, and what findings may depend on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import click

from indexlab import __version__

__all__ = ["show_version"]

_LIBRARIES: Final = ("numpy", "numba", "polars", "hypothesis", "msgspec")
"""Those whose version may change what is drawn or computed, or how it is read; none of them is loaded for this."""


def show_version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    """Print the versions and leave, as a click callback."""
    del parameter
    if asked and not context.resilient_parsing:
        click.echo(_text())
        context.exit()


def _text() -> str:
    rows = [
        ("python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("platform", platform.platform()),
        ("processors", str(os.cpu_count() or "unknown")),
        *((name, _installed(name)) for name in _LIBRARIES),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join([f"indexlab {__version__}", *(f"  {name:<{width}}  {said}" for name, said in rows)])


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
