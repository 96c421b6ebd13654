"""`indexlab target`: check (and, beside it, new)."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexlab.commands.completing import complete_languages, complete_targets
from indexlab.commands.reaching import reaching_options

if TYPE_CHECKING:
    from indexlab.targets.reaching import Reaching

__all__ = ["target"]


@click.group(short_help="Targets: have a first conversation with one, or start one of your own.")
def target() -> None:
    """What an implementer of the target protocol needs."""


@target.command("check", short_help="Have a first conversation with a target: what is right and wrong with its answers.")
@click.argument("label", metavar="[TARGET]", required=False, shell_complete=complete_targets)
@click.option("--show", is_flag=True, help="Print what is sent at each step, as JSON.")
@reaching_options
def target_check(label: str | None, reaching: Reaching, *, show: bool) -> int:
    """Talk with TARGET step by step, and say of each answer whether it is right, what was expected, and what to do next.

    TARGET is exec:COMMAND, http://…, https://… or python:MODULE:ATTRIBUTE; without one it is that of the plan file. Ask it again after each mend, until
    all is right; what one broken source can do to an index is for an audit to find.

    Exit codes: 0 nothing is wrong, 1 something is, 2 bad usage or input.
    """
    from indexlab.audit.effective import talk_of
    from indexlab.audit.first_talk import first_talk
    from indexlab.report.first_talk_text import closing_text, step_text, talk_exit_code
    from indexlab.targets.resolve import open_target

    plan = talk_of(label, reaching, Path.cwd())
    if plan.base != Path.cwd():
        click.echo(f"in {plan.base}, where the plan lies", err=True)
        os.chdir(plan.base)
    steps = []
    with open_target(plan.target, plan.options) as opened:
        click.echo(f"A first conversation with {plan.target}\n")
        for step in first_talk(opened, time.perf_counter, layers=plan.layers, basket=plan.sources):
            steps.append(step)
            click.echo(step_text(step, show=show))
    named = [] if label is None else [label, *(["--header", "…"] if reaching.headers else []), *(["--isolate"] if reaching.isolate else [])]
    click.echo(f"\n{closing_text(steps, shlex.join(['indexlab', 'audit', *named]), shlex.join(['indexlab', 'target', 'check', *named]))}")
    return talk_exit_code(steps)


@target.command("new", short_help="Write a complete starting target in a language, to make your own.")
@click.argument("language", metavar="LANGUAGE", shell_complete=complete_languages)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def target_new(language: str, folder: Path) -> None:
    """Write a starting target into DIR, which is new or empty: a right index in LANGUAGE, with the standard library alone.

    LANGUAGE is python, node, go, rust, java or cpp. Beside the code lie README.md, which says how to run and audit it, and indexlab.toml.
    """
    from indexlab.commands.writing import empty_folder, say_next, write_files
    from indexlab.targets.starting.languages import find_language, target_files

    found = find_language(language)
    into = empty_folder(folder)
    name = into.resolve().name or "my-index"
    write_files({into / path: text for path, text in target_files(found, name).items()})
    check = f'indexlab target check exec:"{found.command()}"'
    say_next([command for command in (f"cd {shlex.quote(str(into))}", found.build, check, "indexlab audit") if command])
