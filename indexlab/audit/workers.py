"""Where units are done: in this process, or in a pool of processes that each load the libraries once."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from indexlab.audit.work import close_targets, enough, prepare_worker
from indexlab.market.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from multiprocessing.process import BaseProcess

__all__ = ["Workers", "WorkersLost"]

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Made = TypeVar("Made")
_POLL_SECONDS = 0.1
_UNKNOWN = 255
"""The status of a worker when the process that starts workers, and hears how they end, is gone itself."""


class WorkersLost(HarnessError):  # noqa: N818 - it reads as what happened
    """A worker process was ended from outside, and the others with it; what is asked of them afterwards is done in this process."""


class Workers:
    """Does units in order. `hurry` is asked while they run: once it says so, units and shrinks that are under way end where they are."""

    def __init__(self, jobs: int) -> None:
        """Start `jobs` processes; with one, work is done here."""
        self.jobs = jobs
        self.pool: ProcessPoolExecutor | None = None
        self.strangers = set(multiprocessing.active_children())
        self.processes: set[BaseProcess] = set()
        context = multiprocessing.get_context("forkserver")
        self.hurried = context.Event()
        if jobs > 1:
            context.set_forkserver_preload(["indexlab.audit.work"])
            self.pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=prepare_worker, initargs=(self.hurried,))

    def in_order(
        self,
        function: Callable[[Shared, Item], Made],
        shared: Shared,
        items: Sequence[Item],
        *,
        stop: Callable[[], bool],
        hurry: Callable[[], bool],
    ) -> Generator[Made, None, None]:
        """Yield the results in the order of the items, until they end or `stop` says so; `shared` goes with every item. Raises WorkersLost."""
        self.hurried.clear()
        if self.pool is None:
            enough.ask = hurry
            for item in items:
                if stop():
                    return
                yield function(shared, item)
            return
        yield from self._in_pool(self.pool, function, shared, deque(items), stop, hurry)

    def _in_pool(
        self,
        pool: ProcessPoolExecutor,
        function: Callable[[Shared, Item], Made],
        shared: Shared,
        left: deque[Item],
        stop: Callable[[], bool],
        hurry: Callable[[], bool],
    ) -> Generator[Made, None, None]:
        waiting: deque[Future[Made]] = deque()
        try:
            while left or waiting:
                while left and len(waiting) < 2 * self.jobs:
                    waiting.append(_submitted(pool, function, shared, left.popleft()))
                    self.processes |= set(multiprocessing.active_children()) - self.strangers
                while not waiting[0].done():
                    if hurry():
                        self.hurried.set()
                    if stop():
                        return
                    wait([waiting[0]], timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                yield waiting.popleft().result()
        except BrokenProcessPool:
            self.pool = None
            pool.shutdown(wait=True)
            raise WorkersLost(_lost(self.processes)) from None
        finally:
            for future in waiting:
                future.cancel()

    def close(self, *, at_once: bool) -> None:
        """End the workers: what they are doing is finished first, or, `at_once`, is dropped and they are ended with their targets."""
        self.hurried.set()
        if self.pool is not None:
            try:
                self.pool.shutdown(wait=not at_once, cancel_futures=True)
            except BaseException:  # whoever asks again to stop waits for nobody
                at_once = True
                raise
            finally:
                if at_once:
                    # children that were there before us are somebody else's
                    for child in set(multiprocessing.active_children()) - self.strangers:
                        child.terminate()
        enough.ask = lambda: False
        close_targets()


def _submitted(pool: ProcessPoolExecutor, function: Callable[[Shared, Item], Made], shared: Shared, item: Item) -> Future[Made]:
    """Hand an item to the pool. Raises BrokenProcessPool, also where the process that starts workers is gone."""
    try:
        return pool.submit(function, shared, item)
    except ConnectionError as error:
        raise BrokenProcessPool from error


def _lost(processes: Iterable[BaseProcess]) -> str:
    """Say what ended the first of the workers: the rest were ended by the pool, with SIGTERM."""
    told = [-signal.SIGTERM if code == 128 + signal.SIGTERM else code for code in (process.exitcode for process in processes) if code]
    codes = sorted(told, key=[-signal.SIGTERM, _UNKNOWN].count)
    ended = f"ended with status {codes[0]}" if codes else "was ended"
    if codes and codes[0] == _UNKNOWN:
        ended = "was ended from outside, or the one that starts them was; by what signal is not known"
    if codes and codes[0] < 0:
        with suppress(ValueError):
            ended = f"was ended by {signal.Signals(-codes[0]).name}"
    memory = ", as an operating system does that runs out of memory; fewer --jobs take less" if codes and codes[0] == -signal.SIGKILL else ""
    return f"a worker process {ended}{memory}"
