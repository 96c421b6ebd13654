"""The languages in which a starting target can be written: their files, and how each is built and run.

The files lie beside this module, a folder a language, as somebody would keep them; nothing in them is filled in. README.md and indexlab.toml are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from indexlab.market.errors import InputError, nearest
from indexlab.targets.starting.plan import plan_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LANGUAGES", "Language", "find_language", "is_language", "target_files"]

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Language:
    """A language: `id` is its folder here, `tool` the program that has to be there, of the version in `needs`; `build` (may be empty) and `run` the commands.

    `{at}` in `run` stands for the way from where it is run to the target's folder: nothing, or "my-index/".
    """

    id: str
    name: str
    tool: str
    needs: str
    build: str
    run: str
    aliases: tuple[str, ...] = ()

    def command(self, at: str = "") -> str:
        """Return the command that runs a target that lies in the folder `at`, a relative path (here, where it is empty)."""
        return self.run.format(at=f"{at}/" if at else "")


LANGUAGES: Final = (
    Language("python", "Python", "python3", "Python 3.10", "", "python3 {at}index.py", ("py", "python3")),
    Language("node", "Node.js", "node", "Node.js 18", "", "node {at}index.mjs", ("nodejs", "node.js", "js", "javascript")),
    Language("go", "Go", "go", "Go 1.18", "go build -o index .", "./{at}index", ("golang",)),
    Language("rust", "Rust", "cargo", "Rust 1.65", "cargo build --release", "./{at}target/release/index", ("rs",)),
    Language("java", "Java", "javac", "Java 17", "javac Index.java Json.java", "java -cp ./{at} Index"),
    Language("cpp", "C++", "g++", "C++17", "g++ -std=c++17 -O2 -o index index.cpp", "./{at}index", ("c++", "cxx", "cc")),
)


def is_language(name: str) -> bool:
    """Say whether a language goes by this name."""
    return any(name.lower() in (language.id, *language.aliases) for language in LANGUAGES)


def find_language(name: str) -> Language:
    """Return the language of a name or an alias; raises InputError with the nearest."""
    for language in LANGUAGES:
        if name.lower() in (language.id, *language.aliases):
            return language
    known = [language.id for language in LANGUAGES]
    near = nearest(name.lower(), known)
    raise InputError(f'must be one of {", ".join(known)}, was "{name}"', key="LANGUAGE", remedy=near and f'did you mean "{near}"?')


def target_files(language: Language, name: str) -> dict[str, str]:
    """Return the files of a starting target, path → text; `name` is that of its folder."""
    folder = _HERE / language.id
    files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in _code(folder)}
    readme = Template((_HERE / "README.md.template").read_text(encoding="utf-8"))
    build = f"{language.build}\n" if language.build else ""
    files["README.md"] = readme.substitute(name=name, language=language.name, needs=language.needs, build=build, run=language.command(), code=_list(files))
    files["indexlab.toml"] = plan_text(f"exec:{language.command()}")
    return files


def _code(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)


def _list(files: dict[str, str]) -> str:
    index = next(name for name in files if Path(name).stem.lower() in ("index", "main"))
    return f"`{index}`"
