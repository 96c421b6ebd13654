"""From the label that a person types to a target: `preset:NAME`, `file:PATH.toml`, `exec:COMMAND`, `http://…`, `python:…`, or what somebody installed.

`@reference` after a preset or a file asks for the textbook instead of the engine: the same rules, word by word, exact and slow.
Cheap to import: an engine or a process is loaded when a label asks for it.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from indexlab.market.errors import InputError, did_you_mean, nearest
from indexlab.targets.offered import find_offered
from indexlab.targets.options import USUAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

    from indexlab.targets.options import TargetOptions
    from indexlab.targets.process import ProcessTarget
    from indexlab.targets.target import Target

__all__ = ["GROUP", "Factory", "open_target", "schemes"]

GROUP: Final = "indexlab.targets"
"""Entry points: the name is the scheme, the object a function from what follows the colon to a Target; it raises InputError."""

Factory: TypeAlias = "Callable[[str], Target]"


_TEXTBOOK: Final = "@reference"


def schemes() -> tuple[str, ...]:
    """Return the known schemes, ours first."""
    return (*_BUNDLED, *sorted({entry.name for entry in entry_points(group=GROUP)} - set(_BUNDLED)))


def open_target(label: str, options: TargetOptions = USUAL) -> Target:
    """Return the target that a label names; a bare name means `preset:NAME`. Nothing is started. Raises InputError for anything unknown.

    `options` say how a target outside of us is reached; to others they mean nothing.
    """
    at_hand = find_offered(label)
    if at_hand is not None:
        return at_hand
    scheme, colon, rest = label.partition(":")
    if not colon:
        return _bare(label)
    if scheme in _BUNDLED:
        return _BUNDLED[scheme](rest, options)
    for entry in entry_points(group=GROUP):
        if entry.name == scheme:
            return _brought(entry, label, rest)
    raise InputError(f'has an unknown scheme "{scheme}"', key=f"target {label}", remedy=did_you_mean(scheme, schemes()))


def _brought(entry: EntryPoint, label: str, rest: str) -> Target:
    from indexlab.targets.guarded import guarded

    try:
        return guarded(cast("Factory", entry.load())(rest))
    except InputError:
        raise
    except Exception as error:
        problem = f"cannot be opened: {entry.value}: {type(error).__name__}: {error}"
        raise InputError(problem, key=f"target {label}", remedy="mend or uninstall the package that brings it") from error


def _bare(label: str) -> Target:
    if label.removesuffix(_TEXTBOOK).endswith(".toml"):
        raise InputError("names a file without its scheme", key=f"target {label}", remedy=f'did you mean "file:{label}"?')
    if "/" in label or " " in label:
        raise InputError("names a command without its scheme", key=f"target {label}", remedy=f'did you mean "exec:{label}"?')
    return _preset(label)


def _preset(name: str, _: TargetOptions = USUAL) -> Target:
    from indexlab.index.catalogue import preset
    from indexlab.targets.methodology import MethodologyTarget

    return MethodologyTarget(f"preset:{name}", preset(name.removesuffix(_TEXTBOOK)), textbook=name.endswith(_TEXTBOOK))


def _file(path: str, _: TargetOptions = USUAL) -> Target:
    from indexlab.index.declaration import load_declaration
    from indexlab.targets.methodology import MethodologyTarget

    file = Path(path.removesuffix(_TEXTBOOK))
    if not file.is_file():
        named = bool(file.name)
        beside = [str(file.with_name(other.name)) for other in sorted(file.parent.glob("*.toml"))] if named else []
        near = nearest(str(file), beside)
        problem = "is a folder, not a file" if path and file.is_dir() else "is not there"
        raise InputError(problem, file=f"file:{path}", remedy=f'did you mean "file:{near}"?' if near else "give the path of a methodology file (TOML)")
    return MethodologyTarget(f"file:{path}", load_declaration(file), textbook=path.endswith(_TEXTBOOK))


def _right(name: str, _: TargetOptions = USUAL) -> Target:
    from indexlab.targets.right import open_right

    return open_right(name)


def _planted(rest: str, _: TargetOptions = USUAL) -> Target:
    from indexlab.targets.planted.target import open_planted

    return open_planted(rest)


def _planted_margin(rest: str, _: TargetOptions = USUAL) -> Target:
    from indexlab.targets.planted_margin.target import open_planted_margin

    return open_planted_margin(rest)


def _exec(command: str, options: TargetOptions) -> ProcessTarget:
    from indexlab.targets.life import Limits
    from indexlab.targets.process import ProcessTarget

    return ProcessTarget(command, limits=Limits(options.first_answer_s, options.answer_s, memory_bytes=options.memory_bytes))


def _http(rest: str, options: TargetOptions) -> Target:
    from indexlab.targets.http_target import open_http

    return open_http(f"http:{rest}", options)


def _https(rest: str, options: TargetOptions) -> Target:
    from indexlab.targets.http_target import open_http

    return open_http(f"https:{rest}", options)


def _python(rest: str, options: TargetOptions) -> Target:
    from indexlab.targets.python import isolated_command, open_python

    if not options.isolate:
        return open_python(rest, options)
    target = _exec(isolated_command(rest), options)
    target.label = f"python:{rest}"
    return target


_BUNDLED: Final[dict[str, Callable[[str, TargetOptions], Target]]] = {
    "preset": _preset,
    "file": _file,
    "exec": _exec,
    "http": _http,
    "https": _https,
    "python": _python,
    "right": _right,
    "planted": _planted,
    "planted-margin": _planted_margin,
}
