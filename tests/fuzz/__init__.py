"""Seeded attacks with inputs that nobody would type or make on purpose."""
