"""Does a run say the same when it is decided again: parity, look-ahead, warm-up."""
