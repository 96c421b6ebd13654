"""Tests of an index in your own suite: strategies that draw scenarios, assertions that judge them, a stateful test. It loads Hypothesis and numpy."""

from indexlab.faults.spec import FaultSpec
from indexlab.margin.account import Account
from indexlab.market.source import Source
from indexlab.market.synthetic import Market
from indexlab.scenarios.brief import fault, market
from indexlab.scenarios.currencies import CurrencyRate, RateColumns
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import BookColumns, FixtureSlice, QuoteColumns, Scenario
from indexlab.testing.auditing import audit_index
from indexlab.testing.breaking import any_fault, lagging, several_sources, silent, single_source
from indexlab.testing.calls import CallIndex, called
from indexlab.testing.drawing import accounts, baskets, between, markets, scenarios, true_moves
from indexlab.testing.holding import BrokenPromiseError, assert_holds, assert_index_stable, assert_margin_stable, assert_responsive
from indexlab.testing.machine import IndexMachine, index_machine
from indexlab.testing.opening import close_all
from indexlab.testing.twin_runs import Twins, twins

__all__ = [
    "Account",
    "BookColumns",
    "BrokenPromiseError",
    "CallIndex",
    "CurrencyRate",
    "Expect",
    "FaultSpec",
    "FixtureSlice",
    "IndexMachine",
    "Market",
    "QuoteColumns",
    "RateColumns",
    "Scenario",
    "Source",
    "Twins",
    "accounts",
    "any_fault",
    "assert_holds",
    "assert_index_stable",
    "assert_margin_stable",
    "assert_responsive",
    "audit_index",
    "baskets",
    "between",
    "called",
    "close_all",
    "fault",
    "index_machine",
    "lagging",
    "market",
    "markets",
    "scenarios",
    "several_sources",
    "silent",
    "single_source",
    "true_moves",
    "twins",
]
