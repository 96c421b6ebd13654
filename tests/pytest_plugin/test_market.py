"""`@pytest.mark.indexlab_fixture`: a test over the market of a fixture."""

import shutil

import pytest

from indexlab.market.fixture import bundled_folder

pytest_plugins = ["pytester"]


def test_a_test_runs_over_each_market_that_is_named(pytester):
    pytester.makepyfile("""
        import pytest

        @pytest.mark.indexlab_fixture("bitmex-2019-05-17-widened", "bitmex-2017-04-15")
        def test_a_median_does_not_follow_one_source(indexlab_market):
            run = indexlab_market.run("preset:plain-median")
            times = indexlab_market.times
            assert len(run.index) == len(run.times) == len(times) and run.times[0] == times[0]
            assert len(indexlab_market.sources) == 4 and len(indexlab_market.quotes)
            assert run.counts["ok"] > 0
            if indexlab_market.id == "bitmex-2019-05-17-widened":
                _, low = run.extreme(low=True)
                assert low > 7_000
    """)
    done = pytester.runpytest("-v", "--strict-markers", "-W", "error")
    done.assert_outcomes(passed=2)
    assert "test_a_median_does_not_follow_one_source[bitmex-2017-04-15] PASSED" in done.stdout.str()


def test_without_a_target_it_is_that_of_the_command_line_or_of_the_plan_file(pytester):
    pytester.makepyfile("""
        import pytest

        @pytest.mark.indexlab_fixture("bitmex-2019-05-17-widened")
        def test_mine(indexlab_market):
            print("asked", indexlab_market.run().target)
    """)
    done = pytester.runpytest()
    done.assert_outcomes(failed=1)
    assert "no target: give --indexlab-target" in done.stdout.str()
    pytester.path.joinpath("indexlab.toml").write_text('[target]\nuse = "preset:plain-median"\n')
    assert "asked preset:plain-median" in pytester.runpytest("-rP").stdout.str()
    assert "asked preset:plain-mean" in pytester.runpytest("-rP", "--indexlab-target=preset:plain-mean").stdout.str()


def test_a_folder_is_found_from_the_test_s_own_file_wherever_one_stands(pytester, monkeypatch):
    folder = pytester.mkdir("tests")
    shutil.copytree(bundled_folder() / "bitmex-2017-04-15", folder / "markets" / "mine")
    file = pytester.makepyfile("""
        import pytest

        @pytest.mark.indexlab_fixture("markets/mine")
        def test_mine(indexlab_market):
            assert indexlab_market.id == "bitmex-2017-04-15"
            assert indexlab_market.run("preset:plain-mean").counts
    """).rename(folder / "test_mine.py")
    monkeypatch.chdir(pytester.mkdir("elsewhere"))
    pytester.runpytest(file).assert_outcomes(passed=1)


def test_the_market_is_a_scenario_for_the_functions_of_testing(pytester):
    pytester.makepyfile("""
        import pytest
        from indexlab.testing import fault, twins

        @pytest.mark.indexlab_fixture("bitmex-2019-05-17-widened")
        @pytest.mark.parametrize("index", ["preset:plain-mean", "preset:plain-median"])
        def test_mine(indexlab_market, index):
            start = int(indexlab_market.times[10])
            wrong = fault("level", "bitstamp", at="60s", until="120s", intensity=0.5)
            seen = twins(index, indexlab_market.scenario([wrong], start=start, end=start + 300_000_000), interval="5s", min_sources=4)
            assert seen.times[0] == start and len(seen.times) == 61
            assert seen.faulty == ("bitstamp",)
            assert (seen.displacement > 0.1) == (index == "preset:plain-mean")
            assert twins(index, indexlab_market.scenario(), interval="5s").times == tuple(indexlab_market.times.tolist())
    """)
    pytester.runpytest().assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("mark", "argument", "said"),
    [
        ('("calm-our")', "indexlab_market", 'fixture "calm-our" is neither a bundled fixture nor a folder; did you mean "calm-hour"?'),
        ("()", "indexlab_market", "indexlab_fixture takes the ids of fixtures, and nothing else"),
        ('(id="calm-hour")', "indexlab_market", "indexlab_fixture takes the ids of fixtures, and nothing else"),
        ('("calm-hour")', "", "test_mine takes no market; write def test_mine(indexlab_market)"),
    ],
)
def test_a_mark_that_says_something_wrong_is_one_error_at_collection(pytester, mark, argument, said):
    pytester.makepyfile(f"import pytest\n@pytest.mark.indexlab_fixture{mark}\ndef test_mine({argument}): pass\n")
    done = pytester.runpytest()
    done.assert_outcomes(errors=1)
    assert [line for line in done.stdout.lines if said in line]
    assert "market.py" not in done.stdout.str()


def test_the_argument_without_the_mark_is_one_line(pytester):
    pytester.makepyfile("def test_mine(indexlab_market): pass")
    done = pytester.runpytest()
    done.assert_outcomes(errors=1)
    assert 'mark the test with @pytest.mark.indexlab_fixture("true-crash")' in done.stdout.str()
