"""The catalogue: bundled methodologies, then folders of TOML that others registered under the entry point `indexlab.methodologies`.

Adding a venue is adding one file; its name without `.toml` is the preset's name. A third party's folder or file that cannot be used is left out, and said
to be; it takes nobody else's away.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexlab.index.declaration import load_declaration
from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from indexlab.index.rules import Declaration

__all__ = ["left_out", "preset", "preset_names", "preset_path"]

_BUNDLED: Final = Path(__file__).parent / "presets"
_GROUP: Final = "indexlab.methodologies"


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets that can be used, sorted. Raises InputError where a third party's has the name of another."""
    return tuple(sorted(_paths().keys() - {path.stem for path in _unusable()}))


def preset_path(name: str) -> Path:
    """Return the file of a preset; raises InputError with the nearest name."""
    paths = _paths()
    if name not in paths:
        problem = f'is no preset, was "{name}"'
        missing = "; ".join(str(error) for error in _folders()[1])
        remedy = did_you_mean(name, sorted(paths))
        raise InputError(problem, key="methodology", remedy=f"{remedy} ({missing})" if missing else remedy)
    return paths[name]


def preset(name: str) -> Declaration:
    """Return a preset's declaration; raises InputError for an unknown name (with the nearest) or a file that does not hold."""
    return load_declaration(preset_path(name))


def left_out() -> tuple[InputError, ...]:
    """Return what is wrong with third parties' methodologies that cannot be used: folders that are not to be had, files that do not hold."""
    return (*_folders()[1], *_unusable().values())


@cache
def _paths() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in (_BUNDLED, *_folders()[0]):
        for path in sorted(folder.glob("*.toml")):
            if path.stem in found:
                owner = "a bundled one" if found[path.stem].parent == _BUNDLED else str(found[path.stem])
                problem = f'the methodology "{path.stem}" has the name of {owner}'
                raise InputError(problem, file=path, remedy="rename the file")
            found[path.stem] = path
    return found


@cache
def _unusable() -> dict[Path, InputError]:
    """Return the files of third parties that do not hold; the bundled ones do, which a test says."""
    wrong: dict[Path, InputError] = {}
    for path in _paths().values():
        if path.parent != _BUNDLED:
            try:
                load_declaration(path)
            except InputError as error:
                wrong[path] = error
    return wrong


@cache
def _folders() -> tuple[tuple[Path, ...], tuple[InputError, ...]]:
    """Return the folders that entry points name, in the order of their names, and what is wrong with those that name none."""
    folders: list[Path] = []
    wrong: list[InputError] = []
    for entry in sorted(entry_points(group=_GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            folder = _folder_of(entry)
        except InputError as error:
            wrong.append(error)
        else:
            if folder not in folders:
                folders.append(folder)
    return tuple(folders), tuple(wrong)


def _folder_of(entry: EntryPoint) -> Path:
    """Return the folder an entry point names: a package that holds the files, or a path."""
    key = f"entry point {_GROUP} {entry.name}"
    try:
        loaded: object = entry.load()
    except Exception as error:
        problem = f"cannot be loaded: {type(error).__name__}: {error}"
        raise InputError(problem, key=key, remedy="mend or uninstall the package that brings it") from error
    origin = loaded if isinstance(loaded, (str, Path)) else getattr(loaded, "__file__", None) or next(iter(getattr(loaded, "__path__", ())), None)
    if origin is None:
        problem = f'must name a folder or a package of TOML files, was "{entry.value}"'
        raise InputError(problem, key=key)
    folder = Path(origin) if isinstance(loaded, (str, Path)) or Path(origin).is_dir() else Path(origin).parent
    if not folder.is_dir():
        problem = f'must name a folder that is there, was "{folder}"'
        raise InputError(problem, key=key)
    return folder
