"""`agreement`: two targets that were asked the same give the same index and the same status.

The strongest test of a service that has a written methodology: whatever the two make of a run, they make the same of it. There is no premise but that both
answered. Values are held against one another wherever both give a number, also an earlier one published again; that one gives a value to act on and the other
does not is a disagreement of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.index.determination import STATUSES
from indexlab.market.units import format_bp, format_ratio
from indexlab.properties.property import Breach, ByTwin, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text, say, which
from indexlab.properties.words import beyond

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.property import Occasion
    from indexlab.properties.run import Against, Run, Trace
    from indexlab.scenarios.expect import Expect

__all__ = ["PROPERTY", "Parting", "partings"]

_TOLD_IN_FULL: Final = 1e-3
_LONGEST_HEAD: Final = 24
_FAR: Final = 3e-3
"""A price this far from the median of the live ones may be one that a rule about such prices takes hold of."""


class Parting(NamedTuple):
    """Where two answers to the same runs part, [runs, times]: in having a value to act on, in the value, in the status; how far apart, as a ratio."""

    missing: NDArray[np.bool_]
    moved: NDArray[np.bool_]
    status: NDArray[np.bool_]
    size: NDArray[np.float64]

    @property
    def anywhere(self) -> NDArray[np.bool_]:
        """Where they part in any of the three."""
        return self.missing | self.moved | self.status

    def word(self, row: int, at: int, mine: Trace) -> str:
        """Return one word for what happened there: the first one's index is "lost" or "appeared", it "moved", or the "status" alone is another."""
        if self.missing[row, at]:
            return "lost" if mine.missing[at] else "appeared"
        return "moved" if self.moved[row, at] else "status"


def partings(mine: list[Trace], theirs: list[Trace], expect: Expect) -> Parting:
    """Hold answers against one another, pair by pair, publication by publication."""
    value, other = (np.array([trace.value for trace in traces]) for traces in (mine, theirs))
    gone, theirs_gone = (np.array([trace.missing for trace in traces]) for traces in (mine, theirs))
    status, their_status = (np.array([trace.status for trace in traces]) for traces in (mine, theirs))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        size = np.nan_to_num(np.abs(value / other - 1.0), nan=0.0, posinf=np.inf)
    differ = (status != their_status) & expect.same_status
    return Parting(gone != theirs_gone, beyond(value, other, expect.max_disagreement, expect.tick), differ, size)


def check(run: Run) -> Outcome:
    """Compare what the target made of the clean and of every broken run with what the other one made of it."""
    against = run.against
    if against is None:
        return Outcome(0, 0, unmet="no other target was asked")
    both = [twin for twin in (CLEAN, *range(len(run.twins))) if against.trace(twin) is not None]
    failed = [("the target", failure) for _, failure in run.failures] + [(against.label, failure) for failure in against.failures]
    undecided = f"{failed[0][0]} failed: {failed[0][1].detail}" if failed else ""
    if not both or not len(run.times):
        return Outcome(1 + len(run.twins), 0, unmet=undecided, undecided=undecided)
    theirs = [trace for twin in both if (trace := against.trace(twin)) is not None]
    part = partings([run.trace(twin) for twin in both], theirs, run.expect)
    anywhere = part.anywhere
    # what a broken run shares with the clean one is told of the clean one
    anew = anywhere if both[0] != CLEAN else anywhere & ~(anywhere[:1] & (np.array(both) != CLEAN)[:, None])
    first = next((row for row in range(len(both)) if anew[row].any()), None)
    breach = None if first is None else _breach(run, against, both[first], int(np.argmax(anew[first])), part, first)
    worst = np.unravel_index(int(np.argmax(part.size)), part.size.shape)
    size = float(part.size[worst])
    text = f"{size * 1e4:.3f} bp apart" if size < _TOLD_IN_FULL else f"{format_bp(size)} apart"
    return Outcome(
        scenarios=1 + len(run.twins),
        premise_met=len(both),
        breached=int(anywhere.any(axis=1).sum()),
        breach=breach,
        worst=Extreme(size, "ratio", text, both[int(worst[0])]),
        by_twin=_by_twin(run, both, part, anew),
        undecided=undecided,
    )


