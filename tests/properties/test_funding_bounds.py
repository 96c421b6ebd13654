"""`funding-bounds`: one payment a slot that nets to zero, within the cap, from who holds; and no broken source moves one beyond the cap."""

import msgspec
import pytest
from hypothesis import assume, given

from indexlab.margin import reference_funding
from indexlab.margin.case import FundingCase, Holding
from indexlab.margin.funding import settle
from indexlab.margin.rules import VenueRules
from indexlab.properties.funding_bounds import PROPERTY
from indexlab.properties.funding_slips import slip
from indexlab.properties.run import CLEAN
from tests.margin.funding_strategies import Setting, settings_of_funding
from tests.properties.examples import told
from tests.properties.funding_talks import CONTRACT, HOLDINGS, RULE, SETTING, TICKS, example, funding, paid, paid_again, rules_with, run_with, talk
from tests.properties.recording import assert_broken, assert_holds, assert_unmet, at


def answer_with(**fields):
    return lambda answer: msgspec.structs.replace(answer, **{name: change(getattr(answer, name)) for name, change in fields.items()})


def test_our_engine_holds_in_the_clean_run_and_in_broken_ones():
    outcome = PROPERTY.check(run_with(talk(CLEAN, funding()), talk(0, funding(displaced=1.005)), talk(1, funding(displaced=0.5))))
    assert_holds(outcome, met=3)
    assert outcome.worst.value > 0.001
    assert outcome.by_twin.met.tolist() == [True, True]


@pytest.mark.parametrize("premium", [0.05, -0.05])
def test_a_payment_may_swing_from_one_side_of_the_cap_to_the_other(premium):
    """The clean rate stands at the cap and the broken one at minus the cap: two caps apart, and neither is beyond what the cap allows."""
    turned = talk(0, funding(premium=premium, displaced=1.009 if premium > 0 else 0.991))
    swung = talk(1, funding(premium=-premium))
    assert_holds(PROPERTY.check(run_with(talk(CLEAN, funding(premium=premium)), turned, swung)), met=3)


