"""One minute of a run: what is held, what the paper exchange plays, the verdicts, and the rows of it all.

The workers do it minute by minute, the backtest over history, both with these functions (law 2).
"""
