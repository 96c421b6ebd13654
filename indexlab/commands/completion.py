"""`indexlab completion`: the script that teaches a shell to complete indexlab's commands and names."""

from __future__ import annotations

import os

import click
from click.shell_completion import BashComplete, CompletionItem, ZshComplete, add_completion_class, get_completion_class, split_arg_string

from indexlab.commands.completing import complete_shells
from indexlab.market.errors import InputError, did_you_mean

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")
_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' line="${COMP_LINE:0:COMP_POINT}" kind value word
    # bash takes words apart at colons (preset:NAME); what it has of the last word already must not be said again
    word="${line##* }"
    for value in $(env COMP_WORDS="$line" %(complete_var)s=bash_complete "$1"); do
        kind="${value%%%%,*}" value="${value#*,}"
        if [[ $kind == dir ]]; then
            compopt -o dirnames
        elif [[ $kind == file ]]; then
            compopt -o default
        else
            [[ $word == *:* && $COMP_WORDBREAKS == *:* ]] && value="${value#"${word%%"${word##*:}"}"}"
            [[ $value == *[:/,] ]] && compopt -o nospace
            COMPREPLY+=("$value")
        fi
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a response
    local kind value help
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete %(prog_name)s)}")
    for kind value help in ${response}; do
        if [[ $kind == dir ]]; then
            _path_files -/
        elif [[ $kind == file ]]; then
            _path_files -f
        elif [[ $value == *[:/,] ]]; then
            compadd -U -V unsorted -S '' -- "$value"
        else
            compadd -U -V unsorted -- "$value"
        fi
    done
}

compdef %(complete_func)s %(prog_name)s
"""


@add_completion_class
class _Bash(BashComplete):
    """Completion for bash that takes the whole line apart itself, as bash does so at colons."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        return words[1:], incomplete


@add_completion_class
class _Zsh(ZshComplete):
    """Completion for zsh that puts no space behind what goes on (preset:)."""

    source_template = _ZSH

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type}\n{item.value}\n_"


@click.command(short_help="Print the script that lets bash, zsh or fish complete commands and names.")
@click.argument("shell", metavar="bash|zsh|fish", shell_complete=complete_shells)
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets a SHELL complete commands, options, targets, properties, faults, fixtures and profiles.

    \b
    bash   echo 'eval "$(indexlab completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(indexlab completion zsh)"' >> ~/.zshrc     after compinit
    fish   indexlab completion fish > ~/.config/fish/completions/indexlab.fish
    """  # noqa: D301 - click's mark for lines that stay as they are
    found = get_completion_class(shell) if shell in _SHELLS else None
    if found is None:
        raise InputError(f'must be one of {", ".join(_SHELLS)}, was "{shell}"', key="shell", remedy=did_you_mean(shell, _SHELLS))
    program = context.find_root()
    click.echo(found(program.command, {}, "indexlab", "_INDEXLAB_COMPLETE").source(), nl=False)
