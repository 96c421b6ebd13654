"""The source tree as data: every module parsed, none of them run. It imports nothing of the project, so it can judge any folder."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("indexlab", "feeds")
HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """One file: its dotted name, and what it says."""

    name: str
    path: Path
    is_package: bool

    @cached_property
    def text(self) -> str:
        """The file's text."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree."""
        return ast.parse(self.text, filename=str(self.path))

    def absolute(self, node: ast.ImportFrom) -> str:
        """The dotted name that `from … import` starts from, with its dots resolved."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        base = parts[: len(parts) - node.level + (1 if self.is_package else 0)]
        return ".".join([*base, node.module] if node.module else base)


def modules(root: Path, packages: tuple[str, ...] = PACKAGES) -> dict[str, Module]:
    """Every module of the packages under `root`, by dotted name."""
    found = {}
    for path in sorted(path for package in packages for path in (root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Module(name, path, is_package)
    return found


def imports(module: Module, known: dict[str, Module]) -> set[str]:
    """The modules of the project that a module imports, at any depth of it: in functions, under TYPE_CHECKING, by `import_module("…")`.

    `from package import name` counts as the submodule where there is one, else as the package. A name that no file carries is kept as it
    is written: a floor cannot be dodged by importing what is not there yet.
    """
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.absolute(node)
            found.update(full if (full := f"{base}.{alias.name}") in known else base for alias in node.names)
        elif isinstance(node, ast.Call) and _is_import_by_name(node):
            found.add(str(node.args[0].value))  # type: ignore[attr-defined]
    return {name for name in found if name.split(".")[0] in PACKAGES and name != module.name}


def _is_import_by_name(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in {"import_module", "__import__"} and bool(call.args) and isinstance(call.args[0], ast.Constant)


def references(module: Module) -> set[tuple[str, int]]:
    """Every dotted name that a module mentions, with its line; aliases resolved: `np.random.rand` gives `numpy.random.rand`."""
    names = _bound_names(module)
    found: set[tuple[str, int]] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found.update((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update((f"{module.absolute(node)}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, (ast.Attribute, ast.Name)) and (dotted := _dotted(node)):
            head, _, rest = dotted.partition(".")
            full = names.get(head, head)
            found.add((f"{full}.{rest}" if rest else full, node.lineno))
    return found


def _bound_names(module: Module) -> dict[str, str]:
    bound: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            bound.update((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom):
            bound.update((alias.asname or alias.name, f"{module.absolute(node)}.{alias.name}") for alias in node.names)
    return bound


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := _dotted(node.value)):
        return f"{base}.{node.attr}"
    return None
