"""The steps of a first conversation: each asks one thing, and says what came, what was expected, and what to do about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import msgspec
import numpy as np

from indexlab.audit.talk_runs import NULL, PRICE, Say, Stage, has_value, not_ok, same_answer, value_text
from indexlab.index.determination import OK, Determinations
from indexlab.market.errors import TargetFailure, nearest
from indexlab.market.units import format_duration, format_ratio
from indexlab.properties.tell import price_text
from indexlab.targets.protocol import BATCH, batch_params, params_of, read_batch, read_determinations, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.scenarios.expect import Expect
    from indexlab.targets.target import Description, Request, Target

__all__ = ["SCRIPT", "Act", "Asking", "Talk", "TalkVerdict", "Told", "misspelt"]

TalkVerdict: TypeAlias = Literal["right", "wrong", "better", "left out"]
_DESCRIBED: Final = ("protocol", "name", "version", "provides", "uses", "expect", "thresholds", "columns", "converts", "venue")
_EMPTY_STATE: Final = "let every request start from an empty state: nothing of an earlier run may be left"
_TOO_OLD: Final = "leave a source out whose newest observation is older than max_age, by its event_time"
_MANY: Final = 10_000
_MOVED: Final = 1.25 * PRICE


class Told(msgspec.Struct, frozen=True):
    """How a step ended. `said` is good to know; the rest is for what is not right: what came, what was expected, what to do next."""

    verdict: TalkVerdict = "right"
    said: str = ""
    came: str = ""
    expected: str = ""
    next: str = ""


@runtime_checkable
class Asking(Protocol):
    """A target that can be asked anything, and gives back what came."""

    def ask(self, method: str, params: bytes) -> object:
        """Return the bare result; raises TargetFailure."""


class Talk:
    """A conversation under way; `sent` and `params` are what was asked last, in words and as JSON."""

    def __init__(self, target: Target, stage: Stage, description: Description) -> None:
        """Go on with a target that has described itself."""
        self.target, self.stage, self.description = target, stage, description
        self.sent, self.params = "", b""

    def run(self, sent: str, request: Request) -> Determinations:
        """Ask for a run; raises TargetFailure."""
        self.sent, self.params = sent, params_of(request, self.description.uses)
        (answer,) = self.target.index([request])
        if isinstance(answer, TargetFailure):
            raise answer
        return answer

    def ask(self, sent: str, method: str, params: bytes) -> object:
        """Ask anything of a target that takes it; raises TargetFailure."""
        self.sent, self.params = sent, params
        return self.target.ask(method, params) if isinstance(self.target, Asking) else None


class Act(NamedTuple):
    """A step: its title and what is done; None where there is nothing to do for this target."""

    title: str
    play: Callable[[Talk], Told | None]


def misspelt(answered: object) -> str:
    """Return what a description says that is near to a key that it could mean, or nothing."""
    if not isinstance(answered, dict):
        return ""
    strange = [(key, near) for key in answered if key not in _DESCRIBED and (near := nearest(str(key), _DESCRIBED)) and near not in answered]
    return ", ".join(f'"{str(key)[:40]}" (did you mean "{near}"?)' for key, near in strange[:4])


def _agree(talk: Talk) -> Told:
    stage = talk.stage
    answer = talk.run(f"{stage.count} sources say 50 000, at each of 5 publications", stage.run(stage.all(5), 5))
    at = has_value(answer, PRICE, _near(talk))
    if at is None:
        return Told(said="index 50 000, ok, at all 5 publications")
    counted = "every observation counts whose receive_time is at or before the publication"
    return Told("wrong", came=value_text(answer, at), expected="50 000 and ok: all sources have said so", next=counted)


def _follow(talk: Talk) -> Told:
    stage, expect = talk.stage, talk.stage.expect
    lag = math.ceil(expect.max_tracking_lag / expect.interval) + 1
    says = [*stage.all(3), *(say._replace(beat=say.beat + 3) for say in stage.all(lag + 3, _MOVED))]
    answer = talk.run("all sources say 50 000, and from the 4th publication on 62 500", stage.run(says, lag + 6))
    at = has_value(answer, _MOVED, 0.027, start=3 + lag)  # a tenth of the move and 20 bp, as responsiveness says
    if at is None:
        return Told(said="the index too, to 62 500")
    expected = f"62 500, {format_duration(expect.max_tracking_lag)} (max_tracking_lag) after all sources have moved"
    return Told("wrong", came=value_text(answer, at), expected=expected, next="a true move of all sources must reach the index: which guard holds it back?")


def _nobody(talk: Talk) -> Told:
    answer = talk.run("no observation at all, and 3 publications", talk.stage.run([], 3))
    at = not_ok(answer, degraded=False)
    if at is None:
        return Told(said="null, and not ok")
    return Told("wrong", came=value_text(answer, at), expected="null with halted (or held): nobody has said anything", next=_EMPTY_STATE)


def _few(talk: Talk) -> Told | None:
    stage, least = talk.stage, talk.stage.expect.min_sources
    if least <= 1 or stage.count < 2:
        return None
    answer = talk.run(f"{stage.name(0)} alone says 50 000; the other sources say nothing", stage.run([Say(beat, 0, PRICE) for beat in range(3)], 3))
    at = not_ok(answer)
    if at is None:
        return Told(said="not ok")
    expected = f"halted, held or degraded: ok is a promise that needs min_sources = {least}"
    return Told(
        "wrong", came=value_text(answer, at), expected=expected, next="count the live sources at each publication, and say halted where they are too few"
    )


def _silent(talk: Talk) -> Told | None:
    stage, expect = talk.stage, talk.stage.expect
    if stage.count - 1 < expect.min_sources:
        return None
    beat, start = _to_age(expect)
    last = stage.count - 1
    says = [*stage.all(start + 3, but=last), Say(0, last, 2 * PRICE)]
    sent = f"{stage.name(last)} says 100 000 once and falls silent; all others say 50 000 every {format_duration(beat)}"
    answer = talk.run(sent, stage.run(says, start + 3, beat=beat))
    at = has_value(answer, PRICE, expect.max_displacement, start=start)
    if at is None:
        return Told(said=f"without influence after {format_duration(expect.max_age)}")
    age, limit = format_duration((at + 1) * beat), format_duration(expect.max_age)
    within = format_ratio(expect.max_displacement)
    expected = f"50 000 within {within}: what {stage.name(last)} said is about {age} old, and max_age is {limit}"
    return Told("wrong", came=value_text(answer, at), expected=expected, next=_TOO_OLD)


def _to_age(expect: Expect) -> tuple[int, int]:
    """Return a beat, and after how many of them what was said at the first is older than max_age beyond doubt."""
    beat = max(expect.max_age // 20 // expect.interval, 1) * expect.interval
    return beat, math.ceil((expect.max_age + expect.age_margin) / beat) + 1


def _most_silent(talk: Talk) -> Told | None:
    stage, expect = talk.stage, talk.stage.expect
    alive = expect.min_sources - 1
    if not 0 < alive < stage.count:
        return None
    beat, start = _to_age(expect)
    says = [*stage.all(1), *(Say(number, source, PRICE) for number in range(1, start + 3) for source in range(alive))]
    sent = f"all sources say 50 000; then only {alive} of {stage.count} go on saying it, every {format_duration(beat)}"
    answer = talk.run(sent, stage.run(says, start + 3, beat=beat))
    at = not_ok(answer, start=start)
    if at is None:
        return Told(said=f"not ok after {format_duration(expect.max_age)}")
    expected = f"halted, held or degraded: {alive} live sources are fewer than min_sources = {expect.min_sources}"
    return Told("wrong", came=value_text(answer, at), expected=expected, next=_TOO_OLD)


def _null(talk: Talk) -> Told | None:
    return _invalid(talk, "null", NULL, "null says that the venue sent something that is no number: leave it out (0 it is not)")


def _zero(talk: Talk) -> Told | None:
    return _invalid(talk, "0", 0.0, "a price that is not above 0 is no price: leave it out")


def _below_zero(talk: Talk) -> Told | None:
    return _invalid(talk, "-1", -1.0, "a price that is not above 0 is no price: leave it out")


def _invalid(talk: Talk, what: str, price: float, remedy: str) -> Told | None:
    """Let one source send what is no price, and then half of them: no value may be made of it, but too few sources may be left for any."""
    stage = talk.stage
    if stage.count - 1 < stage.expect.min_sources:
        return None
    last = stage.count - 1
    told = _unmoved(talk, f"{stage.name(last)} sends {what} for a price; all others say 50 000", [*_but(stage, 1), Say(2, last, price)], remedy)
    half = stage.count // 2
    if told.verdict != "right" or half < 2:
        return told
    names = f"{half} of {stage.count} sources send {what} for a price; the others say 50 000"
    answer = talk.run(names, stage.run([*_but(stage, half), *(Say(2, source, price) for source in range(stage.count - half, stage.count))], 8))
    at = has_value(answer, PRICE, stage.expect.max_displacement, silent=True)
    if at is None:
        return told
    return Told("wrong", came=value_text(answer, at), expected="50 000, or null with halted or held", next=remedy)


def _but(stage: Stage, few: int) -> list[Say]:
    """All sources say 50 000 at each of 8 beats; the last `few` of them do not at the 3rd to the 6th."""
    return [say for say in stage.all(8) if say.source < stage.count - few or say.beat not in range(2, 6)]


def _crossed(talk: Talk) -> Told | None:
    stage = talk.stage
    if not stage.uses_book or stage.count - 1 < stage.expect.min_sources:
        return None
    last = stage.count - 1
    says = [*_but(stage, 1), Say(2, last, PRICE, bid=3 * PRICE, ask=PRICE)]
    sent = f"{stage.name(last)} sends a crossed book, bid 150 000 and ask 50 000; all others say 50 000"
    return _unmoved(talk, sent, says, "a book whose bid is above its ask has no middle: leave it out")


def _unmoved(talk: Talk, sent: str, says: list[Say], remedy: str) -> Told:
    answer = talk.run(sent, talk.stage.run(says, 8))
    at = has_value(answer, PRICE, talk.stage.expect.max_displacement)
    if at is None:
        return Told(said="the index stays at 50 000")
    return Told("wrong", came=value_text(answer, at), expected="50 000, ok or degraded: the other sources are enough", next=remedy)


def _again(talk: Talk) -> Told:
    stage = talk.stage
    mixed = [Say(beat, source, PRICE * (1 + 0.001 * source)) for beat in range(5) for source in range(stage.count)]
    first = talk.run("a run", stage.run(mixed, 5))
    second = talk.run("the same run again", stage.run(mixed, 5))
    at = same_answer(first, second)
    if at is not None:
        was = f"{value_text(second, at)}; the first time {value_text(first, at)}"
        return Told("wrong", came=was, expected="the same answer to the same run", next=f"{_EMPTY_STATE}, and nothing drawn or read from a clock may count")
    talk.run("another run, at half the price", stage.run(stage.all(5, PRICE / 2), 5))
    third = talk.run("a run, another one at half the price, and the first once more", stage.run(mixed, 5))
    at = same_answer(first, third)
    if at is None:
        return Told(said="the same answer each time")
    return Told("wrong", came=f"{value_text(third, at)}; the first time {value_text(first, at)}", expected="the same answer to the same run", next=_EMPTY_STATE)


def _at_once(talk: Talk) -> Told:
    stage = talk.stage
    prices = (PRICE, 40_000.0, 30_000.0, 20_000.0)
    requests = [stage.run(stage.all(3, price), 3) for price in prices]
    talk.sent, talk.params = "four runs, one behind the other without waiting: 50 000, 40 000, 30 000, 20 000", params_of(requests[0], talk.description.uses)
    for place, (price, answer) in enumerate(zip(prices, talk.target.index(requests), strict=True)):
        if isinstance(answer, TargetFailure):
            raise answer
        at = has_value(answer, price, _near(talk))
        if at is not None:
            came = f"to run {place + 1} of 4: {value_text(answer, at)}"
            return Told("wrong", came=came, expected=f"{price_text(price)} and ok", next="answer in the order in which requests come, each from an empty state")
    return Told(said="four answers, in their order")


def _unknown_keys(talk: Talk) -> Told | None:
    if not isinstance(talk.target, Asking):
        return None
    stage = talk.stage
    request = stage.run(stage.all(3), 3)
    params = msgspec.json.decode(params_of(request, talk.description.uses))
    params["comment"] = {"of": "a newer version"}
    params["observations"]["sequence"] = list(range(len(request.quotes)))
    for source in params["sources"]:
        source["region"] = "eu"
    plain = talk.run("a run", request)
    answered = talk.ask('a run with keys that nobody knows: "comment", "sequence", "region"', "index", msgspec.json.encode(params))
    answer = read_determinations(answered, shape_of(request))
    at = same_answer(plain, answer)
    if at is None:
        return Told(said="passed over")
    return Told(
        "wrong",
        came=value_text(answer, at),
        expected=f"as without them: {value_text(plain, at)}",
        next="pass over keys that you do not know: a later version may send some",
    )


def _unknown_method(talk: Talk) -> Told | None:
    if not isinstance(talk.target, Asking):
        return None
    expected = 'an error: {"error": {"message": "…"}}'
    try:
        talk.ask('the method "margin_call", which nobody has', "margin_call", b"{}")
    except TargetFailure as failure:
        if failure.kind == "error":
            return Told(said="answered with an error, and lives")
        remedy = "answer what you do not know with an error, and go on"
        return Told("wrong", came=failure.detail, expected=expected, next=remedy)
    return Told("wrong", came="a result", expected=expected, next="look at the method of a request; what you do not know is an error")


def _large(talk: Talk) -> Told:
    stage = talk.stage
    beats = -(-_MANY // stage.count)
    answer = talk.run(
        f"{stage.count * beats:,} observations, and 100 publications".replace(",", " "), stage.run(stage.all(beats), beats, every=-(-beats // 100))
    )
    at = has_value(answer, PRICE, _near(talk))
    if at is None:
        return Told(said="answered within the time limit")
    return Told("wrong", came=value_text(answer, at), expected="50 000 and ok, as in a short run", next="does something run over, or is something cut?")


def _batch(talk: Talk) -> Told | None:
    if BATCH not in talk.description.provides or not isinstance(talk.target, Asking):
        return None
    stage = talk.stage
    requests = [stage.run(stage.all(3, price), 3) for price in (PRICE, PRICE / 2)] + [stage.run([], 3)]
    alone = [talk.run("a run by itself", request) for request in requests]
    uses = talk.description.uses
    answered = talk.ask("three runs in one request, the last without an observation", BATCH, batch_params(requests, uses))
    for place, (one, answer) in enumerate(zip(alone, read_batch(answered, [shape_of(request) for request in requests]), strict=True)):
        if isinstance(answer, TargetFailure):
            raise answer
        at = same_answer(one, answer)
        if at is not None:
            came = f"for run {place + 1} of 3: {value_text(answer, at)}; by itself {value_text(one, at)}"
            return Told("wrong", came=came, expected="what each run gets by itself", next=_EMPTY_STATE)
    return Told(said="the same as one by one")


def _explain(talk: Talk) -> Told:
    stage = talk.stage
    says = [Say(beat, source, PRICE * (1 + 0.0001 * source)) for beat in range(3) for source in range(stage.count)]
    answer = talk.run("a run in which the sources differ by 1 bp each", stage.run(says, 3))
    missing = [name for name, given in (("weights", answer.weight), ("used", answer.used), ("reasons", answer.reason)) if given is None]
    if answer.weight is None or answer.used is None:
        return Told(
            "better",
            came=f"no {' and no '.join(missing)} (they are optional)",
            next="with weights, used and reasons a finding can say why, and the property explanation is judged",
        )
    told = np.nansum(answer.weight * answer.used, axis=1)
    wrong = np.flatnonzero((answer.status == OK) & (np.abs(told / answer.value - 1) > _near(talk)))
    if len(wrong):
        at = int(wrong[0])
        came = f"{value_text(answer, at)}, and the sum of weights × used is {price_text(float(told[at]))}"
        return Told("wrong", came=came, expected="the index", next="give the weights as they took effect (with a sum of 1) and the prices as they entered")
    return Told("better" if missing else "right", said="weights × used is the index", next="reasons say why a source did not count" if missing else "")


def _near(talk: Talk) -> float:
    return max(talk.stage.expect.same_ratio, talk.stage.expect.tick / 20_000)


SCRIPT: Final = (
    Act("all sources agree", _agree),
    Act("the market moves", _follow),
    Act("nobody has said anything", _nobody),
    Act("too few sources", _few),
    Act("a source falls silent", _silent),
    Act("most sources fall silent", _most_silent),
    Act("a price of null", _null),
    Act("a price of zero", _zero),
    Act("a price below zero", _below_zero),
    Act("a crossed book", _crossed),
    Act("the same run again", _again),
    Act("four requests at once", _at_once),
    Act("keys that nobody knows", _unknown_keys),
    Act("a method that nobody has", _unknown_method),
    Act("a large run", _large),
    Act("index_batch", _batch),
    Act("it explains itself", _explain),
)
"""The conversation after `describe`, in its order. What raises TargetFailure is wrong by that."""


def described(description: Description) -> str:
    """Return what a target said of itself, on one line."""
    priced = "prices from bid and ask" if "bid" in description.uses else "prices from price"
    more = [f"provides {', '.join(description.provides)}", priced]
    return ", ".join([f"{description.name} {description.version}".strip(), *more])
