"""`pytest --pyargs indexlab.contract`: every property as a test of its own."""

import signal
import sys

import pytest

from indexlab.audit.events import Bound, Coverage, Estimate, PropertyEstimate
from indexlab.audit.save import Saved
from indexlab.contract import once
from indexlab.market.errors import HarnessError, InputError
from indexlab.properties.registry import properties
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import Scenario
from tests.audit.audits import spending
from tests.pytest_plugin.audits import FEW, MadeUp, broken, cases, held
from tests.report.samples import finding

pytest_plugins = ["pytester"]

SUITE = ("--pyargs", "indexlab.contract")
MEAN = ("--indexlab-target", "preset:plain-mean")


@pytest.fixture
def made_up(monkeypatch):
    return MadeUp().instead(monkeypatch)


def ids(pytester, *arguments):
    """The tests that are collected."""
    done = pytester.runpytest("--collect-only", "-q", *arguments)
    return [line for line in done.stdout.lines if "::" in line]


def test_an_audit_for_real_ends_as_each_of_its_properties_does(pytester):
    pytester.path.joinpath("indexlab.toml").write_text('[expect.waive]\nmargin-stability = "since autumn"\n')
    with spending(FEW):
        done = pytester.runpytest(
            *SUITE, *MEAN, "--indexlab-only", "single-source,hull,quote-depeg,margin-stability", "--indexlab-jobs=1", "--junitxml=out.xml", "-ra"
        )
    done.assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1)
    assert done.ret == 1
    text = done.stdout.str()
    assert "BROKEN  single-source      target preset:plain-mean" in text
    assert "replay:  indexlab replay reports/plain-mean-0/findings/" in text
    assert "Traceback" not in text
    assert "outcomes.py" not in text
    assert "indexlab: report: reports/plain-mean-0/index.html" in text
    assert "SKIPPED [1] indexlab.contract::quote-depeg: not applicable: one quote currency in every basket" in text
    assert "XFAIL indexlab.contract::margin-stability - waived: since autumn" in text
    told = cases(pytester.path / "out.xml")
    ends = {name: kind for (_, name), (kind, *_) in told.items()}
    assert ends == {"single-source": "failure", "hull": "passed", "quote-depeg": "skipped", "margin-stability": "skipped"}
    _, _, said = told["indexlab.contract", "hull"]
    assert (said["seed"], said["verdict"], said["profile"]) == ("0", "holds", "quick")
    assert int(said["n"]) > 0
    assert f"found none in {said['n']} scenarios" in said["reason"]
    for name in ("index.html", "report.json", "junit.xml"):
        assert pytester.path.joinpath("reports/plain-mean-0", name).is_file()
    [file, *_] = sorted(pytester.path.glob("reports/plain-mean-0/findings/*/single-source*.json"))
    assert f"pytest --indexlab-replay {file.relative_to(pytester.path)}" in text


@pytest.mark.parametrize("interrupts", [False, True])
def test_a_file_that_no_finding_has_goes_when_the_audit_is_done(pytester, monkeypatch, interrupts):
    made_up = MadeUp({"hull": broken("hull")}, interrupts=interrupts)

    def audit(plan, kept):
        kept.write(plan.targets[0], "search", b"1", [(finding(file="findings/early.json"), Saved(Scenario(sources=()), Expect(), plan.targets[0]))])
        assert list(pytester.path.rglob("early.json"))
        yield from MadeUp.audit(made_up, plan, kept)

    made_up.instead(monkeypatch)
    monkeypatch.setattr(once, "audit", audit)
    pytester.runpytest(*SUITE, *MEAN, "--indexlab-only", "hull", "--indexlab-jobs=1", no_reraise_ctrlc=True)
    assert list(pytester.path.glob("reports/*/journal.ndjson"))
    assert bool(list(pytester.path.rglob("early.json"))) == interrupts


def test_there_is_a_test_for_each_property_named_after_it(pytester):
    assert ids(pytester, *SUITE, *MEAN) == [f"indexlab.contract::{prop.id}" for prop in properties()]


def test_one_is_asked_for_by_k_or_by_its_id_with_or_without_pyargs(pytester):
    assert ids(pytester, *SUITE, *MEAN, "-k", "single-source") == ["indexlab.contract::single-source"]
    assert ids(pytester, "--pyargs", "indexlab.contract::hull", *MEAN) == ["indexlab.contract::hull"]
    assert ids(pytester, "indexlab.contract::hull", *MEAN) == ["indexlab.contract::hull"]
    assert ids(pytester, *SUITE, *MEAN, "-m", "not indexlab") == []


