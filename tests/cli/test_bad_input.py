"""Whatever a person gives us that is wrong is one clear line on standard error and exit 2, before any work starts."""

import gzip
import hashlib
import re
import shutil

import pytest

from tests.cli.commands import ran

RULES = """
[staleness]
silence = "60s"
[outlier]
rule = "clamp"
band = "0.5%"
[aggregation]
rule = "weighted-mean"
[quorum]
ok_from = 3
below = "halt"
"""
HEADER = "ts,open,high,low,close,volume,trades\n"
FIRST = 1_700_000_040


def candles(*minutes):
    return HEADER + "".join(f"{FIRST + 60 * minute},100,100,100,{100 + minute},1,1\n" for minute in minutes)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def market(here):
    """A fixture of three sources, imported from candles."""
    files = [here / f"{venue}_BTC-USD.csv" for venue in ("kraken", "lmax", "okx")]
    for file in files:
        file.write_text(candles(*range(60)))
    assert ran("fixtures", "import", "candles", *files, "--id", "market", "--out", here).exit_code == 0
    return here / "market"


def refused(*arguments):
    """The one line of a command that was refused; nothing was printed and nothing was made."""
    done = ran(*arguments)
    assert done.exit_code == 2, (done.stdout, done.stderr)
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("indexlab: ")
    return line.removeprefix("indexlab: ")


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ("[outlier\nband = ", "acme.toml: is no valid TOML: Expected ']' at the end of a table declaration (at line 1, column 9)"),
        (
            RULES.replace('"0.5%"', "50"),
            'acme.toml: outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was 50; did you mean "50bp"?',
        ),
        (RULES.replace('"60s"', '"-60s"'), 'acme.toml: staleness.silence must not be negative, was "-60s"'),
        (
            RULES + '[weights]\nkind = "fixed"\nfixed = { kraken = 0, lmax = 0.0 }\n',
            "acme.toml: weights.fixed must have a sum above 0, was 0; give at least one source a weight",
        ),
        (RULES.replace("band", "bnad"), 'acme.toml: outlier.bnad is not a known key; did you mean "band"?'),
    ],
    ids=["toml", "band", "age", "weights", "key"],
)
@pytest.mark.parametrize("command", [("audit", "file:acme.toml"), ("methods", "check", "acme.toml"), ("replay", "true-crash", "file:acme.toml")], ids=" ".join)
def test_a_methodology_that_cannot_be(here, rules, line, command):
    (here / "acme.toml").write_text(rules)
    assert refused(*command) == line
    assert not (here / "reports").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("audit", "file:acme.toml"), "file:acme.toml: is not there; give the path of a methodology file (TOML)"),
        (("methods", "check", "acme.toml"), "acme.toml: does not exist"),
        (("methods", "diff", "okx-2018", "acme.toml"), "acme.toml: does not exist"),
        (("audit", "--plan", "acme.toml"), "acme.toml: does not exist"),
        (("replay", "finding.json"), "finding.json: does not exist; give a finding's file, a fixture's folder or a fixture's id"),
        (
            ("audit", "exec:./acme-index --stdio"),
            'exec:./acme-index --stdio names the file "./acme-index", which is not there; paths start at the current folder',
        ),
        (("fixtures", "import", "candles", "kraken_BTC-USD.csv", "--id", "x", "--out", "."), "kraken_BTC-USD.csv: does not exist"),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else "",
)
def test_a_file_that_is_missing(arguments, line):
    assert refused(*arguments) == line


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("audit", "preset:deribit-2091"), "deribit-2019"),
        (("audit", "plain-men"), "plain-mean"),
        (("audit", "prset:plain-mean"), "preset"),
        (("methods", "show", "okx-2081"), "okx-2018"),
        (("methods", "diff", "okx-2018", "phemx"), "phemex"),
        (("audit", "plain-mean", "--only", "single-sorce"), "single-source"),
        (("audit", "plain-mean", "--skip", "quroum"), "quorum"),
        (("properties", "show", "margin-stabilty"), "margin-stability"),
        (("faults", "show", "spkie"), "spike"),
        (("audit", "plain-mean", "--profile", "nightli"), "nightly"),
        (("audit", "plain-mean", "--fixture", "calm-huor"), "calm-hour"),
        (("fixtures", "show", "true-carsh"), "true-crash"),
        (("audit", "plain-mean", "--expect", "max_agee=3m"), "max_age"),
    ],
    ids=lambda given: given[-1] if isinstance(given, tuple) else "",
)
def test_an_unknown_name_is_told_the_nearest(arguments, near):
    line = refused(*arguments)
    assert arguments[-1].split("=")[0].removeprefix("preset:").removesuffix(":plain-mean") in line
    assert f'did you mean "{near}"?' in line


