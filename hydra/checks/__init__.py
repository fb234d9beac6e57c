"""Checks that a run gives the same results when it is decided again: parity, look-ahead, warm-up."""
