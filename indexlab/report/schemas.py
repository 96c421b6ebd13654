"""The JSON Schemas of the files that people and other programs read: plan, scenario (a finding's file), report, fixture.

They lie in `indexlab/schemas` as files, for editors (`#:schema` in a TOML file, `$schema` in settings) and for other programs; here is what they are built
from, so that they say what the readers and writers of those files do. A schema checks shapes; what only makes sense together is checked when a file is read.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.audit.events import BaselineUse, Coverage, Estimate, Known
from indexlab.audit.judge import USUAL_VENUE
from indexlab.audit.plan import MOST_CASES, PROFILES
from indexlab.audit.save import FindingFile
from indexlab.audit.venues import MARKS
from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.fixture_declaration import KINDS
from indexlab.properties.registry import properties

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SCHEMAS", "schema_bytes", "schema_text"]

JSON = dict[str, object]
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_DURATION: Final[JSON] = {"type": "string", "pattern": r"^\s*[+-]?\d{1,18}(\.\d{1,18})?\s*(us|µs|ms|s|m|min|h|d)\s*$", "examples": ["30s", "8h"]}
_RATIO: Final[JSON] = {
    "oneOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\s*[+-]?\d{1,18}(\.\d{1,18})?\s*(%|bp|ppm)?\s*$"}],
    "examples": ["0.5%", "50bp", 0.005],
}
_NUMBER: Final[JSON] = {"oneOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_TEXT: Final[JSON] = {"type": "string"}
_WHOLE: Final[JSON] = {"type": "integer", "minimum": 0}
_ANYTHING: Final[JSON] = {"type": "object"}
_VERDICTS: Final = ("holds", "inconclusive", "violated", "waived", "not-applicable")


def schema_text(name: str) -> str:
    """Return a schema as it lies in the package. Raises InputError where there is none of that name."""
    if name not in SCHEMAS:
        raise InputError(f'must be one of {", ".join(SCHEMAS)}, was "{name}"', key="NAME", remedy=did_you_mean(name, SCHEMAS))
    return resources.files("indexlab").joinpath("schemas", f"{name}.json").read_text(encoding="utf-8")


def schema_bytes(name: str) -> bytes:
    """Return a schema as it is written into the package."""
    return msgspec.json.format(msgspec.json.encode({"$schema": _DRAFT, **SCHEMAS[name]()}), indent=2) + b"\n"


def _table(described: Mapping[str, JSON], *, required: tuple[str, ...] = (), open_: bool = False, **more: object) -> JSON:
    table: JSON = {"type": "object", "properties": dict(described)}
    if required:
        table["required"] = list(required)
    return table | ({} if open_ else {"additionalProperties": False}) | more


def _list(entry: JSON, **more: object) -> JSON:
    return {"type": "array", "items": entry, **more}


def _said(what: JSON, description: str, **more: object) -> JSON:
    return {**what, "description": description, **more}


_SOURCE: Final = _table(
    {
        "id": _said(_TEXT, "what reports call it; unique", minLength=1),
        "venue": _said(_TEXT, "whose market it is"),
        "quote": _said(_TEXT, "its quote currency", default="USD"),
        "weight": _said({"type": "number", "minimum": 0}, "its given weight, on any scale", default=1.0),
        "upstream": _said(_TEXT, "what it shares with others"),
    },
    required=("id", "venue"),
)


def _plan() -> JSON:
    """Return the schema of indexlab.toml."""
    expect: dict[str, JSON] = {
        "min_sources": _said(_WHOLE, 'fewer live sources are never "ok"', minimum=1, default=3),
        "faulty_sources": _said(_WHOLE, "so many broken sources at once are borne", minimum=1, default=1),
        "max_displacement": _said(_RATIO, "how far broken sources may move the index", default="1%"),
        "margin_headroom": _said(_RATIO, "accounts with more headroom than this must not change state", default="1%"),
        "max_age": _said(_DURATION, "from when on a source that says nothing new has no influence", default="60s"),
        "clock": {"enum": ["event", "receive"], "description": 'whose time counts: the venue\'s ("event") or that of arrival ("receive")', "default": "event"},
        "interval": _said(_DURATION, "how often the index is published", default="1s"),
        "max_tracking_lag": _said(_DURATION, "within which a true move reaches the index", default="5s"),
        "max_lead": _said(_DURATION, "by how much a source may be ahead of the last one in a true move", default="2s"),
        "max_recovery": _said(_DURATION, "within which a fault is forgotten when it is over", default="60s"),
        "tick": _said({"type": "number", "minimum": 0}, "the index's smallest step", default=0),
        "independence": _said({"type": "boolean"}, "sources that share a venue or an upstream are drawn, too", default=False),
        "max_flapping": _said(_RATIO, "how much a minute a broken source may add to the index's total variation; unset: not judged"),
        "max_disagreement": _said(_RATIO, "how far the index and the one it is held against may be apart", default="0.1bp"),
        "same_status": _said({"type": "boolean"}, "their statuses must be equal, too", default=True),
        "waive": _table(
            {prop.id: _said(_TEXT, prop.statement) for prop in properties()}, open_=True, description='property = "reason": does not fail the audit'
        ),
    }
    target: dict[str, JSON] = {
        "use": _said(_TEXT, 'the target: "exec:COMMAND", "http://…", "python:MODULE:ATTRIBUTE", "file:PATH.toml", "preset:NAME"'),
        "name": _said(_TEXT, "what fingerprints and the baseline call it, whatever command starts it"),
        "against": _said(_TEXT, "another target that it must agree with"),
        "sources": _said(_list(_SOURCE, minItems=1, maxItems=1024), "the basket; without it baskets are drawn"),
        "headers": _said(_list(_TEXT), 'headers of HTTP requests: "Authorization: env:ACME_TOKEN" takes the value from the environment'),
        "isolate": _said({"type": "boolean"}, "a python: target runs in a process of its own", default=False),
        "start_timeout": _said(_DURATION, "how long the first answer may take", default="10s"),
        "answer_timeout": _said(_DURATION, "how long any other answer may take", default="5s"),
        "memory": _said({"oneOf": [_TEXT, _WHOLE]}, "how much memory a process and its children may take", examples=["4GiB"]),
    }
    run: dict[str, JSON] = {
        "profile": {"enum": list(PROFILES), "description": "how much to search: seconds, a minute, a quarter of an hour", "default": "quick"},
        "seed": _said(_WHOLE, "the same seed gives the same findings", default=0),
        "jobs": _said(_WHOLE, "worker processes; findings do not depend on it", minimum=1, maximum=256),
        "only": _said(_list(_TEXT), "judge these properties alone"),
        "skip": _said(_list(_TEXT), "leave these properties out"),
        "fixtures": _said(_list(_TEXT), "recorded markets, by id or folder"),
        "out": _said(_TEXT, "the folder for the report"),
        "estimate": _said(_WHOLE, "independent cases beside the search; 0: none", maximum=MOST_CASES),
        "require_coverage": _said({"type": "boolean"}, "a blank in the table of coverage is inconclusive", default=False),
    }
    venue = _said(_TEXT, "whose margin rules hold: a bundled venue's name, or a file of rules that ends in .toml", default=USUAL_VENUE)
    mark = _said({"enum": list(MARKS)}, "what accounts are marked at: the index, or what the venue's rule makes of it", default="index")
    sections = {
        "target": _table(target, description="what is tested"),
        "expect": _table(expect, description="what it promises"),
        "margin": _table({"venue": venue, "mark": mark}, description="the margin rules beside it"),
        "run": _table(run, description="how much is searched"),
    }
    return _table(sections, title="indexlab plan", description="indexlab.toml: the target, what it promises, how much is searched")


def _fixture() -> JSON:
    """Return the schema of fixture.toml. A date and time of TOML reaches a validator as a text."""
    moment: JSON = {"type": "string", "description": "an RFC 3339 time", "examples": ["2019-10-31T21:00:00Z"]}
    waypoint = _table(
        {
            "time": moment,
            "source": _said(_TEXT, "the id of the source"),
            "price": _said({"type": "number"}, 'what it said; left out exactly where path is "silent"'),
            "path": {"enum": ["step", "linear", "silent"], "default": "step", "description": "what its price does until its next waypoint"},
            "basis": {"enum": ["known", "assumed"]},
            "from": _said(_TEXT, "where it comes from"),
        },
        required=("time", "source", "basis", "from"),
    )
    provenance = _table({"text": _TEXT, "url": _TEXT, "licence": _said(_TEXT, "", default="unknown")}, required=("text",))
    return _table(
        {
            "schema": {"const": 1},
            "id": _said(_TEXT, "the folder's name", pattern="^[a-z0-9][a-z0-9._-]{0,79}$"),
            "title": _said(_TEXT, "what it is, in a few words", maxLength=200),
            "kind": {"enum": list(KINDS)},
            "instrument": _said(_TEXT, "", maxLength=64, examples=["BTC-USD"]),
            "start": moment,
            "end": moment,
            "interval": _said(_DURATION, "how often the index is published"),
            "source": _list(_SOURCE, minItems=1, maxItems=1024),
            "waypoint": _list(waypoint),
            "provenance": provenance,
            "sha256": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
        },
        required=("schema", "id", "title", "kind", "instrument", "start", "end", "interval", "source", "provenance"),
        title="indexlab fixture",
        description="fixture.toml: what market it is, when, of which sources, from where",
    )


def _scenario() -> JSON:
    """Return the schema of a finding's file, which holds a scenario."""
    return msgspec.json.schema(FindingFile, schema_hook=_opaque) | {
        "title": "indexlab scenario",
        "description": "a finding's file: the scenario, the promise it broke, and how the finding is told",
    }


