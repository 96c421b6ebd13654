"""`indexlab replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexlab.commands.completing import complete_findings_or_fixtures, complete_targets
from indexlab.commands.reaching import reaching_options
from indexlab.commands.replay_folder import replay_folder

if TYPE_CHECKING:
    from indexlab.targets.options import TargetOptions
    from indexlab.targets.reaching import Reaching

__all__ = ["replay"]


@click.command(short_help="Ask a finding again (FIXED or BROKEN), or all of a run; or run targets over a fixture.")
@click.argument("what", metavar="[FILE|DIR|FIXTURE-ID]", required=False, shell_complete=complete_findings_or_fixtures)
@click.argument("targets", metavar="[TARGET]...", nargs=-1, shell_complete=complete_targets)
@click.option("--against", default="", metavar="TARGET", help="Where two targets did not agree: hold it against this one, not the finding's own second.")
@click.option("--all", "whole", is_flag=True, help="Ask all findings of a run's folder DIR again (default: of the newest run), a line each.")
@click.option("--format", "formats", multiple=True, metavar="NAME[=FILE]", help="With --all: write junit too, into FILE or in place of the text.")
@click.option("--no-baseline", is_flag=True, help="With --all: let findings fail that the baseline knows.")
@reaching_options
def replay(what: str | None, targets: tuple[str, ...], against: str, reaching: Reaching, **options: Any) -> int:  # noqa: ANN401 - those of --all
    """Replay a finding's FILE against its target (or another): BROKEN exits 1, FIXED 0, INCONCLUSIVE (it could not be judged) 4.

    With --all a folder's: BROKEN exits 1 unless the baseline knows it, ERROR (a file or a target that cannot be asked) 2 or 3, INCONCLUSIVE 4, else 0.

    Or run targets over a fixture and show what the index did; without TARGET, under the rules of its day, where it has them, and under deribit-2019.
    """
    from indexlab.audit.effective import options_here
    from indexlab.audit.replay import is_finding_file, replay_finding
    from indexlab.audit.save import read_finding
    from indexlab.report.replayed import replayed_fixture, replayed_text

    def reached(label: str) -> TargetOptions:
        return options_here(reaching, label, Path.cwd())

    if options.pop("whole"):
        return replay_folder(what, targets, against, reaching, **options)
    if what is None:
        message = "name a finding's file, a fixture, or --all"
        raise click.UsageError(message)
    if options["formats"] or options["no_baseline"]:
        message = "--format and --no-baseline are for --all"
        raise click.UsageError(message)
    if is_finding_file(what):
        if reaching.headers and not targets:
            message = "--header needs TARGET to be named: what may be secret goes to no address that a file names"
            raise click.UsageError(message)
        labels = targets or (read_finding(Path(what)).target,)
        answers = [replay_finding(Path(what), label, reached(label), against) for label in labels]
        for answer in answers:
            click.echo(replayed_text(answer))
        said = {answer.answer for answer in answers}
        return 1 if "BROKEN" in said else 4 if "INCONCLUSIVE" in said else 0
    click.echo(replayed_fixture(what, targets, reached))
    return 0
