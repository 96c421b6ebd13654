"""A label names a target, and a wrong one is a clear line before anything starts."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from indexlab.market.errors import InputError
from indexlab.market.rates import Rate
from indexlab.market.source import Source
from indexlab.targets import resolve
from indexlab.targets.resolve import open_target, schemes
from indexlab.targets.target import Description, Request
from tests.targets.conversations import HERE, agreeing

RULES = '[methodology]\nname = "Acme"\ndate = "2024-05-01"\n[aggregation]\nrule = "median"\n[staleness]\nsilence = "60s"\n[expect]\nmax_age = "60s"\n'


@pytest.mark.parametrize("label", ["preset:plain-median", "plain-median"])
def test_a_bare_name_is_a_preset(label):
    with open_target(label) as target:
        assert (target.label, target.kind) == ("preset:plain-median", "in-process")
        assert target.describe().uses == ("price",)


def test_a_file_is_a_target_with_its_own_promise(tmp_path):
    file = tmp_path / "acme.toml"
    file.write_text(RULES)
    with open_target(f"file:{file}") as target:
        assert target.label == f"file:{file}"
        assert target.describe() == Description("Acme", "2024-05-01", expect={"max_age": "60s"})


def test_a_command_is_not_started_before_it_is_asked():
    with open_target(f"exec:{sys.executable} {HERE}/python_index.py") as target:
        assert target.kind == "process"
        assert target._life is None


@pytest.mark.parametrize(
    ("label", "line"),
    [
        ("presets:plain-mean", 'target presets:plain-mean has an unknown scheme "presets"; did you mean "preset"?'),
        ("zzz:x", f'target zzz:x has an unknown scheme "zzz"; known: {", ".join(schemes())}'),
        ("rules/acme.toml", 'target rules/acme.toml names a file without its scheme; did you mean "file:rules/acme.toml"?'),
        ("./acme-index --stdio", 'target ./acme-index --stdio names a command without its scheme; did you mean "exec:./acme-index --stdio"?'),
        ("file:", "file:: is not there; give the path of a methodology file (TOML)"),
    ],
)
def test_an_unknown_label_is_one_clear_line(label, line):
    with pytest.raises(InputError) as caught:
        open_target(label)
    assert str(caught.value) == line


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(InputError, match="plain-median"):
        open_target("preset:plain-medain")


def test_a_missing_file_names_the_nearest_beside_it(tmp_path):
    (tmp_path / "band.toml").write_text("")
    with pytest.raises(InputError, match=r"bnad\.toml: is not there; did you mean \"file:.*band\.toml\"\?"):
        open_target(f"file:{tmp_path / 'bnad.toml'}")
    with pytest.raises(InputError, match="is a folder, not a file"):
        open_target(f"file:{tmp_path}")


def test_a_scheme_that_somebody_installed_is_found(monkeypatch):
    entry = EntryPoint("acme", "tests.targets.test_resolve:acme", "indexlab.targets")
    broken = EntryPoint("broken", "tests.targets.test_resolve:nothing", "indexlab.targets")
    monkeypatch.setattr(resolve, "entry_points", lambda group: [entry, broken] if group == "indexlab.targets" else [])
    assert schemes() == (*resolve._BUNDLED, "acme", "broken")
    assert open_target("acme:mid").label == "preset:plain-median"
    with pytest.raises(InputError, match="cannot be opened"):
        open_target("broken:x")


def acme(rest):
    assert rest == "mid"
    return open_target("plain-median")


def test_naming_a_target_loads_no_engine():
    code = "import sys; import indexlab.targets.resolve; print([m for m in ('numpy', 'numba', 'msgspec', 'subprocess') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parents[1])
    assert done.stdout == "[]\n"


def test_requests_come_back_in_their_order_whatever_they_share():
    """Requests of two baskets and two sets of times, mixed: each gets its own answer, the same as alone."""
    mixed = [agreeing(price, seconds, n) for price, seconds, n in ((10.0, 3, 4), (20.0, 5, 4), (30.0, 3, 4), (40.0, 3, 7), (50.0, 5, 4))]
    with open_target("plain-median") as target:
        together = target.index(mixed)
        alone = [target.index([asked])[0] for asked in mixed]
    assert [outcome.value.tolist() for outcome in together] == [outcome.value.tolist() for outcome in alone]
    assert [outcome.value.tolist() for outcome in together] == [[10.0] * 3, [20.0] * 5, [30.0] * 3, [40.0] * 3, [50.0] * 5]


def test_detail_comes_where_it_is_asked_for():
    asked = agreeing()
    explained = type(asked)(asked.basket, asked.quotes, asked.times, explain=True)
    with open_target("plain-median") as target:
        plain, detailed = target.index([asked, explained])
    assert plain.weight is None
    assert detailed.weight.shape == (3, 4)


def test_the_textbook_of_a_preset_or_a_file_keeps_the_label_as_typed(tmp_path):
    file = tmp_path / "acme.toml"
    file.write_text(RULES)
    for label in (f"file:{file}@reference", "preset:plain-mean@reference"):
        with open_target(label) as textbook, open_target(label.removesuffix("@reference")) as engine:
            assert (textbook.label, textbook.kind, textbook.textbook) == (label, "in-process", True)
            assert textbook.describe() == engine.describe()
            (one,), (other,) = textbook.index([agreeing()]), engine.index([agreeing()])
            assert one.value.tolist() == other.value.tolist() == [50_000.0] * 3
    with pytest.raises(InputError, match="names a file without its scheme"):
        open_target("acme.toml@reference")


def test_requests_with_other_rates_are_determined_by_them(tmp_path):
    file = tmp_path / "acme.toml"
    file.write_text(RULES + '[conversion]\nrate = "same-round"\n')
    basket = tuple(Source(f"s{i}", f"s{i}", "EUR") for i in range(4))
    asked = agreeing(100.0)
    rates = [{"EUR": Rate.from_columns(receive_time=[0], price=[price])} for price in (2.0, 3.0)]
    runs = [Request(basket, asked.quotes, asked.times, rates=rate) for rate in (rates[0], rates[1], None, rates[0])]
    for label in (f"file:{file}", f"file:{file}@reference"):
        with open_target(label) as target:
            assert [outcome.value.tolist() for outcome in target.index(runs)] == [[200.0] * 3, [300.0] * 3, [100.0] * 3, [200.0] * 3]