def _report() -> JSON:
    """Return the schema of report.json, schema 1."""
    (estimate, coverage, known, baseline), components = msgspec.json.schema_components([Estimate, Coverage, Known, BaselineUse], schema_hook=_opaque)
    worst = _table({"value": _NUMBER, "unit": _TEXT, "text": _TEXT, "scenario": _TEXT, "fault": _TEXT}, required=("value", "unit", "text"))
    finding = _finding(known)
    prop = _table(
        {
            "id": _TEXT,
            "verdict": {"enum": list(_VERDICTS)},
            "reason": _TEXT,
            "scenarios": _WHOLE,
            "premise_met": _WHOLE,
            "breaches": _WHOLE,
            "worst": {"oneOf": [{"type": "null"}, worst]},
            "finding": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/finding"}]},
            "findings": _list({"$ref": "#/$defs/finding"}),
            "known": _said({"type": "boolean"}, "all that was found stands in the baseline, and the verdict is waived for that"),
        },
        required=("id", "verdict", "reason", "scenarios", "premise_met", "worst", "findings"),
        open_=True,
    )
    target = _table(
        {
            **dict.fromkeys(("target", "name", "version"), _TEXT),
            "kind": {"enum": ["in-process", "process"]},
            "scenarios": _WHOLE,
            "evaluations": _WHOLE,
            "cut": {"oneOf": [{"type": "null"}, _WHOLE], "description": "the scenario at which a time limit stopped it"},
            "expect": _said(_ANYTHING, "the promise it was held to"),
            "properties": _list({"$ref": "#/$defs/property"}),
            "measures": _ANYTHING,
            "notes": _list(_TEXT),
            "estimate": {"oneOf": [{"type": "null"}, estimate]},
            "coverage": {"oneOf": [{"type": "null"}, coverage]},
        },
        required=("target", "name", "version", "kind", "scenarios", "properties", "measures"),
        open_=True,
    )
    whole = _table(
        {
            "schema": {"const": 1},
            "indexlab": _said(_TEXT, "the version that wrote it"),
            "seed": _WHOLE,
            "profile": {"enum": list(PROFILES)},
            "survey": {"type": "boolean"},
            "interrupted": {"type": "boolean"},
            "run": _said(_table({"started": _TEXT, "seconds": _NUMBER}, open_=True), "all that differs between two equal runs"),
            "plan": _said(_ANYTHING, "the effective plan"),
            "targets": _list({"$ref": "#/$defs/target"}),
            "baseline": {"oneOf": [{"type": "null"}, baseline], "description": "what the baseline did"},
            "power": {"oneOf": [{"type": "null"}, _ANYTHING], "description": "which planted defects this version finds"},
        },
        required=("schema", "indexlab", "seed", "profile", "survey", "interrupted", "run", "plan", "targets"),
        open_=True,
        title="indexlab report",
        description="report.json",
    )
    return whole | {"$defs": {"finding": finding, "property": prop, "target": target, **components}}


