"""Sweeps find borders that nobody told them, and are functions of the seed and the target alone."""

import pytest

from indexlab.audit.judge import Judge
from indexlab.audit.sweep import sweep
from indexlab.audit.tally import Tally
from indexlab.properties.registry import find_property
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World
from indexlab.targets.methodology import MethodologyTarget
from indexlab.targets.resolve import open_target

RULES = """
[methodology]
id = "banded"
name = "banded"
[staleness]
silence = "60s"
[outlier]
rule = "drop"
band = "{band}"
comparison = ">"
[weights]
kind = "equal"
[aggregation]
rule = "weighted-mean"
[quorum]
ok_from = 3
below = "halt"
"""


def swept(target, *, number=0, seed=1, sparing=False):
    judge = Judge(target, target.describe(), Expect(), (find_property("single-source"), find_property("source-order")))
    tally = Tally()
    for part in sweep(judge, World(Expect(), None, book=False, twins=2), seed, number, lambda: False, sparing=sparing):
        tally.merge(part)
    return tally


def banded(tmp_path, band):
    file = tmp_path / "rules.toml"
    file.write_text(RULES.format(band=band))
    return open_target(f"file:{file}")


@pytest.mark.parametrize("band", [3.0, 7.0])
def test_a_band_is_found_without_being_told(tmp_path, band):
    """The suspect is part of the median it is held against, and each source has an offset of a basis point or two: the border lies that near."""
    target = banded(tmp_path, f"{band}%")
    assert isinstance(target, MethodologyTarget)
    found = [float(border.rstrip("%")) for border in swept(target).borders if border.endswith("%")]
    assert any(abs(border - band) < 0.06 for border in found)
    assert any(abs(border + band) < 0.06 for border in found)


def test_a_target_declares_its_thresholds(tmp_path):
    assert banded(tmp_path, "4%").describe().thresholds == (0.04,)


def test_it_is_the_same_again_and_another_for_another_number():
    target = open_target("preset:plain-mean")
    one, again, other = swept(target), swept(target), swept(target, number=100)
    assert one.borders == again.borders
    assert one.properties["single-source"] == again.properties["single-source"]
    assert one.properties["single-source"].worst != other.properties["single-source"].worst


def test_it_judges_what_takes_no_other_runs():
    assert set(swept(open_target("preset:plain-median")).properties) == {"single-source"}


def test_a_dear_target_is_asked_little():
    assert 10 < swept(open_target("preset:plain-mean"), sparing=True).scenarios < 150
