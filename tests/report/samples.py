"""Audits made by hand for the report's tests: a judged one, a survey of eight, a hostile one."""

from __future__ import annotations

import math

import msgspec

from indexlab.audit.events import (
    AuditFinished,
    AuditResult,
    AuditStarted,
    BaselineUse,
    FaultWindow,
    Finding,
    FindingFound,
    Known,
    KnownFinding,
    Note,
    Picture,
    Progress,
    PropertyResult,
    SourcePath,
    TableRow,
    TargetFinished,
    TargetResult,
    TargetStarted,
    Worst,
)

SECOND = 1_000_000
START = 1_572_558_120 * SECOND
STATEMENTS = {
    "protocol": "every answer fits the target protocol, in time, and ok or degraded never comes with a value that is no finite positive number",
    "determinism": "the same scenario twice gives the same determinations to the bit; a run knows nothing of the run before it",
    "source-order": "renumbering the sources (and what belongs to them) changes nothing",
    "duplicates": "delivering an observation twice, one right after the other, changes nothing",
    "late-data": "an observation older than the newest one of its source changes nothing",
    "scale": "prices times c give the index times c",
    "hull": "with no faults, the index lies between the lowest and the highest price received lately",
    "invalid-values": "null, zero or negative prices are handled in one way throughout a run",
    "silent-source": "sources that fell silent have no influence as long as enough live ones remain",
    "lagging-source": "the same for sources whose event times lag",
    "single-source": "one source with any prices, times and volumes displaces the index by at most the promised displacement",
    "quorum": "below the fewest sources no determination is ok; back above it, it is ok again in time",
    "availability": "with enough live sources that agree every determination is ok or degraded",
    "responsiveness": "a true move is shown in time",
    "recovery": "after the last fault ends the twins are the same again in time",
    "margin-stability": "an account with headroom keeps its margin state while one source is broken",
}
EXPECT = {
    "min_sources": 3,
    "faulty_sources": 1,
    "max_displacement": "1%",
    "margin_headroom": "1%",
    "max_age": "60s",
    "clock": "event",
    "interval": "1s",
    "waive": {},
}
MOVES = {
    "spike": 14_285_714.2,
    "decimal": 1.2857,
    "level": 0.0142,
    "lag": 0.00131,
    "stop": 0.0004,
    "freeze": 0.0007,
    "zero": 0.142857,
    "negative": 1.9,
    "null": 0.0,
    "flap": 3e-6,
    "wash": 0.0,
    "relabelled-lag": 0.0021,
}


def picture(*, jump=1.1, states=True):
    """A silent source whose last price stays in the index until the end of the picture."""
    times = [START + second * SECOND for second in range(121)]
    clean = [64_117.5 if second < 60 else 63_850.0 for second in range(121)]
    index = [64_118.2 if second < 60 else 63_933.7 * (jump if second > 90 else 1) for second in range(121)]
    names = ("bitstamp", "coinbase", "gemini")
    sources = [
        SourcePath(name, times[offset::12], [64_115.0 + offset if s < 60 else 63_848.0 + offset for s in range(offset, 121, 12)], times[offset::12],
                   [64_115.0 + offset if s < 60 else 63_848.0 + offset for s in range(offset, 121, 12)], faulty=False)
        for offset, name in enumerate(names)
    ]  # fmt: skip
    sources.append(SourcePath("kraken", times[::10], [64_120.0] * 13, times[:31:10], [64_120.0, 64_121.0, 64_120.0, 64_120.0], faulty=True))
    changed = ["healthy"] * 92 + ["warning"] * 9 + ["liquidation"] * 20
    return Picture(
        times=times, index=index, status=["ok"] * 121, other_name="kraken absent", other=clean, other_status=["ok"] * 121, sources=sources,
        windows=[FaultWindow("stop", "kraken", START + 31 * SECOND, None)], breach_at=START + 91 * SECOND,
        account="long 1.01 x headroom" if states else "", states=changed if states else [], other_states=["healthy"] * 121 if states else [],
    )  # fmt: skip


def finding(**changes):
    """The example of the house's style guide."""
    parts = {
        "id": "7f3a-000412", "property": "silent-source", "target": "acme-index", "scenario": "7f3a-000412",
        "sentence": "90 s after kraken fell silent its last price still carries 31 % of the weight.",
        "promised": "no influence after max_age = 60 s", "seen": "index 63 933.7, with kraken absent 63 850.0 (13.1 bp)",
        "table": [
            TableRow("15:42:00", "kraken", "last quote", "64 120.0", "64 118.2", "64 117.5"),
            TableRow("15:42:01", "kraken", "fault stop begins", "", "", ""),
            TableRow("15:43:30", "coinbase", "quote", "63 850.0", "63 933.7", "63 850.0", "first breach"),
        ],
        "other_column": "kraken absent", "footnote": "(bitstamp, gemini: 1 quote each, unchanged)",
        "sources": 4, "quotes": 6, "faults": 1, "from_sources": 7, "from_quotes": 912, "from_faults": 3, "evaluations": 216, "shrink_note": "",
        "file": "findings/7f3a-000412.json", "reproduce": "indexlab replay reports/acme/findings/7f3a-000412.json exec:./acme-index",
        "fault_names": ["stop"], "picture": picture(jump=1.0), "fingerprint": "3f2a9c01b7de",
    }  # fmt: skip
    return Finding(**{**parts, **changes})


