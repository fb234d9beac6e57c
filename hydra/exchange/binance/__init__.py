"""Binance USD-M."""
