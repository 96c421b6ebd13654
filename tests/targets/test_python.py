"""A function or an object of a user as a target: alike in this process and in its own, and nothing that it does reaches anybody else."""

import contextlib
import signal
import sys
import textwrap
import threading

import numpy as np
import pytest

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets import alarm
from indexlab.targets.options import TargetOptions
from indexlab.targets.python import python_target
from indexlab.targets.resolve import open_target
from tests.targets.conversations import agreeing, request

ACME = """
    import sys, enum, os
    from collections import OrderedDict
    from decimal import Decimal
    from fractions import Fraction

    print("loaded")

    class Status(enum.Enum):
        OK = "ok"

    def answer(params, value=50_000.0, status="ok"):
        n = len(params["times"])
        return {"index": [value] * n, "status": [status] * n}

    def index(params):
        print("asked")
        print("and logged", file=sys.stderr)
        return answer(params)

    def arrays(params):
        import numpy as np
        n = len(params["times"])
        weights = np.full((n, 4), 0.25)
        return {"index": np.full(n, 50_000.0), "status": np.array(["ok"] * n), "weights": weights, "used": list(200_000.0 * weights)}

    def scalars(params):
        import numpy as np
        n = len(params["times"])
        return OrderedDict(index=tuple(np.float32(50_000.0) for _ in range(n)), status=[Status.OK] * n)

    def decimals(params):
        return answer(params, Decimal("50000")) if len(params["times"]) % 2 else answer(params, Fraction(50_000))

    def spoils(params):
        answered = answer(params)
        params["observations"]["price"][:] = [1.0]
        params["sources"].clear()
        params["times"] += [1, 2, 3]
        return answered

    def nan(params): return answer(params, float("nan"))
    def infinite(params): return answer(params, float("inf"))
    def short(params): return {"index": [1.0], "status": ["ok"]}
    def nothing(params): return None
    def a_set(params): return answer(params, {1})
    def circle(params):
        told = answer(params)
        told["index"][0] = told
        return told
    def quits(params): sys.exit(3)
    def reads_input(params): return answer(params, float(len(sys.stdin.read()) if sys.argv[0].endswith("host.py") else 0))

    def raises(params):
        print("before it fell")
        return inner(params)

    def inner(params):
        raise LookupError("no price\\nfor kraken")

    class Unspeakable(Exception):
        def __str__(self): raise RuntimeError

    def unspeakable(params): raise Unspeakable

    class Index:
        made = 0
        def __init__(self): Index.made += 1
        def describe(self): return {"name": "acme", "version": "2.3.1", "expect": {"min_sources": 2}}
        def index(self, params): return answer(params)
        def index_batch(self, many): return [answer(params, 50_000.0) for params in many]

    class Needs:
        def __init__(self, path): ...
        def index(self, params): ...

    class Callable:
        def __call__(self, params): return answer(params)

    made, called = Index(), Callable()
    nested = type("Nested", (), {"deep": made})

    async def later(params): ...
    def yields(params): yield 1
    def two(params, other): ...
    def none(): ...
    number, text, many = 3, "index", [1]
"""


@pytest.fixture(autouse=True)
def acme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "acme_index.py").write_text(textwrap.dedent(ACME))
    yield
    sys.modules.pop("acme_index", None)


def opened(attribute, *, isolate=False):
    return open_target(f"python:acme_index:{attribute}", TargetOptions(first_answer_s=60.0, answer_s=60.0, isolate=isolate))


def asked(attribute, *, isolate=False):
    with opened(attribute, isolate=isolate) as target:
        return target.index([agreeing()])[0]


BOTH = pytest.mark.parametrize("isolate", [False, True], ids=["here", "isolated"])


