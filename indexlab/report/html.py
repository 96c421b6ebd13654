"""index.html: the report that a person is given. One file; no script, no network; pictures inside.

Two pages of equal audits differ in the block that says when the audit ran and how long it took, and nowhere else. The page's own policy
lets a browser load nothing and apply one style sheet, the one whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from importlib import resources
from typing import TYPE_CHECKING, Final

import jinja2
from markupsafe import Markup

from indexlab.report.charts import fault_chart, finding_chart
from indexlab.report.covered import COUNTED
from indexlab.report.estimates import HOW_TO_ASK
from indexlab.report.power_view import power_section
from indexlab.report.view import page_view, promises
from indexlab.report.words import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.audit.events import AuditResult
    from indexlab.report.view import Entry, PageView

__all__ = ["page", "page_bytes", "policy_for"]

_LOG: Final = logging.getLogger(__name__)
_MOST_PICTURES: Final = 12
_MOST_PICTURE_BYTES: Final = 1_200_000
_MOST_FINDINGS: Final = 150
_UNFIT_FOR_CSS: Final = re.compile(r"[^A-Za-z0-9 .,+-]")


def page_bytes(result: AuditResult) -> bytes:
    """Return index.html as written."""
    return page(result).encode("utf-8")


def page(result: AuditResult) -> str:
    """Return the whole page."""
    view = page_view(result)
    style = _style(view)
    pictures, undrawn = _pictures(view)
    return _template().render(
        view=view,
        style=Markup(style),  # noqa: S704 - our own file, and a run id of letters and digits
        policy=policy_for(style),
        faults=_drawn(lambda: fault_chart(result.targets, promises(result), prefix="faults")),
        pictures=pictures,
        undrawn=undrawn,
        others=view.others[:_MOST_FINDINGS],
        left_out=max(0, len(view.others) - _MOST_FINDINGS),
        limits=LIMITS,
        counted=COUNTED,
        how_to_ask=HOW_TO_ASK,
        power=power_section(result.version),
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.from_string(_file("report.html.j2"))


def _file(name: str) -> str:
    return resources.files("indexlab.report").joinpath("templates", name).read_text(encoding="utf-8")


def _style(view: PageView) -> str:
    """Return the style sheet with the run's id for the head of each printed page."""
    return "\n" + _file("report.css").replace("RUN-ID", _UNFIT_FOR_CSS.sub("", view.subtitle)[:120])


def policy_for(style: str) -> str:
    """Return the policy of a page: it loads nothing, and applies this one style sheet."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _pictures(view: PageView) -> tuple[dict[str, Markup], int]:
    """Return the findings' charts by anchor, the worst first, as many as the page has room for; and how many were left out."""
    wanted = [entry for entry in ([view.worst] if view.worst is not None else []) + view.others if entry.finding.picture is not None]
    pictures: dict[str, Markup] = {}
    room = _MOST_PICTURE_BYTES
    for entry in wanted[:_MOST_PICTURES]:
        picture = _drawn(_chart_of(entry))
        if picture is None or len(picture) > room:
            continue
        room -= len(picture)
        pictures[entry.anchor] = picture
    return pictures, len(wanted) - len(pictures)


def _chart_of(entry: Entry) -> Callable[[], str | None]:
    picture = entry.finding.picture
    if picture is None:
        return lambda: None
    return lambda: finding_chart(picture, prefix=entry.anchor, title=f"{entry.property} of {entry.target}: index, sources and margin states over time")


def _drawn(draw: Callable[[], str | None]) -> Markup | None:
    """Return a chart, or a line in its place where drawing failed: a report without a picture is worth more than none."""
    try:
        svg = draw()
    except Exception as error:  # noqa: BLE001 - whatever the renderer raises
        _LOG.warning("a chart could not be drawn", exc_info=True)
        return Markup('<p class="note">This chart could not be drawn ({}).</p>').format(type(error).__name__)
    return None if svg is None else Markup(svg)  # noqa: S704 - drawn by us: `inline_svg` keeps shapes and escaped text alone
