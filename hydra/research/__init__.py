"""Studies of many backtests: sweeps, their trials, random sides, single-trade outcomes, overrides."""
