"""`@pytest.mark.indexlab_contract`: a function of one's own suite as a test for each property."""

import pytest

from tests.pytest_plugin.audits import MadeUp, broken

pytest_plugins = ["pytester"]


@pytest.fixture
def made_up(monkeypatch):
    return MadeUp().instead(monkeypatch)


def marked(pytester, body="pass", words="", arguments="", before=""):
    """A test file with one marked function."""
    call = f"({words})" if words else ""
    return pytester.makepyfile(test_index=f"import pytest\n{before}\n@pytest.mark.indexlab_contract{call}\ndef test_index({arguments}):\n    {body}\n")


def plan_file(folder, text='[target]\nuse = "preset:plain-mean"\n[run]\nonly = ["hull", "quorum"]\nseed = 7\n'):
    folder.joinpath("indexlab.toml").write_text(text)


def test_the_target_is_that_of_the_plan_file_at_or_above_the_test(pytester, made_up):
    plan_file(pytester.path)
    nearer = pytester.mkdir("nearer")
    plan_file(nearer, '[target]\nuse = "preset:plain-median"\n[run]\nonly = ["hull"]\n')
    marked(pytester).rename(nearer / "test_nearer.py")
    marked(pytester)
    done = pytester.runpytest("-v")
    done.assert_outcomes(passed=3)
    assert {(plan.targets[0], plan.seed) for plan in made_up.plans} == {("preset:plain-mean", 7), ("preset:plain-median", 0)}
    pytester.runpytest("-m", "not indexlab", "--strict-markers").assert_outcomes(deselected=3)
    for name in ("test_index.py::test_index[hull] PASSED", "test_index.py::test_index[quorum] PASSED", "nearer/test_nearer.py::test_index[hull] PASSED"):
        assert name in done.stdout.str()
    assert pytester.path.joinpath("reports/plain-mean-7").is_dir()
    assert nearer.joinpath("reports/plain-median-0").is_dir()


def test_what_the_function_returns_is_asked_and_its_fixtures_are_there(pytester, made_up):
    before = (
        "@pytest.fixture(scope='module', autouse=True)\ndef up():\n    yield\n@pytest.fixture\ndef service():\n    return 'right:x'.replace('x', 'median')\n"
    )
    made_up.properties = {"quorum": broken("quorum")}
    marked(pytester, "return 'preset:' + service[6:].replace('median', 'plain-median')", arguments="service", words="only=['hull', 'quorum']", before=before)
    done = pytester.runpytest("-W", "error", "--indexlab-target", "preset:plain-mean")
    done.assert_outcomes(passed=1, failed=1)
    assert [plan.targets for plan in made_up.plans] == [("preset:plain-median",)]
    assert "BROKEN  " in done.stdout.str()
    assert "marked.py" not in done.stdout.str()


def test_it_goes_with_parametrize_and_with_classes(pytester, made_up):
    pytester.makepyfile("""
        import pytest

        class TestIndex:
            @pytest.mark.indexlab_contract(only=["hull"])
            @pytest.mark.parametrize("name", ["plain-mean", "plain-median"])
            def test_promise(self, name, tmp_path):
                return f"preset:{name}"
    """)
    pytester.runpytest().assert_outcomes(passed=2)
    assert {plan.targets for plan in made_up.plans} == {("preset:plain-mean",), ("preset:plain-median",)}


def test_options_name_the_target_where_the_function_does_not(pytester, made_up):
    marked(pytester, words="only=['hull']")
    both = ("--indexlab-target=preset:plain-mean", "--indexlab-target=preset:plain-median")
    pytester.runpytest(both[0]).assert_outcomes(passed=1)
    done = pytester.runpytest(*both, "-v")
    done.assert_outcomes(passed=2)
    assert "test_index[hull-preset:plain-median]" in done.stdout.str() or "test_index[preset:plain-median-hull]" in done.stdout.str()
    assert {plan.targets[0] for plan in made_up.plans} == {"preset:plain-mean", "preset:plain-median"}


