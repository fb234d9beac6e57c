"""The tables of a run compared with its account at the exchange, and what a difference leads to.

`reconcile` is what the process that trades calls: at its start, on every reconnect, and each minute.
Source: docs/exchange.md, "Reconciliation"; docs/architecture.md, law 5.
"""
