"""power.html: a measurement of power as a page of its own; no script, no network."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from indexlab.report.html import policy_for
from indexlab.report.power_text import headline
from indexlab.report.power_view import rendered

if TYPE_CHECKING:
    from indexlab.audit.power_record import Power

__all__ = ["power_page"]


def power_page(power: Power) -> bytes:
    """Return power.html as written."""
    folder = resources.files("indexlab.report").joinpath("templates")
    title = headline(power)
    style = "\n" + folder.joinpath("report.css").read_text(encoding="utf-8").replace("RUN-ID", f"power, seed {power.seed}")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    template = environment.from_string(folder.joinpath("power_page.html.j2").read_text(encoding="utf-8"))
    body = rendered(power, power.indexlab, heading=1)
    return template.render(body=body, style=Markup(style), policy=policy_for(style), title=title).encode()  # noqa: S704 - our own file