def test_an_unknown_name_with_nothing_near_is_told_all():
    from indexlab.index.catalogue import preset_names

    assert refused("methods", "show", "zzz").endswith(f"known: {', '.join(preset_names())}")


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        ('[run]\nprofil = "ci"\n', 'indexlab.toml: run.profil is no key of [run]; did you mean "profile"?'),
        ('[expect]\nmax_agee = "3m"\n', 'indexlab.toml: expect.max_agee is no key of [expect]; did you mean "max_age"?'),
        ('[expect]\nmax_age = "-60s"\n', 'indexlab.toml: expect.max_age must be at least 10ms, was "-60s"'),
        ("[run\n", "indexlab.toml: does not parse as TOML: Expected ']' at the end of a table declaration (at line 1, column 5)"),
        (
            '[expect]\ninterval = "60s"\nmax_age = "60s"\n',
            "indexlab.toml: expect.interval must not exceed half of expect.max_age = 1m, was 1m; publish more often or promise a longer max_age",
        ),
        (
            '[expect]\ninterval = "10s"\nmax_tracking_lag = "5s"\n',
            "indexlab.toml: expect.max_tracking_lag must not be shorter than expect.interval = 10s, was 5s",
        ),
        (
            '[target]\nsources = [{ id = "a", venue = "a", weight = 0.0 }, { id = "b", venue = "b", weight = 0.0 }]\n',
            "indexlab.toml: sources.weight must have a sum above 0, was 0; give at least one source a weight",
        ),
        ('[expect.waive]\nsingel-source = "x"\n', 'indexlab.toml: expect.waive.singel-source names no property; did you mean "single-source"?'),
    ],
    ids=["key", "promise", "negative", "toml", "contradiction", "lag", "weights", "waiver"],
)
def test_a_plan_that_cannot_be(here, plan, line):
    (here / "indexlab.toml").write_text(plan)
    assert refused("audit", "plain-mean").removeprefix(f"{here}/") == line
    assert not (here / "reports").exists()


def test_a_contradiction_between_a_flag_and_a_methodology_is_found_before_work_starts(here):
    """Each is fine by itself; the methodology is in this process, so it can be asked beforehand."""
    (here / "acme.toml").write_text(RULES + '[expect]\nmax_age = "60s"\n')
    line = refused("audit", "file:acme.toml", "--expect", "interval=50s")
    assert "expect.interval must not exceed half of expect.max_age = 1m, was 50s" in line


OVER_A_FIXTURE = [("audit", "plain-mean", "--fixture"), ("replay",), ("fixtures", "show")]


@pytest.mark.parametrize("command", OVER_A_FIXTURE, ids=lambda command: command[0])
def test_a_fixture_whose_checksum_is_off(market, command):
    file = market / "quotes.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    line = refused(*command, market)
    assert re.search(r"quotes\.parquet: must have the sha256 [0-9a-f]{64} that fixture\.toml states, was [0-9a-f]{64} \(\d+ bytes\); ", line)
    checked = ran("fixtures", "check", market)
    assert checked.exit_code == 1
    assert len(checked.stdout.splitlines()) == 1


