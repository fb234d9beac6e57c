"""What HYDRA needs of an account at an exchange: orders, fills, positions, money, and news of them.

The public half is `hydra/exchange/interface.py`. Amounts are exact decimals in USDT, quantities in base
units, prices in quote units, times UTC by the exchange's clock; `symbol` is the exchange's name (BTCUSDT).
Source: docs/architecture.md, "Modes and exchanges"; docs/exchange.md, "The account".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from hydra.domain import OrderState, OrderType
from hydra.exchange.exchange_clock import ServerClock
from hydra.exchange.instruments import InstrumentTerms
from hydra.layers.layer5_orders import OrderPlan

ORDER_WINDOW_S: Final = 3.0
"""The exchange refuses an order that reaches it so long after it was signed, by its own clock."""

LATEST_ARRIVAL_S: Final = ORDER_WINDOW_S + 1.0
"""No order comes to the exchange so long after its call was given up: it may be signed a second ahead."""


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """An order as the exchange shows it.

    A conditional order (stop, target) has a store of its own: `exchange_order_id` is its id there, and OPEN
    says that it waits for its trigger. Once triggered it has a child, an ordinary order with the same
    client_order_id: `child_order_id`. While its child works it stays OPEN (or PARTIALLY_FILLED); then it is
    what became of the child.

    order_type: None: a type that HYDRA does not send. quantity: 0: it closes all that is held.
    average_price: None: nothing filled, or not told (answers to `place` never tell it). filled_quantity: in
    such an answer what filled at once. reason: why it ended, in the exchange's words; empty: it says none.
    """

    symbol: str
    client_order_id: str
    exchange_order_id: int
    is_conditional: bool
    order_type: OrderType | None
    state: OrderState
    is_buy: bool
    quantity: Decimal
    filled_quantity: Decimal
    average_price: Decimal | None
    limit_price: Decimal | None
    trigger_price: Decimal | None
    reduce_only: bool
    time: datetime
    child_order_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TradeSeen:
    """A fill of one of the account's orders. `trade_id` is unique in its symbol.

    client_order_id: None: not told (the list of trades does not). fee: positive is a cost, in `fee_asset`.
    realised_usd: profit of the part of a position that it closed, before fees.
    """

    symbol: str
    trade_id: int
    exchange_order_id: int
    client_order_id: str | None
    is_buy: bool
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    realised_usd: Decimal
    time: datetime


@dataclass(frozen=True, slots=True)
class PositionSeen:
    """A position. quantity: below 0 is short, 0 flat. None: not told (by events), or there is none."""

    symbol: str
    quantity: Decimal
    entry_price: Decimal
    is_isolated: bool
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    leverage: int | None = None


@dataclass(frozen=True, slots=True)
class BalanceSeen:
    """USDT. available_usd: what new positions may use; None: not told (by events)."""

    wallet_usd: Decimal
    available_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class IncomeSeen:
    """A change of the wallet. kind: the exchange's own word (FUNDING_FEE, COMMISSION, REALIZED_PNL ...).

    symbol: empty: of the whole account. amount: positive is received.
    """

    kind: str
    symbol: str
    amount: Decimal
    asset: str
    transaction_id: int
    trade_id: int | None
    time: datetime


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What the account and its key may do, and how it is set. can_withdraw: of the key; None: not told.

    other_assets: held beside USDT: fees may be taken from them.
    """

    can_trade: bool
    can_withdraw: bool | None
    is_one_way: bool
    is_single_asset: bool
    other_assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitLeft:
    """A rate limit of the exchange: how much of `most` HYDRA may still use in the present window."""

    what: str
    left: float
    most: float


@dataclass(frozen=True, slots=True)
class StreamBegan:
    """The user stream is connected. That proves nothing: compare with what REST shows now."""


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """An order changed. trade: the fill that changed it."""

    order: OrderSeen
    trade: TradeSeen | None


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """Money or positions changed. balance: None: the money did not. reason: the exchange's own word."""

    balance: BalanceSeen | None
    positions: tuple[PositionSeen, ...]
    reason: str
    time: datetime


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """Nothing more comes of this user stream; what happens until the next StreamBegan is not heard."""

    reason: str


AccountEvent = StreamBegan | OrderUpdate | AccountUpdate | StreamEnded

OnEvent = Callable[[AccountEvent], None]
"""Called with each event in the order of their coming, which need not be that of what happened."""


