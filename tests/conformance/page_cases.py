"""What a family of published cases is, and what came of each case."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHARED = Path(__file__).resolve().parents[3] / "shared"
VECTORS = SHARED / "vectors"
EXAMPLES = SHARED / "design" / "methodologies.md"
IS_HERE = VECTORS.is_dir() and EXAMPLES.is_file()
ABSENT = "the published cases (../shared) are not here"


class NoRuleError(AssertionError):
    """What a case asks for is nothing that a declaration could say."""


@dataclass(frozen=True, eq=False)
class Family:
    """Cases of one rule from one source.

    `excepted`: name = why the case cannot be met. `loose`: name = how near it is met, where few digits were printed.
    """

    rule: str
    preset: str
    source: str
    cases: dict[str, dict]
    check: Callable[[dict], None]
    excepted: dict[str, str] = field(default_factory=dict)
    loose: dict[str, str] = field(default_factory=dict)

    @cache  # noqa: B019 - families live as long as the tests
    def problem(self, name: str) -> str | None:
        """Run a case; None: it was met."""
        try:
            self.check(self.cases[name])
        except AssertionError as problem:
            return f"{type(problem).__name__}: {problem}"
        return None


@cache
def vectors(file: str) -> dict:
    """A file of cases, as it is."""
    return json.loads((VECTORS / file).read_text()) if IS_HERE else {"source": ":", "cases": []}


def family(rule, preset, file, check, op=None, **more) -> Family:
    """The cases of a file, or those of one operation in it."""
    content = vectors(file)
    repository = ":".join(content["source"].split(":")[:1])
    return Family(rule, preset, repository, {case["name"]: case for case in content["cases"] if case.get("op") == op}, check, **more)


@cache
def examples() -> dict[str, dict]:
    """The worked examples of section 3 by id, Pyth's own among them."""
    text = EXAMPLES.read_text() if IS_HERE else ""
    section = text.partition("\n## 3. ")[2].partition("\n## 4. ")[0]
    found = [json.loads(line) for line in section.splitlines() if line.startswith("{")]
    return {example["id"]: example for example in found}


def examples_of(*ids: str) -> dict[str, dict]:
    """Some examples; one with several inputs and outputs is several cases, numbered from 1."""
    found = {}
    for name in ids if IS_HERE else ():
        one = examples()[name]
        parts = isinstance(one["in"], list) and isinstance(one["out"], list)
        split = [{**one, "in": given, "out": out} for given, out in zip(one["in"], one["out"], strict=True)] if parts else [one]
        found |= {f"{name}/{number}" if parts else name: part for number, part in enumerate(split, 1)}
    return found


def table(families: Iterable[Family]) -> list[str]:
    """The rows of the page: what was run, and what was met."""
    rows = []
    for one in families:
        met = sum(one.problem(name) is None for name in one.cases)
        rows.append(f"| {one.rule} | {one.preset} | {one.source} | {len(one.cases)} | {met} | {len(one.cases) - met} |")
    return rows


def listed(families: Iterable[Family], kind: str) -> list[str]:
    """The lines of the page that name cases with a reason: one for each reason of a family."""
    lines = []
    for one in families:
        given: dict[str, str] = getattr(one, kind)
        for reason in dict.fromkeys(given.values()):
            names = "; ".join(f"`{re.sub(' +', ' ', name)}`" for name in given if given[name] == reason)
            lines.append(f"- {one.rule}: {names}: {reason}")
    return lines
