"""The bar of a running audit: how far all targets are together, and what is being done now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from indexlab.audit.events import Progress, TargetFinished, TargetStarted
from indexlab.report.plain import plain
from indexlab.report.words import count

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Running"]

_WHOLE: Final = 1000


class Running:
    """One bar for the whole audit: a target is a thousand parts of it, so much as its scenarios are done."""

    def __init__(self, console: Console, targets: int) -> None:
        """Show the bar on `console` at once, for so many targets."""
        self._targets = targets
        self._parts: dict[str, int] = {}
        columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=28), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
        self._bar = Bar(*columns, console=console, transient=True, refresh_per_second=4)
        self._task = self._bar.add_task("starting", total=_WHOLE * max(1, targets))
        self._bar.start()

    def handle(self, event: TargetStarted | Progress | TargetFinished) -> None:
        """Move the bar."""
        if isinstance(event, TargetFinished):
            self._parts[event.result.target] = _WHOLE
            self._bar.update(self._task, completed=sum(self._parts.values()))
            return
        done = event.done if isinstance(event, Progress) else 0
        self._parts[event.target] = min(_WHOLE, max(self._parts.get(event.target, 0), _WHOLE * done // max(1, event.planned)))
        self._bar.update(self._task, completed=sum(self._parts.values()), description=self._describe(event))

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _describe(self, event: TargetStarted | Progress) -> str:
        name = plain(event.target.removeprefix("preset:"), most=24)
        place = f"{len(self._parts)} of {self._targets}  {name}"
        if isinstance(event, TargetStarted):
            return f"{place}  {count(event.planned)} scenarios"
        what = "independent cases" if event.phase == "estimate" else "scenarios"
        doing = "shrinking what broke" if event.phase == "shrink" else f"{count(event.done)} of {count(event.planned)} {what}"
        broken = f", {count(event.breaches)} breaches" if event.breaches else ""
        return f"{place}  {doing}{broken}"
