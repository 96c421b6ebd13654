"""What a third party brings works like what is bundled: two properties, a fault, a methodology and a target, installed as a package."""

import json

INJECTED = """
from indexlab.faults.inject import inject
from indexlab.faults.spec import FaultSpec
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

basket = (Source("one", "one"), Source("two", "two"))
quotes = Quotes.from_columns(receive_time=[1, 2, 3, 4], source=[0, 1, 0, 1], price=[100.0, 102.0, 104.0, 106.0])
for intensity in (0.0, 1.0):
    done = inject(quotes, [FaultSpec("half-unit", (1,), 0, intensity=intensity)], basket)
    print(done.touched_total, done.quotes.price.tolist(), done.quotes is quotes)
"""


def test_each_is_listed_among_the_others_and_shown(indexlab):
    for group, name, said in (
        ("properties", "step-bound", "one broken source makes the index step by at most 5 % more than the market does"),
        ("properties", "positive", "no published index is 0 or less"),
        ("faults", "half-unit", "the price is that of half a coin"),
        ("methods", "acme-median", "Acme median"),
    ):
        listed, shown = indexlab("acme", group, "list"), indexlab("acme", group, "show", name)
        (line,) = [line for line in listed.stdout.splitlines() if line.strip().startswith(f"{name} ")]
        assert said in line
        assert said in shown.stdout
        assert (listed.returncode, shown.returncode, listed.stderr, shown.stderr) == (0, 0, "", "")


def test_its_property_is_judged_and_finds_what_is_wrong_with_its_target(audited, indexlab, tmp_path):
    """And its fault is drawn by the search, beside the bundled ones."""
    done = audited("acme", "acme:mean", "--only", "step-bound,positive")
    assert done.returncode == 1, done.stderr
    assert "BROKEN  step-bound" in done.stdout
    assert "alone made the index jump by" in done.stdout
    (target,) = json.loads((tmp_path / "run" / "report.json").read_text())["targets"]
    judged = {one["id"]: one for one in target["properties"]}
    assert {name: one["verdict"] for name, one in judged.items()} == {"step-bound": "violated", "positive": "holds"}
    (half_unit,) = [one for one in target["coverage"]["effects"] if one["fault"] == "half-unit"]
    assert half_unit["touching"] > 0
    assert target["measures"]["worst_displacement_by_fault"]["half-unit"] > 0.01
    finding = tmp_path / "run" / judged["step-bound"]["finding"]["scenario"]
    again = indexlab("acme", "replay", finding)
    assert again.returncode == 1, again.stderr
    assert "BROKEN" in again.stdout
    assert indexlab("acme", "replay", finding, "preset:acme-median").returncode == 0


def test_its_methodology_is_audited_with_its_own_promise(audited, tmp_path):
    done = audited("acme", "preset:acme-median", "--only", "step-bound,positive,single-source")
    assert done.returncode == 0, done.stdout
    (target,) = json.loads((tmp_path / "run" / "report.json").read_text())["targets"]
    assert {one["verdict"] for one in target["properties"]} == {"holds"}
    assert target["expect"]["max_age"] == "30s"


def test_its_fault_breaks_the_sources_it_is_given_and_nothing_at_intensity_0(beside):
    done = beside("acme", "-c", INJECTED)
    assert done.stdout.splitlines() == ["0 [100.0, 102.0, 104.0, 106.0] True", "2 [100.0, 51.0, 104.0, 53.0] False"], done.stderr


def test_its_target_says_in_one_line_what_it_is_given_wrongly(indexlab):
    done = indexlab("acme", "audit", "acme:mode")
    assert (done.returncode, done.stderr) == (2, 'indexlab: target must be acme:mean or acme:median, was "acme:mode"\n')
