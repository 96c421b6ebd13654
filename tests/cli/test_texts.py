"""Every text that a command prints for a person, held to what it was.

To accept changed texts: `.venv/bin/python -m tests.cli.test_texts`, and read the difference that git shows.
"""

import contextlib
from pathlib import Path

import pytest

from tests.cli.commands import ran

SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "cli"
TEXTS = {
    "help": "--help",
    "audit-help": "audit --help",
    "baseline-help": "baseline --help",
    "baseline-add-help": "baseline add --help",
    "baseline-list-help": "baseline list --help",
    "baseline-remove-help": "baseline remove --help",
    "baseline-prune-help": "baseline prune --help",
    "compare-help": "compare --help",
    "power-help": "power --help",
    "replay-help": "replay --help",
    "completion-help": "completion --help",
    "init-help": "init --help",
    "target-help": "target --help",
    "target-check-help": "target check --help",
    "target-new-help": "target new --help",
    "schema-help": "schema --help",
    "serve-help": "serve --help",
    "methods-help": "methods --help",
    "methods-list-help": "methods list --help",
    "methods-show-help": "methods show --help",
    "methods-check-help": "methods check --help",
    "methods-diff-help": "methods diff --help",
    "properties-help": "properties --help",
    "properties-list-help": "properties list --help",
    "properties-show-help": "properties show --help",
    "faults-help": "faults --help",
    "faults-list-help": "faults list --help",
    "faults-show-help": "faults show --help",
    "fixtures-help": "fixtures --help",
    "fixtures-list-help": "fixtures list --help",
    "fixtures-show-help": "fixtures show --help",
    "fixtures-check-help": "fixtures check --help",
    "fixtures-import-help": "fixtures import --help",
    "fixtures-import-candles-help": "fixtures import candles --help",
    "margin-help": "margin --help",
    "margin-show-help": "margin show --help",
    "margin-headroom-help": "margin headroom --help",
    "margin-band-help": "margin band --help",
    "margin-incident-help": "margin incident --help",
    "margin-funding-help": "margin funding --help",
    "margin-paths-help": "margin paths --help",
    "margin-paths": "margin paths --scenarios 20",
    "margin-funding": "margin funding --venue binance-usdm --premium 0%,0.5%",
    "margin-show": "margin show",
    "margin-show-hyperliquid": "margin show hyperliquid",
    "margin-show-okx": "margin show okx",
    "margin-headroom-binance": "margin headroom --venue binance-usdm --leverage 10,125 --weight 25% --weight 50%",
    "margin-headroom-deribit": "margin headroom --venue deribit-2019 --leverage 20 --price 9150",
    "margin-band-path": "margin band --venue binance-usdm --leverage 10 --fixture bitmex-2019-05-17",
    "margin-incident-2017": "margin incident bitmex-2017-04-15",
    "margin-incident-2019": "margin incident bitmex-2019-05-17",
    "methods-list": "methods list",
    "methods-show-deribit-2019": "methods show deribit-2019",
    "methods-show-bitmex-2020": "methods show bitmex-2020",
    "methods-check-rules": "methods check rules.toml",
    "methods-diff-binance-okx": "methods diff binance-2020 okx-2018",
    "methods-diff-rules": "methods diff deribit-2019 rules.toml",
    "properties-list": "properties list",
    "properties-show-single-source": "properties show single-source",
    "properties-show-duplicates": "properties show duplicates",
    "properties-show-agreement": "properties show agreement",
    "faults-list": "faults list",
    "faults-show-spike": "faults show spike",
    "fixtures-list": "fixtures list",
    "fixtures-show-true-crash": "fixtures show true-crash",
    "replay-bitmex-2017": "replay bitmex-2017-04-15",
    "replay-bitmex-2019": "replay bitmex-2019-05-17",
    "finding-broken": "replay finding.json",
    "finding-against": "replay finding-against.json",
    "finding-fixed": "replay finding.json preset:plain-median",
}
ENDS = {"finding-broken": 1, "finding-against": 1}
LISTS = {"properties-list", "fixtures-list", "margin-show", "methods-list", "methods-check-rules", "methods-diff-binance-okx", "methods-diff-rules"}
"""A line an entry, however long."""


@pytest.mark.parametrize(("name", "command"), TEXTS.items(), ids=list(TEXTS))
def test_the_text_reads_as_it_did(name, command, monkeypatch):
    monkeypatch.chdir(SNAPSHOTS)
    done = ran(*command.split())
    assert (done.exit_code, done.stderr) == (ENDS.get(name, 0), "")
    assert done.stdout == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


def test_every_command_s_help_is_among_them():
    from indexlab.cli import main

    def paths(group, before=()):
        yield before
        for name, command in getattr(group, "commands", {}).items():
            yield from paths(command, (*before, name))

    helps = {command.removesuffix("--help").strip() for command in TEXTS.values() if command.endswith("--help")}
    assert helps == {" ".join(path) for path in paths(main)}


def test_no_text_holds_a_mark_of_the_machinery_and_all_fit_a_screen():
    for name in TEXTS:
        text = (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")
        assert "\\b" not in text
        assert "\x08" not in text
        assert str(Path(__file__).parents[2]) not in text
        assert max(map(len, text.splitlines())) <= 120 or name in LISTS


def test_the_version_is_said_with_what_findings_may_depend_on():
    import platform
    from importlib.metadata import version

    from indexlab import __version__

    said = ran("--version").stdout.splitlines()
    assert said[0] == f"indexlab {__version__}"
    told = dict(line.split(maxsplit=1) for line in said[1:])
    assert list(told) == ["python", "platform", "processors", "numpy", "numba", "polars", "hypothesis", "msgspec"]
    assert told["python"].startswith(platform.python_version())
    assert all(told[name] == version(name) for name in ("numpy", "numba", "polars", "hypothesis", "msgspec"))
    assert int(told["processors"]) >= 1


if __name__ == "__main__":
    with contextlib.chdir(SNAPSHOTS):
        for accepted, words in TEXTS.items():
            Path(f"{accepted}.txt").write_text(ran(*words.split()).stdout, encoding="utf-8")
