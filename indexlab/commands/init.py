"""`indexlab init`: three questions (or flags), and a plan, a test file and a CI workflow are there."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final, TypeVar

import click

from indexlab import __version__
from indexlab.commands.completing import complete_ci, complete_targets_or_languages
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexlab.scenarios.expect import Expect
    from indexlab.targets.starting.languages import Language

__all__ = ["init"]

_TEMPLATES: Final = Path(__file__).parent / "templates"
_NONE: Final = "none"
_FOLDER: Final = "my-index"
_TEST: Final = "tests/test_index.py"
_SCHEMA: Final = "indexlab.schema.json"
"""What editors know the keys of a plan by."""
_OUTSIDE: Final = ("exec", "http", "https", "python")
"""What these name may still have to be built or started: it is taken as it is written."""
_STARTED: Final = {"max_age": "60s"}
"""What a started index declares and may be in the way of a promise."""
_CI: Final = ("github", "gitlab", "none")
_GITHUB: Final = ".github/workflows/indexlab.yml"
_GITLAB: Final = ".gitlab/indexlab.yml"
_GITLAB_ROOT: Final = ".gitlab-ci.yml"
Read = TypeVar("Read")  # what a question is about


@dataclass(frozen=True, slots=True)
class _Index:
    """Whose index: the label of a target, the language in which one is to be started, if any, and what it is known to promise without being started."""

    label: str
    language: Language | None = None
    declared: Mapping[str, object] = field(default_factory=dict)

    @property
    def typed(self) -> str:
        """The label as it is typed at a shell."""
        scheme, colon, rest = self.label.partition(":")
        return f'{scheme}:"{rest}"' if colon and " " in rest and '"' not in rest else shlex.quote(self.label)


@click.command(short_help="Write a plan file, a test file and a CI workflow for an index of your own.")
@click.option("--target", metavar="TARGET|LANGUAGE", shell_complete=complete_targets_or_languages, help="Whose index; or a language to start one in, or none.")
@click.option("--interval", metavar="DURATION", help="How often it is published (default: 1s).")
@click.option("--max-displacement", metavar="RATIO", help="By how much one broken source may move it (default: 1%).")
@click.option("--ci", metavar="github|gitlab|none", shell_complete=complete_ci, help="Which CI the workflow is for (default: github).")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given is the default.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def init(target: str | None, interval: str | None, max_displacement: str | None, ci: str | None, *, yes: bool, force: bool) -> None:
    """Write indexlab.toml, tests/test_index.py and a CI workflow here, after three questions: whose index, what it promises, which CI.

    Without an index of your own, one is started in the folder my-index (see "indexlab target new"). No file is written over without --force.

    \b
    indexlab init
    indexlab init --target exec:"./acme-index --stdio" --interval 5s --ci gitlab --yes
    indexlab init --target node --ci github --yes
    """  # noqa: D301 - click's mark for lines that stay as they are
    given = (target, interval, max_displacement, ci)
    if None in given and not yes and not _is_terminal():
        raise InputError("there is no terminal to ask at", remedy="give --target, --interval, --max-displacement and --ci, or --yes for what is usual")
    ask = None in given and not yes
    if ask:
        click.echo("Three questions; Enter takes what stands in brackets.\n")
    index = _ask_index(target, ask=ask)
    expect = _ask_promise(index, interval, max_displacement, ask=ask)
    where = _told(ci, "3. Which CI: github, gitlab or none", "github", _read_ci, ask=ask)
    _write(_files(index, expect, where), index, where, force=force)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


# ------------------------------------------------------------------------------------------------------------------ the questions


def _told(given: str | None, question: str, usual: str, read: Callable[[str], Read], *, ask: bool) -> Read:
    """Return what was given, or what is answered, asked again until it can be read; without asking, what is usual. Raises InputError."""

    def attempt(answer: str) -> Read:
        try:
            return read(answer)
        except InputError as error:
            raise click.UsageError(str(error)) from None

    if given is None and ask:
        answered: Read = click.prompt(question, default=usual, value_proc=attempt)
        return answered
    return read(usual if given is None else given)


def _read_ci(answer: str) -> str:
    word = answer.strip().lower()
    if word not in _CI:
        raise InputError(f"must be one of {', '.join(_CI)}, was {answer!r}", key="CI")
    return word


def _ask_index(given: str | None, *, ask: bool) -> _Index:
    from indexlab.targets.starting.languages import LANGUAGES

    languages = ", ".join(language.id for language in LANGUAGES)
    if ask and given is None:
        click.echo("1. Which is your index? A target: exec:COMMAND, http://…, python:MODULE:ATTRIBUTE, file:RULES.toml.")
        click.echo(f'   A language to start one in: {languages}. Or "{_NONE}": you have none yet.')
    return _told(given, "   Index", _NONE, _read_index, ask=ask)


def _read_index(answer: str) -> _Index:
    """Read a label or a language. Raises InputError. Quotes around what follows the scheme are a shell's, and fall."""
    from indexlab.targets.resolve import open_target
    from indexlab.targets.starting.languages import find_language, is_language

    word = answer.strip()
    if word.lower() == _NONE:
        word = "python"
    if is_language(word):
        language = find_language(word)
        return _Index(f"exec:{language.command(_FOLDER)}", language, _STARTED)
    scheme, _, rest = word.partition(":")
    if len(rest) > 1 and rest[0] == rest[-1] and rest[0] in "\"'":
        word = f"{scheme}:{rest[1:-1]}"
    if scheme in _OUTSIDE and rest.strip():
        return _Index(word)
    label = word if rest.strip() else _named(word)
    with open_target(label) as target:
        return _Index(label, declared=target.describe().expect)


