"""Floor 3: market, faults and accounts put together: promises, scenarios, and how they are drawn and expanded."""
