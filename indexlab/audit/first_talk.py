"""A first conversation with a target, step by step: what it is asked, what it answers, what was expected, and what to do next.

It finds what an implementer gets wrong first (a banner, no flush, a shape, a state that is kept) and says so in their words; what one broken source can do
to an index is for an audit to find. Nothing is judged by how long it took: that is only told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.audit.talk_margin import MARGIN_SCRIPT
from indexlab.audit.talk_runs import Stage
from indexlab.audit.talk_steps import SCRIPT, Act, Asking, Talk, TalkVerdict, Told, described, misspelt
from indexlab.audit.talk_words import advice, expected
from indexlab.market.errors import InputError, TargetFailure
from indexlab.properties.registry import properties
from indexlab.scenarios.expect import Expect, Layer, promised
from indexlab.targets.protocol import DESCRIBE_PARAMS
from indexlab.targets.target import undescribed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from indexlab.market.source import Basket
    from indexlab.targets.target import Description, Target

__all__ = ["Step", "first_talk"]

_SILENT: Final = ("timeout", "exited", "not-started", "not-json", "too-large", "memory")
_ENOUGH: Final = 3
"""So many steps in a row without a readable answer, and the conversation is over."""


class Step(msgspec.Struct, frozen=True):
    """A step as it is shown: its title, how it ended, what was asked in words (`sent`) and as JSON (`params`), the target's log, seconds."""

    title: str
    told: Told
    sent: str = ""
    params: bytes = b""
    log: str = ""
    seconds: float = 0.0

    @property
    def verdict(self) -> TalkVerdict:
        """How it ended."""
        return self.told.verdict


def first_talk(target: Target, clock: Callable[[], float], *, layers: Sequence[Layer] = (), basket: Basket | None = None) -> Iterator[Step]:
    """Talk with a target and yield each step when it is over. `layers` are promises stronger than its own, `basket` the sources that it knows."""
    began = clock()
    step, description = _described(target)
    yield msgspec.structs.replace(step, seconds=clock() - began)
    if description is None:
        yield Step("the rest", Told("left out", said="nothing more can be asked"))
        return
    promise, expect = _promised(description, layers)
    yield promise
    talk = Talk(target, Stage.of(expect, basket, uses_book="bid" in description.uses), description)
    silences = 0
    script = (*SCRIPT, *MARGIN_SCRIPT)
    for place, act in enumerate(script):
        began = clock()
        played, failure = _played(talk, act)
        if played is None:
            continue
        yield msgspec.structs.replace(played, seconds=clock() - began)
        silences = silences + 1 if failure is not None and failure.kind in _SILENT else 0
        if silences == _ENOUGH and place + 1 < len(script):
            yield Step("the rest", Told("left out", said=f"it gave no readable answer {_ENOUGH} times in a row"))
            return


def _described(target: Target) -> tuple[Step, Description | None]:
    """Ask a target about itself; no description where it cannot even be asked, or does not answer."""
    sent, title = 'describe, with {"protocol": 1}', "it starts, and describes itself"
    try:
        said = target.describe()
    except TargetFailure as failure:
        step = _failed(title, failure, target, sent, DESCRIBE_PARAMS)
        return step, _second_try(target) if failure.kind in {"error", "misfit", "not-json"} else None
    try:
        strange = misspelt(target.ask("describe", DESCRIBE_PARAMS)) if isinstance(target, Asking) else ""
    except TargetFailure as failure:
        return _failed(title, failure, target, f"{sent}, for the second time", DESCRIBE_PARAMS), said
    told = Told(said=described(said))
    if "index" not in said.provides:
        came = f"provides {', '.join(said.provides) or 'nothing'}"
        told = Told("wrong", came=came, expected='"provides" with "index" in it', next="name the methods that you answer")
    elif strange:
        told = Told("better", said=told.said, came=f"keys that nobody knows: {strange}", next="mend them: what is not known is passed over")
    elif not said.version:
        told = Told("better", said=told.said, came="no version (it is optional)", next="a version says which build a finding is of")
    return Step(title, told, sent, DESCRIBE_PARAMS), said


def _second_try(target: Target) -> Description:
    """Return what a target says of itself when it is asked again: a banner is passed over then."""
    try:
        return target.describe()
    except TargetFailure:
        target.close()
        return undescribed(target.label)


def _promised(description: Description, layers: Sequence[Layer]) -> tuple[Step, Expect]:
    """Read the promise; where it cannot be read, go on with what is usual."""
    title, known = "its promise can be read", [prop.id for prop in properties()]
    try:
        expect = promised([*layers, Layer("expect", description.expect)], known_properties=known)
    except InputError as error:
        told = Told("wrong", came=str(error), expected="the keys of a plan's [expect]", next="mend it: until then the rest is held against the defaults")
        return Step(title, told), promised(list(layers), known_properties=known)
    given = {key: value for layer in (*layers, Layer("", description.expect)) for key, value in layer.table.items()}
    if not given:
        shown = {key: value for key, value in Expect().as_table().items() if key in {"min_sources", "max_displacement", "max_age", "interval"}}
        told = Told("better", came="no promise (it is optional)", next=f"say what you promise; meanwhile the usual holds: {_keys(shown)}")
        return Step(title, told), expect
    table = expect.as_table(whole=True)
    return Step(title, Told(said=_keys({key: table.get(key, value) for key, value in given.items()}))), expect


def _keys(table: dict[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in table.items() if not isinstance(value, dict))


def _played(talk: Talk, act: Act) -> tuple[Step | None, TargetFailure | None]:
    talk.sent, talk.params = "", b""
    try:
        told = act.play(talk)
    except TargetFailure as failure:
        step = _failed(act.title, failure, talk.target, talk.sent, talk.params)
        talk.target.close()  # the next step finds it started anew, and nothing held against it
        return step, failure
    return (None if told is None else Step(act.title, told, talk.sent, talk.params)), None


def _failed(title: str, failure: TargetFailure, target: Target, sent: str, params: bytes) -> Step:
    told = Told("wrong", came=failure.detail, expected=expected(failure), next=advice(failure, target.label))
    return Step(title, told, sent, params, failure.log)
