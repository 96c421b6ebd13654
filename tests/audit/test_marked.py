"""An audit in which the venue's rule makes the marks: what it makes of a wrong index, what is found then, and that a finding replays as it was found."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from indexlab.audit import prepare
from indexlab.audit.judge import USUAL_VENUE
from indexlab.audit.plan import Budget
from indexlab.audit.racks import rack_of
from indexlab.audit.replay import replay_finding
from indexlab.audit.save import read_finding, save_finding
from indexlab.index.determination import HALTED, HELD
from indexlab.margin.account import Account
from indexlab.margin.ladder import Ladder
from indexlab.margin.rack import Rack
from indexlab.margin.rules_file import venue
from indexlab.market.errors import InputError
from indexlab.properties.margin_recovery import PROPERTY as RECOVERY
from indexlab.properties.margin_stability import PROPERTY as STABILITY
from indexlab.properties.no_silent_freeze import PROPERTY as FREEZE
from indexlab.targets.target import Description
from tests.audit.audits import audited, plan_of
from tests.properties.recording import answering, assert_broken, assert_holds, broken, level, market, mean, recorded, rewritten

FLAT = market(lambda *_: 100.0)
USUAL = venue(USUAL_VENUE).mark
JUMP = recorded(level(1.1, 0, end=25.0), level(1.1, 1), quotes=FLAT, answer=answering(mean))
"""The mean of five is 102 while one of them says 110: for five seconds, and for good."""
FEW = Budget(batches=2, twins=4, shrink=60, seconds=1e9)


def marked(run, rule=USUAL):
    """Return the run with its accounts marked by a rule."""
    return replace(run, mark=rule)


def account(headroom, side):
    """Return an account that is healthy at 100 until the mark has moved by `headroom` against it."""
    border = 100.0 * (1 - side * headroom)
    return Account("drawn", side, 100.0, 0.005 * border + 100.0 * headroom)


def test_without_a_rule_the_mark_is_the_index_itself():
    assert JUMP.mark is None
    assert JUMP.clean_mark is JUMP.clean.value
    assert JUMP.broken_mark is JUMP.broken.value


def test_the_mark_of_a_wrong_index_by_hand():
    """Binance: of 102, 102 plus the mean of the differences to the market in the last minute, and the last trade at 100, the one in the middle.

    At publication 20 it is the mean of twenty times 0 and once -2, at 24 of five times -2 in 25. When the index is right again the last trade holds the mark.
    """
    run = marked(JUMP)
    assert np.array_equal(run.clean_mark, JUMP.clean.value)
    short, lasting = run.broken_mark
    assert short[[19, 20, 22, 24, 25, 40]] == pytest.approx([100, 102 - 2 / 21, 102 - 6 / 23, 102 - 10 / 25, 100, 100], rel=1e-12)
    assert lasting[[20, 24, 59]] == pytest.approx([102 - 2 / 21, 102 - 10 / 25, 102 - 80 / 60], rel=1e-12)
    assert np.array_equal(run.mark_of(run.broken_traces[0]), short)
    assert (np.abs(run.broken_mark - 100) <= np.abs(JUMP.broken_mark - 100)).all()


def test_an_index_that_is_not_to_be_acted_on_makes_no_mark():
    run = marked(rewritten(JUMP, 0, [22], status=HALTED))
    assert np.flatnonzero(np.isnan(run.broken_mark[0])).tolist() == [22]
    # the difference to the market at that publication is no sample
    assert run.broken_mark[0, 23] == pytest.approx(102 - 6 / 23, rel=1e-12)
    assert np.array_equal(np.isnan(marked(rewritten(JUMP, -1, [7], status=HALTED)).clean_mark[0]), np.arange(60) == 7)


def test_a_finding_is_gone_where_the_mark_moves_less_than_the_index():
    """One source of five says 126: the index is 105.2 and the mark 105.2 - 5.2 / 21 = 104.95, then less; a short is healthy up to 105."""
    run = recorded(level(1.26, 0), quotes=FLAT, answer=answering(mean), accounts=[account(0.05, -1)])
    assert_broken(STABILITY.check(run), 0, 20)
    assert " at the mark " not in STABILITY.check(run).breach.sentence
    assert_holds(STABILITY.check(marked(run)))


def test_a_finding_shrinks_and_names_the_mark():
    alone, less = STABILITY.check(JUMP), STABILITY.check(marked(JUMP))
    assert_broken(less, 0, 20, breached=2)
    assert "in warning at 12:00:21 at the mark 101.9" in less.breach.sentence
    moved = [(run.broken_states != run.clean_states(0)).sum() for run in (JUMP, marked(JUMP))]
    assert 0 < moved[1] < moved[0]
    assert less.worst.value <= alone.worst.value


def test_an_averaged_basis_hurts_when_the_index_is_right_again():
    """Deribit's mark has no last trade: what the average of mid less index took away while the index was too high is missing afterwards.

    The long, healthy down to 99.88, is in warning five seconds after the end; under Binance's rule, and at the index, nothing moved it.
    """
    run = recorded(level(1.03, 0, end=25.0), quotes=FLAT, answer=answering(mean), accounts=[account(0.0012, 1)])
    other = marked(run, venue("deribit").mark)
    assert other.broken_mark[0, 25] < 99.81
    assert_broken(RECOVERY.check(other), 0, 30)
    for right in (run, marked(run)):
        assert RECOVERY.check(right).breach is None


def test_what_is_published_untrusted_is_looked_at_as_it_is():
    """A venue's mark is missing while the index is held; what the index says meanwhile is judged all the same, and a market that moves is not its fault."""
    run = rewritten(JUMP, 0, [45], status=HELD, value=50.0)
    assert_broken(FREEZE.check(marked(run)), 0, 45)
    assert FREEZE.check(marked(run)).breach == FREEZE.check(run).breach
    rising = recorded(level(1.02, 0), quotes=market(lambda second, _: 100.0 + second), answer=answering(mean))
    still = rewritten(rising, 0, range(40, 50), status=HELD, value=float(rising.broken.value[0, 39]))
    assert_holds(FREEZE.check(marked(still)))


