"""Splits of labelled rows by wall time over all pairs: vault, walk-forward, k-fold, CPCV."""