def test_what_is_collected_does_not_hang_on_how_somebody_names_their_tests(pytester):
    odd = ("-o", "python_files=*.py", "-o", "python_functions=*", "-o", "python_classes=*")
    assert ids(pytester, *SUITE, *MEAN, *odd, "--import-mode=importlib", "--doctest-modules") == ids(pytester, *SUITE, *MEAN)


def test_several_targets_are_told_apart(pytester):
    both = ids(pytester, *SUITE, *MEAN, "--indexlab-target", "preset:plain-median", "-k", "hull")
    assert both == ["indexlab.contract::hull[preset:plain-mean]", "indexlab.contract::hull[preset:plain-median]"]


def test_the_plan_file_is_found_from_any_folder_below_and_says_what_is_tested(pytester, made_up, monkeypatch):
    pytester.path.joinpath("indexlab.toml").write_text(
        '[target]\nuse = "exec:python3 acme.py"\n[run]\nonly = ["hull", "quorum"]\nseed = 7\nprofile = "ci"\n[expect]\nmax_displacement = "2%"\n'
    )
    monkeypatch.chdir(pytester.mkdir("below"))
    done = pytester.runpytest(*SUITE)
    done.assert_outcomes(passed=2)
    [plan] = made_up.plans
    assert (plan.targets, plan.seed, plan.profile, plan.layers[0].table) == (("exec:python3 acme.py",), 7, "ci", {"max_displacement": "2%"})
    assert pytester.path.joinpath("reports/python3-7").is_dir()


def test_options_win_over_the_plan_file(pytester, made_up):
    pytester.path.joinpath("indexlab.toml").write_text('[target]\nuse = "preset:plain-mean"\n[run]\nonly = ["hull"]\nseed = 7\nprofile = "ci"\njobs = 2\n')
    given = ("--indexlab-target=preset:plain-median", "--indexlab-profile=nightly", "--indexlab-seed=3", "--indexlab-jobs=1", "--indexlab-fixture=calm-hour")
    pytester.runpytest(*SUITE, *given, "--indexlab-only=quorum").assert_outcomes(passed=1)
    [plan] = made_up.plans
    assert (plan.targets, plan.profile, plan.seed, plan.jobs) == (("preset:plain-median",), "nightly", 3, 1)
    assert (plan.only, plan.fixtures) == (("quorum",), ("calm-hour",))


def test_a_header_reaches_the_target_and_no_file_or_text(pytester, made_up, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "s3cret")
    given = ("--indexlab-target", "http://127.0.0.1:9/", "--indexlab-header", "Authorization: Bearer env:ACME_TOKEN", "--indexlab-only=hull")
    done = pytester.runpytest(*SUITE, *given, "--junitxml=out.xml", "-vv", "-rA")
    done.assert_outcomes(passed=1)
    [(name, value)] = made_up.plans[0].options.headers
    assert (name, value.reveal()) == ("Authorization", "Bearer s3cret")
    assert "s3cret" not in done.stdout.str()
    assert [path for path in pytester.path.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()] == []


def test_a_plan_elsewhere_is_named(pytester, made_up):
    pytester.mkdir("plans").joinpath("other.toml").write_text('[target]\nuse = "preset:plain-mean"\n[run]\nonly = ["hull"]\n')
    pytester.runpytest(*SUITE, "--indexlab-plan", "plans/other.toml").assert_outcomes(passed=1)
    assert made_up.plans[0].targets == ("preset:plain-mean",)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), 'no target: give --indexlab-target "exec:./acme-index", or write use = "…" under [target] in indexlab.toml'),
        (("--indexlab-target", "preset:plain-maen"), 'methodology is no preset, was "plain-maen"; did you mean "plain-mean"?'),
        ((*MEAN, "--indexlab-only", "single-sorce"), 'did you mean "single-source"?'),
        ((*MEAN, "--indexlab-plan", "not-there.toml"), "not-there.toml"),
        ((*MEAN, "--indexlab-fixture", "calm-our"), 'did you mean "calm-hour"?'),
    ],
)
def test_what_is_wrong_is_one_error_before_anything_is_run(pytester, made_up, options, said):
    done = pytester.runpytest(*SUITE, *options)
    done.assert_outcomes(errors=1)
    assert done.ret == 2
    assert [line for line in done.stdout.lines if said in line]
    assert "Traceback" not in done.stdout.str()
    assert made_up.plans == []


@pytest.mark.parametrize(
    ("option", "said"),
    [("--indexlab-profile=fast", "choose from"), ("--indexlab-seed=-1", "a whole number from 0"), ("--indexlab-jobs=0", "a whole number from 1 to 256")],
)
def test_an_option_that_cannot_be_is_a_usage_error(pytester, option, said):
    done = pytester.runpytest(*SUITE, *MEAN, option)
    assert done.ret == 4
    assert said in done.stderr.str()


