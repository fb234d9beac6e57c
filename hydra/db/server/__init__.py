"""The private TimescaleDB of a checkout: fetched once, verified, relocated, started as nobody's neighbour."""
