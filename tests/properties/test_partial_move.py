"""`partial-move`: while the venues show a true move one after another, an index is on either side or between them, or is not ok; then it follows.

The move comes at second 40 (publication 40 sees it), a venue a publication: `STEPPED` shows it in full at publication 42.
"""

import msgspec
import pytest

from indexlab.index.determination import DEGRADED, HALTED, HELD
from indexlab.properties.partial_move import PROPERTY
from indexlab.properties.property import Occasion
from indexlab.properties.run import CLEAN
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, level, market, mean, recorded, rewritten

LEADING = msgspec.structs.replace(EXPECT, max_lead=3_000_000)


def one_after_another(factor):
    """A market that moves by a factor: a and b at second 40, c and d a second later, e two seconds later."""
    return market(lambda second, venue: (100.0 + 0.002 * venue) * (factor if second >= 40 + venue // 2 else 1.0))


STEPPED = recorded(level(1.5, 0), quotes=one_after_another(1.1), expect=LEADING)


@pytest.mark.parametrize("factor", [1.011, 1.1, 0.9, 20.0, 0.03])
@pytest.mark.parametrize("combine", [mean, None])
def test_an_index_of_the_prices_is_between_them(factor, combine):
    answer = {} if combine is None else {"answer": answering(combine)}
    assert_holds(PROPERTY.check(recorded(quotes=one_after_another(factor), expect=LEADING, **answer)))


@pytest.mark.parametrize("publication", [40, 41, 42, 43])
@pytest.mark.parametrize("value", [99.9, 110.2])
def test_a_value_outside_both_sides_is_found(publication, value):
    outcome = PROPERTY.check(rewritten(STEPPED, CLEAN, [publication], value=value))
    assert_broken(outcome, CLEAN, publication)
    assert outcome.breach.what == "outside"
    assert outcome.breach.sentence.startswith("while the sources show a true move of +10.00% one after another the index lies")


@pytest.mark.parametrize("status", [DEGRADED, HELD, HALTED])
def test_outside_it_must_only_not_be_called_ok(status):
    assert_holds(PROPERTY.check(rewritten(STEPPED, CLEAN, range(40, 44), value=99.0, status=status)))


@pytest.mark.parametrize("value", [100.0, 103.0, 110.0])
def test_either_side_and_all_between_will_do_until_the_tracking_lag(value):
    assert_holds(PROPERTY.check(rewritten(STEPPED, CLEAN, range(40, 44), value=value)))


@pytest.mark.parametrize(("value", "what"), [(100.0, "late"), (103.0, "late")])
def test_from_then_on_it_follows(value, what):
    outcome = PROPERTY.check(rewritten(STEPPED, CLEAN, slice(40, None), value=value))
    assert_broken(outcome, CLEAN, 44)
    assert outcome.breach.what == what


def test_a_halt_that_never_ends_is_found():
    assert PROPERTY.check(rewritten(STEPPED, CLEAN, slice(40, None), status=HALTED)).breach.what == "lost"


def test_a_move_that_all_show_at_once_is_no_occasion():
    assert_unmet(PROPERTY.check(recorded(quotes=market(lambda second, _: 110.0 if second >= 40 else 100.0))))
    assert_unmet(PROPERTY.check(recorded(level(1.5, 0))))


def test_it_takes_two_sources():
    plain = {"expect": EXPECT, "uses": ("price",), "provides": ("index",)}
    assert PROPERTY.applies(Occasion(**plain)) == ""
    assert PROPERTY.applies(Occasion(**plain, sources=1)) == "the basket has 1 source; one after another takes 2"
