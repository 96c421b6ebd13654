"""The margin states, from best to worst, and `frozen`, which has no place in the order."""

from __future__ import annotations

from typing import Final

__all__ = ["BANKRUPT", "DEFAULT_WARNING_RATIO", "FROZEN", "HEALTHY", "LIQUIDATION", "STATES", "WARNING"]

STATES: Final = ("healthy", "warning", "liquidation", "bankrupt", "frozen")
"""By code 0 to 4: below the warning ratio; margin ratio >= the warning ratio; >= 1; margin balance <= 0; no price.

A state is the condition of the moment, never latched.
"""
HEALTHY, WARNING, LIQUIDATION, BANKRUPT, FROZEN = range(5)
DEFAULT_WARNING_RATIO: Final = 0.8
"""Binance recommends to stay below it: https://www.binance.com/en-NZ/support/faq/binance-futures-liquidation-protocols-360033525271"""
