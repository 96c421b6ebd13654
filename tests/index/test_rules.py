"""What each key means, one small market a sentence; the engine and the textbook are asked the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indexlab.index import engine, reference
from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import REASONS, STATUSES
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

SECOND = 1_000_000
START = 1_000 * SECOND


def said(*rows, sources=3, weights=None, at=(10,), rules=""):
    """Determine at `at` seconds from rows (source, received at second, price[, event second[, bid, ask]])."""
    rows = sorted(rows, key=lambda row: row[1])
    columns = {
        "receive_time": [START + int(row[1] * SECOND) for row in rows],
        "event_time": [START + int((row[3] if len(row) > 3 and row[3] is not None else row[1]) * SECOND) for row in rows],
        "source": [row[0] for row in rows],
        "price": [math.nan if row[2] is None else row[2] for row in rows],
        "bid": [row[4] if len(row) > 4 and row[4] is not None else math.nan for row in rows],
        "ask": [row[5] if len(row) > 5 and row[5] is not None else math.nan for row in rows],
    }
    basket = tuple(Source(f"s{i}", f"v{i}", weight=(weights or [1.0] * sources)[i]) for i in range(sources))
    times = np.array([START + int(moment * SECOND) for moment in at], dtype=np.int64)
    declaration, quotes = parse_declaration(rules), Quotes.from_columns(**columns)
    found, expected = (room.determine(declaration, basket, quotes, times) for room in (engine, reference))
    assert found.value == pytest.approx(expected.value, rel=1e-12, nan_ok=True)
    assert found.weight == pytest.approx(expected.weight, abs=1e-12)
    assert (found.status.tolist(), found.reason.tolist(), found.notes) == (expected.status.tolist(), expected.reason.tolist(), expected.notes)
    return found


def value(*rows, **choices):
    return said(*rows, **choices).value[-1]


def status(*rows, **choices):
    return STATUSES[said(*rows, **choices).status[-1]]


def reasons(*rows, **choices):
    return [REASONS[code] for code in said(*rows, **choices).reason[-1]]


THREE = ((0, 9, 100.0), (1, 9, 102.0), (2, 9, 104.0))
MEAN_OF_ONE = '[quorum]\nok_from = 1\nbelow = "halt"\n'


class TestNewest:
    def test_late_data_never_replaces_what_is_newer_by_event_time(self):
        assert value((0, 5, 100.0, 5), (0, 6, 90.0, 4), sources=1, rules=MEAN_OF_ONE) == 100

    def test_among_equal_event_times_the_later_arrival_counts(self):
        assert value((0, 5, 100.0, 5), (0, 6, 90.0, 5), sources=1, rules=MEAN_OF_ONE) == 90

    def test_by_the_receive_clock_the_last_received_counts(self):
        assert value((0, 5, 100.0, 5), (0, 6, 90.0, 4), sources=1, rules=MEAN_OF_ONE + '[staleness]\nclock = "receive"') == 90

    def test_what_is_received_after_the_publication_is_not_known_yet(self):
        assert value((0, 5, 100.0), (0, 10.000001, 90.0), sources=1, rules=MEAN_OF_ONE) == 100
        assert value((0, 5, 100.0), (0, 10, 90.0), sources=1, rules=MEAN_OF_ONE) == 90

    def test_an_invalid_observation_is_never_the_newest(self):
        assert value((0, 5, 100.0), (0, 6, None), (0, 7, 0.0), (0, 8, -1.0), sources=1, rules=MEAN_OF_ONE) == 100


class TestStaleness:
    LIMIT = MEAN_OF_ONE + '[staleness]\nsilence = "3s"\n'

    @pytest.mark.parametrize(("at_limit", "outcome"), [("live", "used"), ("stale", "stale")])
    def test_at_the_limit(self, at_limit, outcome):
        rules = self.LIMIT + f'at_limit = "{at_limit}"'
        assert reasons((0, 7, 100.0), sources=1, rules=rules) == [outcome]
        assert reasons((0, 6.999999, 100.0), sources=1, rules=rules) == ["stale"]
        assert reasons((0, 7.000001, 100.0), sources=1, rules=rules) == ["used"]

    def test_the_event_clock_counts_from_the_event(self):
        assert reasons((0, 9, 100.0, 6), sources=1, rules=self.LIMIT) == ["stale"]

    def test_the_receive_clock_counts_from_the_receipt(self):
        assert reasons((0, 9, 100.0, 6), sources=1, rules=self.LIMIT + 'clock = "receive"') == ["used"]

    def test_an_invalid_message_buys_no_freshness(self):
        assert reasons((0, 6, 100.0), (0, 9, None), sources=1, rules=self.LIMIT) == ["stale"]

    def test_without_a_limit_nothing_goes_stale(self):
        assert reasons((0, 0, 100.0), sources=1, at=(10**6,), rules=MEAN_OF_ONE) == ["used"]

    def test_a_source_that_said_nothing_is_absent_and_one_that_said_nothing_valid_is_invalid(self):
        assert reasons((0, 9, 100.0), (1, 9, None), rules=MEAN_OF_ONE) == ["used", "invalid", "absent"]


class TestValidity:
    def test_an_event_time_too_far_ahead_is_invalid(self):
        assert reasons((0, 9, 100.0, 10), sources=1, rules=MEAN_OF_ONE) == ["used"]
        assert reasons((0, 9, 100.0, 10.000001), sources=1, rules=MEAN_OF_ONE) == ["invalid"]
        assert reasons((0, 9, 100.0, 12), sources=1, rules=MEAN_OF_ONE + '[validity]\nmax_ahead = "3s"') == ["used"]

    def test_finite_takes_zero_and_negative_numbers(self):
        rules = '[validity]\naccept = "finite"'
        assert value((0, 9, 0.0), (1, 9, -3.0), (2, 9, 9.0), rules=rules) == 2
        assert reasons((0, 9, 0.0), (1, 9, -3.0), (2, 9, None), rules=rules) == ["used", "used", "invalid"]

    def test_exclude_puts_the_source_out_until_its_next_valid_observation(self):
        rules = MEAN_OF_ONE + '[validity]\ninvalid = "exclude"'
        assert reasons((0, 5, 100.0), (0, 6, None), sources=1, rules=rules) == ["invalid"]
        assert reasons((0, 5, 100.0), (0, 6, None), (0, 7, 100.0), sources=1, rules=rules) == ["used"]

    def test_exclude_takes_no_notice_of_late_observations(self):
        rules = MEAN_OF_ONE + '[validity]\ninvalid = "exclude"'
        assert reasons((0, 5, 100.0), (0, 6, None, 4), sources=1, rules=rules) == ["used"]
        assert reasons((0, 5, 100.0), (0, 6, None), (0, 7, 99.0, 4), sources=1, rules=rules) == ["invalid"]

    def test_exclude_counts_a_time_far_ahead_as_invalid_and_forgives_at_the_next_valid(self):
        rules = MEAN_OF_ONE + '[validity]\ninvalid = "exclude"'
        assert reasons((0, 5, 100.0), (0, 6, 99.0, 3600), sources=1, rules=rules) == ["invalid"]
        assert value((0, 5, 100.0), (0, 6, 99.0, 3600), (0, 7, 101.0), sources=1, rules=rules) == 101


class TestMid:
    RULES = MEAN_OF_ONE + '[input]\nprice = "mid"\n'

    def test_it_is_the_middle_whatever_the_price_column_says(self):
        assert value((0, 9, 7.0, None, 99.0, 102.0), sources=1, rules=self.RULES) == 100.5
        assert value((0, 9, None, None, 99.0, 102.0), sources=1, rules=self.RULES) == 100.5

    def test_without_a_book_it_is_the_price_and_that_is_noted_once(self):
        found = said((0, 8, 100.0), (0, 9, 101.0), sources=1, rules=self.RULES)
        assert found.value[0] == 101
        assert found.notes == ("input.price from the book: observations without a book came, and their price was used instead",)
        assert not said((0, 9, 100.0, None, 99.0, 102.0), sources=1, rules=self.RULES).notes

    @pytest.mark.parametrize(("bid", "ask"), [(99.0, None), (None, 101.0), (101.0, 99.0), (0.0, 101.0), (-1.0, 101.0)])
    def test_half_a_book_a_crossed_one_or_one_with_a_side_of_zero_is_invalid(self, bid, ask):
        assert reasons((0, 9, 100.0, None, bid, ask), sources=1, rules=self.RULES) == ["invalid"]

    def test_a_locked_book_is_a_book(self):
        assert value((0, 9, 7.0, None, 100.0, 100.0), sources=1, rules=self.RULES) == 100

    def test_last_does_not_look_at_the_book(self):
        assert value((0, 9, 100.0, None, 102.0, 1.0), sources=1, rules=MEAN_OF_ONE) == 100


def outlier(rule, *, comparison=">", several="each", band="10%", more=""):
    return f'[outlier]\nrule = "{rule}"\nband = "{band}"\ncomparison = "{comparison}"\nseveral = "{several}"\n{more}\n'


def at_nine(*prices):
    return [(s, 9, price) for s, price in enumerate(prices)]


class TestOutlier:
    @pytest.mark.parametrize(("comparison", "outcome"), [(">", "used"), (">=", "outlier")])
    @pytest.mark.parametrize("level", [1.0, 0.1, 64123.45, 1e-9, 1e12])
    def test_at_the_end_of_the_band(self, comparison, outcome, level):
        """0.1 has no exact double, and yet 1.1 times a price is at the end of a band of 10 % around it."""
        prices = [float(f"{level * factor:.12g}") for factor in (1, 1, 1.1)]
        assert reasons(*at_nine(*prices), rules=outlier("drop", comparison=comparison))[2] == outcome

    def test_drop_takes_it_out_of_the_mean(self):
        assert value(*at_nine(100.0, 102.0, 150.0), rules=outlier("drop")) == 101

    def test_clamp_moves_it_to_the_end_of_the_band(self):
        found = said(*at_nine(100.0, 100.0, 70.0), rules=outlier("clamp"))
        assert found.used[0].tolist() == pytest.approx([100, 100, 90])
        assert found.value[0] == pytest.approx(290 / 3)

    def test_the_suspect_is_part_of_the_median(self):
        """The median of 100, 110 and 130, 140 is 120, of the others alone it would be 110 for the last."""
        assert reasons(*at_nine(100.0, 110.0, 130.0, 131.0), sources=4, rules=outlier("drop", band="10%")) == ["outlier", "used", "used", "used"]

    def test_several_out_each(self):
        assert value(*at_nine(100.0, 100.0, 100.0, 200.0, 10.0), sources=5, rules=outlier("drop")) == 100

    def test_several_out_make_the_median_the_index(self):
        found = said(*at_nine(50.0, 99.0, 101.0, 200.0, 120.0), sources=5, rules=outlier("drop", several="median"))
        assert found.value[0] == 101
        assert found.weight[0].tolist() == [0, 0, 1, 0, 0]
        assert [REASONS[code] for code in found.reason[0]] == ["outlier", "used", "used", "outlier", "outlier"]

    def test_the_median_instead_may_rest_on_sources_that_are_out(self):
        """Of two sources far apart both are out, and both carry their mean."""
        rules = outlier("drop", several="median") + "[quorum]\nok_from = 2"
        assert value(*at_nine(50.0, 150.0), sources=2, rules=rules) == 100
        assert reasons(*at_nine(50.0, 150.0), sources=2, rules=rules) == ["used", "used"]

    def test_all_dropped_is_no_value(self):
        rules = outlier("drop") + "[quorum]\nok_from = 2"
        assert status(*at_nine(50.0, 150.0), sources=2, rules=rules) == "halted"
        assert reasons(*at_nine(50.0, 150.0), sources=2, rules=rules) == ["outlier", "outlier"]

    def test_the_rule_applies_from_so_many_live_sources_on(self):
        rules = outlier("clamp", more="from_sources = 4")
        assert value(*at_nine(100.0, 100.0, 400.0), rules=rules) == 200
        assert value(*at_nine(100.0, 100.0, 100.0, 400.0), sources=4, rules=rules) == 102.5

    def test_a_negative_median_has_a_band_too(self):
        rules = outlier("clamp") + '[validity]\naccept = "finite"\n[aggregation]\nrule = "drop-highest-and-lowest"'
        assert reasons(*at_nine(-100.0, -100.0, -200.0), rules=rules) == ["used", "used", "clamped"]


class TestAggregation:
    @pytest.mark.parametrize(("even", "expected"), [("mean", 102.75), ("floor", 102), ("away-from-zero", 103), ("lower", 102.5), ("upper", 103)])
    def test_median_of_an_even_count(self, even, expected):
        rules = f'[aggregation]\nrule = "median"\neven = "{even}"'
        assert value(*at_nine(103.0, 1.0, 102.5, 900.0), sources=4, rules=rules) == expected
        assert value(*at_nine(102.5, 1.0, 900.0), rules=rules) == 102.5

    def test_the_unit_of_a_rounded_median(self):
        rules = '[aggregation]\nrule = "median"\neven = "floor"\nunit = 0.25'
        assert value(*at_nine(100.3, 100.6), sources=2, rules=rules + "\n[quorum]\nok_from = 2") == 100.25

    def test_sources_at_the_median_price_share_its_weight(self):
        found = said(*at_nine(100.0, 100.0, 99.0, 100.0, 105.0), sources=5, rules='[aggregation]\nrule = "median"')
        assert found.weight[0].tolist() == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3, 0])

    @pytest.mark.parametrize("weights", [(0.1, 0.2, 0.2, 0.1), (0.1, 0.5, 0.2, 0.4), (1.0, 2.0, 1.0, 2.0)])
    @pytest.mark.parametrize(("tie", "expected"), [("lower", 100), ("upper", 110), ("mean", 105)])
    def test_weighted_median_at_exactly_half(self, tie, expected, weights):
        """0.1 + 0.2 is half of 0.6 in decimals, and more than half in binary; 0.1 + 0.5 of 1.2 is less."""
        rules = f'[weights]\nkind = "fixed"\n[aggregation]\nrule = "weighted-median"\ntie = "{tie}"'
        assert value(*at_nine(90.0, 100.0, 110.0, 120.0), sources=4, weights=weights, rules=rules) == expected

    def test_weighted_median_follows_the_weight(self):
        rules = '[weights]\nkind = "fixed"\n[aggregation]\nrule = "weighted-median"'
        assert value(*at_nine(110.0, 90.0, 100.0), weights=[3.0, 1.0, 1.0], rules=rules) == 110

    def test_highest_and_lowest_are_dropped(self):
        rules = '[aggregation]\nrule = "drop-highest-and-lowest"'
        found = said(*at_nine(100.0, 1.0, 104.0, 900.0), sources=4, rules=rules)
        assert found.value[0] == 102
        assert found.weight[0].tolist() == [0.5, 0, 0.5, 0]
        assert value(*at_nine(100.0, 1.0, 900.0), rules=rules) == 100

    def test_of_two_none_is_dropped(self):
        rules = '[aggregation]\nrule = "drop-highest-and-lowest"\n[quorum]\nok_from = 2'
        assert value(*at_nine(100.0, 104.0), sources=2, rules=rules) == 102

    def test_those_who_are_highest_together_share_the_loss(self):
        """Which of two equal prices goes must not depend on the order of the sources."""
        rules = '[weights]\nkind = "fixed"\n[aggregation]\nrule = "drop-highest-and-lowest"'
        found = said(*at_nine(90.0, 100.0, 110.0, 110.0), sources=4, weights=[1.0, 1.0, 1.0, 3.0], rules=rules)
        assert found.weight[0].tolist() == pytest.approx([0, 1 / 3, 0.5 / 3, 1.5 / 3])

    def test_fixed_weights_are_renormalised_over_who_takes_part(self):
        rules = outlier("drop") + '[weights]\nkind = "fixed"'
        found = said(*at_nine(100.0, 104.0, 900.0), weights=[3.0, 1.0, 6.0], rules=rules)
        assert found.value[0] == 101
        assert found.weight[0].tolist() == [0.75, 0.25, 0]

    def test_the_declaration_may_give_weights_of_its_own(self):
        rules = '[weights]\nkind = "fixed"\n[weights.fixed]\ns0 = 2\ns1 = 0'
        found = said(*THREE, sources=3, weights=[9.0, 9.0, 2.0], rules=rules + MEAN_OF_ONE.replace("[quorum]", "\n[quorum]"))
        assert found.weight[0].tolist() == [0.5, 0, 0.5]
        assert REASONS[found.reason[0, 1]] == "absent"


class TestQuorum:
    def test_fewer_than_ok_from_are_never_ok(self):
        assert status(*THREE) == "ok"
        assert status(*THREE[:2]) == "halted"

    def test_degrade_applies_the_rules_to_those_that_are_left(self):
        rules = '[quorum]\nok_from = 3\nbelow = "degrade"'
        assert (value(*THREE[:2], rules=rules), status(*THREE[:2], rules=rules)) == (101, "degraded")
        assert status(rules=rules) == "halted"

    def test_hold_publishes_the_last_value_again(self):
        rules = '[quorum]\nok_from = 3\nbelow = "hold"\n[staleness]\nsilence = "5s"'
        found = said(*THREE, (0, 20, 500.0), at=(8, 10, 14, 15, 30), rules=rules)
        assert [STATUSES[code] for code in found.status] == ["halted", "ok", "ok", "held", "held"]
        assert found.value[1:].tolist() == [102, 102, 102, 102]
        assert not found.weight[3:].any()

    def test_what_is_held_is_the_newest_value_not_the_first(self):
        rules = '[quorum]\nok_from = 3\nbelow = "hold"\n[staleness]\nsilence = "5s"'
        later = [(s, 12, 200.0) for s in range(3)]
        found = said(*THREE, *later, at=(10, 12, 60), rules=rules)
        assert found.value.tolist() == [102, 200, 200]
        assert STATUSES[found.status[-1]] == "held"

    def test_outliers_count_as_live(self):
        assert status(*at_nine(100.0, 100.0, 900.0), rules=outlier("drop")) == "ok"

    @pytest.mark.parametrize(("below", "expected"), [("halt", "halted"), ("hold", "held"), ("degrade", "halted")])
    def test_a_value_that_is_not_positive_is_never_published(self, below, expected):
        rules = f'[validity]\naccept = "finite"\n[quorum]\nok_from = 3\nbelow = "{below}"'
        rows = [*at_nine(1.0, 1.0, 1.0), (0, 11, -50.0)]
        assert status(*rows, at=(10, 12), rules=rules) == expected


class TestRounding:
    @pytest.mark.parametrize(
        ("mode", "expected"),
        [
            ("half-even", (100.0, 100.2, 100.1, 100.0)),
            ("half-up", (100.1, 100.2, 100.1, 100.0)),
            ("down", (100.0, 100.1, 100.0, 100.0)),
            ("up", (100.1, 100.2, 100.1, 100.0)),
        ],
    )
    def test_modes(self, mode, expected):
        """100.05 and 100.15 are halves in decimals, though not in binary."""
        rules = MEAN_OF_ONE + f'[rounding]\ntick = 0.1\nmode = "{mode}"'
        assert tuple(value((0, 9, price), sources=1, rules=rules) for price in (100.05, 100.15, 100.06, 100.0)) == expected

    def test_what_is_within_a_millionth_of_a_tick_of_a_border_is_at_it(self):
        rules = MEAN_OF_ONE + '[rounding]\ntick = 1\nmode = "down"'
        assert value((0, 9, 99.9999999), sources=1, rules=rules) == 100
        assert value((0, 9, 99.9999), sources=1, rules=rules) == 99

    def test_a_value_rounded_to_zero_is_no_value(self):
        assert status((0, 9, 0.4), sources=1, rules=MEAN_OF_ONE + "[rounding]\ntick = 1") == "halted"

    def test_the_held_value_is_the_rounded_one(self):
        rules = '[quorum]\nok_from = 3\nbelow = "hold"\n[staleness]\nsilence = "5s"\n[rounding]\ntick = 5'
        assert value(*THREE, at=(10, 60), rules=rules) == 100
