"""What the compiled code has written out (its cache does not see other files) is what the declaration's documents say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexlab.index import entering, kernel, rules
from indexlab.index.catalogue import preset
from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import DEGRADED, HALTED, HELD, OK, REASONS
from indexlab.market.panel import NEVER_US, sample
from tests.index.drawing import baskets, publications, quotes


def test_written_out_constants():
    assert (kernel._TIE, kernel._BORDER, kernel._BORDER_RELATIVE, kernel._LARGEST_COUNT) == (
        rules.TIE,
        rules.BORDER,
        rules.BORDER_RELATIVE,
        rules.LARGEST_COUNT,
    )
    assert (kernel._OK, kernel._DEGRADED, kernel._HELD, kernel._HALTED) == (OK, DEGRADED, HELD, HALTED)
    codes = {"used": kernel._USED, "clamped": kernel._CLAMPED, "outlier": kernel._OUTLIER, "stale": kernel._STALE, "absent": kernel._ABSENT}
    assert codes == {name: REASONS.index(name) for name in codes}
    assert tuple(REASONS.index(name) for name in ("used", "invalid", "absent")) == (entering._USED, entering._INVALID, entering._ABSENT)
    assert kernel._NEVER == entering._NEVER == NEVER_US


def test_every_word_has_its_number():
    assert set(kernel._OUTLIER_RULES) == set(rules.CHOICES["outlier.rule"])
    assert set(kernel._AGGREGATIONS) == set(rules.CHOICES["aggregation.rule"])
    assert set(kernel._MIDDLES) == set(rules.CHOICES["aggregation.even"])
    assert set(rules.CHOICES["aggregation.tie"]) <= set(kernel._MIDDLES)
    assert set(kernel._BELOW) == set(rules.CHOICES["quorum.below"])
    assert set(kernel._ROUNDINGS) == set(rules.CHOICES["rounding.mode"])


@given(st.data(), st.sampled_from(("event", "receive")))
def test_what_enters_is_what_the_panel_samples(data, clock):
    """The as-of rule is written twice, on floor 1 and here: they may not part."""
    basket = data.draw(baskets(most=4))
    said, times = data.draw(quotes(len(basket))), data.draw(publications())
    declaration = parse_declaration(f'staleness.clock = "{clock}"')
    price = entering.entering_price(declaration, said)
    entered = entering.enter(declaration, said, price, np.array([0, len(said)]), times, len(basket))
    panel = sample(said, times, len(basket), ~np.isnan(price), clock)
    assert np.array_equal(entered.price, panel.of_newest(price), equal_nan=True)
    assert np.array_equal(entered.age, panel.age(clock))
    assert np.array_equal(entered.why == REASONS.index("absent"), panel.latest < 0)


def test_state_is_carried_on_where_the_caller_left_it():
    """Two halves of a run, with the state of the first given to the second, are the whole run: what streaming needs."""
    declared = kernel.rules_of(preset("phemex"))
    weights = np.full(3, 0.25)
    price = np.array([[100.0, 101.0, 102.0], [100.0, 101.0, np.nan], [np.nan] * 3, [103.0, 103.0, 103.0]])
    age = np.zeros((4, 3), dtype=np.int64)
    why = np.where(np.isnan(price), REASONS.index("invalid"), 0).astype(np.int8)

    def run(rows, state):
        n = len(price[rows])
        value, status = np.empty(n), np.empty(n, dtype=np.int8)
        nothing = np.empty((0, 3))
        kernel.determine_rows(
            declared, weights, price[rows], age[rows], why[rows], n, state, False, value, status, nothing, nothing, np.empty((0, 3), dtype=np.int8)
        )
        return value, status

    state = np.full((1, kernel.STATE_WIDTH), np.nan)
    whole = run(slice(0, 4), np.full((1, kernel.STATE_WIDTH), np.nan))
    halves = run(slice(0, 2), state), run(slice(2, 4), state)
    assert np.concatenate([half[0] for half in halves]).tolist() == whole[0].tolist() == [101, 101, 101, 103]
    assert np.concatenate([half[1] for half in halves]).tolist() == whole[1].tolist() == [OK, HELD, HELD, OK]