def _named(word: str) -> str:
    """Return the label of a bare name, which is a preset's. Raises InputError with the nearest preset or language."""
    from indexlab.index.catalogue import preset_names
    from indexlab.market.errors import nearest
    from indexlab.targets.starting.languages import LANGUAGES

    if word in preset_names():
        return f"preset:{word}"
    near = nearest(word, (*(language.id for language in LANGUAGES), _NONE, *preset_names()))
    remedy = f'did you mean "{near}"?' if near else "a target is exec:COMMAND, http://…, python:MODULE:ATTRIBUTE or file:RULES.toml"
    raise InputError(f'is no target and no language, was "{word}"', key="index", remedy=remedy)


def _ask_promise(index: _Index, interval: str | None, displacement: str | None, *, ask: bool) -> Expect:
    """Return the promise, over what the index is known to declare. A headroom below what one source may do would be broken at once: it grows with it."""
    import msgspec

    from indexlab.scenarios.expect import Layer, promised

    if ask and None in (interval, displacement):
        click.echo("2. What does it promise?")

    def reading(key: str) -> Callable[[str], Layer]:
        def read(word: str) -> Layer:
            layer = Layer(f"--{key.replace('_', '-')}", {key: word})
            promised([layer, Layer(index.label, index.declared)])
            return layer

        return read

    often = _told(interval, "   It is published every", "1s", reading("interval"), ask=ask)
    far = _told(displacement, "   One broken source moves it by at most", "1%", reading("max_displacement"), ask=ask)
    expect = promised([often, far, Layer(index.label, index.declared)])
    return msgspec.structs.replace(expect, margin_headroom=min(max(expect.margin_headroom, expect.max_displacement), 0.5))


# ------------------------------------------------------------------------------------------------------------------ the files


def _files(index: _Index, expect: Expect, ci: str) -> dict[Path, str]:
    from indexlab.report.schemas import schema_text
    from indexlab.targets.starting.languages import target_files
    from indexlab.targets.starting.plan import plan_text

    started = target_files(index.language, _FOLDER) if index.language is not None else {}
    files = {Path(_FOLDER) / name: text for name, text in started.items() if name != "indexlab.toml"}
    files[Path("indexlab.toml")] = f"#:schema ./{_SCHEMA}\n{plan_text(index.label, expect)}"
    files[Path(_TEST)] = _test_text(index, expect)
    if ci == "github":
        files[Path(_GITHUB)] = _ci_text("github", index)
    elif ci == "gitlab":
        files[Path(_GITLAB)] = _ci_text("gitlab", index)
        if not Path(_GITLAB_ROOT).exists():
            files[Path(_GITLAB_ROOT)] = f"include:\n  - local: {_GITLAB}\n"
    files[Path(_SCHEMA)] = schema_text("plan")
    return files


def _template(name: str) -> Template:
    return Template((_TEMPLATES / f"{name}.template").read_text(encoding="utf-8"))


def _test_text(index: _Index, expect: Expect) -> str:
    told = expect.as_table()
    promise = {key: told[key] for key in ("interval", "max_displacement")}
    headroom, lag = (json.dumps(told[key]) for key in ("margin_headroom", "max_tracking_lag"))
    return _template("test_index.py").substitute(test=_TEST, use=json.dumps(index.label), expect=json.dumps(promise), headroom=headroom, lag=lag)


def _ci_text(name: str, index: _Index) -> str:
    build = _build(index)
    step = {"github": "      - run: {}", "gitlab": "    - {}"}[name]
    if build:
        told = step.format(f"cd {_FOLDER} && {build}" if name == "github" else f"(cd {_FOLDER} && {build})")
    else:
        told = f"{' ' * step.index('-')}# build your index here, if it has to be built" if index.language is None else ""
    text = _template(f"{name}.yml").substitute(version=__version__, test=_TEST, build=f"{told}\n" if told and name == "github" else told)
    return text if told else text.replace("\n\n\n", "\n\n", 1)


def _build(index: _Index) -> str:
    return index.language.build if index.language is not None else ""


def _write(files: dict[Path, str], index: _Index, ci: str, *, force: bool) -> None:
    from indexlab.commands.writing import say_next, write_files

    write_files(files, force=force)
    build = _build(index)
    commands = [f"(cd {_FOLDER} && {build})"] if build else []
    commands += [f"indexlab target check {index.typed}", "indexlab audit", f"pytest {_TEST}"]
    if ci == "gitlab" and Path(_GITLAB_ROOT) not in files:
        commands.append(f"add to {_GITLAB_ROOT}:  include: [{{ local: {_GITLAB} }}]")
    if ci != "none":
        commands.append("commit these files: from then on each push is audited")
    say_next(commands)
