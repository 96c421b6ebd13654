"""A first conversation: silent about what is right, and exact about what is not.

To accept changed texts: `.venv/bin/python -m tests.audit.test_first_talk`, and read the difference that git shows.
"""

import itertools
import statistics
from pathlib import Path

import pytest

from indexlab.audit.first_talk import first_talk
from indexlab.audit.talk_steps import SCRIPT
from indexlab.market.source import Source
from indexlab.report.first_talk_text import closing_text, step_text, talk_exit_code
from indexlab.scenarios.expect import Layer
from indexlab.targets.options import TargetOptions
from indexlab.targets.python import python_target
from indexlab.targets.resolve import open_target
from indexlab.targets.right import RIGHT_TARGETS
from tests.targets.conversations import planted
from tests.targets.web import HASTY, opened, raw, web

SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "audit"
MAX_AGE, LEAST = 60_000_000, 3


class Talker:
    """A right index, the median of the live sources, or one that is wrong in the named ways."""

    def __init__(self, *wrong):
        self.wrong, self.kept, self.calls = set(wrong), {}, 0

    def describe(self):
        told = {"name": "talker", "version": "1.0", "provides": ["index", "index_batch"], "expect": {"max_age": "60s", "min_sources": 3}}
        told |= {"uses": ["bid", "ask"]} if "book" in self.wrong else {}
        told |= {"provides": ["margin"]} if "no index" in self.wrong else {}
        told |= {"expects": told.pop("expect")} if "typo" in self.wrong else {}
        told |= {"expect": {"max_agee": "60s"}} if "bad promise" in self.wrong else {}
        return {key: value for key, value in told.items() if f"no {key}" not in self.wrong}

    def index_batch(self, many):
        newest = {} if "leaks between runs of a batch" in self.wrong else None
        return [self._run(params, newest) for params in many]

    def index(self, params):
        self.calls += 1
        return self._run(params, self.kept if "keeps state" in self.wrong else None)

    def _run(self, params, kept):
        if "strict" in self.wrong and set(params) - {"sources", "observations", "times"}:
            raise ValueError(f"unknown keys: {sorted(params)}")
        newest = {} if kept is None else kept
        seen, row, values, weights, used, reasons = params["observations"], 0, [], [], [], []
        for now in params["times"]:
            while row < len(seen["price"]) and seen["receive_time"][row] <= now and not ("cuts" in self.wrong and row >= 1000):
                price = self._price(seen, row)
                if price is not None:
                    newest[seen["source"][row]] = (seen["event_time"][row], price)
                row += 1
            old = float("inf") if "never stale" in self.wrong else MAX_AGE
            live = {source: price for source, (when, price) in newest.items() if now - when <= old}
            value = None if len(live) < (1 if "no quorum" in self.wrong else LEAST) else statistics.median(live.values())
            if "a mean" in self.wrong and value is not None:
                value = statistics.fmean(live.values())
            if "frozen" in self.wrong and values and values[-1] and value and abs(value / values[-1] - 1) > 0.1:
                value = values[-1]
            if value is not None and "counts" in self.wrong:
                value += self.calls
            if value is not None and "off" in self.wrong:
                value *= 1.001
            values.append(value)
            n = len(params["sources"])
            share = (0.5 if "half weights" in self.wrong else 1.0) / max(len(live), 1)
            weights.append([share if value is not None and s in live else 0.0 for s in range(n)])
            used.append([value if value is not None and s in live else None for s in range(n)])
            reasons.append(["used" if s in live else "stale" if s in newest else "absent" for s in range(n)])
        told = {"index": values, "status": ["halted" if value is None else "ok" for value in values]}
        return told | ({} if "unexplained" in self.wrong else {"weights": weights, "used": used, "reasons": reasons})

    def _price(self, seen, row):
        price = seen["price"][row]
        if "book" in self.wrong:
            bid, ask = seen["bid"][row], seen["ask"][row]
            return None if bid is None or bid <= 0 or (bid > ask and "takes crossed books" not in self.wrong) else (bid + ask) / 2
        if price is None:
            return 0.0 if "takes null for 0" in self.wrong else None
        return price if price > 0 or ("takes 0" in self.wrong and price == 0) or ("takes -1" in self.wrong and price < 0) else None


