"""The private TimescaleDB server of a checkout: downloaded once, verified, installed and started."""
