"""nautilus_trader: all pairs in one margin account of its event-driven engine; filled at the close.

Logging and the statistics at the end are off, as one would have them for speed; its risk engine is on.
"""

from decimal import Decimal

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from tests.peers.work import Stopwatch, Work, answer, read_work

VENUE = Venue("BINANCE")
CASH_USDT = 1_000_000.0
DECIMALS = 6


class CrossingConfig(StrategyConfig, frozen=True):  # type: ignore[call-arg]
    """The numbers of the work for one pair."""

    bar_type: BarType
    fast: int
    slow: int
    stake_usdt: float


class Crossing(Strategy):
    """The strategy for one pair."""

    def __init__(self, config: CrossingConfig) -> None:
        super().__init__(config)
        self.fast, self.slow = SimpleMovingAverage(config.fast), SimpleMovingAverage(config.slow)
        self.was_above = True
        self.held: Quantity | None = None

    def on_start(self) -> None:
        """Have the averages kept and the candles given."""
        for average in (self.fast, self.slow):
            self.register_indicator_for_bars(self.config.bar_type, average)
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Bar) -> None:
        """Decide at the close of a candle."""
        if not self.slow.initialized:
            return
        above = self.fast.value > self.slow.value
        if self.held is not None and not above:
            self.order(OrderSide.SELL, self.held)
            self.held = None
        elif above and not self.was_above:
            self.held = Quantity(self.config.stake_usdt / float(bar.close), DECIMALS)
            self.order(OrderSide.BUY, self.held)
        self.was_above = above

    def order(self, side: OrderSide, quantity: Quantity) -> None:
        """Send a market order."""
        instrument_id = self.config.bar_type.instrument_id
        self.submit_order(self.order_factory.market(instrument_id, side, quantity))


def instrument_of(symbol: str, taker_fee: float) -> CryptoPerpetual:
    """A perpetual with steps so fine that none of the work is rounded away."""
    step = f"{10.0**-DECIMALS:.{DECIMALS}f}"
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol(symbol), VENUE),
        raw_symbol=Symbol(symbol),
        base_currency=Currency.from_str(symbol.removesuffix("USDT")),
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=DECIMALS,
        size_precision=DECIMALS,
        price_increment=Price.from_str(step),
        size_increment=Quantity.from_str(step),
        margin_init=Decimal("0.05"),
        margin_maint=Decimal("0.025"),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal(str(taker_fee)),
        ts_event=0,
        ts_init=0,
    )


def bars_of(work: Work, symbol: str, bar_type: BarType, instrument: CryptoPerpetual) -> list[Bar]:
    """The candles of a pair as the engine's own objects, each known when it has closed."""
    rows = np.load(work.arrays_of(symbol))
    closed = pd.to_datetime(rows[:, 0].astype("int64") + 60_000, unit="ms", utc=True)
    frame = pd.DataFrame(rows[:, 1:], columns=["open", "high", "low", "close", "volume"], index=closed)
    bars: list[Bar] = BarDataWrangler(bar_type, instrument).process(frame)
    return bars


def prepared_engine() -> BacktestEngine:
    """An engine with a venue and its account."""
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USDT,
        starting_balances=[Money(CASH_USDT, USDT)],
        default_leverage=Decimal(5),
    )
    return engine


def add_pair(engine: BacktestEngine, work: Work, symbol: str) -> int:
    """Give the engine a pair's candles and its strategy; gives the number of candles."""
    instrument = instrument_of(symbol, work.taker_fee)
    bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    engine.add_instrument(instrument)
    bars = bars_of(work, symbol, bar_type, instrument)
    engine.add_data(bars, sort=symbol == work.symbols[-1])
    config = CrossingConfig(
        bar_type=bar_type,
        fast=work.fast,
        slow=work.slow,
        stake_usdt=work.stake_usdt,
        order_id_tag=symbol,
    )
    engine.add_strategy(Crossing(config))
    return len(bars)


def main() -> None:
    """Run it over all pairs."""
    work, watch, engine = read_work(), Stopwatch(), prepared_engine()
    with watch.of("loading"):
        bars = sum(add_pair(engine, work, symbol) for symbol in work.symbols)
    with watch.of("backtest"):
        engine.run()
    closed = [*engine.cache.position_snapshots(), *engine.cache.positions_closed()]
    net = sum(position.realized_pnl.as_double() for position in closed)
    answer(watch, bars, len(closed), net)


if __name__ == "__main__":
    main()
