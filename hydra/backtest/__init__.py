"""Backtests: features, layers 2 to 5 and positions over history, with the functions of a live run (law 2).

What does not depend on the portfolio is computed in columns. For the rest, a compiled loop finds the minutes
in which something can happen, and the live code plays those.
"""