class TradingAccount(Protocol):
    """One account of an exchange, REST and user stream. Calls wait for the rate limits by themselves.

    Questions raise RetryError (ask again later), StopError (a person has to act) and BadDataError (the answer
    does not hold what it should). Calls that change something raise besides:

    - OutcomeUnknownError: nobody knows whether it was carried out: ask by id before anything else;
    - OrderRefusedError: nothing was done, and the same call will not succeed. It names the kind of refusal.

    RetryError and StopError then say that nothing was done. No call repeats itself after an unknown outcome.
    """

    @property
    def venue(self) -> str:
        """The venue of the account in the tables (docs/exchange.md, "Hosts")."""

    async def place(self, symbol: str, plan: OrderPlan) -> OrderSeen:
        """Send an order; stops and targets become conditional orders that the mark price triggers.

        Prices and quantities go out as they are in `plan`: the caller has put them on the grid. The answer
        says what had happened at once; what happens later is heard by `listen`. The exchange takes the order
        within `ORDER_WINDOW_S` or not at all.

        Raises:
            OrderRefusedError: DUPLICATE_ID: an open order has this id; a closed one's may be used again.
        """

    async def cancel(self, symbol: str, client_order_id: str, *, is_conditional: bool) -> bool:
        """Cancel an order. False: no such order is open: it has ended, or never came; ask which.

        is_conditional: as of `OrderSeen`; the child of a triggered order is an ordinary order.
        """

    async def order(self, symbol: str, client_order_id: str) -> OrderSeen | None:
        """The newest ordinary order with this id; None: the exchange knows none."""

    async def conditional_order(self, symbol: str, client_order_id: str) -> OrderSeen | None:
        """The newest conditional order with this id, from the lists of them; None: they hold none.

        If it was triggered its child is asked too, so that state, filled_quantity and average_price are told.
        """

    async def open_orders(self, symbol: str | None = None) -> list[OrderSeen]:
        """The ordinary orders that work.

        symbol: of this one; of all, without it, the question weighs forty times as much.
        """

    async def open_conditional_orders(self, symbol: str | None = None) -> list[OrderSeen]:
        """The conditional orders that wait for their trigger. No other stop is there.

        symbol: of this one; of all, without it, the question weighs forty times as much.
        """

    async def positions(self) -> list[PositionSeen]:
        """The positions that are not flat, of all symbols."""

    async def balance(self) -> BalanceSeen:
        """The wallet's USDT."""

    async def trades(self, symbol: str, start: datetime) -> list[TradeSeen]:
        """All fills in `symbol` since `start`, oldest first."""

    async def income(self, start: datetime) -> list[IncomeSeen]:
        """All changes of the wallet since `start`, oldest first."""

    async def set_isolated(self, symbol: str) -> None:
        """Set isolated margin, and read back that it is.

        Raises:
            OrderRefusedError: a position or an order of this symbol forbids the change.
            StopError: the exchange shows another margin type afterwards.
        """

    async def set_leverage(self, symbol: str, leverage: int) -> int:
        """Set the leverage; gives the one that the exchange shows afterwards."""

    async def terms(self) -> AccountTerms:
        """What the account may do and how it is set."""

    async def server_clock(self) -> ServerClock:
        """The exchange's clock; signed calls carry its time from now on."""

    async def instrument_terms(self, symbols: Sequence[str]) -> list[InstrumentTerms]:
        """As `MarketData.terms`, with the account's own brackets and fees."""

    def limits(self) -> list[LimitLeft]:
        """What is left of the limits of weight and orders, as counted by HYDRA and told by the exchange."""

    async def cancel_entries_after(self, symbol: str, seconds: float) -> None:
        """Cancel the ordinary orders of `symbol` if this is not called again within `seconds`; 0: never.

        Whether conditional orders go too is documented nowhere.
        """

    async def listen(self, on_event: OnEvent) -> None:
        """Hold one user stream until it is lost or cancelled. First event StreamBegan, last StreamEnded.

        Returns, without StreamEnded, shortly before the exchange would close it because its life ends. It is
        read on for some seconds after that: a caller that calls again at once hears some events twice.

        Raises:
            RetryError: it was lost, or refused for now; call again.
            StopError: the exchange refuses it for good.
        """

    async def close(self) -> None:
        """Close every connection."""
