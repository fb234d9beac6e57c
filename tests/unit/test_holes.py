"""What a position meets in a hole of the data (C132): its last known price, its settlements, its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from hydra.backtest.bars import BarGrid, bar_grid
from hydra.backtest.market import (
    FUNDING_MARK_SCHEMA,
    MARK_SCHEMA,
    BacktestMarket,
    DatedTerms,
    decided_minutes,
)
from hydra.backtest.minute_player import MinutePlayer
from hydra.domain import PositionEventKind, ReasonCode
from hydra.features.facts import LAYER_SOURCES, SOURCES, MarketFacts, empty_frame
from hydra.ledger.portfolio import Portfolio
from hydra.trading.pair_state import EntryPlan, PairState
from hydra.trading.parameters import Rules
from hydra.trading.portfolio_rows import equity_row
from tests.support.generated_facts import terms_of

BTC = 1
START = datetime(2025, 6, 2, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
HOLE = timedelta(days=12)
BACK = START + timedelta(minutes=30) + HOLE
Prices = tuple[float, float, float, float]
Row = dict[str, object]
QUIET = (100_000.0, 100_010.0, 99_990.0, 100_000.0)
FALLEN = (99_500.0, 99_510.0, 99_490.0, 99_500.0)


def candle(opened: datetime, prices: Prices) -> Row:
    names = dict(zip(("open", "high", "low", "close"), prices, strict=True))
    volumes = dict.fromkeys(("volume", "quote_volume", "taker_buy_quote_volume"), 1e6)
    return {
        "instrument_id": BTC,
        "time": opened,
        "known_at": opened + MINUTE + 2 * SECOND,
        **names,
        **volumes,
    }


def market_of(
    candles: list[dict[str, object]], marks: list[dict[str, object]] | None = None
) -> BacktestMarket:
    """The candles' market with a settlement of 0.01 % every eight hours, known five seconds later."""
    times = [START + timedelta(hours=8 * number) for number in range(40)]
    rates = [
        {
            "instrument_id": BTC,
            "time": at,
            "known_at": at + timedelta(seconds=5),
            "rate": 0.0001,
            "interval_hours": 8,
        }
        for at in times
    ]
    frames = {name: empty_frame(name) for name in LAYER_SOURCES}
    frames["candles_1m"] = pl.DataFrame(candles, schema=SOURCES["candles_1m"].columns)
    frames["funding_rates"] = pl.DataFrame(rates, schema=SOURCES["funding_rates"].columns)
    closes = frames["candles_1m"]["time"] + MINUTE
    gap = closes.diff() > timedelta(days=1)
    first, last = closes[0], closes[-1]
    stretches = [(first, last)]
    if gap.any():
        back = closes.filter(gap)[0]
        stretches = [(first, closes.filter(closes < back)[-1]), (back, last)]
    return BacktestMarket(
        instrument_ids=(BTC,),
        minutes=decided_minutes(stretches, last + timedelta(days=1)),
        facts=MarketFacts(**frames),
        mark_prices=pl.DataFrame(marks or [], schema=MARK_SCHEMA),
        funding_marks=pl.DataFrame(schema=FUNDING_MARK_SCHEMA),
        terms=DatedTerms((START,), (terms_of((BTC,)),)),
    )


BEFORE = [candle(START + MINUTE * k, QUIET if k < 29 else FALLEN) for k in range(30)]
AFTER = [candle(BACK + MINUTE * k, FALLEN) for k in range(5)]


def held(market: BacktestMarket, bars: BarGrid, direction: int = -1) -> tuple[MinutePlayer, PairState]:
    """0.1 BTC, entered in the second minute at the model touch: sold at 100,002.5 or bought at 99,997.5."""
    player = MinutePlayer(1, market, bars, Rules())
    state = PairState(BTC)
    reference = Decimal(100_000)
    plan = EntryPlan(
        BTC, direction, Decimal("0.1"), reference, Decimal(3), reference - direction * 9000,
        reference + direction * 20_000, 8.0,
    )  # fmt: skip
    player.enter(state, plan, player.cycle(0))
    player.collect(1, player.cycle(1), [state])
    assert state.is_open
    return player, state


def played(market: BacktestMarket, direction: int = -1) -> tuple[MinutePlayer, PairState, int]:
    """Every minute of the market, and the row of its last one."""
    player, state = held(market, bar_grid(market), direction)
    for row in range(2, len(market.minutes)):
        player.collect(row, player.cycle(row), [state])
    return player, state, len(market.minutes) - 1


