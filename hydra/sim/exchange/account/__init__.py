"""An account of the simulated exchange: orders, their matching, positions, money. No I/O, no clock."""
