"""The private half on the wire: keys, signatures, REST of the account, the user stream, its faults, the journal."""