def _finding(known: JSON) -> JSON:
    """Return the schema of a finding as report.json has it."""
    shrunk = _table({"sources": _WHOLE, "quotes": _WHOLE, "faults": _WHOLE, "evaluations": _WHOLE})
    return _table(
        {
            **dict.fromkeys(("id", "drawn", "promised", "seen"), _TEXT),
            "summary": _said(_TEXT, "what happened, in a sentence"),
            "scenario": _said(_TEXT, "its file, from the report's folder"),
            "reproduce": _said(_TEXT, "the command that asks it again, from the report's folder"),
            "fault_names": _list(_TEXT),
            **dict.fromkeys(("sources", "quotes", "faults"), _WHOLE),
            "shrunk_from": shrunk,
            "waived": _said(_TEXT, 'why it is waived, or ""'),
            "fingerprint": _said(_TEXT, "the same for the same finding of another run"),
            "known": {"oneOf": [{"type": "null"}, known], "description": "what the baseline says of it"},
        },
        required=("id", "summary", "scenario", "reproduce"),
        open_=True,
    )


def _opaque(_: type) -> JSON:
    return {"$comment": "anything"}


SCHEMAS: Final[dict[str, Callable[[], JSON]]] = {"plan": _plan, "scenario": _scenario, "report": _report, "fixture": _fixture}
