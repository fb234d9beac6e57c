"""Bybit linear perpetuals."""
