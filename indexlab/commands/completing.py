"""What a shell completes: targets, properties, faults, fixtures, profiles, languages.

A person waits for it at each Tab: names come from the names of files, and nothing heavy is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

__all__ = [
    "complete_ci",
    "complete_faults",
    "complete_findings_or_fixtures",
    "complete_fixtures",
    "complete_languages",
    "complete_methods",
    "complete_profiles",
    "complete_properties",
    "complete_shells",
    "complete_targets",
    "complete_targets_or_languages",
    "complete_venues",
]

_PACKAGE: Final = Path(__file__).parent.parent
_PROFILES: Final = ("quick", "ci", "nightly")
_LANGUAGES: Final = ("python", "node", "go", "rust", "java", "cpp")
_SCHEMES: Final = ("preset:", "file:", "exec:", "http://", "https://", "python:", "right:", "planted:", "planted-margin:")


def _starting(words: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _among(names: Callable[[], Iterable[str]]) -> Completer:
    """Return a completer of these names; where several are given with commas between them, of the last one."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del context, parameter
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{name}") for name in names() if name.startswith(last)]

    return complete


def _stems(folder: str) -> list[str]:
    return sorted(path.stem for path in (_PACKAGE / folder).glob("*.toml"))


def _methods() -> list[str]:
    return _stems("index/presets")


def _venues() -> list[str]:
    return _stems("margin/venues")


def _properties() -> list[str]:
    """Return the ids of the bundled properties: a module each, of that name, which says PROPERTY."""
    modules = sorted((_PACKAGE / "properties").glob("*.py"))
    return [path.stem.replace("_", "-") for path in modules if b"\nPROPERTY = Property(" in path.read_bytes()]


def _faults() -> tuple[str, ...]:
    from indexlab.faults.registry import BUNDLED

    return BUNDLED


def _fixtures() -> list[str]:
    """Return the ids of the bundled fixtures, package data in a wheel and beside the package in a checkout."""
    return sorted({path.parent.name for folder in (_PACKAGE, _PACKAGE.parent) for path in (folder / "fixtures").glob("*/fixture.toml")})


def _labels(incomplete: str) -> list[CompletionItem]:
    """Complete a target's label: its scheme, then what follows, as far as it is known here."""
    scheme, colon, rest = incomplete.partition(":")
    if not colon:
        return [*_starting(_SCHEMES, incomplete), *(_starting((f"preset:{name}" for name in _methods()), f"preset:{incomplete}") if incomplete else [])]
    if scheme == "preset":
        return _starting((f"preset:{name}" for name in _methods()), incomplete)
    if scheme == "right":
        from indexlab.targets.right import RIGHT_TARGETS

        return _starting((right.label for right in RIGHT_TARGETS), incomplete)
    if scheme == "file":
        return [CompletionItem(f"file:{path}") for path in _files(rest, ".toml")]
    return []


def _files(start: str, suffix: str) -> list[str]:
    """Return the folders, and the files with this suffix, whose path begins so."""
    folder, slash, name = start.rpartition("/")
    try:
        found = sorted(Path(folder + slash or ".").iterdir())
    except OSError:
        return []
    wanted = [path for path in found if path.name.startswith(name) and (path.suffix == suffix or path.is_dir()) and (name or not path.name.startswith("."))]
    return [f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}" for path in wanted]


def complete_targets(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a target's label."""
    del context, parameter
    return _labels(incomplete)


def complete_targets_or_languages(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a target's label, or a language in which one can be started."""
    del context, parameter
    return [*_starting((*_LANGUAGES, "none"), incomplete), *_labels(incomplete)]


def complete_findings_or_fixtures(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete what can be replayed: the file of a finding, or a fixture."""
    del context, parameter
    return [*_starting(_fixtures(), incomplete), *map(CompletionItem, _files(incomplete, ".json"))]


complete_ci = _among(lambda: ("github", "gitlab", "none"))
complete_faults = _among(_faults)
complete_fixtures = _among(_fixtures)
complete_languages = _among(lambda: _LANGUAGES)
complete_methods = _among(_methods)
complete_profiles = _among(lambda: _PROFILES)
complete_properties = _among(_properties)
complete_shells = _among(lambda: ("bash", "zsh", "fish"))
complete_venues = _among(_venues)
