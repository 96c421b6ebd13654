"""Where fixtures are: the bundled ones, found from any folder, and a person's own, named by their folder."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.fixture_files import FIXTURE_TOML
from indexlab.market.tables import shown

__all__ = ["bundled_folder", "find_fixture", "fixture_ids"]

_PACKAGE: Final = "indexlab"


def bundled_folder() -> Path | None:
    """Return the folder of the bundled fixtures: package data in an installed wheel, `fixtures/` beside the package in a checkout."""
    package = Path(str(resources.files(_PACKAGE)))
    for folder in (package / "fixtures", package.parent / "fixtures"):
        if folder.is_dir():
            return folder
    return None


def fixture_ids() -> tuple[str, ...]:
    """Return the ids of the bundled fixtures, sorted."""
    folder = bundled_folder()
    return () if folder is None else tuple(sorted(found.parent.name for found in folder.glob(f"*/{FIXTURE_TOML}")))


def find_fixture(id_or_dir: str | Path) -> Path:
    """Return the folder of a fixture: a bundled id, or the path of a folder with a fixture.toml (`./calm-hour` where a bundled one has its name).

    Raises InputError with the nearest bundled id.
    """
    name = str(id_or_dir)
    ids = fixture_ids()
    bundled = bundled_folder()
    if name in ids and bundled is not None:
        return bundled / name
    folder = Path(id_or_dir)
    try:
        if (folder / FIXTURE_TOML).is_file():
            return folder
        exists = folder.exists()
    except (OSError, ValueError):  # a name that no file can have
        exists = False
    if exists:
        problem = f"has no {FIXTURE_TOML}" if folder.is_dir() else "must be a fixture's folder, is a file"
        raise InputError(problem, file=shown(name))
    problem = f'"{shown(name)}" is neither a bundled fixture nor a folder'
    raise InputError(problem, key="fixture", remedy=did_you_mean(name, ids))
