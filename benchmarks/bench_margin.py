"""Margin states a second: isolated accounts against their borders, cross and portfolio accounts in the compiled loop, each beside plain Python in one run."""

from __future__ import annotations

import numpy as np

from benchmarks import plain_margin
from indexlab.margin.account import Account
from indexlab.margin.batch import account_batch
from indexlab.margin.contract import BTCUSDT
from indexlab.margin.mixed_rack import MIXED_RULES, build_mixed_rack
from indexlab.margin.rack import build_rack
from indexlab.margin.states import DEFAULT_WARNING_RATIO

PRICE = 50_000.0


def _marks(count):
    return PRICE * np.exp(np.random.Generator(np.random.Philox(7)).normal(0, 0.05, count))


def bench_isolated_accounts(side_by_side, book):
    """A rack of 64 accounts with one position each: a state is a comparison with prices that were solved beforehand."""
    rack, marks = build_rack(PRICE, 0.01), _marks(book.size(200_000))
    few = marks[:200]
    accounts, prices = rack.accounts, few.tolist()
    seconds = side_by_side(7, kernel=lambda: rack.states(marks), plain=lambda: plain_margin.isolated_states(accounts, BTCUSDT, prices, DEFAULT_WARNING_RATIO))
    np.testing.assert_array_equal(rack.states(few), plain_margin.isolated_states(accounts, BTCUSDT, prices, DEFAULT_WARNING_RATIO))
    _noted(book, "isolated", seconds, len(marks) * len(rack), len(few) * len(rack))


def _of_mode(mode):
    """64 accounts of a mode, with two or three positions each."""
    made = [account for seed in range(40) for account in build_mixed_rack(PRICE, 0.01, seed=seed).accounts if account.mode == mode][:64]
    return [_renamed(account, number) for number, account in enumerate(made)]


def _renamed(account, number):
    return Account(f"{account.id} {number}", 0.0, 0.0, account.collateral, "BTCUSDT", account.mode, account.positions, account.assets, account.hedged)


def _bench_shared(side_by_side, book, mode):
    accounts = _of_mode(mode)
    batch = account_batch(accounts, MIXED_RULES)
    straight = _marks(book.size(10_000))
    marks = {"BTCUSDT": straight, "BTCUSD": straight * 1.001, "ALTUSDT": straight / PRICE}
    indices = {"BTC": straight}
    few = slice(0, 100)
    lists = [{name: series[few].tolist() for name, series in part.items()} for part in (marks, indices)]
    seconds = side_by_side(5, kernel=lambda: batch.judge(marks, indices), plain=lambda: plain_margin.shared_states(accounts, MIXED_RULES, *lists))
    np.testing.assert_array_equal(batch.judge(marks, indices)[0][few], plain_margin.shared_states(accounts, MIXED_RULES, *lists))
    _noted(book, mode, seconds, len(straight) * len(accounts), 100 * len(accounts))


def bench_cross_accounts(side_by_side, book):
    """64 cross accounts with their assets, over 10 000 times."""
    _bench_shared(side_by_side, book, "cross")


def bench_portfolio_accounts(side_by_side, book):
    """64 portfolio accounts under a matrix of nine shocks and two rows of stress, over 10 000 times."""
    _bench_shared(side_by_side, book, "portfolio")


def _noted(book, name, seconds, steps, plain_steps):
    ours = book.row(f"{name} accounts, a step of one", seconds["kernel"], rows=steps)
    plain = book.row(f"{name} accounts in plain Python", seconds["plain"], rows=plain_steps, against=(ours, "compiled"))
    book.beside(**{f"million_{name}_account_steps_a_second": 1e3 / ours, f"plain_over_{name}": plain / ours})


def bench_mixed_rack(side_by_side, book):
    """The mixed rack beside the isolated one: how long it takes to build, which a tenth of the scenarios pays."""
    seconds = side_by_side(9, mixed=lambda: build_mixed_rack(PRICE, 0.01), isolated=lambda: build_rack(PRICE, 0.01))
    alone = book.row("an isolated rack, built", seconds["isolated"])
    book.row("a mixed rack, built", seconds["mixed"], against=(alone, "the isolated one"))
