"""What `replay` prints: a finding asked again, or what an index did over a fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.audit.replay import FixtureReplay, replay_fixture, rules_of_the_day
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.market.times import clock_text, time_text
from indexlab.properties.tell import price_text
from indexlab.report.plain import plain, uncommanded
from indexlab.report.text import finding_text
from indexlab.targets.options import USUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexlab.audit.replay import Replayed
    from indexlab.targets.options import TargetOptions

__all__ = ["replayed_fixture", "replayed_text"]

_BARS: Final = "▁▂▃▄▅▆▇█"
_COLUMNS: Final = 80
_MOST_CHANGES: Final = 12
_USUAL_RULES: Final = "preset:deribit-2019"


def replayed_text(answer: Replayed) -> str:
    """Return BROKEN with the finding as it is now, or FIXED or INCONCLUSIVE with why."""
    if answer.answer == "BROKEN":
        return _harmless(finding_text(answer.finding, replay_target=answer.target) + _rules(answer))
    head = f"{answer.answer}  {answer.finding.property}      target {plain(answer.target)}      scenario {answer.finding.scenario}"
    return _harmless(f"{head}\n  {plain(answer.why)}{_rules(answer)}")


def _rules(answer: Replayed) -> str:
    """Say which file the margin rules came from: it may have changed since the finding was made."""
    return f"\n  margin rules: {plain(answer.rules_file)}, as the file is now" if answer.rules_file else ""


def _harmless(text: str) -> str:
    """Return a text without a line that a CI system would take for a command."""
    return "\n".join(uncommanded(line) for line in text.split("\n"))


def replayed_fixture(name: str, targets: Sequence[str], reached: Callable[[str], TargetOptions] = lambda _: USUAL) -> str:
    """Run targets over a fixture (none given: the rules of its day, and deribit-2019) and return what each index did; `reached` says how, by label."""
    fixture = load_fixture(find_fixture(name))
    rules = rules_of_the_day(fixture)
    labels = list(targets) or [label for label in (rules, _USUAL_RULES) if label is not None]
    lines = [f"{fixture.id}: {fixture.title}", f"  {fixture.kind}, {len(fixture.basket)} sources, {time_text(fixture.start)} to {time_text(fixture.end)}"]
    for label in labels:
        shown = f"file:{fixture.id}/rules.toml (the rules of the day)" if label == rules else plain(label)
        lines += ["", f"under {shown}", *_told(replay_fixture(name, label, reached(label)))]
    return "\n".join(lines)


def _told(run: FixtureReplay) -> list[str]:
    lowest, highest = run.extreme(low=True), run.extreme(low=False)
    lines = [f"  publications  {', '.join(f'{count} {status}' for status, count in sorted(run.counts.items()))}"]
    if lowest is None or highest is None:
        return [*lines, "  there was never an index"]
    first = next(value for value in run.index if value is not None)
    for word, (moment, value) in (("lowest", lowest), ("highest", highest)):
        lines.append(f"  {word:<12}  {price_text(value)} at {clock_text(moment)} ({value / first - 1:+.2%} from the first, {price_text(first)})")
    last = next(value for value in reversed(run.index) if value is not None)
    lines += [f"  {'last':<12}  {price_text(last)}", f"  {'path':<12}  {_path(run.index)}"]
    return lines + _changes(run) + [f"  note: {plain(note)}" for note in run.notes]


def _path(index: Sequence[float | None]) -> str:
    known = [value for value in index if value is not None]
    low, high = min(known), max(known)
    width = min(_COLUMNS, len(index))
    drawn = []
    for column in range(width):
        part = [value for value in index[column * len(index) // width : (column + 1) * len(index) // width] if value is not None]
        # the value farthest from the first, so that a spike of one publication is seen
        far = max(part, key=lambda value: abs(value - known[0])) if part else None
        drawn.append("·" if far is None else _BARS[int((far - low) / (high - low) * (len(_BARS) - 1))] if high > low else _BARS[0])
    return "".join(drawn)


def _changes(run: FixtureReplay) -> list[str]:
    lines, before = [], ""
    for moment, status in zip(run.times, run.status, strict=True):
        if status != before and before:
            lines.append(f"  {clock_text(moment):<12}  {before} → {status}")
        before = status
    more = len(lines) - _MOST_CHANGES
    return lines[:_MOST_CHANGES] + ([f"  and {more} more changes of status"] if more > 0 else [])
