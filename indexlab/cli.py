"""The command line: the commands of `indexlab.commands`, and what their errors end with. Heavy libraries load when a command needs them.

Exit codes: 0 done and nothing wrong; 1 what was looked at does not hold; 2 usage or input; 3 a failure of indexlab itself;
4 (audit) an applicable property was inconclusive and nothing violated; 5 (audit) nothing selected; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, NoReturn

import click

from indexlab.commands.audit import audit
from indexlab.commands.baseline import baseline
from indexlab.commands.compare import compare
from indexlab.commands.completion import completion
from indexlab.commands.faults import faults
from indexlab.commands.fixtures import fixtures
from indexlab.commands.init import init
from indexlab.commands.margin import margin
from indexlab.commands.methods import methods
from indexlab.commands.power import power
from indexlab.commands.properties import properties
from indexlab.commands.replay import replay
from indexlab.commands.schema import schema
from indexlab.commands.serve import serve
from indexlab.commands.target import target
from indexlab.commands.version import show_version
from indexlab.market.errors import IndexlabError, InputError, NothingSelected, TargetFailure

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
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Show the version, and those of what it runs on, and exit."
)
def main() -> None:
    """Test that a single broken source does not move anybody's margin state.

    \b
    indexlab audit                                survey the bundled methodologies
    indexlab audit exec:"./acme-index --stdio"    audit your own index, in any language
    indexlab replay FINDING.json                  ask a finding again: FIXED or BROKEN
    indexlab init                                 write a plan, a test file and a CI workflow for your own
    """  # noqa: D301 - click's mark for lines that stay as they are


for _command in (audit, baseline, compare, power, replay, schema, serve, target, methods, properties, faults, fixtures, margin, init, completion):
    main.add_command(_command)


if __name__ == "__main__":
    main()
