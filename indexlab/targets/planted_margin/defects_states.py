"""The defects of marks and states, in the order of the rules that they change."""

from __future__ import annotations

from typing import Final

from indexlab.targets.planted_margin import answered_states as answered
from indexlab.targets.planted_margin import cased_market as market
from indexlab.targets.planted_margin.defect import Answered, Cased, MarginDefect, Ruled

__all__ = ["STATE_DEFECTS"]

STATE_DEFECTS: Final = (
    MarginDefect("index-for-mark", "mark", "the index is taken for the mark", Cased(market.index_for_mark)),
    MarginDefect("mark-for-index", "mark", "collateral is priced at a contract's mark, not at its index", Cased(market.mark_for_index), ("indexed",)),
    MarginDefect("last-for-mark", "mark", "the last trade is taken for the mark", Cased(market.last_for_mark)),
    MarginDefect("mark-before", "mark", "the mark is the one of the publication before", Cased(market.mark_before)),
    MarginDefect("mark-averaged", "mark", "the mark is averaged with the one before it once more", Cased(market.mark_averaged)),
    MarginDefect("mark-whole", "mark", "marks lose what stands after the point", Cased(market.mark_to_whole_units)),
    MarginDefect("first-mark-for-all", "mark", "every contract is marked at the price of the first one", Cased(market.first_mark_for_all), ("two-contracts",)),
    MarginDefect("one-mark-for-sides", "mark", "the worse of two prices is taken for longs alone", Cased(market.one_mark_for_all_sides), ("strict",)),
    MarginDefect("sides-swapped", "mark", "the better of two prices is taken", Cased(market.sides_swapped), ("strict",)),
    MarginDefect("collateral-first-price", "mark", "collateral keeps the price that it had first", Cased(market.collateral_at_first_price), ("indexed",)),
    MarginDefect("held-acts", "trust", "states go on from a held index", Cased(market.held_acts)),
    MarginDefect("halted-acts", "trust", "with a halted index states go on from the last price", Cased(market.halted_acts)),
    MarginDefect("status-unread", "trust", "what the index says of its own trust is not read", Cased(market.untrusted_acts)),
    MarginDefect("degraded-freezes", "trust", "a degraded index freezes accounts", Cased(market.degraded_freezes)),
    MarginDefect("status-late", "trust", "the status of the index is the one of the publication before", Cased(market.status_late)),
    MarginDefect("never-frozen", "trust", "nobody is ever frozen: what was published last goes on", Cased(market.never_frozen)),
    MarginDefect(
        "collateral-trusted", "trust", "the status of an index that prices collateral is not read", Cased(market.collateral_trusted), ("indexed-apart",)
    ),
    MarginDefect("one-freezes-all", "trust", "where one account is frozen all of them are", Answered(answered.one_freezes_all)),
    MarginDefect("frozen-as-healthy", "trust", "without a price everybody is healthy", Answered(answered.frozen_as_healthy)),
    MarginDefect("frozen-as-liquidation", "trust", "without a price everybody is liquidated", Answered(answered.frozen_as_liquidation)),
    MarginDefect("freeze-latches", "trust", "an account stays frozen for a publication more", Answered(answered.freeze_latches)),
    MarginDefect("initial-while-frozen", "trust", "initial margin is computed from a price that is not trusted", Answered(answered.initial_while_frozen)),
    MarginDefect("border-better", "states", "an account exactly at a threshold is in the better state", Ruled({"states.at_border": "better"}), ("worse",)),
    MarginDefect("border-worse", "states", "an account exactly at a threshold is in the worse state", Ruled({"states.at_border": "worse"}), ("better",)),
    MarginDefect(
        "equality-warns",
        "states",
        "exactly at the threshold of liquidation an account is only in the state before",
        Answered(answered.equality_warns),
        ("worse",),
    ),
    MarginDefect("warning-skipped", "states", "there is no warning", Ruled({"states.warning": None}), ("warning",)),
    MarginDefect("reduce-only-skipped", "states", "there is no reduce-only", Ruled({"states.reduce_only": None}), ("reduce-only",)),
    MarginDefect("liquidation-early", "states", "liquidation begins a percent early", Ruled(factors={"states.liquidation": 0.99}), ("by-ratio",)),
    MarginDefect("liquidation-late", "states", "liquidation begins a percent late", Ruled(factors={"states.liquidation": 1.01}), ("by-ratio",)),
    MarginDefect(
        "measure-inverted",
        "states",
        "thresholds of maintenance margin over balance are held against balance over maintenance margin",
        Ruled({"states.measure": "balance/maintenance"}),
        ("by-two-ratios",),
    ),
    MarginDefect("bankrupt-as-liquidation", "states", "a balance of 0 or less is only a liquidation", Answered(answered.bankrupt_as_liquidation)),
    MarginDefect("liquidation-as-bankrupt", "states", "whoever is to be liquidated is called bankrupt", Answered(answered.liquidation_as_bankrupt)),
    MarginDefect("latched", "states", "once in liquidation an account stays there, whatever its ratio becomes", Answered(answered.latched)),
    MarginDefect("never-better", "states", "a state is never better than the worst one before it", Answered(answered.never_better)),
    MarginDefect("states-shifted", "states", "states are given for the next account of the list", Answered(answered.states_of_next_account)),
    MarginDefect("ratio-inverted", "states", "the ratio is balance over maintenance margin", Answered(answered.ratio_inverted)),
    MarginDefect("ratio-in-percent", "states", "the ratio is given in percent", Answered(answered.ratio_in_percent)),
    MarginDefect(
        "ratio-zero-when-bankrupt", "states", "where no balance is left the ratio is 0, the best there is", Answered(answered.ratio_zero_when_bankrupt)
    ),
    MarginDefect(
        "fee-not-required", "states", "the fee of the liquidation is not part of the requirement", Ruled({"states.liquidation_fee": False}), ("fee-required",)
    ),
    MarginDefect(
        "fee-required", "states", "the fee of the liquidation is asked for beforehand", Ruled({"states.liquidation_fee": True}), ("fee-not-required",)
    ),
    MarginDefect("idle-is-bankrupt", "states", "an account without positions and money is bankrupt", Ruled({"states.idle_is_healthy": False}), ("idle",)),
    MarginDefect(
        "idle-is-healthy", "states", "an account without positions is healthy whatever it owes", Ruled({"states.idle_is_healthy": True}), ("not-idle",)
    ),
    MarginDefect("breach-counts-at-once", "persistence", "a breach counts at the first publication", Ruled({"states.persistence": 1}), ("persistent",)),
    MarginDefect("breach-must-last-longer", "persistence", "a breach must last a publication more", Cased(market.longer_persistence)),
    MarginDefect(
        "breach-not-in-a-row",
        "persistence",
        "publications with a breach are counted together, also where they do not follow one another",
        Answered(answered.breaches_need_not_be_in_a_row),
        ("persistent",),
    ),
)
