"""Portfolio arithmetic, the cost model, liquidation. Exact in Decimal, fast in float: the same functions."""