def held(key, **changes):
    """A property that held."""
    parts = {"id": key, "statement": STATEMENTS.get(key, ""), "verdict": "holds", "reason": "", "scenarios": 10_000, "premise_met": 9_412}
    return PropertyResult(**{**parts, **changes})


def judged():
    """One target that breaks a promise, with a waived, an inconclusive and an inapplicable property."""
    properties = [held(key) for key in STATEMENTS]
    by_id = {one.id: place for place, one in enumerate(properties)}
    properties[by_id["single-source"]] = held(
        "single-source", worst=Worst(0.0021, "ratio", "21.0 bp displacement", "7f3a-000031", "relabelled-lag"), premise_met=8_120
    )
    properties[by_id["responsiveness"]] = held("responsiveness", worst=Worst(2_000_000, "us", "2 s behind a move of 4 %", "7f3a-000007"))
    properties[by_id["silent-source"]] = held(
        "silent-source",
        verdict="violated",
        breaches=31,
        worst=Worst(0.00131, "ratio", "13.1 bp with a source that is silent", "7f3a-000412", "stop"),
        finding=finding(),
    )
    properties[by_id["lagging-source"]] = held("lagging-source", verdict="waived", reason="known since March, mended in 2.4", breaches=4)
    properties[by_id["quorum"]] = held("quorum", verdict="inconclusive", reason="no scenario fell below min_sources = 3", premise_met=0)
    properties[by_id["scale"]] = held("scale", verdict="not-applicable", reason="prices are below 1e5 ticks", premise_met=0)
    moves = {"stop": 0.00131, "relabelled-lag": 0.0021, "spike": 0.0008, "null": 0.0, "decimal": 0.00074, "freeze": 2e-6}
    target = TargetResult(
        target="exec:./acme-index", name="acme-index", version="2.3.1", kind="process", expect=EXPECT, properties=properties,
        measures={"worst_displacement_by_fault": moves, "breakdown_point": 3}, scenarios=10_000, evaluations=31_240,
        notes=["quotes carry no volume; wash was not drawn"],
    )  # fmt: skip
    plan = {"target": {"use": "exec:./acme-index"}, "run": {"profile": "ci", "seed": 1}}
    return AuditResult("0.1.0", 1, "ci", survey=False, plan=plan, targets=[target], seconds=12.5, started="2026-01-31T12:00:00Z")


def known():
    """The judged audit again, with a baseline: one of two findings is known, a property is known altogether, one entry is expired, one occurs no longer."""
    result = judged()
    [target] = result.targets
    reason = Known("prices of kraken are late by design", "2027-01-31", "ann")
    expired = Known("waits for 2.4", "2026-01-01", expired=True)
    said = f"known until {reason.until} (ann): {reason.reason}"
    old = finding(id="quorum-1", property="quorum", file="findings/quorum-1.json", fingerprint="aa00aa00aa00", known=reason)
    over = finding(id="hull-1", property="hull", file="findings/hull-1.json", fingerprint="bb11bb11bb11", known=expired)
    more = finding(id="silent-2", file="findings/silent-2.json", fingerprint="cc22cc22cc22", known=reason)
    changes = {
        "quorum": {"verdict": "waived", "known": True, "reason": said, "breaches": 3, "finding": old, "findings": [old]},
        "hull": {"verdict": "violated", "reason": "broken in 1 of 9 scenarios", "breaches": 1, "finding": over, "findings": [over]},
    }
    properties = [msgspec.structs.replace(one, **changes.get(one.id, {})) for one in target.properties]
    properties = [msgspec.structs.replace(one, findings=[one.finding, more]) if one.id == "silent-source" else one for one in properties]
    entry = KnownFinding("bb11bb11bb11", target.target, "hull", "waits for 2.4", "2026-01-01", "", "the index lay outside.")
    gone = KnownFinding("dd33dd33dd33", target.target, "scale", "to be mended", "2027-06-30", "bob", "prices times 1e5 gave another index.")
    use = BaselineUse("indexlab-baseline.toml", 4, 2, [entry], [gone])
    return msgspec.structs.replace(result, targets=[msgspec.structs.replace(target, properties=properties)], baseline=use)


