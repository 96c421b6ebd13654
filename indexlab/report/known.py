"""What reports say of the baseline: how many findings are known, which of them no longer are, and which occur no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.report.plain import plain
from indexlab.report.words import count_of, scenarios_text

if TYPE_CHECKING:
    from indexlab.audit.events import AuditResult, Known, KnownFinding

__all__ = ["baseline_lines", "known_text"]

_LONGEST = 400


def known_text(known: Known) -> str:
    """Return what is said below a finding that the baseline names."""
    owner = f" ({plain(known.owner, most=60)})" if known.owner else ""
    day, reason = plain(known.until, most=20), plain(known.reason, most=_LONGEST)
    return f"known until {day}, which is over{owner}: {reason}" if known.expired else f"known until {day}{owner}: {reason}"


def baseline_lines(result: AuditResult) -> list[str]:
    """Return a line for what is known, and one for each entry that is expired or occurs no longer."""
    use = result.baseline
    if use is None:
        return []
    name = plain(use.file, most=60)
    lines = [
        f"{name}: {count_of(use.known, 'finding')} of this audit {'is' if use.known == 1 else 'are'} known and {'does' if use.known == 1 else 'do'} not fail it"
    ]
    lines += [f"expired on {plain(one.until, most=20)}: {_entry(one)}: mend it, or give it another day with `indexlab baseline add`" for one in use.expired]
    ran = scenarios_text(result)
    lines += [
        f"no longer occurs (not found in {ran}): {_entry(one)}: remove it with `indexlab baseline remove {plain(one.fingerprint, most=20)}`" for one in use.gone
    ]
    return lines


def _entry(one: KnownFinding) -> str:
    owner = f", {plain(one.owner, most=60)}" if one.owner else ""
    return f"{plain(one.fingerprint, most=20)} {plain(one.property, most=40)} of {plain(one.target, most=60)} ({plain(one.reason, most=_LONGEST)}{owner})"
