"""The defects of contracts, tiers, accounts and collateral, in the order of the rules that they change."""

from __future__ import annotations

from typing import Final

from indexlab.targets.planted_margin import answered_states as answered
from indexlab.targets.planted_margin import cased_accounts as accounts
from indexlab.targets.planted_margin import cased_contracts as contracts
from indexlab.targets.planted_margin import cased_market as market
from indexlab.targets.planted_margin.defect import Answered, Cased, MarginDefect, Ruled, Stepped

__all__ = ["ACCOUNT_DEFECTS"]

_PRICE: Final = ("liquidation_price",)
_INITIAL: Final = ("initial_margin",)

ACCOUNT_DEFECTS: Final = (
    MarginDefect(
        "amount-forgotten",
        "tiers",
        "maintenance margin is notional × rate: the tier's amount is forgotten",
        Ruled({"tiers.maintenance_amount": 0.0}),
        ("amounts",),
    ),
    MarginDefect("amount-doubled", "tiers", "the tier's amount is taken off twice", Ruled(factors={"tiers.maintenance_amount": 2.0}), ("amounts",)),
    MarginDefect("rate-by-100", "tiers", "maintenance rates are read in percent: 100 times too small", Ruled(factors={"tiers.maintenance_rate": 0.01})),
    MarginDefect(
        "initial-for-maintenance", "tiers", "initial rates are taken for maintenance rates", Cased(contracts.initial_for_maintenance), ("initial-rates",)
    ),
    MarginDefect("tier-at-entry", "tiers", "the tier is the one of the notional at entry", Cased(contracts.tier_at_entry), ("by-notional",)),
    MarginDefect("maintenance-at-entry", "tiers", "maintenance margin is the one at entry, whatever the mark", Cased(contracts.maintenance_at_entry)),
    MarginDefect("first-tier-only", "tiers", "the first tier counts for every size", Cased(contracts.first_tier_only), ("tiers",)),
    MarginDefect("tier-late", "tiers", "each tier reaches as far as the next one should", Cased(contracts.limits_of_next_tier), ("tiers",)),
    MarginDefect("tier-border-up", "tiers", "a border belongs to the upper tier", Cased(contracts.border_to_upper), ("whole-position",)),
    MarginDefect(
        "tier-by-contracts", "tiers", "tiers are looked up by the number of contracts", Ruled({"contracts.tier_measure": "contracts"}), ("scaled-tiers",)
    ),
    MarginDefect(
        "tier-by-notional", "tiers", "tiers of contracts are looked up by the notional", Ruled({"contracts.tier_measure": "notional"}), ("by-contracts",)
    ),
    MarginDefect(
        "tier-unmultiplied",
        "tiers",
        "the notional of a tier is size × price, without the multiplier",
        Cased(contracts.tiers_without_multiplier),
        ("scaled-tiers",),
    ),
    MarginDefect(
        "whole-as-brackets",
        "tiers",
        "tiers for the whole position are read as brackets, each rate for its part",
        Cased(contracts.whole_as_marginal),
        ("whole-position",),
    ),
    MarginDefect("inverse-as-linear", "contracts", "an inverse contract is computed as a linear one", Cased(contracts.inverse_as_linear), ("inverse",)),
    MarginDefect(
        "inverse-first-order",
        "contracts",
        "profit of an inverse contract is a straight line through its entry",
        Cased(contracts.inverse_first_order),
        ("inverse",),
    ),
    MarginDefect("multiplier-forgotten", "contracts", "a contract is taken for one unit", Cased(contracts.multiplier_forgotten), ("multiplier",)),
    MarginDefect("multiplier-squared", "contracts", "the multiplier counts twice", Cased(contracts.multiplier_squared), ("multiplier",)),
    MarginDefect("quanto-in-quote", "contracts", "profit of a quanto contract stays in its quote currency", Cased(contracts.quanto_in_quote), ("quanto",)),
    MarginDefect("short-as-long", "accounts", "an isolated short gains where the price rises", Cased(accounts.shorts_as_longs)),
    MarginDefect(
        "others-unsigned",
        "accounts",
        "the profit of a cross account's other positions is size × (mark − entry), without the sign of a short",
        Cased(accounts.others_without_sign),
        ("two-contracts",),
        origin="freqtrade c9ae5e1e, binance.py::dry_run_liquidation_price",
    ),
    MarginDefect(
        "others-profit-ignored",
        "accounts",
        "in a cross account the profit of the first position alone counts",
        Stepped(accounts.others_without_profit),
        ("two-contracts",),
    ),
    MarginDefect(
        "others-margin-ignored",
        "accounts",
        "in a cross account the first position alone needs margin",
        Cased(contracts.others_need_nothing),
        ("two-contracts",),
    ),
    MarginDefect(
        "first-position-alone", "accounts", "of several positions the first one alone is looked at", Cased(accounts.first_position_alone), ("two-contracts",)
    ),
    MarginDefect("first-leg-alone", "accounts", "of a hedged contract's two legs the first one alone is looked at", Cased(accounts.first_leg_alone)),
    MarginDefect("hedges-netted", "accounts", "legs of one contract are netted: of what offsets no margin is asked", Cased(accounts.hedges_netted)),
    MarginDefect("gains-ignored", "accounts", "what is gained and not yet realised does not count", Stepped(accounts.gains_ignored)),
    MarginDefect("losses-ignored", "accounts", "what is lost and not yet realised does not count", Stepped(accounts.losses_ignored)),
    MarginDefect("assets-forgotten", "collateral", "collateral in other assets is not counted", Cased(accounts.assets_forgotten), ("collateral",)),
    MarginDefect(
        "cash-forgotten",
        "collateral",
        "where there are other assets the venue's own currency is not counted",
        Cased(accounts.collateral_forgotten),
        ("collateral",),
    ),
    MarginDefect(
        "haircut-on-debts", "collateral", "a debt is smaller by the haircut, as if it were collateral", Cased(accounts.haircut_on_debts), ("haircut",)
    ),
    MarginDefect("haircut-forgotten", "collateral", "collateral counts in full", Cased(accounts.haircut_forgotten), ("haircut",)),
    MarginDefect("haircut-twice", "collateral", "the haircut is taken twice", Cased(accounts.haircut_twice), ("haircut",)),
    MarginDefect("debts-forgotten", "collateral", "an asset that is owed counts for nothing", Cased(accounts.debts_forgotten), ("collateral",)),
    MarginDefect("debts-in-favour", "collateral", "an asset that is owed loses its sign", Cased(accounts.debts_in_favour), ("collateral",)),
    MarginDefect(
        "collateral-at-par",
        "collateral",
        "a unit of any collateral is a unit of the currency, whatever its index says",
        Cased(accounts.collateral_at_par),
        ("indexed",),
    ),
    MarginDefect("floor-ignored", "collateral", "the lowest price of collateral is not applied", Ruled({"collateral.floor": None}), ("floor",)),
    MarginDefect("matrix-ignored", "portfolio", "a portfolio is margined by tiers, without its matrix", Cased(accounts.positions_as_cross), ("matrix",)),
    MarginDefect(
        "groups-by-contract",
        "portfolio",
        "two contracts of one underlying do not offset each other",
        Cased(accounts.groups_by_contract),
        ("matrix", "two-of-one"),
    ),
    MarginDefect("upward-alone", "portfolio", "the matrix has no falling prices", Cased(accounts.upward_shocks_alone), ("matrix",)),
    MarginDefect("largest-shock-lost", "portfolio", "the matrix ends one step too early on either side", Cased(accounts.largest_shock_forgotten), ("matrix",)),
    MarginDefect(
        "volatility-ignored", "portfolio", "the matrix has no shocks of volatility", Ruled({"matrix.volatility_shocks": (0.0,)}), ("volatility", "vega")
    ),
    MarginDefect("stress-skipped", "portfolio", "the row in which correlations go to one is skipped", Ruled({"matrix.stress": ()}), ("stress",)),
    MarginDefect("stress-in-full", "portfolio", "the whole stress loss is asked for, not its share", Ruled({"matrix.stress_share": 1.0}), ("stress-share",)),
    MarginDefect("offsets-twice", "portfolio", "offsets between groups are taken off twice", Ruled(factors={"matrix.offset": 2.0}), ("offset",)),
    MarginDefect("offsets-forgotten", "portfolio", "offsets between groups are not taken off", Ruled({"matrix.offset": 0.0}), ("offset",)),
    MarginDefect("hedge-charge-forgotten", "portfolio", "what offsets inside a group is not charged", Ruled({"matrix.hedge_rate": 0.0}), ("hedge-rate",)),
    MarginDefect(
        "initial-factor-forgotten",
        "portfolio",
        "initial margin of a portfolio is its maintenance margin",
        Ruled({"matrix.initial_factor": 1.0}),
        ("initial-factor",),
    ),
    MarginDefect(
        "price-of-first-tier", "liquidation price", "the liquidation price is solved with the first tier", Cased(contracts.first_tier_only, _PRICE), ("tiers",)
    ),
    MarginDefect(
        "price-without-amount",
        "liquidation price",
        "the liquidation price is solved without the tier's amount",
        Ruled({"tiers.maintenance_amount": 0.0}, parts=_PRICE),
        ("amounts",),
    ),
    MarginDefect(
        "price-of-tier-at-entry",
        "liquidation price",
        "the liquidation price is solved with the tier at entry, not again with its own",
        Cased(contracts.tier_at_entry, _PRICE),
        ("by-notional",),
    ),
    MarginDefect(
        "price-without-others",
        "liquidation price",
        "the liquidation price of a cross account leaves its other positions out",
        Cased(accounts.first_position_alone, _PRICE),
        ("two-contracts",),
    ),
    MarginDefect("price-zero-for-none", "liquidation price", "where no price liquidates 0 is given", Answered(answered.negative_price_for_none)),
    MarginDefect(
        "price-of-last-trade",
        "liquidation price",
        "the liquidation price is moved by the distance of the last trade from the mark",
        Answered(answered.liquidation_price_of_last_trade),
    ),
    MarginDefect(
        "initial-of-first-tier",
        "parameters",
        "the initial rate of the first tier counts for every size",
        Cased(contracts.initial_of_first_tier, _INITIAL),
        ("tiers",),
    ),
    MarginDefect(
        "interest-not-scaled", "parameters", "open interest does not raise the initial margin", Ruled({"contracts.open_interest": None}), ("open-interest",)
    ),
    MarginDefect(
        "interest-not-floored",
        "parameters",
        "below its lower limit open interest lowers the initial margin",
        Cased(contracts.open_interest_not_floored),
        ("open-interest",),
    ),
    MarginDefect(
        "interest-not-capped",
        "parameters",
        "above its upper limit open interest raises the initial rate beyond 1",
        Cased(contracts.open_interest_not_capped),
        ("open-interest",),
    ),
    MarginDefect(
        "interest-on-top",
        "parameters",
        "what open interest adds is not taken of what is left: base + share",
        Cased(contracts.open_interest_added_twice),
        ("open-interest",),
    ),
    MarginDefect(
        "interest-at-last-trade",
        "parameters",
        "open interest is valued at the last trade: a print moves everybody's initial margin",
        Cased(market.interest_at_last_trade, _INITIAL),
        ("open-interest",),
    ),
    MarginDefect(
        "interest-for-all", "parameters", "open interest raises the maintenance margin, too", Cased(contracts.open_interest_everywhere), ("open-interest",)
    ),
    MarginDefect(
        "jump-doubles-margin", "parameters", "after a jump of the index maintenance margins are doubled", Answered(answered.margin_doubles_after_jump)
    ),
    MarginDefect(
        "untrusted-raises-margin", "parameters", "after a held or halted index maintenance margins are a half higher", Answered(answered.rates_follow_untrusted)
    ),
    MarginDefect(
        "haircut-follows-price",
        "parameters",
        "collateral counts for a tenth less as soon as an index is 1 % below its first value",
        Answered(answered.haircut_follows_price),
        ("collateral",),
    ),
)
