"""Pyth: three votes a publisher. A slot counts as a second, a unit of the exponent as one."""

from __future__ import annotations

from functools import cache

from tests.conformance.asking import SECOND, asked, close, reasons, ruled, statuses
from tests.conformance.page_cases import Family, examples, examples_of, family, vectors

NOT_POSITIVE = "the value is no number above zero, and such a value is never published here"
NO_CONFIDENCE = "a value that is published again bears no confidence here; price, status and number of publishers are the same"
ILLUSTRATION = "prose: the middle of both prices, and half of what lies between; the votes give 5 less and 5 more, which is met as `algorithm`"


def published(quotes, slots, *, latency=25, least=1):
    """Determine at slots, from (price, confidence, slot) a publisher; None where it does not trade."""
    rules = ruled("pyth", aggregation={"unit": 1.0}, staleness={"silence_us": latency * SECOND}, quorum={"ok_from": max(1, least)})
    prices, confidence, said = ([float(row[i]) for row in quotes] for i in range(3))
    stamps = [int(slot) * SECOND for slot in said]
    return asked(rules, prices, confidence=confidence, heard=stamps, times=[slot * SECOND for slot in slots])


def assert_aggregate(found, price, confidence, *, is_trading):
    assert statuses(found)[-1] == ("ok" if is_trading else "halted")
    if is_trading:
        assert found.value[-1] == price
        assert found.confidence[-1] == confidence


def check_aggregation(case):
    given, params, expected = case["inputs"]["quotes"], case["params"], case["expected"]
    assert all(quote["status"] == 1 for quote in given)
    quotes = [(quote["price"], quote["conf"], quote["pub_slot"]) for quote in given]
    found = published(quotes, [params["current_slot"]], latency=params["max_latency_slots"], least=params["min_pub"])
    assert_aggregate(found, expected["price"], expected["conf"], is_trading=expected["status"] == "trading")


def check_example(example):
    """As listed beside the methodologies: [price, confidence, status, slots ago]."""
    assert all(row[2] == 1 for row in example["q"])
    price, confidence, status = example["out"]
    quotes = [(row[0], row[1], 1000 + (row[3] if len(row) > 3 else 0)) for row in example["q"]]
    assert_aggregate(published(quotes, [1001]), price, confidence, is_trading=status == "trading")


# ---------------------------------------------------------------------------------------------------------------- over slots


@cache
def steps():
    return {case["params"]["step"]: case for case in vectors("pyth_upd_aggregate_stateful.json")["cases"]}


# The account's slot is set back at steps 8 and 10, which no clock does: a run begins there. Step 10 keeps what step 9 came to: in a run of
# its own the slot before it, at which the first publisher is too old and the second just not, comes to the same.
RUN_OF = {1: (1,), 2: (2,), 3: (3,), 4: (4,), 5: (4, 5), 6: (4, 5, 6), 7: (4, 5, 6, 7), 8: (8,), 9: (8, 9), 10: (10,)}


def slots_of(step):
    slots = [steps()[one]["inputs"]["slot"] for one in RUN_OF[step]]
    return [slots[0] - 1, *slots] if step == 10 else slots


def run(step):
    case = steps()[step]
    quotes = [(quote["price"], quote["conf"], quote["pub_slot"]) for quote in case["inputs"]["quotes"]]
    return published(quotes, slots_of(step), latency=case["params"]["max_latency"])


def check_step(case):
    step, expected = case["params"]["step"], case["expected"]
    found = run(step)
    assert len(reasons(found)) - reasons(found).count("stale") == expected["num_qt"]
    assert statuses(found)[-1] == ("ok" if expected["ok"] else "held")
    if step > 1:  # what the step before left: its price, or the one that it kept
        before = run(step - 1)
        assert before.value[-1] == expected["prev_price"]
        assert statuses(before)[-1] == "held" or before.confidence[-1] == expected["prev_conf"]
        assert expected["ok"] or found.value[-1] == expected["prev_price"]
    assert found.value[-1] == expected.get("price", found.value[-1])
    assert "conf" not in expected or found.confidence[-1] == expected["conf"]


def check_upd(example):
    quotes = [(*quote, 1000) for quote in example["in"]]
    assert_aggregate(published(quotes, [1001]), *example["out"], is_trading=True)


def check_stale(example):
    given, out = example["in"], example["out"]
    quotes = [(quote["price"], quote["conf"], quote["pub_slot"]) for quote in given["quotes"]]
    if isinstance(out, list):
        found = published(quotes, given["agg_slots"])
        assert statuses(found) == ["ok"] * len(out)
        for at, one in enumerate(out):
            assert (found.value[at], found.confidence[at], reasons(found, at).count("used")) == (one["price"], one["conf"], one["n"])
        return
    found = published(quotes, [given["agg_slot"] - 1, given["agg_slot"]], latency=given["max_latency"])
    assert statuses(found) == ["ok", "held"]
    assert reasons(found) == ["stale"] * len(quotes)
    assert found.value[-1] == out["price_kept"]
    assert "conf_kept" not in out or found.confidence[-1] == out["conf_kept"]


def check_illustration(example):
    quotes = [(*quote, 1000) for quote in example["in"]]
    found = published(quotes, [1001])
    assert [found.value[-1], found.confidence[-1]] == [close(number) for number in example["expected"]]


def illustrations():
    return {f"{name}/{kind}": {**one, "expected": one["out"][kind]} for name, one in examples_of("pyth-doc-illustration").items() for kind in one["out"]}


AT = "pyth-network/pyth-client@25dd347ee2422fef744d6632a80a7fa54c9abeeb"
FAMILIES = (
    family("votes", "pyth", "pyth_aggregation.json", check_aggregation, excepted={"aggregation/2": NOT_POSITIVE, "aggregation/3": NOT_POSITIVE}),
    Family(
        "votes, as listed with the examples",
        "pyth",
        AT,
        {name: one for name, one in examples().items() if name.startswith("pyth-client/")},
        check_example,
        excepted={"pyth-client/2": NOT_POSITIVE, "pyth-client/3": NOT_POSITIVE},
    ),
    family("votes over slots", "pyth", "pyth_upd_aggregate_stateful.json", check_step, excepted={"test_upd_aggregate/step10": NO_CONFIDENCE}),
    Family("votes, one to four publishers", "pyth", AT, examples_of("pyth-upd-1"), check_upd),
    Family(
        "votes over slots, as listed with the examples",
        "pyth",
        AT,
        examples_of("pyth-stale-1", "pyth-stale-2"),
        check_stale,
        excepted={"pyth-stale-2": NO_CONFIDENCE},
    ),
    Family(
        "votes, the documentation's illustration",
        "pyth",
        "https://docs.pyth.network/how-pyth-works/price-aggregation",
        illustrations(),
        check_illustration,
        excepted={"pyth-doc-illustration/docs": ILLUSTRATION},
    ),
)
