"""`margin-rules`: a margin engine does what the venue's rules say, to the last state at a border."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.margin_slips import slip_of
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import which

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_UNMET = "no margin case was answered"


def check(run: Run) -> Outcome:
    """Hold each answer against the textbook's: states, ratios, liquidation prices and initial margins, at borders and between them."""
    by_twin, first, breached = PerTwin(len(run.twins)), None, 0
    judged = 0
    for talk in run.margin:
        slip = slip_of(talk)
        judged += len(talk.case.accounts) * len(talk.case.times)
        by_twin.judged(talk.twin, what="" if slip is None else slip.what)
        if slip is None:
            continue
        breached += 1
        if first is None:
            at = max(int(np.searchsorted(run.times, talk.case.times[slip.row], side="right")) - 1, 0) if len(run.times) else 0
            engine = "our engine: " if talk.ours else ""
            sentence = f"{engine}in {which(talk.twin)} {slip.sentence}"
            first = Breach(talk.twin, at, 1.0, sentence, slip.promised, slip.seen, "clean twin", run.clean_trace, slip.account, slip.what)
    worst = Extreme(float(breached), "count", f"{breached} of {len(run.margin)} margin cases, {judged} states in all", CLEAN) if run.margin else None
    return Outcome(len(run.margin), len(run.margin), breached, first, worst, _UNMET, by_twin.told())


PROPERTY = Property(
    id="margin-rules",
    statement="margin ratios, states, liquidation prices and initial margins equal the textbook's to a relative 1e-9, at the borders of tiers and states too;"
    " worse prices never give a better state where the rules are monotone",
    check=check,
    needs=("margin",),
    hurt="freqtrade computed the profit of other positions in cross margin without the short's sign; a liquidation price from it is wrong (freqtrade c9ae5e1e)",
    occasion="margin cases over the index: our own engine's answers for any index, a target's own where it provides `margin`",
    premise="a margin case was answered",
    measure="how many margin cases of a batch were answered otherwise than by the rules",
    example="""ann is long one bitcoin at 50 000 with 4 800 as collateral; the mark is 45 400, and the target takes the maintenance margin at the entry price
12:00:30   liquidation, margin ratio 1; by the rules warning, 0.908
in the clean run the isolated account ann is liquidation at 45 400; by the rules it is warning.
promised: every account in the state that the venue's rules give""",
)