@pytest.mark.parametrize(
    ("attribute", "isolate"),
    [(name, False) for name in ("index", "arrays", "scalars", "decimals", "Index", "made", "called", "nested.deep")]
    + [(name, True) for name in ("index", "arrays", "nested.deep")],
)
def test_functions_objects_and_classes_are_targets_and_their_answers_may_hold_arrays(attribute, isolate, capfd):
    answer = asked(attribute, isolate=isolate)
    assert answer.value.tolist() == [50_000.0] * 3
    assert answer.status.tolist() == [0, 0, 0]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("attribute", "kind", "says"),
    [
        ("nan", "not-json", "answered NaN, which is no JSON"),
        ("infinite", "not-json", "answered Infinity, which is no JSON"),
        ("short", "misfit", "index must have 3 entries, one for each time, has 1"),
        ("nothing", "misfit", "result must be an object"),
        ("a_set", "error", "answered with an error: index returned what JSON cannot hold: a set"),
        ("circle", "error", "answered with an error: index returned what JSON cannot hold: Circular reference"),
        ("raises", "error", "answered with an error: index raised LookupError at acme_index.py:"),
        ("quits", "error", "answered with an error: index raised SystemExit at acme_index.py:"),
        ("unspeakable", "error", "answered with an error: index raised Unspeakable at acme_index.py:"),
    ],
)
def test_what_goes_wrong_is_a_failure_of_the_target_and_the_same_in_a_process_of_its_own(attribute, kind, says):
    here = asked(attribute)
    assert here.kind == kind
    assert here.detail.startswith(says)
    if attribute in {"nan", "short", "circle", "raises", "quits"}:
        isolated = asked(attribute, isolate=True)
        assert isolated.kind == kind
        assert here.detail.split("{")[0] == isolated.detail.split("{")[0]


@BOTH
def test_the_users_traceback_and_what_was_printed_are_the_log(isolate):
    log = asked("raises", isolate=isolate).log
    assert "before it fell" in log
    assert "in inner" in log
    assert log.rstrip().endswith("for kraken")
    assert "spoken.py" not in log


@BOTH
def test_what_it_does_to_params_is_seen_by_nobody_else(isolate):
    run = agreeing()
    before = run.quotes.price.copy()
    with opened("spoils", isolate=isolate) as target:
        for _ in range(3):
            assert [answer.value.tolist() for answer in target.index([run, run])] == [[50_000.0] * 3] * 2
    assert np.array_equal(run.quotes.price, before)


@BOTH
def test_an_object_describes_itself_and_what_it_does_not_say_is_filled_in(isolate):
    with opened("Index", isolate=isolate) as target:
        said = target.describe()
        assert [answer.value.tolist() for answer in target.index([agreeing()] * 3)] == [[50_000.0] * 3] * 3
    assert (said.name, said.version, said.provides, said.expect) == ("acme", "2.3.1", ("index", "index_batch"), {"min_sources": 2})
    with opened("index", isolate=isolate) as target:
        assert (target.describe().name, target.describe().provides, target.label) == ("acme_index:index", ("index",), "python:acme_index:index")


