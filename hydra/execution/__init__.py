"""Live orders: the rules of an order's life at an exchange, and the process that carries them out.

Source: docs/architecture.md, "Live orders".
"""
