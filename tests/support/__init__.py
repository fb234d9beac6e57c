"""Shared by several tests: markets, servers, scenarios, and reference implementations."""
