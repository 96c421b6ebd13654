"""The command line: it parses, calls one function below, and prints. Heavy libraries load when a command needs them.

Exit codes: 0 done and nothing wrong; 1 what was looked at does not hold; 2 usage or input; 3 a failure of indexlab itself;
4 (audit) an applicable property was inconclusive and nothing violated; 5 (audit) nothing selected; 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from indexlab import __version__
from indexlab.market.errors import HarnessError, IndexlabError, InputError, NothingSelected, TargetFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from indexlab.audit.events import AuditResult
    from indexlab.index.rules import Declaration
    from indexlab.targets.target import Target

__all__ = ["main"]

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Program(click.Group):
    """The commands, and the one place where what went wrong becomes a line and an exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the signature is click's
        """Run a command; a user's mistake is one line, a failure of ours says that it is ours."""
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except click.ClickException as error:
            error.show()
            sys.exit(2)
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            sys.exit(130)
        except NothingSelected as error:
            _fail(str(error), 5)
        except (InputError, TargetFailure) as error:
            _fail(str(error), 2)
        except BrokenPipeError:
            # whoever read us has gone: no message can reach them
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except (IndexlabError, Exception) as error:  # noqa: BLE001 - the last door: nothing escapes as a bare traceback with exit 1
            if os.environ.get("INDEXLAB_TRACEBACK"):
                traceback.print_exc()
            _fail(f"this is a failure of indexlab itself, not of what it tested: {type(error).__name__}: {error} (INDEXLAB_TRACEBACK=1 shows where)", 3)
        sys.exit(code if isinstance(code, int) else 0)


def _fail(text: str, code: int) -> NoReturn:
    click.echo(f"indexlab: {text}", err=True)
    sys.exit(code)


@click.group(cls=_Program, context_settings=_CONTEXT)
@click.version_option(__version__, message="indexlab %(version)s")
def main() -> None:
    """Test that a single broken source does not move anybody's margin state.

    \b
    indexlab audit                                survey the bundled methodologies
    indexlab audit exec:"./acme-index --stdio"    audit your own index, in any language
    indexlab replay FINDING.json                  ask a finding again: FIXED or BROKEN
    """  # noqa: D301 - click's mark for lines that stay as they are


