"""The last known price of an open position, whenever the exchange filled its entry."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from hydra.trading.market_rows import Price, read_prices
from hydra.trading.pair_state import PairState, Position
from tests.support.rows import add, candle

AS_OF = datetime(2025, 6, 1, 7, 50, 0, 300_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOUGHT_AT = Decimal(101)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A transaction that never commits."""
    with psycopg.connect(database_url) as opened:
        yield opened
        opened.rollback()


def held(opened_time: datetime) -> dict[int, PairState]:
    """A position in pair 1 that was opened then."""
    position = Position(
        instrument_id=1,
        decision_time=AS_OF - 5 * MINUTE,
        direction=1,
        opened_time=opened_time,
        leverage=Decimal(10),
        max_holding_until=AS_OF + 60 * MINUTE,
        mark_source="mark",
        quantity=Decimal(3),
        entry_price=BOUGHT_AT,
        cost_basis_usd=3 * BOUGHT_AT,
    )
    return {1: PairState(1, position=position)}


@pytest.mark.parametrize("filled_after_s", [-3600, -30, 0.1, 48])
@pytest.mark.parametrize("candle_ends_before_minutes", [0, 12, 23 * 60])
def test_a_position_has_the_last_candles_price(
    connection: psycopg.Connection, filled_after_s: float, candle_ends_before_minutes: int
) -> None:
    """Also where its entry was filled after the minute was opened, or while candles were missing."""
    ends = AS_OF.replace(microsecond=0) - candle_ends_before_minutes * MINUTE
    add(connection, "market.candles_1m", candle(1, ends - MINUTE, ends, (100, 102, 99, 100.5)))
    found = read_prices(connection, held(AS_OF + timedelta(seconds=filled_after_s)), AS_OF)
    assert found == {1: Price(Decimal("100.5"), Decimal("100.5"), ends)}


def test_without_any_candle_its_own_fill_is_the_last_price_known(connection: psycopg.Connection) -> None:
    opened = AS_OF - 30 * MINUTE
    found = read_prices(connection, held(opened), AS_OF)
    assert found == {1: Price(BOUGHT_AT, BOUGHT_AT, opened)}
    assert found[1].is_stale(AS_OF)