def test_keywords_win_over_the_plan_file_and_options_over_both(pytester, made_up):
    plan_file(pytester.path)
    plan_file(pytester.mkdir("plans"), '[target]\nuse = "preset:plain-median"\n')
    words = "plan='plans/indexlab.toml', seed=3, profile='ci', only=['hull', 'scale'], skip=['scale'], expect={'max_displacement': '3%'}, estimate=5"
    marked(pytester, words=f"{words}, fixtures=['calm-hour']")
    pytester.runpytest("--indexlab-profile=nightly").assert_outcomes(passed=1)
    [plan] = made_up.plans
    assert (plan.targets, plan.seed, plan.profile, plan.only, plan.skip) == (("preset:plain-median",), 3, "nightly", ("hull", "scale"), ("scale",))
    assert (plan.layers[0].table, plan.estimate, plan.fixtures) == ({"max_displacement": "3%"}, 5, ("calm-hour",))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sed=3", 'sed is no keyword of indexlab_contract; did you mean "seed"?'),
        ("seed=-3", "seed must be a whole number of at least 0, was -3"),
        ("seed=True", "seed must be a whole number of at least 0, was True"),
        ("only='hull'", "only must be a list of texts, was 'hull'"),
        ("expect=['1%']", "expect must be a dict with keys of [expect]"),
        ("profile=7", "profile must be a text, was 7"),
        ("only=['hul']", 'did you mean "hull"?'),
        ("only=['hull'], skip=['hull']", "leaves no property to judge"),
        ("'exec:./acme-index'", "takes keywords alone, was given 'exec:./acme-index'; return the target from the function"),
        ("plan='not-there.toml'", "not-there.toml"),
    ],
)
def test_a_mark_that_says_something_wrong_is_one_error_at_collection(pytester, made_up, words, said):
    marked(pytester, words=words)
    done = pytester.runpytest()
    done.assert_outcomes(errors=1)
    assert [line for line in done.stdout.lines if said in line]
    assert "Traceback" not in done.stdout.str()
    assert "wanted.py" not in done.stdout.str()


@pytest.mark.parametrize(
    ("body", "words", "said"),
    [
        ("pass", "", "no target: give --indexlab-target"),
        ("return 7", "", "test_index() must return a target as text, or nothing, was 7"),
        ("return 'preset:plain-mean'", "profile='fast'", 'run.profile must be one of quick, ci, nightly, was "fast"'),
    ],
)
def test_what_shows_only_when_it_runs_is_one_line_too(pytester, made_up, body, words, said):
    marked(pytester, body, words=", ".join(word for word in ("only=['hull']", words) if word))
    done = pytester.runpytest()
    done.assert_outcomes(failed=1)
    assert [line for line in done.stdout.lines if said in line]
    assert "wanted.py" not in done.stdout.str()


def test_an_error_of_the_function_keeps_its_traceback(pytester, made_up):
    marked(pytester, "raise OSError('the service is down')", words="only=['hull']")
    done = pytester.runpytest()
    done.assert_outcomes(failed=1)
    assert "the service is down" in done.stdout.str()
    assert "test_index.py" in done.stdout.str()


def test_functions_that_ask_the_same_share_one_audit(pytester, made_up):
    pytester.makepyfile("""
        import pytest

        @pytest.mark.indexlab_contract(only=["hull", "scale"])
        def test_one():
            return "preset:plain-mean"

        @pytest.mark.indexlab_contract(only=["hull", "scale"])
        def test_same():
            return "preset:plain-mean"

        @pytest.mark.indexlab_contract(only=["hull", "scale"], seed=1)
        def test_other():
            return "preset:plain-mean"
    """)
    pytester.runpytest().assert_outcomes(passed=6)
    assert sorted(plan.seed for plan in made_up.plans) == [0, 1]


def test_other_tests_are_let_be(pytester):
    pytester.makepyfile("""
        import pytest

        def test_mine(tmp_path): pass

        @pytest.mark.parametrize("n", [1, 2])
        def test_two(n): assert n
    """)
    pytester.runpytest("--strict-markers", "-W", "error").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("options", "plan", "found"),
    [
        ((), "", (0, "quick")),
        (("--hypothesis-seed=41",), "", (41, "quick")),
        (("--hypothesis-seed=41",), "[run]\nseed = 7\n", (41, "quick")),
        (("--hypothesis-seed=41", "--indexlab-seed=3"), "", (3, "quick")),
        (("--hypothesis-seed=words",), "[run]\nseed = 7\n", (7, "quick")),
        (("--hypothesis-profile=ci",), "", (0, "ci")),
        (("--hypothesis-profile=ci",), '[run]\nprofile = "nightly"\n', (0, "nightly")),
        (("--hypothesis-profile=ci", "--indexlab-profile=quick"), '[run]\nprofile = "nightly"\n', (0, "quick")),
        (("--hypothesis-profile=default",), "", (0, "quick")),
    ],
)
def test_hypothesis_seed_and_profile_are_ours_where_nothing_of_ours_is_said(pytester, made_up, options, plan, found):
    pytester.path.joinpath("indexlab.toml").write_text(f'[target]\nuse = "preset:plain-mean"\n{plan}')
    marked(pytester, words="only=['hull']")
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=1)
    assert [(plan.seed, plan.profile) for plan in made_up.plans] == [found]