def _split(_: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(word.strip() for each in value for word in each.split(",") if word.strip())
    if value and not words:
        message = "names nothing"
        raise click.BadParameter(message, param=parameter)
    return words


def _pairs(_: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[tuple[str, object], ...]:
    pairs: list[tuple[str, object]] = []
    for each in value:
        key, equals, text = each.partition("=")
        if not equals:
            message = f'must be KEY=VALUE, was "{each}"'
            raise click.BadParameter(message, param=parameter)
        plain: object = {"true": True, "false": False}.get(text, text)
        if key in {"min_sources", "faulty_sources"} and text.isdigit():
            plain = int(text)
        elif key == "tick":
            try:
                plain = float(text)
            except ValueError:
                plain = text
        pairs.append((key, plain))
    return tuple(pairs)


@main.command(short_help="Audit indexes: what breaks their promise, and the smallest scenario that shows it.")
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
@click.option("--plan", type=click.Path(path_type=Path), help="The plan file (default: indexlab.toml, found upward from here).")
@click.option("--profile", metavar="quick|ci|nightly", help="How much to search (default: quick).")
@click.option("--only", multiple=True, callback=_split, metavar="ID,…", help="Judge these properties alone.")
@click.option("--skip", multiple=True, callback=_split, metavar="ID,…", help="Leave these properties out.")
@click.option("--fixture", "fixtures", multiple=True, metavar="ID-OR-DIR", help="Inject faults into this market's quotes too; may be repeated.")
@click.option("--seed", type=click.IntRange(0), help="The same seed gives the same findings (default: 0).")
@click.option("--out", type=click.Path(path_type=Path), help="The folder for the report (default: reports/NAME-SEED).")
@click.option("--jobs", type=click.IntRange(1, 256), help="Worker processes (default: one a core); findings do not depend on it.")
@click.option(
    "--expect", multiple=True, callback=_pairs, metavar="KEY=VALUE", help="A promise, stronger than the plan file's, e.g. max_age=3m; may be repeated."
)
@click.option("--estimate", type=click.IntRange(0, 10_000_000), metavar="N", help="Run N independent cases too, and bound how likely a breach is.")
@click.option("--require-coverage", is_flag=True, help="Exit 4 where a fault, a market regime and a property were not seen together.")
def audit(**given: Any) -> int:  # noqa: ANN401 - click hands over what it parsed
    """Audit each TARGET; without one, survey the bundled methodologies (a survey judges nobody, and exits 0).

    \b
    TARGET  preset:NAME      a bundled methodology ("indexlab methods list")
            file:PATH.toml   a methodology of your own
            exec:COMMAND     a process that speaks the target protocol, in any language
            planted:DEFECT@METHOD, right:NAME   our own wrong and right indexes ("indexlab power")
            @reference after a preset or a file: the textbook instead of the engine, exact and slow

    Exit codes: 0 nothing judged was violated, 1 violated, 2 bad usage or input, 3 a failure of indexlab itself, 4 an applicable property was inconclusive and
    nothing violated, 5 nothing selected, 130 interrupted (what was found is written).
    """  # noqa: D301 - click's mark for lines that stay as they are
    from indexlab.audit.effective import Flags, effective_plan, made_folder

    stop = _stop_on_interrupt()
    plan, wanted, base = effective_plan(Flags(**given), Path.cwd(), os.cpu_count() or 1, time.monotonic, stop)
    if base != Path.cwd():
        click.echo(f"in {base}, where the plan lies", err=True)
        os.chdir(base)
    return _show(plan, wanted, made_folder)


def _stop_on_interrupt() -> Callable[[], bool]:
    """Let the first Ctrl-C end the audit in good order, the second one at once."""
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        click.echo("\ninterrupted: writing what was found (once more to stop at once)", err=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return lambda: bool(asked)


def _show(plan: Any, wanted: Path, made_folder: Callable[..., tuple[Any, Path]]) -> int:  # noqa: ANN401 - types of floors that load late
    import msgspec

    from indexlab.audit.events import AuditFinished, FindingFound
    from indexlab.audit.results import exit_code
    from indexlab.audit.run import audit as run_audit
    from indexlab.audit.run import checked
    from indexlab.audit.save import Journal, save_finding
    from indexlab.report.files import ReportFiles
    from indexlab.report.terminal import Terminal

    checked(plan)
    plan, folder = made_folder(plan, wanted)
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    terminal, journal, files = Terminal(), Journal(folder), ReportFiles(folder)
    result: AuditResult | None = None
    try:
        for event, saved in run_audit(plan):
            if isinstance(event, FindingFound) and saved is not None:
                save_finding(folder, event.finding, saved)
            if isinstance(event, AuditFinished):
                result = msgspec.structs.replace(event.result, started=started)
                event = AuditFinished(result)  # noqa: PLW2901 - only the door knows the time
            # the terminal comes first: what was found is said even where a full disk takes no more files
            terminal.handle(event)
            journal.handle(event)
            files.handle(event)
    finally:
        terminal.close()
    return 3 if result is None else exit_code(result)


@main.command(short_help="Measure the harness: which planted defects it finds, and whether it is silent where nothing is wrong.")
@click.argument("kind", metavar="[in-process|process]", required=False)
@click.option("--profile", metavar="quick|ci|nightly", help="How much to search for each defect (default: quick).")
@click.option("--only", multiple=True, callback=_split, metavar="DEFECT,…", help="Look at these planted defects alone, and at no right target.")
@click.option("--seed", type=click.IntRange(0), help="The same seed gives the same kills (default: 0).")
@click.option("--out", type=click.Path(path_type=Path), help="The folder for power.json and power.html (default: reports/power-SEED).")
@click.option("--jobs", type=click.IntRange(1, 256), help="Worker processes (default: one a core).")
def power(kind: str | None, profile: str | None, only: tuple[str, ...], seed: int | None, out: Path | None, jobs: int | None) -> int:
    """Run the audit against every planted defect, and at quick with one seed against targets that are right.

    Through processes (`process`) a few defects are looked at: each costs seconds there.

    Exit codes: 0 every defect killed and no false alarm, 1 not so, 2 bad usage, 130 interrupted (what was measured is written).
    """
    from indexlab.report.power_run import measure_power

    jobs = jobs or max(min(os.cpu_count() or 1, 8), 1)
    return measure_power(kind, profile, seed, jobs, only, out, time.monotonic, _stop_on_interrupt())


@main.command(short_help="Ask a finding again (FIXED or BROKEN), or run targets over a fixture.")
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


@main.command(short_help="Serve a target by the target protocol, on standard input and output or over HTTP.")
@click.argument("target", metavar="TARGET")
@click.option("--stdio", is_flag=True, help="One JSON object a line on standard input and output (the default).")
@click.option("--http", "port", metavar="PORT", type=click.IntRange(0, 65535), help="Over HTTP on 127.0.0.1 instead; 0 takes any free port.")
def serve(target: str, port: int | None, *, stdio: bool) -> int:
    """Serve TARGET by the target protocol, until the input ends or Ctrl-C: a right index to compare with, from any language.

    \b
    TARGET  preset:NAME      a bundled methodology ("indexlab methods list")
            file:PATH.toml   a methodology of your own
            exec:COMMAND     a process that speaks the target protocol, in any language
            ...@reference    after a preset or a file: the textbook, exact and slow

    \b
    indexlab serve preset:okx-2018
    indexlab serve file:rules.toml@reference
    indexlab serve exec:"./acme-index --stdio" --http 8080
    curl --data @request.json http://127.0.0.1:8080/index
    """  # noqa: D301 - click's mark for lines that stay as they are
    if stdio and port is not None:
        message = "--stdio and --http exclude each other"
        raise click.UsageError(message)
    from indexlab.targets.resolve import open_target

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a target with a process of its own is closed
    try:
        with open_target(target) as opened:
            if port is None:
                _serve_lines(opened)
            else:
                _serve_http(opened, port)
    except KeyboardInterrupt:
        return 130
    return 0


def _serve_lines(target: Target) -> None:
    from indexlab.targets.serve import protocol_output, serve_lines, warm

    write = protocol_output()
    warm(target)
    serve_lines(target, sys.stdin.buffer, write)


def _serve_http(target: Target, port: int) -> None:
    from indexlab.targets.serve import warm
    from indexlab.targets.serve_http import HttpServer

    with HttpServer(target, port) as server:
        warm(target)
        click.echo(f"serving {target.label} on {server.address}", err=True)
        server.serve_forever()


@main.group(short_help="The bundled methodologies: list, show, check, diff.")
def methods() -> None:
    """Published index methodologies as declarations, dated and cited."""


@methods.command("list")
def methods_list() -> None:
    """List the methodologies: date, venue, grade of the evidence, name, and how many keys are assumed."""
    from indexlab.index.catalogue import left_out, preset, preset_names

    rows = []
    for name in preset_names():
        found = preset(name)
        methodology = found.methodology
        rows.append((name, methodology.date, methodology.venue, methodology.grade or "-", methodology.name, f"{len(found.assumed)} assumed"))
    _table(rows)
    for problem in left_out():
        click.echo(f"left out: {problem}", err=True)


@methods.command("show")
@click.argument("name")
def methods_show(name: str) -> None:
    """Show a methodology as a definition sheet; NAME is a bundled one or a TOML file."""
    from indexlab.index.sheet import sheet

    click.echo(sheet(_methodology(name)))


@methods.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def methods_check(file: Path) -> None:
    """Check a methodology FILE of your own, and say what it leaves unspecified."""
    from indexlab.index.declaration import load_declaration
    from indexlab.index.sheet import questions

    declaration = load_declaration(file)
    click.echo(f"{file}: a methodology that indexlab can run")
    for question in questions(declaration):
        click.echo(f"  - {question}")
    click.echo(f"{len(declaration.assumed)} key(s) marked assumed")


@methods.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
def methods_diff(first: str, second: str) -> None:
    """Say in words what changed from methodology A to B; each is a bundled one or a TOML file."""
    from indexlab.index.difference import difference

    click.echo(difference(_methodology(first), _methodology(second)))


def _methodology(name: str) -> Declaration:
    from indexlab.index.catalogue import preset
    from indexlab.index.declaration import load_declaration

    return load_declaration(Path(name)) if name.endswith(".toml") else preset(name)


@main.group(short_help="The properties: list, show.")
def properties() -> None:
    """Statements that an index must keep."""


@properties.command("list")
def properties_list() -> None:
    """List the properties."""
    from indexlab.properties.registry import properties as all_properties

    _table([(prop.id, prop.statement) for prop in all_properties()])


@properties.command("show")
@click.argument("id")
def properties_show(id: str) -> None:  # noqa: A002 - the word of the command's help
    """Show one property: its statement, when it is judged and by what, who was hurt by its absence, and a violation of it."""
    from indexlab.properties.registry import find_property
    from indexlab.report.described import property_text

    click.echo(property_text(find_property(id)))


@main.group(short_help="The faults: list, show.")
def faults() -> None:
    """What breaks a source."""


@faults.command("list", short_help="List the faults, and the true market moves.")
def faults_list() -> None:
    """List the faults by family, and the true market moves, which an index must follow."""
    from indexlab.faults.listing import listing

    click.echo(listing())


@faults.command("show", short_help="Show what a fault does to a small market.")
@click.argument("name")
@click.option("--svg", metavar="FILE", type=click.Path(path_type=Path), help="Draw it into this file as well, as SVG.")
def faults_show(name: str, svg: Path | None) -> None:
    """Show what a fault, or a true market move, does to a small market, and what its intensity means."""
    from indexlab.faults.registry import BUNDLED
    from indexlab.faults.show import picture

    try:
        click.echo(picture(name))
    except HarnessError as error:
        if name in BUNDLED:
            raise
        raise InputError(str(error), remedy="mend or uninstall the package that brings it") from error
    if svg is not None:
        from indexlab.report.fault_picture import write_svg

        write_svg(name, svg)


@main.group(short_help="Recorded, reconstructed and synthetic markets: list, show, check, import.")
def fixtures() -> None:
    """Markets to run over, a folder each, with fixture.toml."""


@fixtures.command("list")
def fixtures_list() -> None:
    """List the bundled fixtures."""
    from indexlab.market.fixture import find_fixture, fixture_ids, load_fixture

    rows = []
    for name in fixture_ids():
        fixture = load_fixture(find_fixture(name))
        rows.append((name, fixture.kind, f"{len(fixture.basket)} sources", fixture.title))
    _table(rows)


@fixtures.command("show")
@click.argument("fixture", metavar="ID-OR-DIR")
def fixtures_show(fixture: str) -> None:
    """Show a fixture: what, when, sources, silences, provenance."""
    from indexlab.market.fixture import find_fixture, load_fixture
    from indexlab.report.described import fixture_text

    click.echo(fixture_text(load_fixture(find_fixture(fixture))))


@fixtures.command("check")
@click.argument("fixture", metavar="ID-OR-DIR")
def fixtures_check(fixture: str) -> int:
    """Check a fixture's files against what it declares; exit 1 where something does not hold."""
    from indexlab.market.fixture import check_fixture, find_fixture

    problems = check_fixture(find_fixture(fixture))
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{fixture}: found nothing wrong")
    return 1 if problems else 0


@fixtures.group("import", short_help="Make a fixture of files that a feed reads.")
def fixtures_import() -> None:
    """Make a fixture of files."""


@fixtures_import.command("candles")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--id", "name", required=True, help="The fixture's id.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder in which DIR/ID is made.")
@click.option("--source", "named", multiple=True, metavar="ID=FILE", help="A file whose name does not say its venue and pair; may be repeated.")
@click.option("--title", default="", help="What it is, in a few words.")
@click.option("--licence", default="unknown", show_default=True, help="Under which licence the data may be used.")
def import_candles(files: tuple[Path, ...], name: str, out: Path, named: tuple[str, ...], title: str, licence: str) -> None:
    """Import minute candles (ts, open, high, low, close, volume, trades; gzip or not) as quotes.

    The file name VENUE_BASE-QUOTE.* gives id, venue and quote currency. The close counts, at the end of its minute; a minute with volume 0 is no new quote.
    """
    from indexlab.market.feed import import_fixture

    sources = {}
    for each in named:
        source, equals, path = each.partition("=")
        if not equals:
            message = f'must be ID=FILE, was "{each}"'
            raise click.BadParameter(message, param_hint="--source")
        sources[source] = path
    folder = import_fixture("candles", files, id=name, out=out, sources=sources, title=title or None, licence=licence)
    click.echo(f"wrote {folder}")


def _table(rows: Iterable[tuple[str, ...]]) -> None:
    listed = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in listed) for column in range(len(listed[0]) - 1)] if listed else []
    for row in listed:
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))


if __name__ == "__main__":
    main()
