"""A run and one minute of it: record, rules, orders and positions, paper exchange, verdicts, stored rows.

The workers and the backtest call the same functions (law 2).
"""
