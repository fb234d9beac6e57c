"""Computes features for many decisions at once: grids, windows, ranks, memory of results."""
