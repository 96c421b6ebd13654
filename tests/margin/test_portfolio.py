"""Portfolio margin by a scenario matrix: what it never falls below, what offsets and what does not, worked by hand."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from indexlab.margin import reference_matrix
from indexlab.margin.account import Account, Position
from indexlab.margin.account_rules import MatrixRule
from indexlab.margin.answer import answer
from indexlab.margin.case import MarginCase
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.exact import exact
from indexlab.margin.reference_account import moment
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.textbook import textbook
from indexlab.market.errors import InputError
from tests.margin.margin_drawing import cases

TIERS = (Tier(None, 0.1, 0.05, 0.0),)
BTC, ETH, OPTION = (Contract("BTC", "BTC", TIERS), Contract("ETH", "ETH", TIERS), Contract("OPT", "BTC", TIERS, vega=50.0))
DERIBIT = MatrixRule((-0.1, 0.0, 0.1), hedge_rate=0.01)
NEXT = Contract("BTC-NEXT", "BTC", TIERS)


def margins(matrix, *positions, marks=None):
    """(maintenance, initial) of positions at 100, by the engine and by the textbook."""
    rules = VenueRules(Venue("drawn"), (BTC, ETH, OPTION, NEXT), matrix=matrix)
    account = Account("a", mode="portfolio", collateral=1e6, positions=positions)
    mark = {contract.id: ((marks or {}).get(contract.id, 100.0),) for contract in rules.contracts}
    case = MarginCase(rules, (account,), (0,), {}, mark)
    found = [(reply.margin_ratio[0][0], reply.initial_margin[0]) for reply in (answer(case), textbook(case))]
    assert found[0] == pytest.approx(found[1])
    return found[1][0] * 1e6, found[1][1]


def test_one_position_needs_its_worst_row():
    assert margins(DERIBIT, Position("BTC", 3.0, 100.0)) == pytest.approx((30.0, 30.0))
    assert margins(replace(DERIBIT, initial_factor=1.3), Position("BTC", -3.0, 100.0)) == pytest.approx((30.0, 39.0))


def test_what_offsets_inside_a_group_is_charged_one_percent():
    """Deribit's example: long 100, short 100 of the same underlying: 1 % of one side, nothing for the price."""
    assert margins(DERIBIT, Position("BTC", 100.0, 100.0), Position("BTC-NEXT", -100.0, 100.0))[0] == pytest.approx(100.0)


def test_groups_that_lose_on_opposite_sides_offset_at_the_rate():
    """30 and 10, a quarter of twice the smaller off; two on the same side do not."""
    matrix = MatrixRule((-0.1, 0.1), offset=0.25)
    assert margins(matrix, Position("BTC", 3.0, 100.0), Position("ETH", -1.0, 100.0))[0] == pytest.approx(30 + 10 - 0.25 * 20)
    assert margins(matrix, Position("BTC", 3.0, 100.0), Position("ETH", 1.0, 100.0))[0] == pytest.approx(40)


def test_in_the_stress_row_everything_moves_together():
    """Half the loss of a joint fall by 60 % is more than both risks."""
    matrix = MatrixRule((-0.1, 0.1), offset=0.5, stress=(-0.6, 0.6), stress_share=0.5)
    assert margins(matrix, Position("BTC", 3.0, 100.0), Position("ETH", 1.0, 100.0))[0] == pytest.approx(0.5 * 0.6 * 400)
    assert margins(matrix, Position("BTC", 3.0, 100.0), Position("ETH", -3.0, 100.0))[0] == pytest.approx(30 + 30 - 0.5 * 60)


def test_volatility_is_a_shock_of_its_own():
    """Short options lose where volatility rises, in whichever price row is worst for the rest."""
    matrix = MatrixRule((-0.1, 0.0, 0.1), (-0.2, 0.2))
    assert margins(matrix, Position("OPT", -2.0, 100.0))[0] == pytest.approx(20 + 50 * 2 * 0.2)