def test_beside_a_rule_s_mark_no_account_hangs_on_a_second_price():
    bare = recorded(broken("stop", 0), quotes=FLAT)
    runs = (replace(bare, times=bare.times + shift) for shift in range(200))
    mixed = next(run for run in runs if isinstance(rack_of(run, None, plain=False), Ladder))
    assert isinstance(rack_of(marked(mixed), None, plain=False), Rack)


def test_a_finding_says_what_it_was_marked_at_and_replays_so(tmp_path):
    found, saved = next(iter(audited("preset:plain-mean", budget=FEW, only=("margin-stability",), mark="venue").found))
    assert saved.mark == "venue"
    assert " at the mark " in found.sentence
    path = tmp_path / "a.json"
    found = msgspec.structs.replace(found, file="a.json")
    save_finding(tmp_path, found, saved)
    assert read_finding(path).mark == "venue"
    again = replay_finding(path, None)
    assert (again.answer, again.finding.sentence) == ("BROKEN", found.sentence)
    save_finding(tmp_path, found, replace(saved, mark="index"))
    assert read_finding(path).mark == "index"
    assert " at the mark " not in replay_finding(path, None).finding.sentence


def test_a_target_s_own_venue_must_have_one_mark(monkeypatch):
    described = Description("acme", venue="drift")
    monkeypatch.setattr(prepare, "_described", lambda *_: (described, "in-process", None))
    assert prepare.prepared(plan_of("preset:plain-mean"), ("hull",), "preset:plain-mean").job.mark == "index"
    with pytest.raises(InputError, match=r'margin\.mark must be "index" for drift'):
        prepare.prepared(plan_of("preset:plain-mean", mark="venue"), ("hull",), "preset:plain-mean")
    assert prepare.prepared(plan_of("preset:plain-mean", mark="venue", venue="okx"), ("hull",), "preset:plain-mean").job.mark == "venue"
