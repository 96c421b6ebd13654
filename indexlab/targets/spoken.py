"""A user's function or object made to speak the target protocol: found, looked at before it is asked, called, its answer written as JSON.

It needs nothing heavy: the process of an isolated target loads this module and the user's own, and no more.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from indexlab.market.errors import InputError, TargetFailure, did_you_mean, nearest
from indexlab.targets import alarm
from indexlab.targets.alarm import TooLong, within

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Spoken", "load", "spoken"]

_LOG_CHARACTERS: Final = 64 << 10
_OURS: Final = (__file__, alarm.__file__, importlib.__file__, "<frozen importlib")
_PLAIN: Final = (str, bytes, list, tuple, dict)
"""Objects that have a method `index` and are no index."""


METHODS: Final = ("describe", "index", "index_batch", "margin")


class Spoken:
    """A function or an object that answers the methods of the protocol."""

    def __init__(self, name: str, methods: Mapping[str, Callable[..., object]]) -> None:
        """`methods` are those it has of describe, index, index_batch and margin."""
        self.name, self._methods = name, methods

    def answer(self, method: str, params: object, limit_s: float = 0) -> bytes:
        """Return the result of a method as JSON. Raises TargetFailure, `error` or (with a limit in seconds) `timeout`, with the traceback as its log."""
        if method not in self._methods and method != "describe":
            raise TargetFailure("error", f"has no method {method}; it has {', '.join(self._methods)}")
        heard = _Heard()
        try:
            with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
                result = within(limit_s, self._described if method == "describe" else lambda: self._methods[method](params))
        except TooLong as late:
            raise TargetFailure("timeout", f"gave no answer within {limit_s:g} s", log=heard.tail + _whereabouts(late)) from None
        except (Exception, SystemExit) as error:
            raise TargetFailure("error", f"{method} raised {_told(error)}", log=heard.tail + _traceback(error)) from error
        try:
            return _written(result)
        except Exception as error:
            raise TargetFailure("error", f"{method} returned what JSON cannot hold: {error}", log=heard.tail) from error

    def _described(self) -> dict[str, object]:
        usual: dict[str, object] = {"protocol": 1, "name": self.name, "provides": [name for name in self._methods if name != "describe"]}
        told = self._methods["describe"]() if "describe" in self._methods else {}
        return usual | dict(cast("Mapping[str, object]", told))


def load(rest: str) -> Spoken:
    """Return what `MODULE:ATTRIBUTE` names, found from the current folder as `python -m` would. Raises InputError, one line."""
    label = f"target python:{rest}"
    module_name, colon, path = rest.partition(":")
    if not colon or not path or not module_name:
        raise InputError("must name a module and an attribute", key=label, remedy='write "python:acme.index:determine"')
    if module_name.endswith(".py") or "/" in module_name:
        dotted = module_name.removesuffix(".py").strip("./").replace("/", ".")
        raise InputError("names a file, not a module", key=label, remedy=f'did you mean "python:{dotted}:{path}"?')
    found: object = _module(module_name, label)
    for at, attribute in enumerate(path.split(".")):
        here = ".".join([module_name, *path.split(".")[:at]])
        if not hasattr(found, attribute):
            known = [name for name in dir(found) if not name.startswith("_") and callable(getattr(found, name, None))]
            raise InputError(f"names {attribute}, which {here} does not have", key=label, remedy=did_you_mean(attribute, known))
        found = getattr(found, attribute)
    return spoken(found, rest, label)


def spoken(thing: object, name: str, label: str) -> Spoken:
    """Return a function, an object or a class as what speaks the protocol. Raises InputError where it cannot."""
    if inspect.isclass(thing):
        try:
            thing = thing()
        except Exception as error:
            raise InputError(f"is a class that cannot be made without arguments: {_told(error)}", key=label, remedy="name an object made from it") from error
    if not isinstance(thing, _PLAIN) and callable(getattr(thing, "index", None)):
        methods = {method: getattr(thing, method) for method in METHODS if callable(getattr(thing, method, None))}
    elif callable(thing):
        methods = {"index": thing}
    else:
        kind = "a module" if inspect.ismodule(thing) else f"of type {type(thing).__name__}"
        raise InputError(f"is {kind}: neither a function of params nor an object with the method index", key=label, remedy="see docs/target-protocol.md")
    for method, function in methods.items():
        _check_takes(function, method, label)
    return Spoken(name, methods)


def _module(name: str, label: str) -> object:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    heard = _Heard()
    try:
        with contextlib.redirect_stdout(heard):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            near = nearest(name, _modules_here())
            remedy = f'did you mean "{near}"?' if near else "modules are found from the current folder, and among what is installed"
            raise InputError(f"names the module {name}, which is not there", key=label, remedy=remedy) from None
        raise _unimportable(name, error, label) from error
    except (Exception, SystemExit) as error:
        raise _unimportable(name, error, label) from error


def _unimportable(name: str, error: BaseException, label: str) -> InputError:
    return InputError(f"names the module {name}, which cannot be imported: {_told(error)}", key=label, remedy=f'python -c "import {name}" shows where')


def _modules_here() -> list[str]:
    here = Path.cwd()
    return sorted({*(path.stem for path in here.glob("*.py")), *(path.parent.name for path in here.glob("*/__init__.py"))})


def _check_takes(function: Callable[..., object], method: str, label: str) -> None:
    """Hold a function against how it will be called, before it is."""
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InputError(f"has an {method} that is no plain function, but a coroutine or a generator", key=label, remedy="wrap it: asyncio.run(…), list(…)")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a function of C says nothing of itself
        return
    arguments: tuple[object, ...] = () if method == "describe" else ({},)
    try:
        signature.bind(*arguments)
    except TypeError:
        wanted = "no argument" if method == "describe" else "one argument, the params"
        raise InputError(f"has an {method} that must take {wanted}, takes {signature}", key=label, remedy="see docs/target-protocol.md") from None


class _Heard(io.TextIOBase):
    """Keeps the end of what is printed, so that it is shown with a failure and nowhere else."""

    def __init__(self) -> None:
        self._text = ""

    @property
    def tail(self) -> str:
        return self._text[-_LOG_CHARACTERS:]

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._text += text
        if len(self._text) > 2 * _LOG_CHARACTERS:
            self._text = self.tail
        return len(text)


def _written(result: object) -> bytes:
    """Write a result as JSON. NaN is written as it is: the reader refuses it, as from any target."""
    return json.dumps(result, default=_plain, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    """Return what JSON has a form for instead of an array, a number, a list or a dict of another make."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (Decimal, Fraction)):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    for method in ("tolist", "to_list"):  # of numpy's arrays and numbers, of columns
        if callable(getattr(value, method, None)):
            return getattr(value, method)()
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a {type(value).__name__}")


def _told(error: BaseException) -> str:
    """Return an error on one line, with where in the user's code it was raised."""
    frames = traceback.extract_tb(_users(error.__traceback__))
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""  # noqa: PTH119 - it need be no path: <string>
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an error that cannot even be told
        said = ""
    return f"{type(error).__name__}{place}{f': {said}' if said else ''}"


def _traceback(error: BaseException) -> str:
    told = "".join(traceback.format_exception(type(error), error, _users(error.__traceback__)))
    return told[-_LOG_CHARACTERS:]


def _whereabouts(late: TooLong) -> str:
    """Return where the code was when its time was up; the last frame is the alarm's own."""
    lines = traceback.format_list(traceback.extract_tb(_users(late.__traceback__))[:-1])
    return f"When the time was up, it was here:\n{''.join(lines)}"[-_LOG_CHARACTERS:]


def _users(trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that is the user's: without our own frames, and those of the import machinery, at its top."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS):
        trace = trace.tb_next
    return trace
