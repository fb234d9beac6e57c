"""Arithmetic of one position: average price, profit, margin, loss at the stop."""

from hydra.ledger.amounts import Amount


def average_price(
    held_quantity: Amount, held_price: Amount, fill_quantity: Amount, fill_price: Amount
) -> Amount:
    """Average price after a fill that adds to what is held (quantity-weighted)."""
    total = held_quantity + fill_quantity
    return (held_quantity * held_price + fill_quantity * fill_price) / total


def price_profit(direction: int, quantity: Amount, cost_basis_usd: Amount, price: Amount) -> Amount:
    """Profit before costs, USDT; at mark it is the unrealised, at the exit fill the realised one.

    cost_basis_usd: what `quantity` was bought (LONG) or sold (SHORT) for: the sum of price x quantity of its
    fills, never a rounded average times the quantity.

    Formula: side x (quantity x price - cost basis)
    Source: docs/practice.md (profit on mark); C122.
    """
    return direction * (quantity * price - cost_basis_usd)


def net_profit(gross_usd: Amount, fees_usd: Amount, funding_usd: Amount) -> Amount:
    """Net result of a position, USDT.

    fees_usd: paid, positive. funding_usd: positive where received.
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
    """Loss from `price` to the stop, USDT, never negative: the position's part of the heat (C39)."""
    loss = direction * quantity * (price - stop_price)
    return max(loss, loss - loss)
