"""The ledger: money moves and is never made."""

from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin.ledger import FEES, FUND, Ledger

parties = st.sampled_from(["ann", "bob", FUND, FEES])


@given(st.lists(st.tuples(parties, st.sampled_from(["USD", "BTC"]), st.integers(-(10**20), 10**20))), st.lists(st.tuples(parties, parties, st.integers())))
def test_the_sum_over_all_parties_never_changes(opened, moves):
    ledger = Ledger(opened)
    before = {currency: ledger.total(currency) for currency in ("USD", "BTC")}
    for debtor, creditor, amount in moves:
        ledger.move(debtor, creditor, "USD", amount, "test")
    assert {currency: ledger.total(currency) for currency in ("USD", "BTC")} == before
    assert all(entry.amount > 0 for entry in ledger.entries)


def test_an_amount_below_zero_goes_the_other_way():
    ledger = Ledger([("ann", "USD", 10)])
    ledger.move("bob", "ann", "USD", -3, "rent")
    assert (ledger.balance("ann", "USD"), ledger.balance("bob", "USD")) == (7, 3)
    assert [(entry.debtor, entry.creditor, entry.amount, entry.why) for entry in ledger.entries] == [("ann", "bob", 3, "rent")]


def test_nothing_and_oneself_are_no_payment():
    ledger = Ledger([("ann", "USD", 10)])
    ledger.move("ann", "bob", "USD", 0, "nothing")
    ledger.move("ann", "ann", "USD", 5, "to oneself")
    assert not ledger.entries
    assert ledger.balance("ann", "USD") == 10
