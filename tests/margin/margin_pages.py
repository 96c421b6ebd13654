"""What the pages of the margin world share: their examples, found and run."""

import contextlib
import io
import re

__all__ = ["examples", "printed"]


def examples(page: str) -> list[tuple[str, str]]:
    """Return each example of a page with what the page shows below it."""
    return re.findall(r"<!-- example -->\n```python\n(.*?)```\n\n```\n(.*?)```", page, re.DOTALL)


def printed(code: str) -> str:
    """Return what an example prints, run as it stands on the page."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {})  # noqa: S102 - our page
    return said.getvalue()
