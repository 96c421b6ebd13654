"""All findings of a folder asked again, one after the other; one that cannot be asked is an ERROR, and the next one is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from indexlab.audit.replay import replay_finding
from indexlab.audit.save import read_finding
from indexlab.market.errors import InputError, TargetFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from indexlab.audit.baseline import Baseline
    from indexlab.audit.events import Finding, Known
    from indexlab.targets.options import TargetOptions

__all__ = ["AskedAgain", "ask_again", "exit_code_of"]

_TRIES: Final = 3
Answer: TypeAlias = Literal["BROKEN", "FIXED", "INCONCLUSIVE", "ERROR"]


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """A finding's file asked again; `finding` is None where the file could not be read. `ours`: an ERROR that is a failure of indexlab itself."""

    file: Path
    answer: Answer
    target: str
    why: str
    finding: Finding | None = None
    known: Known | None = None
    ours: bool = False

    @property
    def fails(self) -> bool:
        """Whether it is broken, and not known to be."""
        return self.answer == "BROKEN" and (self.known is None or self.known.expired)


def ask_again(
    files: Iterable[Path], label: str, reached: Callable[[str], TargetOptions], *, against: str = "", baseline: Baseline | None = None
) -> Iterator[AskedAgain]:
    """Ask each file's finding again, of `label` where it is given, of its own target else; `reached` says how a target is reached, by its label."""
    silent: Counter[str] = Counter()
    for file in files:
        finding, asked = None, label
        try:
            saved = read_finding(file)
            finding, asked = saved.finding, label or saved.target
            if silent[asked] >= _TRIES:
                yield AskedAgain(file, "ERROR", asked, f"not asked: the target could not be started {_TRIES} times in a row", finding)
                continue
            answer = replay_finding(file, asked, reached(asked), against)
        except (InputError, TargetFailure) as error:
            silent[asked] += isinstance(error, TargetFailure)
            yield AskedAgain(file, "ERROR", asked, str(error), finding)
        except Exception as error:  # noqa: BLE001 - the next finding is asked whatever became of this one
            yield AskedAgain(file, "ERROR", asked, f"a failure of indexlab itself: {type(error).__name__}: {error}", finding, ours=True)
        else:
            silent[asked] = 0
            known = None if baseline is None or answer.answer != "BROKEN" else baseline.said_of(saved.finding)
            yield AskedAgain(file, answer.answer, asked, answer.why, answer.finding, known)


def exit_code_of(asked: Sequence[AskedAgain]) -> int:
    """Return what the process ends with: 1 where one is broken, else 3 or 2 where one could not be asked, else 4 where one could not be judged, else 0."""
    said = Counter(one.answer for one in asked)
    if any(one.fails for one in asked):
        return 1
    if said["ERROR"]:
        return 3 if any(one.ours for one in asked) else 2
    return 4 if said["INCONCLUSIVE"] else 0