@pytest.mark.parametrize("ci", ["", "true"])
def test_every_verdict_ends_a_test_in_its_own_way(pytester, made_up, monkeypatch, ci):
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    monkeypatch.setenv("CI", ci)  # where it is set, pytest does not shorten its summary
    made_up.properties = {
        "single-source": broken("single-source", findings=[finding(sentence="first"), finding(sentence="second")]),
        "quorum": held("quorum", verdict="inconclusive", reason="never met"),
        "hull": held("hull", verdict="waived", reason="waived: since spring"),
        "scale": held("scale", verdict="not-applicable", reason="no occasion"),
        "recovery": held("recovery", verdict="violated", reason="broken in 1 of 30 independent cases"),
        "unanimity": broken("unanimity", verdict="waived", known=True, reason="known until 2027-01-31: soon"),
    }
    done = pytester.runpytest(*SUITE, *MEAN, "-ra", "--junitxml=out.xml")
    done.assert_outcomes(passed=len(properties()) - 6, failed=3, skipped=1, xfailed=2)
    told = {name: (kind, message) for (_, name), (kind, message, _) in cases(pytester.path / "out.xml").items()}
    assert told["single-source"] == ("failure", told["single-source"][1])
    assert told["single-source"][1].startswith("Failed: first (and 1 more)")
    assert done.stdout.str().count("  replay:  indexlab replay ") == 2
    assert told["quorum"] == ("failure", "Failed: inconclusive: never met")
    assert told["recovery"] == ("failure", "Failed: broken in 1 of 30 independent cases")
    assert told["hull"] == ("skipped", "waived: since spring")
    assert told["unanimity"] == ("skipped", "known until 2027-01-31: soon")
    assert told["scale"] == ("skipped", "not applicable: no occasion")


@pytest.mark.parametrize(("policy", "ends"), [("fail", {"failed": 1}), ("skip", {"skipped": 1}), ("xfail", {"xfailed": 1})])
def test_what_could_not_be_judged_fails_unless_somebody_says_otherwise(pytester, made_up, policy, ends):
    made_up.properties = {"hull": held("hull", verdict="inconclusive", reason="never met")}
    options = () if policy == "fail" else (f"--indexlab-inconclusive={policy}",)
    pytester.runpytest(*SUITE, *MEAN, "-k", "hull", *options).assert_outcomes(deselected=len(properties()) - 1, **ends)


def test_with_runxfail_what_is_waived_fails(pytester, made_up):
    made_up.properties = {"hull": held("hull", verdict="waived", reason="waived: since spring")}
    pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull", "--runxfail").assert_outcomes(failed=1)


def test_a_fault_that_failed_leaves_nothing_that_holds(pytester, made_up):
    made_up.target = {"failed_faults": ["acme's fault raised ValueError"]}
    made_up.properties = {"quorum": broken("quorum")}
    done = pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull,quorum")
    done.assert_outcomes(failed=2)
    assert "inconclusive: a fault failed: acme's fault raised ValueError" in done.stdout.str()


@pytest.mark.parametrize(("filled", "ends"), [(4, {"passed": 2}), (3, {"passed": 1, "failed": 1})])
def test_required_coverage_is_a_test_beside_the_others(pytester, made_up, filled, ends):
    pytester.path.joinpath("indexlab.toml").write_text('[run]\nrequire_coverage = true\nonly = ["hull"]\n')
    made_up.target = {"coverage": Coverage(4, filled, [], [], [], {}, [], [], [] if filled == 4 else ["gap touched no quote in calm"])}
    assert ids(pytester, *SUITE, *MEAN) == ["indexlab.contract::hull", "indexlab.contract::coverage"]
    done = pytester.runpytest(*SUITE, *MEAN)
    done.assert_outcomes(**ends)
    assert ("gap touched no quote in calm" in done.stdout.str()) == (filled < 4)


def test_the_bound_of_an_estimate_stands_in_junit(pytester, made_up):
    bound = Bound(100, 0, 0.0295, 0.045)
    made_up.target = {"estimate": Estimate(100, 100, 0, 1, "", [], [PropertyEstimate("hull", bound, 0.03, 0.05, None, None, [])]), "cut": 12}
    pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull", "--junitxml=out.xml")
    _, _, said = cases(pytester.path / "out.xml")["indexlab.contract", "hull"]
    assert (said["cases"], said["cases_broken"], said["bound"], said["bound_99"], said["cut"]) == (
        "100",
        "0",
        "0.0295",
        "0.045",
        "by a time limit at scenario 12",
    )


