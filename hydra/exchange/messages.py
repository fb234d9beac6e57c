"""What an exchange tells about the market, in HYDRA's own types: one record a message.

Times are microseconds since 1970, UTC, by the exchange's clock. Prices are in quote units, quantities in base
units, as float64 like the columns of the facts; `symbol` is the exchange's own name (BTCUSDT).
"""

from typing import NamedTuple

from hydra.domain import Side

Level = tuple[float, float]
"""Price and quantity of one level of an order book; quantity 0 removes it."""


class Trade(NamedTuple):
    """A public (aggregate) trade. Ids of a symbol have no holes."""

    symbol: str
    time_us: int
    trade_id: int
    price: float
    quantity: float
    buyer_is_maker: bool


class ClosedCandle(NamedTuple):
    """A closed one-minute candle; `time_us` is its open. None: the exchange does not tell."""

    symbol: str
    time_us: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float | None
    trade_count: int | None
    taker_buy_volume: float | None
    taker_buy_quote_volume: float | None


class RunningCandle(NamedTuple):
    """News of a candle that is still open: proof of life, no fact. `time_us`: of the message."""

    symbol: str
    time_us: int


class ForcedOrder(NamedTuple):
    """A liquidation; `side` is the liquidated position."""

    symbol: str
    time_us: int
    side: Side
    price: float
    quantity: float


class PremiumIndex(NamedTuple):
    """Mark price, index price and the estimate of the next settlement (fraction per interval)."""

    symbol: str
    time_us: int
    mark_price: float
    index_price: float
    predicted_rate: float
    next_settlement_us: int


class DepthUpdate(NamedTuple):
    """A change of the order book: ids [first_id, last_id] after previous_id (U, u, pu)."""

    symbol: str
    time_us: int
    first_id: int
    last_id: int
    previous_id: int
    bids: list[Level]
    asks: list[Level]


class DepthSnapshot(NamedTuple):
    """The order book as REST gives it: everything up to `last_id`."""

    symbol: str
    time_us: int
    last_id: int
    bids: list[Level]
    asks: list[Level]


class SubscriptionAnswer(NamedTuple):
    """The answer to a SUBSCRIBE or UNSUBSCRIBE; `error`: the exchange's words if it refused."""

    request_id: int
    error: str | None


OneMessage = (
    Trade
    | ClosedCandle
    | RunningCandle
    | ForcedOrder
    | PremiumIndex
    | DepthUpdate
    | DepthSnapshot
    | SubscriptionAnswer
)


class Several(NamedTuple):
    """Several messages of one frame, in their order (Bybit; a frame of Binance holds one)."""

    messages: tuple[OneMessage, ...]


Message = OneMessage | Several