def funding(state: PairState) -> list[tuple[datetime, object, object]]:
    assert state.position is not None
    events = [event for event in state.position.events if event.kind is PositionEventKind.FUNDING]
    return [(event.time, event.numbers["mark_price"], event.numbers["mark_source"]) for event in events]


def test_a_short_over_a_hole_of_twelve_days_receives_every_settlement_at_the_last_price() -> None:
    """36 settlements from 08:00 on the first day; 0.1 x 99,500 x 0.01 %, of the candle before the hole."""
    _, state, _ = played(market_of(BEFORE + AFTER))
    booked = funding(state)
    assert [time for time, _, _ in booked] == [START + timedelta(hours=8 * k) for k in range(1, 37)]
    assert {(mark, source) for _, mark, source in booked} == {(99_500.0, "last")}
    assert state.position is not None
    assert state.position.funding_usd == 36 * Decimal("0.995")


def test_a_mark_bar_within_the_hole_is_the_last_known_mark() -> None:
    """The mark is recorded by the hour for one day more: its newest bar counts from then on."""
    marks = [
        {
            "instrument_id": BTC,
            "time": START + timedelta(hours=hour),
            "known_at": START + timedelta(hours=hour + 1, seconds=2),
            "timeframe_minutes": 60,
            **dict.fromkeys(("open", "high", "low", "close"), 98_000.0 + hour),
        }
        for hour in range(24)
    ]
    _, state, _ = played(market_of(BEFORE + AFTER, marks))
    booked = funding(state)
    assert [mark for _, mark, _ in booked] == [98_007.0, 98_015.0, *[98_023.0] * 34]
    assert {source for _, _, source in booked} == {"mark"}


def test_the_mark_of_the_newest_candle_counts_from_when_it_is_known() -> None:
    """The last mark before the hole comes ten minutes after its candle."""
    last = BEFORE[-1]["time"]
    assert isinstance(last, datetime)
    names = dict.fromkeys(("open", "high", "low", "close"), 99_000.0)
    late = {"known_at": last + 11 * MINUTE, "timeframe_minutes": 1, **names}
    market = market_of(BEFORE, [{"instrument_id": BTC, "time": last, **late}])
    more = decided_minutes([(START + MINUTE, START + timedelta(hours=1))], START + timedelta(days=1))
    player, state, _ = played(replace(market, minutes=more), direction=1)
    marks = {row: player.prices(row, [state])[BTC].mark for row in (29, 38, 39, 59)}
    assert marks == {29: 99_500, 38: 99_500, 39: 99_000, 59: 99_000}


def test_after_a_day_without_candles_a_position_still_stands_at_its_last_price() -> None:
    """A pair falls silent for two days while others trade: its loss stays, and the row says it is stale."""
    market = market_of(BEFORE)
    more = decided_minutes([(START + MINUTE, START + timedelta(days=2))], START + timedelta(days=3))
    market = replace(market, minutes=more)
    player, state, last = played(market, direction=1)
    for row, stale in ((29, 0), (34, 0), (35, 1), (1500, 1), (last, 1)):
        cycle = player.cycle(row)
        equity = equity_row(
            Portfolio.start(Decimal(10_000), START), [state], player.prices(row, [state]), cycle
        )
        assert equity["unrealised_usd"] == Decimal("-49.75")  # 0.1 x (99,500 - 99,997.5)
        assert equity["stale_positions"] == stale


@pytest.mark.parametrize(("direction", "price"), [(1, "99487.5"), (-1, "99512.5")])
def test_a_pair_that_never_comes_back_is_settled_at_its_last_mark(direction: int, price: str) -> None:
    """99,500 less or more 1.25 bps (12.4375), to the tick; stop and target are withdrawn."""
    player, state, last = played(market_of(BEFORE), direction)
    cycle = player.cycle(last)
    player.close_at_last_marks(last, cycle, [state])
    position = state.position
    assert position is not None
    assert (position.exit_reason_code, position.quantity) == (ReasonCode.DATA_ENDED, Decimal(0))
    assert (position.exit_price, position.closed_time) == (Decimal(price), cycle.time)
    assert not any(order.is_working for order in state.orders)


def test_a_pair_that_still_trades_is_not_settled() -> None:
    market = market_of(BEFORE)
    player, state = held(market, bar_grid(market))
    player.close_at_last_marks(5, player.cycle(5), [state])
    assert state.is_open
