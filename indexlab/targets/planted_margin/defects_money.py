"""The defects of funding and of forced reductions, in the order of the rules that they change."""

from __future__ import annotations

from typing import Final

from indexlab.targets.planted_margin import answered_funding as paid
from indexlab.targets.planted_margin import answered_liquidation as reduced
from indexlab.targets.planted_margin import cased_funding as funding
from indexlab.targets.planted_margin import cased_liquidation as liquidation
from indexlab.targets.planted_margin.defect import Answered, Cased, MarginDefect, Ruled

__all__ = ["MONEY_DEFECTS"]

_FUNDING: Final = ("funding",)
_REDUCED: Final = ("liquidation",)
_ONE_ROUND: Final = ("bybit", "okx")
"""There a tier down is nearly always enough: one round, and no pause after it."""
_NO_RIVALS: Final = ("hyperliquid", "mango-v4")
"""There a vault, or a maintenance margin of many times what a book costs, comes before the fund is empty."""
_NO_FUND: Final = ("hyperliquid",)
"""There is no fee of liquidation, and a vault takes over before the fund has to."""

MONEY_DEFECTS: Final = (
    MarginDefect("funding-twice", "funding", "every payment is booked twice", Answered(paid.charged_twice), ("funding",)),
    MarginDefect("funding-sign", "funding", "shorts pay to longs where the rate is above 0", Answered(paid.sign_flipped), ("funding",)),
    MarginDefect(
        "funding-before-open",
        "funding",
        "who opens within an interval after the slot is charged for the time before",
        Cased(funding.newcomers_pay, _FUNDING),
        ("funding",),
    ),
    MarginDefect("funding-after-close", "funding", "who closed before the slot still pays", Cased(funding.closed_still_pays, _FUNDING), ("funding",)),
    MarginDefect(
        "funding-open-at-slot",
        "funding",
        "who opens at the very slot, or in the seconds that count to it, does not pay",
        Cased(funding.opened_at_slot_free, _FUNDING),
        ("funding",),
    ),
    MarginDefect(
        "funding-window-closed",
        "funding",
        "who opens in the seconds after the slot does not pay",
        Ruled({"funding.window_late_us": 0}, parts=_FUNDING),
        ("late-window",),
    ),
    MarginDefect(
        "funding-window-doubled", "funding", "the seconds after the slot are counted twice", Cased(funding.window_late_doubled, _FUNDING), ("late-window",)
    ),
    MarginDefect("funding-cap-lost", "funding", "the cap is not applied", Ruled({"funding.cap": 1e6}, parts=_FUNDING), ("cap",)),
    MarginDefect(
        "funding-floor-lost", "funding", "the cap holds for rates above 0 alone: there is no floor", Answered(paid.cap_above_alone), ("cap", "one-interval")
    ),
    MarginDefect("funding-cap-unflagged", "funding", "nobody is told that the cap cut a rate", Answered(paid.cap_unflagged), ("cap",)),
    MarginDefect(
        "funding-clamp-lost",
        "funding",
        "interest less premium is not clamped: the rate is the interest, whatever the premium",
        Ruled({"funding.clamp": 1e9}, parts=_FUNDING),
        ("damped",),
    ),
    MarginDefect("funding-interest-lost", "funding", "there is no interest in the rate", Ruled({"funding.interest": 0.0}, parts=_FUNDING), ("interest",)),
    MarginDefect(
        "funding-undamped", "funding", "the premium is the rate: nothing draws it to the interest", Ruled({"funding.clamp": 0.0}, parts=_FUNDING), ("damped",)
    ),
    MarginDefect(
        "funding-plain-average",
        "funding",
        "the plain mean is taken for the weighted one",
        Ruled({"funding.averaging": "plain"}, parts=_FUNDING),
        ("linear-average",),
    ),
    MarginDefect(
        "funding-linear-average",
        "funding",
        "later samples weigh more than they should",
        Ruled({"funding.averaging": "linear"}, parts=_FUNDING),
        ("plain-average",),
    ),
    MarginDefect(
        "funding-window-not-trailing",
        "funding",
        "the mean is of the interval, not of the trailing window",
        Ruled({"funding.averaging": "plain"}, parts=_FUNDING),
        ("trailing-window",),
    ),
    MarginDefect(
        "funding-latest-sample", "funding", "the premium is the last sample's, not an average", Cased(funding.latest_sample_alone, _FUNDING), ("funding",)
    ),
    MarginDefect(
        "funding-samples-early",
        "funding",
        "the samples are those of half an interval before",
        Cased(funding.samples_before_the_interval, _FUNDING),
        ("funding",),
    ),
    MarginDefect(
        "funding-slot-sample", "funding", "a sample at the very slot belongs to the next interval", Cased(funding.slot_sample_to_next, _FUNDING), ("funding",)
    ),
    MarginDefect(
        "funding-asks-ignored", "funding", "a discount is not seen: only bids above the index count", Cased(funding.asks_ignored, _FUNDING), ("funding",)
    ),
    MarginDefect("funding-of-mid", "funding", "the premium is the middle's distance from the index", Cased(funding.samples_of_mid, _FUNDING), ("funding",)),
    MarginDefect(
        "funding-unscaled", "funding", "the rate per eight hours is not scaled to the interval", Cased(funding.unscaled, _FUNDING), ("other-interval",)
    ),
    MarginDefect("funding-digits", "funding", "the rate is rounded two digits too early", Cased(funding.fewer_digits, _FUNDING), ("rounded-rate",)),
    MarginDefect(
        "funding-offset-lost",
        "funding",
        "slots are at whole multiples of the interval, without the offset",
        Ruled({"funding.offset_us": 0}, parts=_FUNDING),
        ("funding",),
    ),
    MarginDefect(
        "funding-shorter-never", "funding", "the interval stays as it is at the cap", Ruled({"funding.shorter_interval_us": 0}, parts=_FUNDING), ("shorter",)
    ),
    MarginDefect("funding-shorter-for-ever", "funding", "the shorter interval is never left", Ruled({"funding.calm_slots": 0}, parts=_FUNDING), ("calm",)),
    MarginDefect(
        "funding-at-entry",
        "funding",
        "the notional is the one of the first price, whatever the price at the slot",
        Cased(funding.funding_at_entry, _FUNDING),
        ("funding",),
    ),
    MarginDefect("funding-price-after", "funding", "the price is the next one after the slot", Cased(funding.price_after_slot, _FUNDING), ("funding",)),
    MarginDefect(
        "funding-inverse-as-linear",
        "funding",
        "the notional of an inverse contract is size × price",
        Cased(funding.funding_inverse_as_linear, _FUNDING),
        ("funding-inverse",),
    ),
    MarginDefect(
        "funding-away-from-zero", "funding", "payments are rounded away from zero, and the fund pays for it", Answered(paid.away_from_zero), ("funding",)
    ),
    MarginDefect("funding-tail-lost", "funding", "payments lose their last two digits", Answered(paid.tail_lost), ("funding",)),
    MarginDefect(
        "funding-remainder-lost", "funding", "what rounding leaves over is nobody's: payments do not net to zero", Answered(paid.remainder_lost), ("funding",)
    ),
    MarginDefect(
        "funding-remainder-to-largest",
        "funding",
        "what rounding leaves over goes to the largest position",
        Ruled({"funding.remainder": "largest"}, parts=_FUNDING),
        ("remainder-fund",),
    ),
    MarginDefect(
        "funding-remainder-to-fund",
        "funding",
        "what rounding leaves over goes to the fund",
        Ruled({"funding.remainder": "fund"}, parts=_FUNDING),
        ("remainder-largest",),
    ),
    MarginDefect(
        "funding-restart-again",
        "funding",
        "where the clock is read at the same time twice, as after a restart, the newest slot is paid again",
        Answered(paid.restart_pays_again),
        ("funding",),
    ),
    MarginDefect(
        "funding-step-back-again",
        "funding",
        "where the clock steps back over a slot, the slot is paid again",
        Answered(paid.step_back_pays_again),
        ("funding",),
    ),
    MarginDefect("funding-skipped-never", "funding", "slots that the clock left out are never paid", Answered(paid.skipped_never_paid), ("funding",)),
    MarginDefect("funding-one-a-reading", "funding", "a reading of the clock pays the oldest slot alone", Answered(paid.clock_step_skips), ("funding",)),
    MarginDefect(
        "funding-late-at-newest", "funding", "a slot that is paid late is paid as the newest one", Answered(paid.skipped_paid_at_newest_rate), ("funding",)
    ),
    MarginDefect("taker-fee-unpaid", "forced reduction", "a forced trade pays no taker fee", Cased(liquidation.no_taker_fee, _REDUCED), ("taker-fee",)),
    MarginDefect(
        "liquidation-fee-unpaid",
        "forced reduction",
        "a forced trade pays no fee of liquidation",
        Cased(liquidation.no_liquidation_fee, _REDUCED),
        ("liquidation-fee",),
    ),
    MarginDefect(
        "bankruptcy-without-fees",
        "forced reduction",
        "the bankruptcy price leaves out the fees of the closing trade",
        Answered(reduced.bankruptcy_price_without_fees),
        ("closing-fee",),
    ),
    MarginDefect(
        "bankruptcy-mirrored", "forced reduction", "the bankruptcy price is on the wrong side of the entry price", Answered(reduced.bankruptcy_price_mirrored)
    ),
    MarginDefect("reduction-overshoots", "forced reduction", "a reduction trades a lot more than it should", Answered(reduced.overshoots_by_a_lot)),
    MarginDefect(
        "reduction-flips", "forced reduction", "the order is for the size at the start, whatever is left: the position turns over", Answered(reduced.flips)
    ),
    MarginDefect("reduction-leaves-crumbs", "forced reduction", "half a lot is left that cannot be traded", Answered(reduced.leaves_a_lot)),
    MarginDefect("reduction-again", "forced reduction", "the last trade is reported once more, as after a restart", Answered(reduced.second_round_again)),
    MarginDefect(
        "reduction-of-all",
        "forced reduction",
        "every reduction is one market order for all of the position",
        Cased(liquidation.reduced_like_market, _REDUCED),
        ("partial",),
    ),
    MarginDefect(
        "lots-of-ten",
        "forced reduction",
        "a reduction is in lots of ten",
        Cased(liquidation.lots_of_ten, _REDUCED),
        ("lots", "partial"),
    ),
    MarginDefect(
        "cool-down-ignored",
        "forced reduction",
        "a round follows at once, without the pause",
        Cased(liquidation.cool_down_ignored, _REDUCED),
        ("rounds",),
        _ONE_ROUND,
    ),
    MarginDefect(
        "round-of-other-tiers",
        "forced reduction",
        "a round goes down two tiers where it should be one, and one where it should be two",
        Cased(liquidation.tiers_a_round_wrong, _REDUCED),
        ("by-tier", "tiers"),
        ("bybit",),
    ),
    MarginDefect(
        "fraction-ignored",
        "forced reduction",
        "a round may close all of the position, not a fraction",
        Ruled({"liquidation.fraction": 1.0}, parts=_REDUCED),
        ("by-fraction",),
    ),
    MarginDefect(
        "auction-backwards", "forced reduction", "the auction begins where it should end", Cased(liquidation.auction_backwards, _REDUCED), ("auction",)
    ),
    MarginDefect("backstop-never", "forced reduction", "the vault never takes over", Ruled({"liquidation.backstop_below": 0.0}, parts=_REDUCED), ("backstop",)),
    MarginDefect(
        "best-price-endless", "forced reduction", "the best price is there for any size: no slippage", Cased(liquidation.best_level_endless, _REDUCED)
    ),
    MarginDefect("book-from-far-end", "forced reduction", "the sizes of a book are read from its far end", Cased(liquidation.worst_level_first, _REDUCED)),
    MarginDefect(
        "book-other-side", "forced reduction", "longs are sold at the asks, shorts bought back at the bids", Cased(liquidation.books_swapped, _REDUCED)
    ),
    MarginDefect("book-at-middle", "forced reduction", "every level of a book stands at its middle", Cased(liquidation.middle_for_book, _REDUCED)),
    MarginDefect(
        "book-refills", "forced reduction", "each round finds the book as if nothing had been taken from it", Answered(reduced.books_refill), ("rounds",)
    ),
    MarginDefect("round-at-next-mark", "forced reduction", "a round is judged by the next mark, not by the newest", Cased(liquidation.marks_ahead, _REDUCED)),
    MarginDefect("fills-at-mark", "forced reduction", "trades are reported at the mark", Answered(reduced.fills_at_mark)),
    MarginDefect("fills-without-fees", "forced reduction", "trades are reported without their fees", Answered(reduced.fee_lost), ("closing-fee",)),
    MarginDefect("fund-for-book", "forced reduction", "what the book filled is said to be taken over by the fund", Answered(reduced.fund_named_for_book)),
    MarginDefect(
        "rivals-of-own-side",
        "deleveraging",
        "auto-deleveraging looks for positions of the account's own side",
        Cased(liquidation.rivals_of_own_side, _REDUCED),
        ("adl",),
        _NO_RIVALS,
    ),
    MarginDefect("rivals-reversed", "deleveraging", "auto-deleveraging begins with the lowest rank", Answered(reduced.adl_reversed), ("adl",), _NO_RIVALS),
    MarginDefect(
        "rivals-never",
        "deleveraging",
        "nobody is auto-deleveraged: the fund owes what it does not have",
        Cased(liquidation.fund_endless, _REDUCED),
        ("adl",),
        _NO_RIVALS,
    ),
    MarginDefect("rivals-paid-twice", "deleveraging", "who is auto-deleveraged is paid twice", Answered(reduced.rival_keeps_gain), ("adl",), _NO_RIVALS),
    MarginDefect("money-made", "conservation", "each trade makes a smallest unit: rounding is in favour of both sides", Answered(reduced.money_made)),
    MarginDefect("booked-twice", "conservation", "what the account lost is taken from it twice", Answered(reduced.double_booked)),
    MarginDefect(
        "fees-unbooked", "conservation", "fees are taken from the account and are in nobody's books", Answered(reduced.fee_not_booked), ("taker-fee",)
    ),
    MarginDefect("cost-without-fees", "conservation", "what it cost is said without the fees", Answered(reduced.cost_without_fees), ("closing-fee",)),
    MarginDefect("fund-twice", "conservation", "what the fund pays is taken from it twice", Answered(reduced.fund_charged_twice), except_at=_NO_FUND),
    MarginDefect(
        "fund-untouched",
        "conservation",
        "what the fund pays is not told, and stays a debt of the account",
        Answered(reduced.fund_owes_nothing),
        except_at=_NO_FUND,
    ),
    MarginDefect("vault-unrecorded", "conservation", "what a vault takes over is in nobody's books", Answered(reduced.vault_unrecorded), ("backstop",)),
)