def test_one_audit_serves_all_tests_whichever_of_them_are_run(pytester, made_up):
    pytester.runpytest(*SUITE, *MEAN).assert_outcomes(passed=len(properties()))
    pytester.runpytest(*SUITE, *MEAN, "-k", "hull").assert_outcomes(passed=1, deselected=len(properties()) - 1)
    whole, some = made_up.plans
    assert whole.as_table() == some.as_table()


def test_nothing_is_audited_where_nothing_is_run(pytester, made_up):
    pytester.runpytest(*SUITE, *MEAN, "-k", "no-such-property")
    pytester.runpytest(*SUITE, *MEAN, "--collect-only")
    assert made_up.plans == []


def test_x_stops_at_the_first_and_lf_asks_for_what_failed_beside_tests_of_ones_own(pytester, made_up):
    made_up.properties = {name: broken(name) for name in ("scale", "quorum")}
    mine = pytester.makepyfile("def test_mine(): assert False\ndef test_other(): pass")
    done = pytester.runpytest(*SUITE, *MEAN, "-x")
    assert done.parseoutcomes()["failed"] == 1
    pytester.runpytest(mine, *SUITE, *MEAN).assert_outcomes(passed=len(properties()) - 1, failed=3)
    done = pytester.runpytest(mine, *SUITE, *MEAN, "--lf", "-v")
    assert done.parseoutcomes()["failed"] == 3
    assert "passed" not in done.parseoutcomes()
    for name in ("indexlab.contract::scale", "indexlab.contract::quorum", "::test_mine"):
        assert f"{name} FAILED" in done.stdout.str()


def test_a_mistake_that_shows_late_is_one_line_and_a_failure_of_ours_a_traceback(pytester, made_up):
    made_up.raises = InputError("cannot be written", file="reports")
    done = pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull,quorum")
    done.assert_outcomes(failed=2)
    assert "reports: cannot be written" in done.stdout.lines
    assert "Traceback" not in done.stdout.str()
    assert "once.py" not in done.stdout.str()
    assert len(made_up.plans) == 1
    made_up.raises = HarnessError("ours")
    done = pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull")
    done.assert_outcomes(failed=1)
    assert "once.py" in done.stdout.str()


def test_the_first_ctrl_c_ends_an_audit_in_good_order_and_then_pytest(pytester, made_up):
    made_up.interrupts = True
    before = signal.getsignal(signal.SIGINT)
    done = pytester.runpytest_inprocess(*SUITE, *MEAN, no_reraise_ctrlc=True)
    assert done.ret == pytest.ExitCode.INTERRUPTED
    assert "indexlab: interrupted: writing what was found (once more to stop at once)" in done.stdout.lines
    assert "indexlab: report: reports/plain-mean-0/index.html" in done.stdout.lines
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("order", ["", "-v", "-q"])
def test_that_an_audit_runs_is_said_outside_of_what_is_captured(pytester, made_up, order):
    done = pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull", "--show-capture=all", *([order] if order else []))
    assert ("indexlab: asking preset:plain-mean: 9 scenarios" in done.stdout.lines) == (order != "-q")


def test_it_works_without_what_can_be_taken_from_pytest_and_with_all_that_makes_it_strict(pytester, made_up):
    bare = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:logging", "-p", "no:junitxml", "--capture=no")
    pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull", *bare, "--strict-markers", "--strict-config", "-W", "error").assert_outcomes(passed=1)


def test_what_a_target_is_called_cannot_steer_the_terminal(pytester, made_up):
    made_up.properties = {"hull": broken("hull", finding=finding(sentence="\x1b[31mred", target="\x1b]0;title\x07"), reason="\x1b[31m")}
    done = pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull", "--color=no")
    assert "\x1b" not in done.stdout.str()


def test_warnings_as_errors_leave_an_audit_as_it_is(pytester):
    with spending(FEW):
        pytester.runpytest(*SUITE, *MEAN, "--indexlab-only=hull", "--indexlab-jobs=1", "-W", "error").assert_outcomes(passed=1)


def test_a_process_is_asked_from_where_the_plan_lies_and_the_report_is_named_from_where_one_stands(pytester, monkeypatch):
    script = pytester.path / "service.py"
    script.write_text("import sys\nprint('up', file=sys.stderr)\n")
    pytester.path.joinpath("indexlab.toml").write_text(f'[target]\nuse = "exec:{sys.executable} -S service.py"\n[run]\nonly = ["protocol"]\n')
    monkeypatch.chdir(pytester.mkdir("below"))
    with spending(FEW):
        done = pytester.runpytest(*SUITE, "--indexlab-jobs=1")
    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    assert "| up" in text  # its own last words: it was found, and started
    assert f"indexlab: report: {pytester.path}/reports/" in text
