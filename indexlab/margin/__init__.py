"""Floor 2: contracts, tiers, accounts, margin states and headroom."""
