"""The catalogue: bundled methodologies, then folders of TOML that others registered under the entry point `indexlab.methodologies`.

Adding a venue is adding one file; its name without `.toml` is the preset's name.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexlab.index.declaration import load_declaration
from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

    from indexlab.index.rules import Declaration

__all__ = ["preset", "preset_names", "preset_path"]

_BUNDLED: Final = Path(__file__).parent / "presets"
_GROUP: Final = "indexlab.methodologies"


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    return tuple(sorted(_paths()))


def preset_path(name: str) -> Path:
    """Return the file of a preset; raises InputError with the nearest name."""
    paths = _paths()
    if name not in paths:
        problem = f'is no preset, was "{name}"'
        raise InputError(problem, key="methodology", remedy=did_you_mean(name, sorted(paths)))
    return paths[name]


def preset(name: str) -> Declaration:
    """Return a preset's declaration; raises InputError for an unknown name (with the nearest) or a file that does not hold."""
    return load_declaration(preset_path(name))


@cache
def _paths() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in _folders():
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def _folders() -> Iterator[Path]:
    yield _BUNDLED
    for entry in sorted(entry_points(group=_GROUP), key=lambda entry: entry.name):
        yield _folder_of(entry)


def _folder_of(entry: EntryPoint) -> Path:
    """Return the folder an entry point names: a package that holds the files, or a path."""
    loaded: object = entry.load()
    if isinstance(loaded, (str, Path)):
        return Path(loaded)
    origin = getattr(loaded, "__file__", None) or next(iter(getattr(loaded, "__path__", ())), None)
    if origin is None:
        problem = f'must name a folder or a package of TOML files, was "{entry.value}"'
        raise InputError(problem, key=f"{_GROUP}.{entry.name}")
    return Path(origin) if Path(origin).is_dir() else Path(origin).parent
