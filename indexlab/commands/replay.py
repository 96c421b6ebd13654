"""`indexlab replay`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["replay"]


@click.command(short_help="Ask a finding again (FIXED or BROKEN), or run targets over a fixture.")
@click.argument("what", metavar="FILE|FIXTURE-DIR|FIXTURE-ID")
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
def replay(what: str, targets: tuple[str, ...]) -> int:
    """Replay a finding's FILE against its target (or another): BROKEN exits 1, FIXED 0, INCONCLUSIVE (it could not be judged) 4.

    Or run targets over a fixture and show what the index did; without TARGET, under the rules of its day, where it has them, and under deribit-2019.
    """
    from indexlab.audit.replay import is_finding_file, replay_finding
    from indexlab.report.replayed import replayed_fixture, replayed_text

    if is_finding_file(what):
        answers = [replay_finding(Path(what), label) for label in (targets or (None,))]
        for answer in answers:
            click.echo(replayed_text(answer))
        said = {answer.answer for answer in answers}
        return 1 if "BROKEN" in said else 4 if "INCONCLUSIVE" in said else 0
    click.echo(replayed_fixture(what, targets))
    return 0
