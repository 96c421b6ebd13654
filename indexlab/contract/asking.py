"""The audits of a pytest session: which tests share one, and what pytest's terminal says while it runs."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from indexlab.audit.events import Progress, TargetStarted
from indexlab.contract.once import Audits
from indexlab.contract.outcomes import end_as
from indexlab.report.plain import plain
from indexlab.report.words import count, count_of

if TYPE_CHECKING:
    from indexlab.audit.events import Event
    from indexlab.contract.wanted import Asked, Policy

__all__ = ["ask"]

_AUDITS: Final = pytest.StashKey[Audits]()
_TENTH: Final = 10


def ask(item: pytest.Item, audit: Asked, name: str, policy: Policy) -> None:
    """End a test of a property as the audit says, which is run where no test of the session has run it yet. Raises InputError where it cannot be run."""
    config = item.config
    if _AUDITS not in config.stash:
        shared = getattr(config, "workerinput", {}).get("indexlab_shared")
        config.stash[_AUDITS] = Audits(config.invocation_params.dir, None if shared is None else Path(shared), _Said(config))
    end_as(config.stash[_AUDITS].outcome(audit, name), item, policy)


class _Said:
    """Says on pytest's terminal that an audit is running, and with -v how far it is; a worker of xdist has no terminal, and -q wants nothing said."""

    def __init__(self, config: pytest.Config) -> None:
        self.terminal = config.pluginmanager.get_plugin("terminalreporter")
        self.capturing = config.pluginmanager.get_plugin("capturemanager")
        self.verbosity = config.get_verbosity()
        self.tenths = 0

    def handle(self, event: Event) -> None:
        """Say a line, where one is due."""
        if isinstance(event, TargetStarted):
            self.tenths = 0
            self.say(f"asking {plain(event.target, most=60)}: {count_of(event.planned, 'scenario')}")
        elif isinstance(event, Progress) and event.phase == "search" and event.done * _TENTH // max(event.planned, 1) > self.tenths:
            self.tenths = event.done * _TENTH // max(event.planned, 1)
            self.say(f"{count(event.done)} of {count(event.planned)} scenarios, {count_of(event.breaches, 'property', 'properties')} broken", least=1)

    def say(self, text: str, *, least: int = 0) -> None:
        """Say a line, where as much as that is to be said."""
        if self.terminal is None or self.verbosity < least:
            return
        # while a test runs, what is written goes to its captured output
        capturing = self.capturing.global_and_fixture_disabled() if self.capturing is not None else nullcontext()
        with capturing:
            self.terminal.ensure_newline()
            self.terminal.write_line(f"indexlab: {text}")
            self.terminal.flush()
