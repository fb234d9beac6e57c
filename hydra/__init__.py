"""HYDRA: a market-participant behaviour engine for crypto perpetual futures."""

__version__ = "0.1.0"
