"""Portfolio, costs, liquidation, metrics: the same functions for Decimal (exact) and float (fast)."""
