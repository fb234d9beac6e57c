"""Backtests: features, layers 2 to 5 and positions over history, by the functions that run live (law 2).

Everything that does not depend on the portfolio is computed in columns. For the rest, a compiled loop finds
the minutes in which something can happen, and the live code processes those.
"""
