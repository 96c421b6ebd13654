"""The margin states, from best to worst, and `frozen`, which has no place in the order."""

from __future__ import annotations

from typing import Final

__all__ = ["BANKRUPT", "DEFAULT_WARNING_RATIO", "FROZEN", "HEALTHY", "LIQUIDATION", "REDUCE_ONLY", "STATES", "WARNING"]

STATES: Final = ("healthy", "warning", "reduce-only", "liquidation", "bankrupt", "frozen")
"""By code 0 to 5. `frozen`: the price is not trusted; no liquidation, no withdrawal, no new risk.

Where each of the others begins is the venue's to say (StateRules); not every venue has `warning` and `reduce-only`. A state is the condition of the moment,
never latched.
"""
HEALTHY, WARNING, REDUCE_ONLY, LIQUIDATION, BANKRUPT, FROZEN = range(6)
DEFAULT_WARNING_RATIO: Final = 0.8
"""Binance recommends to stay below it: https://www.binance.com/en-NZ/support/faq/binance-futures-liquidation-protocols-360033525271"""