def ticking():
    counter = itertools.count()
    return lambda: next(counter) / 1000


def talked(*wrong, **how):
    with python_target(Talker(*wrong), "python:talker:Talker") as target:
        return list(first_talk(target, ticking(), **how))


def verdicts(steps):
    return {step.title: step.verdict for step in steps}


def test_a_right_target_is_right_at_every_step():
    steps = talked("book")
    assert set(verdicts(steps).values()) == {"right"}
    assert [step.title for step in steps[2:]] == [act.title for act in SCRIPT]
    assert talk_exit_code(steps) == 0


@pytest.mark.parametrize(
    ("wrong", "title", "says"),
    [
        ("no index", "it starts, and describes itself", "provides margin"),
        ("bad promise", "its promise can be read", 'did you mean "max_age"?'),
        ("off", "all sources agree", "index[0] is 50 050, status[0] is ok"),
        ("frozen", "the market moves", "is 50 000"),
        ("keeps state", "nobody has said anything", "is 62 500, status[0] is ok"),
        ("no quorum", "too few sources", "index[0] is 50 000, status[0] is ok"),
        ("never stale a mean", "a source falls silent", "is 62 500, status[22] is ok"),
        ("never stale", "most sources fall silent", "is 50 000, status[22] is ok"),
        ("takes null for 0", "a price of null", "is 25 000"),
        ("takes 0", "a price of zero", "is 25 000"),
        ("takes -1", "a price below zero", "is 24 999.5"),
        ("book takes crossed books a mean", "a crossed book", "index[2] is 62 500"),
        ("counts", "the same run again", "the first time"),
        ("counts", "four requests at once", "to run 1 of 4"),
        ("strict", "keys that nobody knows", "index raised ValueError"),
        ("cuts", "a large run", "status"),
        ("leaks between runs of a batch", "index_batch", "for run 3 of 3"),
        ("half weights", "it explains itself", "the sum of weights × used is"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(wrong, title, says):
    known = ("never stale", "a mean", "takes crossed books", "takes null for 0", "takes 0", "takes -1", "no quorum", "no index", "bad promise", "keeps state")
    named = [name for name in known if name in wrong] or [wrong]
    if wrong == "leaks between runs of a batch":
        named = [wrong]
    steps = talked(*named, *(["book"] if "book" in wrong else []))
    step = next(step for step in steps if step.title == title)
    assert step.verdict == "wrong"
    assert says in step.told.came
    assert step.told.expected
    assert step.told.next
    assert step.sent or title == "its promise can be read"
    assert talk_exit_code(steps) == 1


@pytest.mark.parametrize(
    ("wrong", "title", "says"),
    [
        ("typo", "it starts, and describes itself", '"expects" (did you mean "expect"?)'),
        ("no version", "it starts, and describes itself", "no version"),
        ("no expect", "its promise can be read", "no promise"),
        ("unexplained", "it explains itself", "no weights and no used and no reasons"),
    ],
)
def test_what_could_be_better_is_said_and_fails_nobody(wrong, title, says):
    steps = talked(wrong)
    step = next(step for step in steps if step.title == title)
    assert (step.verdict, talk_exit_code(steps)) == ("better", 0)
    assert says in step.told.came


@pytest.mark.parametrize("label", [right.label for right in RIGHT_TARGETS][::6])
def test_a_right_index_by_other_rules_is_not_found_wrong(label):
    with open_target(label) as target:
        assert "wrong" not in verdicts(first_talk(target, ticking())).values()


@pytest.mark.long
@pytest.mark.parametrize("label", [right.label for right in RIGHT_TARGETS])
def test_no_right_index_is_found_wrong(label):
    test_a_right_index_by_other_rules_is_not_found_wrong(label)


def test_it_goes_by_the_promise_of_the_plan_and_by_its_sources():
    basket = tuple(Source(id=name, venue=name) for name in ("alpha", "beta", "gamma"))
    steps = talked("no expect", layers=[Layer("indexlab.toml", {"min_sources": 2, "interval": "10s", "max_age": "2m"})], basket=basket)
    said = {step.title: step for step in steps}
    assert said["its promise can be read"].told.said == "min_sources 2, interval 10s, max_age 2m"
    assert b'"alpha"' in said["all sources agree"].params
    assert "3 sources say" in said["all sources agree"].sent


@pytest.mark.parametrize(
    ("target", "kind", "rest"),
    [
        (lambda: planted("misbehaving/talks.py", "banner"), "wrong", True),
        (lambda: planted("misbehaving/exits.py", "at-once"), "wrong", False),
        (lambda: opened("http://127.0.0.1:9", **HASTY), "wrong", False),
    ],
    ids=["banner", "exits", "nobody there"],
)
def test_where_it_does_not_describe_itself_it_is_asked_on_only_if_there_is_hope(target, kind, rest):
    with target() as there:
        steps = list(first_talk(there, ticking()))
    assert steps[0].verdict == kind
    assert ("all sources agree" in verdicts(steps)) == rest
    assert (steps[-1].verdict == "left out") != rest


def test_silence_ends_the_conversation_soon():
    def silent(server, connection):
        server.over.wait(60)

    def describing(method, params):
        return {"protocol": 1, "name": "hangs", "provides": ["index"]} if method == "describe" else (200, b"garbage", {})

    with raw(silent) as server, opened(server.address, **HASTY) as target:
        steps = list(first_talk(target, ticking()))
    assert [step.verdict for step in steps] == ["wrong", "left out"]
    with web(describing) as server, opened(server.address) as target:
        steps = list(first_talk(target, ticking()))
    assert [step.verdict for step in steps] == ["better", "better", "wrong", "wrong", "wrong", "left out"]


def test_a_method_that_nobody_has_must_be_refused():
    def answers_all(method, params):
        return {"protocol": 1, "name": "yes", "version": "1", "provides": ["index"]} if method == "describe" else Talker().index(params) if params else {}

    with web(answers_all) as server, opened(server.address) as target:
        step = next(step for step in first_talk(target, ticking()) if step.title == "a method that nobody has")
    assert (step.verdict, step.told.came) == ("wrong", "a result")


def conversation(*wrong):
    steps = talked(*wrong)
    texts = [step_text(step) for step in steps]
    return "\n".join([*texts, "", closing_text(steps, "indexlab audit python:talker:Talker", "indexlab target check python:talker:Talker"), ""])


TEXTS = {"talk-right": ("book",), "talk-wrong": ("keeps state", "never stale", "no quorum", "unexplained", "no version", "takes 0")}


@pytest.mark.parametrize("name", TEXTS)
def test_it_reads_as_it_did(name):
    text = conversation(*TEXTS[name])
    assert text == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120


def test_what_a_target_says_is_made_harmless():
    class Nasty:
        def describe(self):
            return {"name": "\x1b[31mred\x1b[0m\nnext", "version": "\u202e1", "expect": {"\x1b]0;title\x07": 1}}

        def index(self, params):
            raise ValueError("\x1b[2J\x07 boom")

    with python_target(Nasty()) as target:
        text = "\n".join(step_text(step, show=True) for step in first_talk(target, ticking()))
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_what_is_sent_is_shown_where_that_is_asked_for():
    shown = step_text(talked()[2], show=True)
    assert 'params {"sources":[{"id":"coinbase"' in shown
    assert "params" not in step_text(talked()[2])


def test_options_make_no_difference_to_what_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "simple_talk.py").write_text("def index(params):\n    n = len(params['times'])\n    return {'index': [50000.0] * n, 'status': ['ok'] * n}\n")
    said = []
    for isolate in (False, True):
        with open_target("python:simple_talk:index", TargetOptions(first_answer_s=60.0, answer_s=60.0, isolate=isolate)) as target:
            said.append([(step.title, step.told) for step in first_talk(target, ticking())])
    assert said[0] == said[1]


if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for accepted, ways in TEXTS.items():
        (SNAPSHOTS / f"{accepted}.txt").write_text(conversation(*ways), encoding="utf-8")