CHANGES = {
    "twice": paid_again,
    "skipped": answer_with(slots=lambda s: s[::2], rates=lambda r: r[::2], payments=lambda p: p[::2], capped=lambda c: c[::2]),
    "not-due": answer_with(slots=lambda s: (*s, at(80)), rates=lambda r: (*r, 0.0), payments=lambda p: (*p, {}), capped=lambda c: (*c, False)),
    "ragged": answer_with(rates=lambda r: r[1:]),
    "beyond-cap": answer_with(rates=lambda r: (r[0], 0.00301, r[2])),
    "not-net": paid(1, ann=1),
    "not-held": paid(0, dee=-5, bob=5),
    "another-rate": answer_with(rates=lambda r: (r[0], r[1] * 1.001, r[2])),
    "capped": answer_with(capped=lambda c: (c[0], True, c[2])),
    "another-amount": paid(1, ann=-3, bob=3),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_way_to_be_wrong_is_found_and_named(what):
    outcome = PROPERTY.check(run_with(talk(CLEAN, funding()), talk(0, funding(displaced=1.002), change=CHANGES[what])))
    assert outcome.breach is not None
    assert outcome.breach.what == what
    assert outcome.by_twin.what == (what, "")
    assert_broken(outcome, 0, outcome.breach.at)
    clean = PROPERTY.check(run_with(talk(CLEAN, funding(), change=CHANGES[what])))
    assert (clean.breach.what, clean.breach.twin, clean.breached) == (what, CLEAN, 1)


def test_the_breach_stands_at_the_publication_of_its_slot():
    outcome = PROPERTY.check(run_with(talk(CLEAN, funding(), change=paid(1, ann=1))))
    assert outcome.breach.at == 39  # the publication at second 40
    assert outcome.breach.sentence == "in the clean run at the slot of 12:00:40 payments do not net to zero: 1e-06 USDT come from nowhere."


def test_an_interval_that_shortens_is_followed_by_the_answers_own_rates():
    """At the cap slots come every 5 s: those are due, and leaving one out is found."""
    shortens = msgspec.structs.replace(RULE, shorter_interval_us=5_000_000, calm_slots=2, calm_rate=0.0001)
    case = funding(premium=0.05)
    assert len(settle(rules_with(shortens), case).slots) == 9
    assert_holds(PROPERTY.check(run_with(talk(CLEAN, case, rules=rules_with(shortens)))))
    left_out = answer_with(**{field: lambda all_: all_[:4] + all_[5:] for field in ("slots", "rates", "payments", "capped")})
    outcome = PROPERTY.check(run_with(talk(CLEAN, case, rules=rules_with(shortens), change=left_out)))
    assert outcome.breach.what == "skipped"


@pytest.mark.parametrize(("factor", "found"), [(1.0, False), (1.0099, False), (1.02, True)])
def test_a_price_that_is_more_displaced_than_an_index_may_be_is_found(factor, found):
    """In both runs the rate stands at the cap; the broken price alone makes the payment larger."""
    case, broken = funding(premium=0.05), funding(premium=0.2)
    broken = msgspec.structs.replace(broken, price=tuple((time, price * (factor if time >= at(30) else 1.0)) for time, price in broken.price))
    outcome = PROPERTY.check(run_with(talk(CLEAN, case), talk(1, broken)))
    assert (outcome.breach is not None) == found
    if found:
        assert outcome.breach.what == "moved"
        assert outcome.breach.sentence == "a alone moved ann's payment at the slot of 12:00:40 beyond what the cap allows."
        assert outcome.breach.seen == "ann -3.06 USDT, clean twin -3 USDT"


@pytest.mark.parametrize(("factor", "found"), [(1.0, False), (0.9901, False), (0.98, True)])
def test_an_inverse_notional_grows_where_the_price_falls(factor, found):
    inverse = msgspec.structs.replace(CONTRACT, kind="inverse", multiplier=100.0, quote="USD", settlement="BTC")
    rules = rules_with(contract=inverse)
    broken = funding(premium=0.2)
    broken = msgspec.structs.replace(broken, price=tuple((time, price * (factor if time >= at(30) else 1.0)) for time, price in broken.price))
    outcome = PROPERTY.check(run_with(talk(CLEAN, funding(premium=0.05), rules=rules), talk(1, broken, rules=rules)))
    assert (outcome.breach is not None) == found


def test_rounding_away_from_zero_is_found_though_it_is_less_than_a_unit():
    def away(answer):
        changed = []
        for slot in answer.payments:
            larger = {party: amount + (amount > 0) - (amount < 0) for party, amount in slot.items() if party != "insurance fund"}
            changed.append(larger | ({"insurance fund": -sum(larger.values())} if sum(larger.values()) else {}))
        return msgspec.structs.replace(answer, payments=tuple(changed))

    odd = (Holding("ann", 3.3333333, HOLDINGS[0].opened), Holding("bob", -3.3333333, HOLDINGS[0].opened))
    outcome = PROPERTY.check(run_with(talk(CLEAN, funding(holdings=odd, premium=0.0007123), change=away)))
    assert outcome.breach.what == "another-amount"


def test_a_unit_nearer_to_zero_is_forgiven():
    """Floats fall short of a whole unit: what is owed exactly is 0.5 USDT, and 0.499999 is paid."""
    outcome = PROPERTY.check(run_with(talk(CLEAN, funding(), change=paid(0, ann=1, insurance_fund=0, bob=-1))))
    assert_holds(outcome)


def test_without_funding_there_is_no_verdict():
    nobody = PROPERTY.check(run_with())
    assert_unmet(nobody)
    assert not nobody.no_occasion
    silent = PROPERTY.check(run_with(talk(CLEAN, funding(), answered=False)))
    assert_unmet(silent)
    assert silent.no_occasion


def test_the_example_is_what_happens():
    run = example()
    assert told(SETTING, run, PROPERTY.check(run)) == PROPERTY.example


@given(settings_of_funding())
def test_both_implementations_are_right_whatever_is_asked(setting: Setting):
    for pay in (settle, reference_funding.settle):
        assert slip(setting.rules, setting.case, pay(setting.rules, setting.case)) is None


@given(settings_of_funding())
def test_a_unit_lost_is_always_found(setting: Setting):
    answer = settle(setting.rules, setting.case)
    assume(any(answer.payments))
    place = next(place for place, slot in enumerate(answer.payments) if slot)
    party = min(answer.payments[place])
    wrong = msgspec.structs.replace(answer, payments=tuple({**slot, party: slot[party] + 1} if k == place else slot for k, slot in enumerate(answer.payments)))
    assert slip(setting.rules, setting.case, wrong).what == "not-net"


@given(settings_of_funding())
def test_floats_are_near_enough(setting: Setting):
    """A target that pays from the float of the rate, in floats, is right."""
    assert slip(setting.rules, setting.case, in_floats(setting.rules, setting.case)) is None


def in_floats(rules: VenueRules, case: FundingCase):
    """Return the answer with the amounts computed in floats from the rates."""
    answer, contract = settle(rules, case), rules.contract(case.contract)
    booked = []
    for slot, rate in zip(answer.slots, answer.rates, strict=True):
        known = next(one for one in reference_funding.slots(rules.funding, case) if one.time == slot)
        received = {}
        dues = reference_funding.dues(rules.funding, contract, case, known)
        for due in dues:
            side = 1 if (due.pays > 0) == (rate > 0) else -1
            received[due.party] = received.get(due.party, 0) - int(float(due.notional) * rate * side)
        left = -sum(received.values())
        if left:
            bearer = reference_funding.remainder_party(rules.funding, case, slot)
            received[bearer] = received.get(bearer, 0) + left
        booked.append(received)
    return msgspec.structs.replace(answer, payments=tuple(booked))


def test_the_ticks_of_the_example_are_hostile():
    assert list(TICKS) != sorted(set(TICKS))
