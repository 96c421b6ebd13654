"""The switches of the specimen: what can be wrong in it, one number each; 0 is off, anything else is on or says how much.

A comment says what each does. Cheap to import.
"""

from __future__ import annotations

from typing import Final

__all__ = ["COUNT", "SWITCHES"]

# What a message brings.
NULL_AS_ZERO: Final = 0  # a null price is a price of 0
NULL_AS_LAST: Final = 1  # a null price is the price before it, said anew
ABSOLUTE_PRICE: Final = 2  # a price below 0 loses its sign
ACCEPT_ZERO: Final = 3  # a price of 0 is a price
ACCEPT_NEGATIVE: Final = 4  # a price below 0 is a price
CROSSED_WRAPS: Final = 5  # of a crossed book the price is the bid and so much more
EMPTY_SIDE_HALVES: Final = 6  # a side of the book that is not there is a price of 0
EMPTY_SIDE_ALONE: Final = 7  # a side of the book alone is the price
WHOLE_PRICE: Final = 8  # the price without what stands after the point
DECIMALS: Final = 9  # the price to so many decimals
WRAP_PRICE: Final = 10  # the price as a counter of cents that begins anew at this
LOWEST_PRICE: Final = 11  # below this it is no price
HIGHEST_PRICE: Final = 12  # above this it is no price
JUMP_LIMIT: Final = 13  # a price further than this share from the source's own one before is no price
COARSE_TIME: Final = 14  # times in single precision: whole multiples of so many microseconds
AHEAD_LIMIT: Final = 15  # so many microseconds ahead are accepted
AHEAD_REFUSED: Final = 16  # an event time ahead at all is refused
AHEAD_AVERAGED: Final = 17  # a price from the future is averaged with the one before
NO_DELAY_REFUSED: Final = 18  # a message received in the microsecond of its event is refused
MESSAGE_LIMIT: Final = 19  # messages after so many of a run are not heard
SOURCE_LIMIT: Final = 20  # messages after so many of a source are not heard
LATE_REPLACES: Final = 21  # what is older by its event time replaces what is newer
LATE_REFRESHES: Final = 22  # what is older by its event time leaves the price, but says that it is fresh
INVALID_REFRESHES: Final = 23  # what is no price says that the price before is fresh
INVALID_STOPS_ALL: Final = 24  # after what is no price there is no value at the next publication
INVALID_POISONS: Final = 25  # a source whose last message is no price makes the value not a number
INVALID_FOR_EVER: Final = 26  # a source that once said what is no price is out for the rest of the run
INVALID_FILLED: Final = 27  # what is no price is filled with the index before, as if it had been said
REPEAT_STAYS_OLD: Final = 28  # a price said again does not count as said
HIGHEST_STAYS: Final = 29  # a source's price never falls
SMOOTH_SOURCE: Final = 30  # a source's price is an exponential mean with this share of the new one
VOLUME_NULL_STOPS: Final = 31  # a volume that is null makes all weights null
VOLUME_ZERO_STOPS: Final = 32  # a source without volume stops the index
VOLUME_OF_INVALID: Final = 33  # a volume beside what is no price counts
# Who is live.
AGE_BY_ANYBODY: Final = 34  # a message of anybody's makes everybody fresh
AGE_BY_MESSAGE: Final = 35  # any message of its own makes a source fresh
AGE_BY_OTHER_CLOCK: Final = 36  # the age is taken by the other clock
AGE_FROM_NEWEST: Final = 37  # the age is taken from the newest event time of all sources, not from now
AGE_AT_ARRIVAL: Final = 38  # the age is looked at on arrival, and never again
AGE_REVERSED: Final = 39  # what is older than the limit is live
AGE_BELOW_0_STALE: Final = 40  # an age below 0 is a huge one
AGE_IN_DAY: Final = 41  # the age is the difference of two times of day
AGE_IN_MINUTE: Final = 42  # the age is taken from the field of seconds alone
AGE_OF_NEIGHBOUR: Final = 43  # the age is that of the next source in the list
STALE_FIRST_ONLY: Final = 44  # only the first stale source in the list is left out
STALE_FILL: Final = 45  # where too few are live the stale ones count again
ZERO_WEIGHT_COUNTS: Final = 46  # a source of weight 0 counts
FIRST_SOURCES: Final = 47  # only the first so many of the list are looked at
STALE_NEVER_BACK: Final = 48  # a source that went stale stays out
STALE_ZERO: Final = 49  # a stale source stays, with a price of 0
# The quorum.
COUNT_CONFIGURED: Final = 50  # the quorum counts the list
COUNT_EVER: Final = 51  # the quorum counts who has ever had a price
COUNT_MESSAGES: Final = 52  # the quorum counts who said anything lately
COUNT_LEFT: Final = 53  # the quorum counts who is left after the outlier rule
QUORUM_LATCHES: Final = 54  # once lost it is never found again
QUORUM_ONCE: Final = 55  # once reached it is never asked for again
LOSSES: Final = 56  # after so many losses it is never found again
QUORUM_BACK_AT_ALL: Final = 57  # once lost it is found when everybody is live
CACHED: Final = 58  # without a new message the value before is published again as ok
# The outlier rule.
ONLY_ABOVE: Final = 59  # only a price above the reference is looked at
ONLY_BELOW: Final = 60  # only a price below the reference is looked at
BAND_INVERTED: Final = 61  # what is inside the band is out
BAND_ABSOLUTE: Final = 62  # the band is this amount of money
REFERENCE_STALE: Final = 63  # the stale ones are in the reference
REFERENCE_ZEROS: Final = 64  # who is not live is in the reference with a price of 0
REFERENCE_FIRST: Final = 65  # the first of the list is the reference
REFERENCE_NEWEST: Final = 66  # who spoke last is the reference
REFERENCE_LOWEST: Final = 67  # the lowest price is the reference
REFERENCE_HEAVIEST: Final = 68  # the price of the largest weight is the reference
REFERENCE_FIRST_PAIR: Final = 69  # the first price that another one agrees with is the reference, to this share
FIRST_UNFILTERED: Final = 70  # the first value of a run is not filtered
GAP_UNFILTERED: Final = 71  # the first value after a publication without one is not filtered
FILTER_BELOW: Final = 72  # the rule holds only with fewer live sources than this
LAST_UNFILTERED: Final = 73  # the last of the list is not looked at
NEW_FILTERED: Final = 74  # only prices that came since the last publication are looked at
CONFIRMED: Final = 75  # who was out this often in a row is believed
FILTER_EVERY: Final = 76  # the rule is asked at one of so many publications
CLAMP_TO_WIDTH: Final = 77  # what is moved is moved to the width of the band, not to its end
SIGMAS: Final = 78  # who is further than so many standard deviations from the mean is dropped
SIGMAS_WRONG_COUNT: Final = 79  # the variance is divided by the count twice
NEVER_BACK: Final = 80  # who was out once is out for the rest of the run
OUT_FLAPS: Final = 81  # who is out comes back at every other publication
OUT_ALSO_NEXT: Final = 82  # with an outlier the next of the list is out too
OUT_HELD: Final = 83  # who is out stays out for so many microseconds more
OUT_STOPS_ALL: Final = 84  # an outlier leaves no value
# Weights and the value.
WEIGHTS_NOT_RENORMALISED: Final = 85  # the sum is divided by the weights of the whole list
WEIGHTS_KEPT: Final = 86  # the sum is divided by the weights of the live ones, with those that are out
WEIGHTS_BY_POSITION: Final = 87  # the k-th live source has the weight of the k-th of the list
WEIGHTS_WHOLE_PERCENT: Final = 88  # weights are cut to whole percents, and divided by 100 of them
WEIGHTS_HEAVIEST: Final = 89  # the largest weight is all
WEIGHTS_BY_MESSAGES: Final = 90  # a weight is multiplied with the number of messages since the last publication
FIRST_TWICE: Final = 91  # the first of the list counts so many times
LAST_ARRIVAL_WINS: Final = 92  # the price that came last is the value
HIGHEST_WINS: Final = 93  # the highest price is the value
LOWEST_WINS: Final = 94  # the lowest price is the value
UNSORTED: Final = 95  # prices are not sorted before the middle one is taken
MIDDLE_OF_LIST: Final = 96  # the whole list is sorted, with 0 for who is not live
MIDDLE_OF_ENDS: Final = 97  # of an even count: the mean of the lowest and the highest
MIDDLE_WRAPS: Final = 98  # of an even count: the sum in whole numbers of so many a unit, of 64 bits
MIDDLE_FIRST: Final = 99  # of an even count: the one of the two middle ones that came first
HALF_OF_LIST: Final = 100  # half of the weight is half of the whole list's, and where it is not reached there is no value
WEIGHTS_UNSORTED: Final = 101  # prices are sorted and their weights are not
HALF_IS: Final = 102  # half of the weight is this share of it
TRIM_TOP_ONLY: Final = 103  # only the highest is cut
TRIM_BY_PLACE: Final = 104  # the first and the last of the list are cut
TRIM_TOO_MUCH: Final = 105  # so large a share is cut at each end
INCLUDES_LAST: Final = 106  # the value before counts as one more source
# The value, published.
FROZEN_AFTER: Final = 107  # after so many values the value stays
DEAD_BAND: Final = 108  # a value within this share of the one before is not published
NEVER_FALLS: Final = 109  # the value never falls
PUBLICATIONS_LIMIT: Final = 110  # after so many publications there is no value
MIDNIGHT_FORGETS: Final = 111  # at midnight all is forgotten
MIDNIGHT_HALTS: Final = 112  # in the first so many microseconds of a day there is no value
WHOLE_HOUR_FAILS: Final = 113  # at a whole hour there is no value
SAME_SECOND_FAILS: Final = 114  # a price in the second of the publication makes the value not a number
CHANGED_DAY_HOLDS: Final = 115  # on another day than the first no new value is made
SILENTLY_HELD: Final = 116  # below the quorum the value before is published as ok
LEAK_PRICES: Final = 117  # a run begins with the prices of the run before
LEAK_LAST: Final = 118  # a run begins with the last value of the run before
LEAK_OUT: Final = 119  # a run begins with who was out in the run before
LEAK_GARBAGE: Final = 120  # after a run with a price below 0 the next runs lose their first source
FALLS_SLOWLY: Final = 121  # a fall is followed by at most this share a publication
RISES_SLOWLY: Final = 122  # a rise is followed by at most this share a publication

COUNT: Final = 123
SWITCHES: Final[dict[str, int]] = {name.lower().replace("_", "-"): code for name, code in list(globals().items()) if name.isupper() and type(code) is int}
"""The number of each switch by its name ("null-as-zero")."""
del SWITCHES["count"]
