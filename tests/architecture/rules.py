"""The rules of the house, each a function of a folder that returns what breaks it, one line each; none is the empty list."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
from typing import TYPE_CHECKING

from tests.architecture.tree import PACKAGES, Module, imports, modules, references

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A module may import what stands on a smaller number; equal numbers are neighbours, who do not know one another.
FLOORS = {
    "market": 1,
    "index": 2,
    "margin": 2,
    "faults": 2,
    "scenarios": 3,
    "properties": 4,
    "targets": 4,
    "audit": 5,
    "report": 6,
    "commands": 7,
    "testing": 7,
    "contract": 7,
    "cli": 8,
    "pytest_plugin": 8,
    "__main__": 9,
}
DOORS = ("indexlab.cli", "indexlab.commands", "indexlab.pytest_plugin", "indexlab.testing", "indexlab.contract", "indexlab.__main__")
LIVE_FEEDS = ("feeds.live", "feeds.recorder")

MAX_MODULE_LINES = 500
MAX_FUNCTION_LINES = 70

# What asks the world for a number. Allowed in the doors, and where a feed stamps what it receives.
CLOCK_AND_CHANCE = (
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns", "time.process_time", "time.sleep",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "asyncio.sleep",
    "random", "secrets", "os.urandom", "uuid.uuid1", "uuid.uuid4", "numpy.random.*",
)  # fmt: skip
SEEDED = ("Generator", "Philox", "BitGenerator", "SeedSequence")
# What runs somebody else's words. Allowed nowhere.
FOREIGN_CODE = ("pickle", "marshal", "shelve", "eval", "exec", "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")
EMPTY_NAMES = ("utils", "util", "helpers", "helper", "manager", "managers", "misc", "common")


def broken_floors(root: Path) -> list[str]:
    """Imports that go up, across to a neighbour, out to feeds, or past a floor that is not in the plan."""
    known = modules(root)
    return [
        f"{name} imports {other}: {why}" for name, module in known.items() for other in sorted(imports(module, known)) if (why := _why_not(name, other))
    ] + [f"{name} stands on no floor" for name in known if name.startswith("indexlab.") and name.split(".")[1] not in FLOORS]


def _why_not(name: str, other: str) -> str | None:
    package, _, room = name.partition(".")
    other_package, _, other_room = other.partition(".")
    room, other_room = room.split(".")[0], other_room.split(".")[0]
    if package == "feeds":
        return None if other_package == "feeds" or other_room == "market" else "feeds know indexlab.market alone"
    if other_package == "feeds":
        return "the doors find feeds by entry point"
    if not other_room or room == other_room:
        return None
    if not room:
        return "the package itself stays empty"
    mine, theirs = FLOORS.get(room, 0), FLOORS.get(other_room, len(FLOORS))
    if mine == theirs:
        return "neighbours do not know one another"
    return None if mine > theirs else f"floor {theirs} is above floor {mine}"


def cycles(root: Path) -> list[str]:
    """A cycle of imports among modules, if there is one; imports inside functions and for types alone count too."""
    known = modules(root)
    try:
        graphlib.TopologicalSorter({name: imports(module, known) for name, module in known.items()}).prepare()
    except graphlib.CycleError as error:
        return [" → ".join(reversed(error.args[1]))]
    return []


def oversized(root: Path, packages: tuple[str, ...] = PACKAGES) -> list[str]:
    """Modules and functions longer than a person reads at once."""
    return [line for module in modules(root, packages).values() for line in _oversized(module)]


def _oversized(module: Module) -> Iterator[str]:
    lines = len(module.text.splitlines())
    if lines > MAX_MODULE_LINES:
        yield f"{module.name} has {lines} lines, more than {MAX_MODULE_LINES}"
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{module.name}.{node.name} has {lines} lines, more than {MAX_FUNCTION_LINES}"


def banned_names(root: Path) -> list[str]:
    """Clocks and chance below the doors, and code from elsewhere anywhere; a mention counts, called or not."""
    found = []
    for name, module in modules(root).items():
        free = name.startswith((*DOORS, *LIVE_FEEDS))
        banned = FOREIGN_CODE if free else CLOCK_AND_CHANCE + FOREIGN_CODE
        found += [f"{name}:{line} mentions {mention}" for mention, line in sorted(references(module)) if any(_is(mention, ban) for ban in banned)]
        found += [f"{name}:{node.lineno} starts a shell" for node in ast.walk(module.tree) if isinstance(node, ast.Call) and _asks_for_shell(node)]
    return found


def _is(mention: str, ban: str) -> bool:
    if ban.endswith(".*"):
        inside = mention.removeprefix(ban[:-1])
        return inside != mention and inside.split(".")[0] not in SEEDED
    return mention == ban or mention.startswith(f"{ban}.")


def _asks_for_shell(call: ast.Call) -> bool:
    return any(word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False) for word in call.keywords)


def empty_names(root: Path) -> list[str]:
    """Modules whose name says nothing of what is in them."""
    return [name for name in modules(root) if name.rsplit(".", 1)[-1].strip("_") in EMPTY_NAMES]


# Put together from parts, so that this file does not hold what it looks for.
_HOST_PARTS = (("pypi", "org"), ("python" + "hosted", "org"), ("registry.npm" + "js", "org"), ("crates", "io"), ("golang", "org"))
HOSTS = tuple(f"{name}.{end}" for name, end in _HOST_PARTS)
FOLDERS = ("root", "home", "Users", "work", "opt", "tmp")
MACHINE_WORDS = re.compile(rf"(?<![\w.>)}}~-])/(?:{'|'.join(FOLDERS)})/[\w.]|[Cc]:\\+Users|{'|'.join(map(re.escape, HOSTS))}")


def machine_words(root: Path, files: list[str]) -> list[str]:
    """Paths of somebody's machine and addresses of package registries, in any of the files."""
    found = []
    for name in files:
        text = (root / name).read_bytes().decode("utf-8", errors="replace")
        found += [f"{name}:{number} {match[0]}" for number, line in enumerate(text.splitlines(), 1) if (match := MACHINE_WORDS.search(line))]
    return found


def repository_files(root: Path) -> list[str] | None:
    """The files that are tracked by git or would be if added; None where this is no checkout."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [name for name in done.stdout.decode().split("\0") if name and (root / name).is_file()]
