"""A fingerprint is the same for the same finding of another run, and another one for what differs."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.audit.fingerprint import FINGERPRINT, fingerprint
from tests.audit.audits import SMALL, audited
from tests.cli.commands import planted

TEXTS = st.text(st.characters(exclude_characters="\0"), max_size=20).map(lambda text: " ".join(text.split()))


def test_a_fingerprint_never_changes():
    """Baselines of years ago name findings by these: another value for the same three words would forget them all."""
    assert fingerprint("exec:./acme-index --stdio", "single-source", "moved") == "ba5721bcb824"
    assert fingerprint("preset:plain-mean", "single-source", "moved") == "3aed050d93fb"


@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
def test_three_parts_make_it_and_each_of_them_counts(target, prop, what, other_target, other_prop, other_what):
    one, other = fingerprint(target, prop, what), fingerprint(other_target, other_prop, other_what)
    assert FINGERPRINT.fullmatch(one)
    assert (one == other) == ((target, prop, what) == (other_target, other_prop, other_what))


def test_blanks_in_a_command_do_not_count():
    assert fingerprint("exec:./acme   --stdio ", "hull", "moved") == fingerprint("exec:./acme --stdio", "hull", "moved")


def prints(**budget):
    told = audited("preset:plain-mean", only=("single-source", "invalid-values", "quorum", "start-up"), budget=msgspec.structs.replace(SMALL, **budget))
    return {finding.fingerprint for finding, _ in told.found}, {finding.quotes for finding, _ in told.found}


def test_it_survives_another_budget_for_shrinking():
    """With one step nothing is shrunk, with many it is: the scenarios differ and the fingerprints do not."""
    whole, much = prints(shrink=1, kinds=4)
    small, little = prints(shrink=300, kinds=4)
    assert whole == small
    assert len(small) >= 4
    assert max(much) > max(little)


def test_a_plan_that_names_its_target_is_known_by_that_name():
    told = audited("preset:plain-mean", only=("single-source",), name="acme-index")
    assert {finding.fingerprint for finding, _ in told.found} == {fingerprint("acme-index", "single-source", "moved")}


def test_failures_of_different_kinds_are_different_findings():
    """A baseline that knows of answers that come too late must not hide a target that dies."""
    found = [
        audited(planted(f"misbehaving/{file}", how), only=("protocol",)).found[0][0] for file, how in (("exits.py", "at-request"), ("answers.py", "no-status"))
    ]
    assert len({one.fingerprint for one in found}) == 2


@pytest.mark.long
def test_another_seed_finds_what_is_known():
    """What one audit found is most of what another one finds: a baseline keeps a pipeline green until something new breaks."""
    found = [{finding.fingerprint for finding, _ in audited("preset:plain-mean", seed=seed, budget=None, estimate=0).found} for seed in range(3)]
    shares = [len(one & other) / len(other) for one in found for other in found if one is not other]
    assert sum(shares) / len(shares) >= 0.8
