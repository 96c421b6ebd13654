"""Connect (Slinky): medians over providers, prices converted with the indexes of the round before, and the stake of validators."""

from __future__ import annotations

from tests.conformance.asking import NOW, SECOND, asked, close, rates_of, ruled, statuses, value
from tests.conformance.page_cases import Family, examples_of, family
from tests.conformance.pyth_cases import NOT_POSITIVE

ANY = {"accept": "finite"}
ONE = {"ok_from": 1}
TEN_DIGITS = {"rel": 0, "abs": 0.5e-10}


def check_median(case):
    found = asked(ruled("connect", validity=ANY, quorum=ONE), [float(price) for price in case["inputs"] or []])
    assert value(found) == close(case["expected"])


def check_weighted_median(case):
    prices, weights = ([float(given[key]) for given in case["inputs"]] for key in ("price", "weight"))
    assert value(asked(ruled("dydx-v4"), prices, weights=weights)) == close(case["expected"])


def converted(providers, given, least=1):
    """Determine from those of the providers that said something; each is converted with the index that its entry normalizes by."""
    names = [f"{provider['name']}/{provider['ticker']}" for provider in providers]
    said = [(given["prices"] or {}).get(provider["name"], {}).get(provider["ticker"]) for provider in providers]
    currencies = [provider.get("normalize", ["USD"])[0] for provider in providers]
    rules = ruled(
        "connect",
        quorum={"ok_from": least},
        conversion={"inverted": tuple(name for name, provider in zip(names, providers, strict=True) if provider["invert"])},
    )
    prices = [float("nan") if price is None else float(price) for price in said]
    rates = rates_of(given["indexes"], {*currencies} - {"USD"})
    return asked(rules, prices, names=names, currencies=currencies, heard=NOW, times=[NOW - SECOND, NOW], rates=rates)


def check_index(case):
    found = {}
    for market in case["params"]["markets"]:
        price = value(converted(market["providers"], case["inputs"], market["min_provider_count"]))
        found |= {} if price is None else {f"{market['base']}/{market['quote']}": price}
    assert found == {name: close(price) for name, price in case["expected"].items()}


def check_converted(case):
    found = converted(case["params"]["cfgs"], case["inputs"])
    assert [price for price in found.used[-1] if price == price] == [close(price) for price in case["expected"]]  # noqa: PLR0124 - NaN: not converted


def check_adjusted(case):
    expected = None if isinstance(case["expected"], dict) else case["expected"]
    tolerance = TEN_DIGITS if case["name"] in LOOSE else {}
    assert value(converted([case["params"]["cfg"]], case["inputs"])) == close(expected, **tolerance)


def check_quorum(case):
    given, expected = case["inputs"], case["expected"]
    names = list(given["stake"])
    stakes = [float(given["stake"][name]) for name in names]
    assert sum(stakes) == float(case["params"]["total_bonded"])
    rules = ruled("dydx-v4", quorum={"weight_share": float(case["params"]["threshold"])})
    for pair in {"BTC/USD", *expected, *(pair for prices in given["prices"].values() for pair in prices)}:
        said = [float(given["prices"].get(name, {}).get(pair, "nan")) for name in names]
        assert value(asked(rules, said, names=names, weights=stakes)) == close(expected.get(pair)), pair


# ---------------------------------------------------------------------------------------------------------------- worked examples


def check_example_index(example):
    """Names of the providers there say what is done with their price: "(invert...)", and the currency that it comes in."""
    given, indexes = dict(example["in"]), {}
    indexes |= given.pop("prev_index", {})
    least = given.pop("min_provider_count", 3 if "providers" in given else 1)  # "as above"
    [target] = example["out"] or ["BTC/USD"]
    providers = []
    for name in given.pop("providers", given):
        venue, ticker = name.split()[:2]
        currency = "BTC" if "normalize BTC/USD" in name else "USDT" if target == "BTC/USD" and ticker.endswith("USDT") else "USD"
        providers.append({"name": venue, "ticker": ticker, "invert": "(invert" in name, "normalize": [currency]})
    said = {provider["name"]: {} for provider in providers}
    for provider, price in zip(providers, (example["in"].get("providers") or given).values(), strict=True):
        said[provider["name"]][provider["ticker"]] = price
    found = converted(providers, {"prices": said, "indexes": indexes}, least)
    assert value(found) == close(example["out"].get(target))
    assert example["out"] or statuses(found)[-1] == "halted"


def check_example_median(example):
    assert value(asked(ruled("connect", validity=ANY, quorum=ONE), [float(price) for price in example["in"]])) == close(example["out"])


LOOSE = {
    "CalculateAdjustedPrice/price for USDT/USD needs to be adjust by eth prices (USDT/ETH * ETH/USD = USDT/USD)": "to the ten digits that are given",
}
FILE = "skip_connect.json"
SLINKY = "dydxprotocol/slinky@8eea867d9481d015ba5d30e6474b64067572c136"
FAMILIES = (
    family(
        "median",
        "connect",
        FILE,
        check_median,
        "connect.median",
        excepted={"CalculateMedian/calculate median for odd number of values": NOT_POSITIVE},
    ),
    family("weighted median", "dydx-v4", FILE, check_weighted_median, "connect.weighted_median"),
    family("index of converted prices", "connect", FILE, check_index, "connect.index"),
    family("converted prices", "connect", FILE, check_converted, "connect.converted"),
    family("one converted price", "connect", FILE, check_adjusted, "connect.adjusted", loose=LOOSE),
    family("weighted median by a share of the stake", "dydx-v4", "skip_connect_quorum.json", check_quorum),
    Family(
        "index of converted prices, as listed with the examples",
        "connect",
        SLINKY,
        examples_of("slinky-median-adj-1", "slinky-median-adj-2", "slinky-invert-1", "slinky-even-1", "slinky-invert-adj"),
        check_example_index,
    ),
    Family(
        "median, as listed with the examples",
        "connect",
        SLINKY,
        examples_of("slinky-calcmedian"),
        check_example_median,
        excepted={"slinky-calcmedian/2": NOT_POSITIVE},
    ),
)
