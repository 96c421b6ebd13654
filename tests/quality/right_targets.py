"""Thirty right targets: declarations over bands, limits, aggregations and both clocks, each with its own honest promise."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RIGHT_TARGETS", "RightTarget"]


class RightTarget(NamedTuple):
    """A methodology that keeps what its [expect] says."""

    name: str
    text: str


def _declared(name: str, rules: str, expect: str) -> RightTarget:
    return RightTarget(name, f'[methodology]\nid = "{name}"\nname = "{name}"\n{rules}\n[expect]\n{expect}\n')


def _clamp(
    name: str, band: str, silence: str, clock: str, *, price: str = "last", invalid: str = "ignore", weights: str = "equal", below: str = "halt", more: str = ""
) -> RightTarget:
    rules = f"""
[input]
price = "{price}"
[staleness]
silence = "{silence}"
clock = "{clock}"
at_limit = "live"
[validity]
accept = "positive"
invalid = "{invalid}"
[outlier]
rule = "clamp"
band = "{band}"
comparison = ">"
[weights]
kind = "{weights}"
[aggregation]
rule = "weighted-mean"
[quorum]
ok_from = 3
below = "{below}"
{more}"""
    return _declared(name, rules, f'max_age = "{silence}"\nclock = "{clock}"')


def _drop(
    name: str,
    band: str,
    silence: str,
    clock: str,
    *,
    comparison: str = ">",
    several: str = "median",
    weights: str = "fixed",
    at_limit: str = "live",
    invalid: str = "ignore",
) -> RightTarget:
    rules = f"""
[staleness]
silence = "{silence}"
clock = "{clock}"
at_limit = "{at_limit}"
[validity]
invalid = "{invalid}"
[outlier]
rule = "drop"
band = "{band}"
comparison = "{comparison}"
several = "{several}"
[weights]
kind = "{weights}"
[aggregation]
rule = "weighted-mean"
[quorum]
ok_from = 3
below = "hold"
"""
    return _declared(name, rules, f'max_age = "{silence}"\nclock = "{clock}"')


def _robust(
    name: str,
    rule: str,
    silence: str,
    clock: str,
    *,
    even: str = "mean",
    tie: str = "lower",
    price: str = "last",
    below: str = "halt",
    invalid: str = "ignore",
    weights: str = "equal",
) -> RightTarget:
    variant = {"median": f'even = "{even}"', "weighted-median": f'tie = "{tie}"'}.get(rule, "")
    rules = f"""
[input]
price = "{price}"
[staleness]
silence = "{silence}"
clock = "{clock}"
[validity]
invalid = "{invalid}"
[outlier]
rule = "none"
[weights]
kind = "{weights}"
[aggregation]
rule = "{rule}"
{variant}
[quorum]
ok_from = 3
below = "{below}"
"""
    return _declared(name, rules, f'max_age = "{silence}"\nclock = "{clock}"')


RIGHT_TARGETS: tuple[RightTarget, ...] = (
    _clamp("clamp-half-percent", "0.5%", "60s", "event"),
    _clamp("clamp-half-percent-receive", "0.5%", "60s", "receive"),
    _clamp("clamp-30bp", "30bp", "15s", "event"),
    _clamp("clamp-1-percent-weights", "1%", "30s", "event", weights="fixed"),
    _clamp("clamp-3-percent-weights", "3%", "60s", "receive", weights="fixed"),
    _clamp("clamp-5-percent", "5%", "45s", "event"),
    _clamp("clamp-mid", "0.5%", "3m", "event", price="mid", invalid="exclude"),
    _clamp("clamp-mid-receive", "1%", "20s", "receive", price="mid"),
    _clamp("clamp-exclude", "2%", "60s", "event", invalid="exclude"),
    _clamp("clamp-hold", "2%", "90s", "event", below="hold"),
    _clamp("clamp-degrade", "2%", "60s", "event", below="degrade"),
    _clamp("clamp-10bp", "10bp", "60s", "event"),
    _drop("drop-5-percent", "5%", "60s", "event"),
    _drop("drop-5-percent-10s", "5%", "10s", "event"),
    _drop("drop-3-percent", "3%", "60s", "receive", comparison=">="),
    _drop("drop-2-percent-equal", "2%", "30s", "event", weights="equal"),
    _drop("drop-exclude", "5%", "2m", "event", invalid="exclude"),
    _drop("drop-stale-at-limit", "3%", "25s", "event", at_limit="stale"),
    _robust("median", "median", "60s", "event"),
    _robust("median-receive", "median", "60s", "receive"),
    _robust("median-lower", "median", "30s", "event", even="lower"),
    _robust("median-upper", "median", "30s", "receive", even="upper"),
    _robust("median-mid", "median", "45s", "event", price="mid"),
    _robust("median-degrade", "median", "60s", "event", below="degrade"),
    _robust("median-hold-exclude", "median", "20s", "event", below="hold", invalid="exclude"),
    _robust("weighted-median-lower", "weighted-median", "60s", "event", weights="fixed"),
    _robust("weighted-median-upper", "weighted-median", "60s", "receive", tie="upper", weights="fixed"),
    _robust("weighted-median-mean", "weighted-median", "15s", "event", tie="mean", weights="fixed"),
    _robust("trimmed", "drop-highest-and-lowest", "60s", "event"),
    _robust("trimmed-receive-hold", "drop-highest-and-lowest", "40s", "receive", below="hold"),
)