def _by_twin(run: Run, both: list[int], part: Parting, anew: NDArray[np.bool_]) -> ByTwin:
    """Tell the broken twins apart; the word of one that parts only where the clean run does is ""."""
    count = len(run.twins)
    met, broken, size, what = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_), np.zeros(count), [""] * count
    for row, twin in enumerate(both):
        if twin == CLEAN:
            continue
        met[twin], broken[twin] = True, bool(part.anywhere[row].any())
        size[twin] = float(part.size[row].max(initial=0.0))
        if anew[row].any():
            what[twin] = _what(run, twin, int(np.argmax(anew[row])), part, row)
    return ByTwin(met, broken, size, tuple(what))


def _breach(run: Run, against: Against, twin: int, at: int, part: Parting, row: int) -> Breach:
    mine, theirs = run.trace(twin), against.trace(twin)
    if theirs is None:  # pragma: no cover - only where both answered
        raise AssertionError(against.label)
    word, other = part.word(row, at, mine), _short(against.label)
    if word == "lost":
        parted = f"gives no index ({STATUSES[mine.status[at]]}) where {other} gives one"
    elif word == "appeared":
        parted = f"gives an index where {other} gives none ({STATUSES[theirs.status[at]]})"
    elif word == "moved":
        parted = f"gives another index than {other}: {price_text(float(mine.value[at]))} and {price_text(float(theirs.value[at]))}"
    else:
        parted = f"gives the status {STATUSES[mine.status[at]]}, and {other} {STATUSES[theirs.status[at]]}"
    where = f"in {which(twin)} " if run.batch.twins else ""
    sentence = f"{where}the target {parted}."
    return Breach(
        twin, at, float(part.size[row, at]), sentence, _promised(run.expect), say(mine, theirs, at, other), other, theirs, what=_what(run, twin, at, part, row)
    )


def _what(run: Run, twin: int, at: int, part: Parting, row: int) -> str:
    """Return what happened and under which circumstances, as the plan sees them: "moved-stale-far". Two rules that differ part under others each."""
    stack, place = run.stack_of(twin)
    live, price = stack.live[place, at], stack.price[place, at]
    told = price[live & ~np.isnan(price)]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        far = bool(len(told)) and bool((np.abs(told / np.median(told) - 1.0) > _FAR).any())
    seen = {
        "few": int(live.sum()) < run.expect.min_sources,
        "stale": bool((~live & ~np.isnan(price)).any()),
        "invalid": bool(stack.invalid_now[place, at].any()),
        "far": far,
    }
    return "-".join((part.word(row, at, run.trace(twin)), *(name for name, is_so in seen.items() if is_so)))


def _short(label: str) -> str:
    """Return a label as a column head: the host of an address, the script of a command (or the command), the name of a file or of a bundled target."""
    scheme, _, rest = label.partition(":")
    if scheme in {"http", "https"}:
        return rest.strip("/").partition("/")[0].rpartition("@")[2][:_LONGEST_HEAD] or label
    names = [word.rstrip("/").rsplit("/", 1)[-1] for word in (rest or label).split()] or [label]
    script = next((name for name in names if name.rpartition(".")[0] and name.rpartition(".")[2].isalpha()), names[0])
    return script[:_LONGEST_HEAD] or label


def _promised(expect: Expect) -> str:
    tick = f" and one tick ({expect.tick:g})" if expect.tick else ""
    status = "the same status" if expect.same_status else "a value where the other gives one"
    return f"the same index within max_disagreement = {format_ratio(expect.max_disagreement)}{tick}, and {status}"


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return "" if occasion.against else "no --against"


PROPERTY = Property(
    id="agreement",
    statement="two targets that are asked the same give the same index within «max_disagreement» and one «tick», and the same status",
    check=check,
    needs=("against",),
    metamorphic=True,
    applies=applies,
    hurt="skip-mev/connect pull 167: the age limit that ran was not the one that was meant, and prices that did not change were dropped; of an age of exactly"
    " the limit dYdX and vega make one thing, ojo and ORML another",
    occasion="an audit with --against; with «same_status» = false it is enough that both give a value, or neither",
    premise="both answered; clean runs and broken ones alike, every publication",
    measure="the largest relative distance between the two indexes",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; a stops at 12:00:20, and the target counts it for 20 s, where the written rules say 10 s
12:00:30   index 101, rules.toml 101.25 (24.7 bp)
in the run with faults the target gives another index than rules.toml: 101 and 101.25.
promised: the same index within max_disagreement = 0.1bp, and the same status""",
)
