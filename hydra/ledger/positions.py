"""Arithmetic of one position: average price, profit, margin, loss at the stop."""

from hydra.ledger.amounts import Amount


def average_price(
    held_quantity: Amount, held_price: Amount, fill_quantity: Amount, fill_price: Amount
) -> Amount:
    """Quantity-weighted average price after a further fill."""
    total = held_quantity + fill_quantity
    return (held_quantity * held_price + fill_quantity * fill_price) / total


def price_profit(direction: int, quantity: Amount, cost_basis_usd: Amount, price: Amount) -> Amount:
    """Profit before costs, USDT: unrealised at the mark, realised at the exit fill.

    cost_basis_usd: the sum of price x quantity of the entry fills, not a rounded average times the quantity.

    Formula: side x (quantity x price - cost basis)
    Source: docs/practice.md (profit on mark); C122.
    """
    return direction * (quantity * price - cost_basis_usd)


def net_profit(gross_usd: Amount, fees_usd: Amount, funding_usd: Amount) -> Amount:
    """Net result of a position, USDT.

    fees_usd: positive. funding_usd: positive is received.
    Source: docs/practice.md, "Position management" (5).
    """
    return gross_usd - fees_usd + funding_usd


def margin_usd(notional_usd: Amount, leverage: Amount) -> Amount:
    """Isolated margin of a notional (C48).

    Formula: margin = notional / leverage
    Source: layers document, "Output" (recommended_size_usd); C48.
    """
    return notional_usd / leverage


def stop_loss_usd(direction: int, quantity: Amount, price: Amount, stop_price: Amount) -> Amount:
    """Loss from `price` to the stop, USDT, never negative (C39)."""
    loss = direction * quantity * (price - stop_price)
    return max(loss, loss - loss)
