"""What an account has: orders, conditional orders, trades, income, positions. Times are milliseconds."""

from dataclasses import dataclass
from decimal import Decimal

from hydra.ledger.positions import price_profit
from hydra.sim.exchange.account.words import (
    ConditionalStatus,
    ExpiryReason,
    IncomeKind,
    MarginType,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
    WorkingType,
)

ZERO = Decimal(0)


@dataclass(slots=True)
class Order:
    """An order in the book or its end. price: 0 for MARKET. filled_usd: the sum of price x quantity."""

    order_id: int
    client_id: str
    symbol: str
    side: OrderSide
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal
    reduce_only: bool
    close_position: bool
    created_ms: int
    updated_ms: int
    status: OrderStatus = OrderStatus.NEW
    filled: Decimal = ZERO
    filled_usd: Decimal = ZERO
    expiry_reason: ExpiryReason = ExpiryReason.NONE

    @property
    def open_quantity(self) -> Decimal:
        """What is not filled."""
        return self.quantity - self.filled

    @property
    def average_price(self) -> Decimal:
        """Mean price of the fills; 0 without one."""
        return self.filled_usd / self.filled if self.filled else ZERO

    @property
    def is_open(self) -> bool:
        """It rests in the book."""
        return self.status in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


@dataclass(slots=True)
class ConditionalOrder:
    """A conditional order. quantity: 0 with close_position. price: 0 where it becomes a MARKET order."""

    algo_id: int
    client_id: str
    symbol: str
    side: OrderSide
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal
    trigger_price: Decimal
    working_type: WorkingType
    price_protect: bool
    close_position: bool
    reduce_only: bool
    created_ms: int
    updated_ms: int
    status: ConditionalStatus = ConditionalStatus.NEW
    triggered_ms: int = 0
    child: Order | None = None
    """The order that it became."""
    reject_reason: str = ""

    @property
    def is_open(self) -> bool:
        """It waits for its price."""
        return self.status is ConditionalStatus.NEW


@dataclass(frozen=True, slots=True)
class UserTrade:
    """A fill. commission_usd: what was paid."""

    trade_id: int
    order_id: int
    symbol: str
    side: OrderSide
    price: Decimal
    quantity: Decimal
    realized_usd: Decimal
    commission_usd: Decimal
    time_ms: int
    is_maker: bool

    @property
    def quote_usd(self) -> Decimal:
        """Its value."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class Income:
    """A change of the wallet. amount_usd: positive is received. symbol, trade_id: empty if it has none."""

    transaction_id: int
    time_ms: int
    kind: IncomeKind
    amount_usd: Decimal
    symbol: str = ""
    trade_id: str = ""


@dataclass(slots=True)
class Position:
    """A position in one-way mode. amount: negative is short. isolated_wallet_usd: 0 with cross margin."""

    symbol: str
    leverage: int
    margin_type: MarginType
    amount: Decimal = ZERO
    cost_usd: Decimal = ZERO
    """Price x quantity of what is held, as it was opened."""
    isolated_wallet_usd: Decimal = ZERO
    realized_usd: Decimal = ZERO
    """Realised by all positions of the symbol since the account began, before costs."""
    net_realized_usd: Decimal = ZERO
    """Realised by this position less its commissions."""
    updated_ms: int = 0

    @property
    def direction(self) -> int:
        """+1 long, -1 short, 0 flat."""
        return (self.amount > 0) - (self.amount < 0)

    def reducible_by(self, side: OrderSide) -> Decimal:
        """How much of it an order of this side may close."""
        return max(ZERO, -side.sign * self.amount)

    @property
    def entry_price(self) -> Decimal:
        """Mean price of what is held; 0 when flat."""
        return self.cost_usd / abs(self.amount) if self.amount else ZERO

    @property
    def break_even_price(self) -> Decimal:
        """At which it would have cost nothing, fees of the exit apart; 0 when flat."""
        return self.entry_price - self.net_realized_usd / self.amount if self.amount else ZERO

    def unrealized_usd(self, price: Decimal) -> Decimal:
        """Profit at a price, before costs."""
        return price_profit(self.direction, abs(self.amount), self.cost_usd, price)

    @property
    def is_isolated(self) -> bool:
        """It stands on its own margin."""
        return self.margin_type is MarginType.ISOLATED
