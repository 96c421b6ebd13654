"""A comparison of two runs as a page; no script, no network."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from indexlab.report.comparison_text import closing
from indexlab.report.html import policy_for
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from indexlab.report.comparison import Comparison

__all__ = ["comparison_page"]


def comparison_page(comparison: Comparison) -> bytes:
    """Return the page as written."""
    folder = resources.files("indexlab.report").joinpath("templates")
    style = "\n" + folder.joinpath("report.css").read_text(encoding="utf-8").replace("RUN-ID", "compare")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, finalize=_harmless
    )
    template = environment.from_string(folder.joinpath("comparison.html.j2").read_text(encoding="utf-8"))
    return template.render(comparison=comparison, closing=closing(comparison), style=Markup(style), policy=policy_for(style)).encode()  # noqa: S704 - our own file


def _harmless(value: object) -> object:
    """Return other people's text as it may stand on a page."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
