"""What fills and settlements make of a position in one-way mode."""

from decimal import Decimal

from hydra.ledger.positions import margin_usd, price_profit
from hydra.sim.exchange.account.records import ZERO, Position
from hydra.sim.exchange.account.wallet import usd


def add_fill(position: Position, signed_quantity: Decimal, price: Decimal) -> Decimal:
    """Change the position by a fill; gives the profit that it realises, before costs, USDT.

    A fill against the position closes first; what is left over opens one on the other side. With isolated
    margin the value opened / leverage moves into the position, and a closed share moves out.
    """
    direction = 1 if position.amount > 0 else -1
    closes = (
        min(abs(signed_quantity), abs(position.amount)) if position.amount * signed_quantity < 0 else ZERO
    )
    realized = _close(position, direction, closes, price) if closes else ZERO
    opens = abs(signed_quantity) - closes
    if opens:
        _open(position, 1 if signed_quantity > 0 else -1, opens, price)
    return realized


def _open(position: Position, direction: int, quantity: Decimal, price: Decimal) -> None:
    value = quantity * price
    position.amount += direction * quantity
    position.cost_usd += value
    if position.is_isolated:
        position.isolated_wallet_usd += usd(margin_usd(value, Decimal(position.leverage)))


def _close(position: Position, direction: int, quantity: Decimal, price: Decimal) -> Decimal:
    held = abs(position.amount)
    if quantity == held:
        cost, released = position.cost_usd, position.isolated_wallet_usd
    else:
        cost = position.cost_usd * quantity / held
        released = usd(position.isolated_wallet_usd * quantity / held)
    realized = usd(price_profit(direction, quantity, cost, price))
    position.amount -= direction * quantity
    position.cost_usd -= cost
    position.isolated_wallet_usd -= released
    position.realized_usd += realized
    position.net_realized_usd += realized
    if not position.amount:
        position.net_realized_usd = ZERO
    return realized


def funding_fee(position: Position, rate: Decimal, mark_price: Decimal) -> Decimal:
    """What the position receives (positive) or pays at a settlement, USDT.

    Formula: - amount x mark price x rate
    Source: docs/practice.md, "Costs".
    """
    return usd(-position.amount * mark_price * rate)