def test_a_group_without_a_direction_offsets_nobody():
    """Losing as much upwards as downwards (by volatility alone) it is on neither side."""
    matrix = MatrixRule((-0.1, 0.1), (-0.2, 0.2), offset=0.5)
    neutral = (Position("OPT", 1.0, 100.0), Position("BTC", -1.0, 100.0))
    assert margins(matrix, *neutral, Position("ETH", 1.0, 100.0))[0] == pytest.approx(10 + 10)


def test_the_liquidation_price_follows_the_side_that_offsets():
    """Short 1 moves past 2 long options of 100, which stand still: the charge of a half grows up to 200 and not beyond.

    Volatility costs 20 and the rise of 10 % gives back a tenth of 200 - p; balance 330 - p = p / 10 + 100. From 300 down, with 140, 240 - p = p / 10 + p / 2.
    """
    rules = VenueRules(Venue("drawn"), (BTC, OPTION), matrix=MatrixRule((0.1,), (-0.2, 0.2), hedge_rate=0.5))
    positions = (Position("BTC", -1.0, 100.0), Position("OPT", 2.0, 100.0))
    for collateral, mark, price in ((230.0, 100.0, 230 / 1.1), (140.0, 300.0, 150.0)):
        account = Account("a", mode="portfolio", collateral=collateral, positions=positions)
        case = MarginCase(rules, (account,), (0,), {}, {"BTC": (mark,), "OPT": (100.0,)})
        for implementation in (answer, textbook):
            assert implementation(case).liquidation_price == pytest.approx((price,))


def test_liquidation_can_begin_where_a_group_turns_and_no_longer_offsets():
    """Net short of one underlying and long of another until the first is worth 200: below that both lose downwards and nothing offsets.

    Volatility costs 20, a move a tenth of 200 - p; the other needs 30, which the offset takes off above 200: 50 against a balance of 40 just below, 30 above.
    """
    rules = VenueRules(Venue("drawn"), (BTC, OPTION, ETH), matrix=MatrixRule((-0.1, 0.1), (-0.2, 0.2), offset=0.5))
    positions = (Position("BTC", -1.0, 100.0), Position("OPT", 2.0, 100.0), Position("ETH", 3.0, 100.0))
    account = Account("a", mode="portfolio", collateral=140.0, positions=positions)
    case = MarginCase(rules, (account,), (0,), {}, {"BTC": (202.0,), "OPT": (100.0,), "ETH": (100.0,)})
    for implementation in (answer, textbook):
        found = implementation(case)
        assert found.state == (("healthy",),)
        assert found.liquidation_price == pytest.approx((200.0,))


def test_a_portfolio_account_without_a_matrix_is_refused():
    rules = VenueRules(Venue("drawn"), (BTC,))
    case = MarginCase(rules, (Account("a", mode="portfolio"),), (0,), {}, {"BTC": (1.0,)})
    for implementation in (answer, textbook):
        with pytest.raises(InputError, match=r'accounts\.mode must not be "portfolio" where the venue has no \[matrix\]'):
            implementation(case)


@settings(max_examples=60)
@given(cases(max_times=1))
def test_a_matrix_needs_at_least_its_worst_row_and_never_less_than_nothing(case):
    """Offsets are never below 0 nor above what the two smaller of a pair are; the whole is at least half the sum of the risks and at least the stress share."""
    for account in case.accounts:
        now = moment(replace(case, status={}), account, 0)
        if account.mode != "portfolio" or now is None:
            continue
        held = [position for position in account.positions if position.size]
        risk, hedge, offset, stress = reference_matrix.parts(case.rules, held, now)
        assert risk >= 0
        assert hedge >= 0
        assert 0 <= offset <= exact(case.rules.matrix.offset) * risk
        maintenance, initial = reference_matrix.margins(case.rules, held, now)
        assert maintenance >= max(risk / 2, stress, Fraction(0))
        assert initial >= maintenance
        groups = reference_matrix.grouped(case.rules, held, now)
        for legs in groups.values():
            rows = [(s, v) for s in case.rules.matrix.price_shocks for v in case.rules.matrix.volatility_shocks]
            worst = max(reference_matrix.group_loss(legs, exact(s), exact(v)) for s, v in rows)
            assert maintenance >= (worst if len(groups) == 1 else worst * (1 - exact(case.rules.matrix.offset)))
