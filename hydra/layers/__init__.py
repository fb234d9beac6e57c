"""The rules of layers 2 to 5 and of open positions: arguments in, values out; no clock, no database."""
