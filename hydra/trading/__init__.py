"""A run and one minute of it: record and rules, what is held, the paper exchange, the verdicts, and the rows.

The workers do it minute by minute, the backtest over history, both with these functions (law 2).
"""
