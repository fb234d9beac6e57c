"""Everything that an account has, and its place in the market."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from hydra.sim.exchange.account.contract import Contract
from hydra.sim.exchange.account.liquidity import Liquidity
from hydra.sim.exchange.account.market_view import MarketListener, MarketView
from hydra.sim.exchange.account.records import ConditionalOrder, Order, Position, UserTrade
from hydra.sim.exchange.account.resting_orders import RestingOrders
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.user_events import UserEvent
from hydra.sim.exchange.account.wallet import Wallet
from hydra.sim.exchange.books import Book
from hydra.sim.exchange.refusals import BAD_SYMBOL
from hydra.sim.exchange.sources import ListedPair
from hydra.sim.exchange.trading_rules import FEE_TIERS, FeeTier


class SymbolStore:
    """What the account has in one symbol. waiting: conditional orders that have not fired, by id."""

    def __init__(self, contract: Contract, settings: AccountSettings) -> None:
        self.contract = contract
        leverage = min(settings.leverage, contract.highest_leverage)
        self.position = Position(contract.symbol, leverage, settings.margin_type)
        self.liquidity = Liquidity()
        self.resting = RestingOrders(self.liquidity)
        self.waiting: dict[int, ConditionalOrder] = {}
        self.working_children: dict[int, ConditionalOrder] = {}
        """Conditional orders that have fired and whose order still works, by id."""
        self.changes: dict[int, int] = {}
        """How often an order was modified, by its id."""
        self.is_called = False
        """A margin call was sent for the isolated position."""

    @property
    def has_stake(self) -> bool:
        """What happens in the market matters here."""
        return bool(self.position.amount or len(self.resting) or self.waiting or not self.liquidity.is_whole)


class AccountStore:
    """The account's state. Times are made to rise: no event is older than the one before it."""

    def __init__(
        self,
        pairs: Mapping[str, ListedPair],
        market: MarketView,
        emit: Callable[[UserEvent], None],
        now_ms: int,
        settings: AccountSettings,
    ) -> None:
        self.settings = settings
        self.market, self.emit = market, emit
        self.wallet = Wallet(settings.start_balance_usd, now_ms)
        self.symbols = {symbol: SymbolStore(Contract.of(pair), settings) for symbol, pair in pairs.items()}
        self.orders: dict[int, Order] = {}
        self.orders_by_client_id: dict[str, list[Order]] = {}
        self.conditional: dict[int, ConditionalOrder] = {}
        self.trades: list[UserTrade] = []
        self.countdowns: dict[str, int] = {}
        self.is_cross_called = False
        self.updated_ms = now_ms
        self._id = now_ms
        self.awake: tuple[str, ...] = ()
        """Symbols of whose market it is told."""

    def of(self, symbol: str) -> SymbolStore:
        """What it has in a symbol.

        Raises:
            Refusal: -1121.
        """
        found = self.symbols.get(symbol)
        if found is None:
            raise BAD_SYMBOL
        return found

    def instant(self, now_ms: int) -> int:
        """The time of what happens now: `now_ms`, or that of the newest event if it is later."""
        self.updated_ms = max(self.updated_ms, now_ms)
        return self.updated_ms

    def next_id(self) -> int:
        """An id for an order, a conditional order or a trade."""
        self._id += 1
        return self._id

    def add_order(self, order: Order) -> None:
        """Keep an order for good."""
        self.orders[order.order_id] = order
        self.orders_by_client_id.setdefault(order.client_id, []).append(order)

    @property
    def fees(self) -> FeeTier:
        """What fills cost."""
        return FEE_TIERS[self.settings.fee_tier]

    def mark(self, symbol: str) -> Decimal:
        """The mark price now."""
        return self.market.mark_price(symbol)

    def book(self, symbol: str) -> Book | None:
        """The order book now."""
        return self.market.book(symbol)

    def held(self) -> Iterator[SymbolStore]:
        """The symbols with a position."""
        return (one for one in self.symbols.values() if one.position.amount)

    def open_orders(self) -> Iterator[Order]:
        """The orders in the book."""
        return (order for one in self.symbols.values() for order in one.resting)

    def listen(self, symbol: str, listener: MarketListener) -> None:
        """Be told of the market of a symbol as long as something is at stake there."""
        has_stake = self.symbols[symbol].has_stake
        if has_stake and symbol not in self.awake:
            self.awake += (symbol,)
            self.market.wake(symbol, listener)
        elif not has_stake and symbol in self.awake:
            self.awake = tuple(name for name in self.awake if name != symbol)
            self.market.let_sleep(symbol, listener)
