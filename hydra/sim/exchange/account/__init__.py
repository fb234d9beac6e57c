"""An account of the simulated exchange: its orders, their matching, positions, money. Pure: no I/O, no clock."""
