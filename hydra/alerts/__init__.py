"""Alerts: what an operator has to know, and its way out of the machine."""
