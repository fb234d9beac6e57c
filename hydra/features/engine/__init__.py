"""How features are computed for many decisions at once: grids, windows, ranks, what is remembered."""