def test_prints_do_not_end_up_among_the_lines_of_the_protocol_and_input_is_not_the_users_to_read():
    assert asked("reads_input", isolate=True).value.tolist() == [0.0] * 3


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("acme_index:indx", 'names indx, which acme_index does not have; did you mean "index"?'),
        ("acme_index:nested.deeper", "names deeper, which acme_index.nested does not have"),
        ("acme_idx:index", 'names the module acme_idx, which is not there; did you mean "acme_index"?'),
        ("acme_index.sub:index", "names the module acme_index.sub, which"),
        ("acme_index", "must name a module and an attribute"),
        ("acme_index:", "must name a module and an attribute"),
        (":index", "must name a module and an attribute"),
        ("acme_index.py:index", 'names a file, not a module; did you mean "python:acme_index:index"?'),
        ("./acme_index.py:index", 'names a file, not a module; did you mean "python:acme_index:index"?'),
        ("acme_index:later", "is no plain function, but a coroutine or a generator"),
        ("acme_index:yields", "is no plain function, but a coroutine or a generator"),
        ("acme_index:two", "must take one argument, the params, takes (params, other)"),
        ("acme_index:none", "must take one argument, the params, takes ()"),
        ("acme_index:Needs", "is a class that cannot be made without arguments: TypeError"),
        ("acme_index:number", "is of type int: neither a function of params nor an object with the method index"),
        ("acme_index:text", "is of type str"),
        ("acme_index:many", "is of type list"),
        ("acme_index:os", "is a module"),
    ],
)
def test_what_cannot_be_a_target_is_refused_in_one_line_before_work_starts(label, says):
    with pytest.raises(InputError) as caught:
        open_target(f"python:{label}")
    assert str(caught.value).startswith(f"target python:{label} ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("label", ["acme_index:indx", "acme_idx:index", "acme_index:later", "acme_index"])
def test_it_is_refused_alike_where_it_would_have_a_process_of_its_own(label):
    lines = []
    for isolate in (False, True):
        with pytest.raises(InputError) as caught:
            open_target(f"python:{label}", TargetOptions(isolate=isolate))
        lines.append(str(caught.value))
    assert lines[0] == lines[1]


@BOTH
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import no_such_package_at_all", "ModuleNotFoundError at"),
        ("1 / 0", "ZeroDivisionError at"),
        ("def f(:", "SyntaxError"),
        ("import sys; sys.exit(1)", "SystemExit at"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_the_place(text, says, isolate, tmp_path):
    (tmp_path / "broken_index.py").write_text(f"print('noise')\n{text}\n")
    with pytest.raises(InputError) as caught:
        open_target("python:broken_index:index", TargetOptions(isolate=isolate))
    assert f"names the module broken_index, which cannot be imported: {says}" in str(caught.value)


def test_an_isolated_target_that_dies_or_hangs_is_named_and_started_anew(tmp_path):
    (tmp_path / "deadly.py").write_text(
        "import os, threading\n"
        "def index(params):\n"
        "    price = params['observations']['price'][0]\n"
        "    if price == 13: os._exit(7)\n"
        "    if price == 14: threading.Event().wait()\n"
        "    return {'index': [price] * len(params['times']), 'status': ['ok'] * len(params['times'])}\n"
    )
    with open_target("python:deadly:index", TargetOptions(first_answer_s=60.0, answer_s=1.0, isolate=True)) as target:
        outcomes = [target.index([agreeing(price)])[0] for price in (50.0, 13.0, 50.0, 14.0, 50.0)]
    assert [getattr(outcome, "kind", "") for outcome in outcomes] == ["", "exited", "", "timeout", ""]


def test_a_function_at_hand_is_a_target_too():
    def index(params):
        return {"index": [float(len(params["sources"]))] * len(params["times"]), "status": ["ok"] * len(params["times"])}

    with python_target(index) as target:
        assert target.index([request([(0, 0, 1.0)], n=7)])[0].value.tolist() == [7.0] * 3
        assert target.label.startswith("python:")
    with python_target(index, "mine") as target:
        assert target.label == "mine"
    with pytest.raises(InputError):
        python_target(3)


def test_ctrl_c_in_a_users_function_is_the_users():
    def index(params):
        raise KeyboardInterrupt

    with python_target(index) as target, pytest.raises(KeyboardInterrupt):
        target.index([agreeing()])


def test_a_failure_in_describe_is_one_of_the_target():
    class Index:
        def describe(self):
            raise ValueError("not today")

        def index(self, params):
            return {"index": [1.0] * len(params["times"]), "status": ["ok"] * len(params["times"])}

    with python_target(Index()) as target:
        with pytest.raises(TargetFailure, match=r"describe raised ValueError at test_python\.py:"):
            target.describe()
        assert target.index([agreeing()])[0].value.tolist() == [1.0] * 3


def test_code_that_hangs_is_named_with_where_it_was_and_given_up():
    def index(params):
        while params:
            with contextlib.suppress(Exception):  # as real code does
                threading.Event().wait(60)

    with python_target(index, options=TargetOptions(first_answer_s=0.2, answer_s=0.2)) as target:
        outcomes = target.index([agreeing()] * 5)
    assert [outcome.kind for outcome in outcomes] == ["timeout"] * 3 + ["not-started"] * 2
    assert outcomes[0].detail == "gave no answer within 0.2 s"
    assert "threading.Event().wait(60)" in outcomes[0].log
    assert "alarm.py" not in outcomes[0].log


def test_code_that_catches_everything_is_stopped_all_the_same(monkeypatch):
    monkeypatch.setattr(alarm, "_AGAIN_S", 0.05)

    def index(params):
        for _ in range(3):
            with contextlib.suppress(BaseException):  # as real code does
                threading.Event().wait(60)
        return {"index": [1.0] * 3, "status": ["ok"] * 3}

    with python_target(index, options=TargetOptions(first_answer_s=0.1, answer_s=0.1)) as target:
        assert target.index([agreeing()])[0].kind == "timeout"


def test_an_alarm_of_somebody_else_is_left_alone():
    def ring(*_):
        raise AssertionError

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with python_target(lambda params: {"index": [1.0] * 3, "status": ["ok"] * 3}) as target:
            assert target.index([agreeing()])[0].value.tolist() == [1.0] * 3
        assert signal.getsignal(signal.SIGALRM) is ring
    finally:
        signal.signal(signal.SIGALRM, before)


def test_nothing_is_left_to_ring():
    with python_target(lambda params: {"index": [1.0] * 3, "status": ["ok"] * 3}) as target:
        target.index([agreeing()])
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
