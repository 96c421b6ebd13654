"""docs/plugins.md shows the package acme as it is installed by these tests, to the letter."""

import re
from pathlib import Path

ACME = Path(__file__).parent / "acme"
PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
SHOWN = re.compile(r"^`([\w./-]+)`\n\n```(?:toml|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_file_of_the_package_is_on_the_page_as_it_is():
    shown = dict(SHOWN.findall(PAGE.read_text()))
    written = {str(path.relative_to(ACME)): path.read_text() for path in ACME.rglob("*.*") if path.suffix in {".toml", ".py"} and path.name != "__init__.py"}
    assert shown == written


def test_the_files_that_are_only_mentioned_are_there_with_a_docstring():
    for path in ACME.rglob("__init__.py"):
        assert f"`{path.relative_to(ACME)}`" in PAGE.read_text()
        assert path.read_text().startswith('"""')
