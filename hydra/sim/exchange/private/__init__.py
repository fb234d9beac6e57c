"""The private half on the wire: keys, signatures, REST of the account, user stream, faults, journal."""