@pytest.mark.parametrize("command", OVER_A_FIXTURE, ids=lambda command: command[0])
def test_a_parquet_file_cut_in_half(market, command):
    """Even where somebody has put the half file's sum into the declaration."""
    file, declaration = market / "quotes.parquet", market / "fixture.toml"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert "must have the sha256" in refused(*command, market)
    declaration.write_text(declaration.read_text().replace(hashlib.sha256(content).hexdigest(), hashlib.sha256(file.read_bytes()).hexdigest()))
    assert re.search(
        r"quotes\.parquet: must be a whole Parquet file, was cut short \(\d+ bytes\); fetch or import the fixture again", refused(*command, market)
    )


def test_a_folder_without_a_fixture(here):
    assert refused("replay", ".") == ".: has no fixture.toml"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("kraken_BTC-USD.csv", b"", "must hold candles, is empty"),
        ("kraken_BTC-USD.csv", HEADER.encode(), "must hold candles, has a header alone"),
        (
            "kraken_BTC-USD.csv",
            candles(1, 0).encode(),
            f"ts must not go back in time: it follows 2023-11-14T22:15:00Z, was {FIRST} (2023-11-14T22:14:00Z) in line 3",
        ),
        (
            "kraken_BTC-USD.csv",
            candles(0).replace(str(FIRST), str(FIRST + 1)).encode(),
            "ts must be the start of a minute in unix seconds, was '1700000041' in line 2",
        ),
        (
            "kraken_BTC-USD.csv.gz",
            gzip.compress(candles(*range(99)).encode(), mtime=0)[:60],
            "must be a whole gzip file, is cut short (60 bytes); fetch it again",
        ),
    ],
    ids=["empty", "header", "back", "second", "gzip"],
)
def test_a_candle_file_that_is_none(here, name, content, problem):
    (here / name).write_bytes(content)
    assert refused("fixtures", "import", "candles", name, "--id", "x", "--out", "out") == f"{name}: {problem}"
    assert not (here / "out" / "x").exists()


def test_an_id_that_is_taken(here, market):
    assert refused("fixtures", "import", "candles", "kraken_BTC-USD.csv", "--id", "market", "--out", here).endswith(
        "exists already; choose another id, or remove the folder first"
    )
    assert ran("fixtures", "check", market).exit_code == 0


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"finding": 1}'])
def test_a_file_that_is_no_finding(here, content):
    (here / "finding.json").write_bytes(content)
    assert refused("replay", "finding.json").startswith("finding.json: is no finding: ")


def test_a_place_where_no_report_can_be_written(here):
    (here / "file").write_text("in the way")
    assert refused("audit", "plain-mean", "--out", "file/run").startswith("file/run: cannot be made: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audit", "--seed", "-1"), "Invalid value for '--seed'"),
        (("audit", "--jobs", "0"), "Invalid value for '--jobs'"),
        (("audit", "--expect", "max_age"), "Invalid value for '--expect': must be KEY=VALUE, was \"max_age\""),
        (("audit", "--tagret", "x"), "--tagret"),
        (("adit",), "adit"),
        (("replay",), "name a finding's file, a fixture, or --all"),
        (("compare", "old"), "Missing argument"),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else "",
)
def test_a_command_line_that_cannot_be_is_told_where_help_is(arguments, said):
    done = ran(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert "--help' for help." in done.stderr


def test_a_target_that_lies_nowhere_is_named_before_the_others_are_audited(here):
    shutil.copy(__file__, here / "acme-index")
    assert "may not be executed" in refused("audit", "plain-mean", "exec:./acme-index")
    assert not (here / "reports").exists()


TWO_OF_FILE = """
[target]
use = "file:acme.toml"
sources = [{ id = "kraken", venue = "kraken" }, { id = "lmax", venue = "lmax" }]
"""


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("", "acme.toml: quorum.ok_from must not be above the number of sources in target.sources, 2, was 3; name more sources, or ask for fewer"),
        (
            '\n[weights]\nkind = "fixed"\n[weights.fixed]\nkrakn = 1',
            'acme.toml: weights.fixed.krakn names a source that is not in the basket; did you mean "kraken"?',
        ),
    ],
)
def test_a_methodology_of_ones_own_that_does_not_fit_the_plans_sources(here, more, line):
    (here / "acme.toml").write_text(RULES + more)
    (here / "indexlab.toml").write_text(TWO_OF_FILE)
    assert refused("audit") == line
