"""The section on power that every report carries: the last measurement shipped with this version, its figures and the matrix defect × property."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

import jinja2
from markupsafe import Markup

from indexlab.audit.power_record import shipped_power
from indexlab.properties.registry import properties
from indexlab.report.plain import plain
from indexlab.report.power_text import headline, killed_by, seconds_text, size_text, slowest
from indexlab.report.words import count, count_of

if TYPE_CHECKING:
    from indexlab.audit.power_record import Power

__all__ = ["power_document", "power_section", "rendered"]

_MOST_SLOW: Final = 10


def power_document(version: str) -> dict[str, object] | None:
    """Return what report.json says of the harness's own power under "power": figures, provenance, survivors, the matrix; None where nothing is shipped."""
    power = shipped_power()
    if power is None:
        return None
    return {
        "indexlab": power.indexlab,
        "same_version": power.indexlab == version,
        "kind": power.kind,
        "profile": power.profile,
        "seed": power.seed,
        "defects": power.defects,
        "killed": power.killed,
        "survivors": [{"defect": one.defect, "methods": list(one.methods)} for one in power.survivors],
        "equivalent": [{"defect": one.defect, "methods": list(one.methods), "reason": one.reason} for one in power.equivalent],
        "false_alarms": power.false_alarms,
        "right_targets": power.right_targets,
        "seconds_median": power.seconds_median,
        "seconds_max": power.seconds_max,
        "properties_that_kill_nothing": list(power.properties_that_kill_nothing),
        "properties_not_measured": _not_measured(power),
        "matrix": {defect: dict(row) for defect, row in power.matrix.items()},
    }


def power_section(version: str) -> Markup:
    """Return the section of an audit's page; it says so where nothing is shipped or where it was measured with another version."""
    power = shipped_power()
    if power is None:
        return Markup('<p class="note">No measurement of power comes with this version: <code>indexlab power</code> makes one.</p>')
    return rendered(power, version, heading=2)


def _not_measured(power: Power) -> list[str]:
    return [prop.id for prop in properties() if prop.id not in power.properties]


def rendered(power: Power, version: str, *, heading: int) -> Markup:
    """Return a measurement as HTML under a heading of that level, as seen by `version`."""
    used = [name for name in power.properties if any(name in row for row in power.matrix.values())]
    figures = [
        ("planted defects", count(power.defects)),
        ("killed", f"{count(power.killed)} ({count(power.pairs_killed)} of {count(power.pairs)} in a methodology)"),
        ("survivors", ", ".join(f"{one.defect} ({', '.join(one.methods)})" for one in power.survivors) or "none"),
        ("seconds to a kill", f"median {seconds_text(power.seconds_median)}, slowest {seconds_text(power.seconds_max)}, of one worker"),
        ("false alarms", f"{count(power.false_alarms)}, at {count_of(power.right_targets, 'right target')} in {count_of(power.right_scenarios, 'scenario')}"),
        ("equivalent changes", f"{count(len(power.equivalent))}, counted nowhere"),
        ("properties that kill nothing", ", ".join(power.properties_that_kill_nothing) or "none"),
        ("measured with", f"indexlab {power.indexlab}, {power.kind}, profile {power.profile}, seed {power.seed}"),
        ("right targets at", f"profile {power.right_profile}, seed {power.seed}"),
    ]
    text = _template().render(
        heading=heading,
        headline=headline(power),
        figures=figures,
        warnings=_warnings(power, version),
        used=used,
        rows=[(defect, [row.get(name, 0) for name in used]) for defect, row in power.matrix.items()],
        survivors={one.defect for one in power.survivors},
        slow=slowest(power)[:_MOST_SLOW],
        by_property=killed_by(power),
        equivalent=power.equivalent,
        alarms=power.alarms,
        seconds_text=seconds_text,
        size_text=size_text,
    )
    return Markup(text)  # noqa: S704 - rendered by a template that escapes


def _warnings(power: Power, version: str) -> list[str]:
    said = []
    if power.indexlab != version:
        said.append(f"Measured with indexlab {power.indexlab}; this is {version}, whose power may differ.")
    missing = _not_measured(power)
    if missing:
        said.append(f"Not measured, because newer than the measurement: {', '.join(missing)}.")
    if power.interrupted or power.not_run:
        said.append(f"The measurement was not finished: {count(len(power.not_run))} of its plan were not looked at.")
    return said


def _template() -> jinja2.Template:
    text = resources.files("indexlab.report").joinpath("templates", "power.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown)
    return environment.from_string(text)


def _shown(value: object) -> object:
    # no control character of a sentence reaches the page
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
