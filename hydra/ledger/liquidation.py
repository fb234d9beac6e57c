"""The liquidation price on the mark: isolated margin, one-way mode, by maintenance bracket."""

from collections.abc import Sequence
from typing import Generic, NamedTuple

from hydra.ledger.amounts import Amount


class MaintenanceBracket(NamedTuple, Generic[Amount]):
    """Up to `notional_cap_usd` the maintenance margin is notional x rate - cumulative_usd."""

    notional_cap_usd: Amount
    rate: Amount
    cumulative_usd: Amount


def isolated_liquidation_price(
    direction: int,
    entry_price: Amount,
    quantity: Amount,
    margin_usd: Amount,
    rate: Amount,
    cumulative: Amount,
) -> Amount:
    """Mark price at which margin less loss equals the maintenance margin of one bracket.

    direction: +1 LONG, -1 SHORT. rate, cumulative: of the bracket (fraction, USDT). 0 or less: never.

    Formula: (WB + cum - side * q * EP) / (q * (MMR - side))
    Source: docs/practice.md, "Costs" (isolated one-way); C40.
    """
    return (margin_usd + cumulative - direction * quantity * entry_price) / (quantity * (rate - direction))


def bracket_index(notional_usd: Amount, brackets: Sequence[MaintenanceBracket[Amount]]) -> int:
    """Index of the bracket of a notional; the last one for a notional beyond them all."""
    for index, bracket in enumerate(brackets):
        if notional_usd <= bracket.notional_cap_usd:
            return index
    return len(brackets) - 1


def liquidation_price(
    direction: int,
    entry_price: Amount,
    quantity: Amount,
    margin_usd: Amount,
    brackets: Sequence[MaintenanceBracket[Amount]],
) -> Amount:
    """Liquidation price by the bracket of the notional *at that price*, found by iteration.

    Starts with the entry's bracket and iterates until the bracket no longer changes. If brackets alternate,
    the one that liquidates earlier is used. 0: never.

    Formula: iterate bracket(q x LP) -> LP until it stands
    Source: docs/practice.md, "Costs" (bracket of the notional at the liquidation price); C40.
    """
    index = bracket_index(quantity * entry_price, brackets)
    prices: dict[int, Amount] = {}
    while index not in prices:
        rate, cumulative = brackets[index].rate, brackets[index].cumulative_usd
        price = isolated_liquidation_price(direction, entry_price, quantity, margin_usd, rate, cumulative)
        prices[index] = price
        index = bracket_index(quantity * price, brackets)
    found = prices[index] if index == list(prices)[-1] else _earlier(direction, prices)
    return max(found - found, found)


def _earlier(direction: int, prices: dict[int, Amount]) -> Amount:
    """A long is liquidated earlier at the higher price, a short at the lower."""
    return max(prices.values()) if direction > 0 else min(prices.values())
