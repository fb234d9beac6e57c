"""The rules that trade, over history: features, layers 2 to 5 and positions from the same functions (law 2).

Columns wherever the past of the portfolio does not matter; where it does, a compiled loop finds the minutes
in which something can happen, and those are played by the code that plays them live.
"""
