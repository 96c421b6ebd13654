"""Real input: four venues' BTC-USD minutes of March 2023, imported through the command line and audited with faults in the recorded quotes."""

import json
from pathlib import Path

import numpy as np
import pytest

from indexlab.audit.plan import Budget
from indexlab.index import engine
from indexlab.index.catalogue import preset
from indexlab.index.determination import OK, REASONS
from indexlab.market.fixture import load_fixture
from indexlab.market.times import parse_time
from indexlab.market.units import MINUTE
from tests.cli.commands import ran

DATA = Path(__file__).parents[3] / "shared" / "data" / "usdc_depeg_2023_03"
VENUES = ("coinbase", "kraken", "binanceus", "cryptocom")
PROMISE = ("interval=60s", "max_age=3m", "max_tracking_lag=2m", "max_recovery=10m")
HOLE, BACK = parse_time("2023-03-04T17:00:00Z"), parse_time("2023-03-04T21:38:00Z")
BUDGET = Budget(batches=40, twins=16, shrink=300, seconds=1e9)

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded minutes (../shared/data/usdc_depeg_2023_03) are not here")


@pytest.fixture(scope="module")
def fixture(tmp_path_factory):
    out = tmp_path_factory.mktemp("fixtures")
    done = ran("fixtures", "import", "candles", *(DATA / f"{venue}_BTC-USD.1m.csv.gz" for venue in VENUES), "--id", "depeg", "--out", out)
    assert (done.exit_code, done.stderr) == (0, "")
    return out / "depeg"


def audited(fixture, name, out):
    promise = [word for each in PROMISE for word in ("--expect", each)]
    done = ran("audit", f"preset:{name}", "--fixture", fixture, *promise, "--jobs", 1, "--out", out, budget=BUDGET)
    [target] = json.loads((out / "report.json").read_text())["targets"]
    return done, {one["id"]: one for one in target["properties"]}


def test_it_is_whole_and_shows_the_hole(fixture):
    assert ran("fixtures", "check", fixture).exit_code == 0
    shown = ran("fixtures", "show", fixture).stdout
    assert "coinbase           2023-03-04T17:00:00Z to 2023-03-04T21:38:00Z (278m)" in shown


UNASKED = {"weight-zero", "minority-weight", "quote-depeg", "common-mode", "no-flapping", "agreement"}
"""What these three sources in one currency, of one weight, give no occasion for."""


def test_deribit_2019_holds_on_it(fixture, tmp_path):
    done, properties = audited(fixture, "deribit-2019", tmp_path / "run")
    assert done.exit_code == 0
    assert {name for name, one in properties.items() if one["verdict"] == "not-applicable"} == UNASKED
    assert {one["verdict"] for name, one in properties.items() if name not in UNASKED} == {"holds"}
    # a source is silent where nobody traded, and says so once
    assert "coinbase is silent for 278m, from 2023-03-04T17:00:00Z to 2023-03-04T21:38:00Z" in done.stderr
    assert min(one["premise_met"] for one in properties.values() if one["verdict"] == "holds") > 0


def test_the_plain_mean_does_not(fixture, tmp_path):
    done, properties = audited(fixture, "plain-mean", tmp_path / "run")
    assert done.exit_code == 1
    violated = {name for name, one in properties.items() if one["verdict"] == "violated"}
    assert violated >= {"single-source", "margin-stability", "invalid-values"}
    for name in ("single-source", "margin-stability"):
        finding = properties[name]["finding"]
        assert finding["sources"] <= 3
        assert finding["quotes"] <= 6
        sources = json.loads((tmp_path / "run" / finding["scenario"]).read_text())["scenario"]["sources"]
        assert {source["id"] for source in sources} <= set(VENUES)


def test_coinbase_s_hole_is_silence_and_no_price(fixture):
    """From three minutes after its last quote the source is stale, the index goes on without it, and no hour-old price weighs."""
    market = load_fixture(fixture)
    quotes, times = market.slice(HOLE - 60 * MINUTE, BACK + 60 * MINUTE)
    declaration = preset("deribit-2019")
    found = engine.determine(declaration, market.basket, quotes, times)
    coinbase = [source.id for source in market.basket].index("coinbase")
    silent = (times > HOLE + 3 * MINUTE) & (times < BACK)
    assert silent.sum() > 250
    assert (found.status == OK).all()
    assert set(found.reason[silent, coinbase]) == {REASONS.index("stale")}
    assert (found.weight[silent, coinbase] == 0).all()
    absent = engine.determine(declaration, market.basket, quotes.without_sources([coinbase]), times)
    np.testing.assert_array_equal(found.value[silent], absent.value[silent])
    heard = (times > HOLE - 55 * MINUTE) & (times <= HOLE)
    assert (found.weight[heard, coinbase] > 0).all()


def test_a_replay_over_it_runs_under_any_rules(fixture):
    done = ran("replay", fixture, "preset:plain-median", "preset:deribit-2019")
    assert done.exit_code == 0
    assert done.stdout.count("publications  ") == 2