def survey():
    """Eight methodologies under one expectation; two of them break something."""
    names = ("binance-2020", "okx-2018", "deribit-2019", "thalex", "phemex", "hyperliquid-oracle", "plain-mean", "plain-median")
    targets = []
    for place, name in enumerate(names):
        label = f"preset:{name}"
        properties = [held(key, scenarios=4_000, premise_met=3_702, worst=Worst(0.0004 * (place + 1), "ratio", f"{4 * (place + 1)} bp")) for key in STATEMENTS]
        if name == "plain-mean":
            for key in ("single-source", "invalid-values", "margin-stability"):
                spot = list(STATEMENTS).index(key)
                broken = finding(
                    id=f"{key}-1", property=key, target=label, file=f"findings/{key}-1.json", sources=3, quotes=6,
                    reproduce=f"indexlab replay reports/survey-1/findings/{key}-1.json", picture=picture(jump=1.3),
                )  # fmt: skip
                worst = Worst(14_285_714.2, "ratio", "14 285 714 times the price", "7f3a-000031", "spike")
                properties[spot] = held(key, scenarios=4_000, verdict="violated", breaches=1_204, finding=broken, worst=worst)
        if name == "phemex":
            properties[2] = held("source-order", scenarios=4_000, verdict="inconclusive", reason="the check raised", premise_met=0)
            properties[3] = held("duplicates", scenarios=4_000, verdict="not-applicable", reason="no occasion")
        moves = MOVES if name == "plain-mean" else {fault: min(value, 0.0071) / (place + 1) for fault, value in MOVES.items()}
        targets.append(
            TargetResult(
                target=label,
                name=name,
                version="1",
                kind="in-process",
                expect=EXPECT,
                properties=properties,
                measures={"worst_displacement_by_fault": moves},
                scenarios=4_000,
                evaluations=9_000,
            )
        )
    return AuditResult("0.1.0", 1, "ci", survey=True, plan={"run": {"seed": 1}}, targets=targets, seconds=80.25, started="2026-01-31T12:00:00Z")


EVIL = "<script>alert(1)</script>]]>[bold red]\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J\u202e\x00\ud800\"'&{{7*7}}"
"""What a target might call itself: markup for a page, for XML, for rich, for a terminal, for a template; characters that no XML file may hold."""


def evil_picture():
    """Absurd values, gaps, negative prices, no publication but one."""
    odd = [None, 1e300, -1e300, -5.0, 0.0, math.nan, math.inf, 64_000.0]
    times = [START + second * SECOND for second in range(len(odd))]
    return Picture(
        times=times, index=odd, status=["ok"] * 8, other_name=EVIL, other=[64_000.0] * 7 + [None], other_status=["ok"] * 8,
        sources=[SourcePath(EVIL, times, odd, times, odd, faulty=True), SourcePath("index", times, [64_000.0] * 8, times, [64_000.0] * 8, faulty=False)],
        windows=[FaultWindow(EVIL, EVIL, START - 10**15, None)], breach_at=START, account=EVIL, states=["healthy", EVIL], other_states=[],
    )  # fmt: skip


def hostile():
    """A target all of whose words are hostile."""
    row = TableRow(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL)
    broken = finding(
        id=EVIL, property=EVIL, target=EVIL, scenario=EVIL, sentence=EVIL, promised=EVIL, seen=EVIL, table=[row], other_column=EVIL, footnote=EVIL,
        file=EVIL, reproduce=f"indexlab replay {EVIL}", fault_names=[EVIL], picture=evil_picture(), log=EVIL + "\n" + EVIL, shrink_note=EVIL,
    )  # fmt: skip
    worst = Worst(math.inf, "ratio", EVIL, EVIL, EVIL)
    bad = PropertyResult(EVIL, EVIL, "violated", EVIL, 10, 10, worst, broken, 3)
    unsure = PropertyResult("b" + EVIL, EVIL, "inconclusive", EVIL, 10, 0, Worst(math.nan, "us", EVIL))
    target = TargetResult(
        EVIL,
        EVIL,
        EVIL,
        EVIL,
        {EVIL: EVIL},
        [bad, unsure],
        {"worst_displacement_by_fault": {EVIL: math.inf, "x": math.nan}, EVIL: {EVIL: EVIL}},
        10,
        10,
        3,
        [EVIL],
    )
    return AuditResult(EVIL, 1, EVIL, survey=False, plan={EVIL: [EVIL]}, targets=[target], interrupted=True)


def events_of(result):
    """The stream of an audit that ends with `result`."""
    yield AuditStarted(result.version, result.seed, result.profile, result.survey, [t.target for t in result.targets], list(STATEMENTS), "reports/run-1", 2)
    for target in result.targets:
        yield TargetStarted(target.target, target.name, target.version, target.kind, target.scenarios)
        for note in target.notes:
            yield Note(target.target, note)
        yield Progress(target.target, target.scenarios // 2, target.scenarios, breaches=3)
        yield Progress(target.target, target.scenarios, target.scenarios, phase="shrink", breaches=3)
        for one in target.properties:
            if one.finding is not None:
                yield FindingFound(one.finding)
        yield TargetFinished(target)
    yield AuditFinished(result)
