"""The rules of layers 2 to 5 and of open positions: pure functions, no clock, no database."""
