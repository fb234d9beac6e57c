"""The facts of the recipe out of the database: books by level and hour, trades, sentiment, by hand."""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl
import pytest

from hydra.arrays import TIME
from hydra.db.arrow_connection import ArrowConnection
from hydra.db.engine import adbc_connect
from hydra.features.facts import SOURCES, MarketFacts
from hydra.features.for_models.recipe import FeatureRecipe, read_recipe_facts
from hydra.features.reading.point_in_time import read_facts
from tests.support.fact_writer import write_rows
from tests.support.synthetic_market import TABLES, make_rows, utc

PAIRS = (1, 2)
START, END = utc(2025, 6, 9, 21), utc(2025, 6, 10, 6)
AS_OF = utc(2025, 6, 10, 5, 0, 2)
SECOND = timedelta(seconds=1)
_TRADE = {
    "instrument_id": pl.Int16(), "time": TIME, "trade_id": pl.Int64(), "known_at": TIME,
    "price": pl.Float64(), "quantity": pl.Float64(), "buyer_is_maker": pl.Boolean(),
}  # fmt: skip
_SENTIMENT = {"source": pl.String(), "time": TIME, "known_at": TIME, "value": pl.Float64()}
# Eleven levels a side: mid 100.05, so bids from 99.94995 and asks to 100.15005 lie within 10 bps.
_BIDS, _ASKS = [100.0 - 0.05 * level for level in range(11)], [100.1 + 0.05 * level for level in range(11)]


def _book(second: int, hours_ago: int, quantity: float) -> tuple[object, ...]:
    at = AS_OF - timedelta(hours=hours_ago) - second * SECOND
    return (1, at, at + SECOND, _BIDS, [quantity] * 11, _ASKS, [2 * quantity] * 11, None)


def _trade(number: int, seconds_ago: float, known_after: float) -> tuple[object, ...]:
    at = AS_OF - timedelta(seconds=seconds_ago)
    return (1, at, number, at + timedelta(seconds=known_after), 100.0, 1.0, number % 2 == 0)


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[ArrowConnection]:
    market = make_rows(seed=9, start=START, end=END, pairs=PAIRS, late_share=0.0)
    books = [_book(8, 0, 1.0), _book(3, 0, 2.0), _book(5, 1, 3.0), _book(900, 1, 4.0), _book(1, 0, 5.0)]
    rows = {
        **market,
        "order_books": pl.DataFrame(books, schema=TABLES["order_books"], orient="row"),
        "trades": pl.DataFrame(
            [_trade(1, 30, 0.1), _trade(2, 20, 0.1), _trade(3, 10, 10.1)], schema=_TRADE, orient="row"
        ),
        "sentiment": pl.DataFrame(
            [
                ("fear_and_greed", utc(2025, 6, 9), utc(2025, 6, 9, 0, 10), 75.0),
                ("fear_and_greed", utc(2025, 6, 10), utc(2025, 6, 10, 7), 10.0),
                ("another", utc(2025, 6, 10), utc(2025, 6, 10), 1.0),
            ],
            schema=_SENTIMENT,
            orient="row",
        ),
    }
    with adbc_connect(database_url) as opened:
        write_rows(opened, rows)
        yield opened


@pytest.fixture(scope="module")
def facts(connection: ArrowConnection) -> MarketFacts:
    return read_recipe_facts(connection, instrument_ids=PAIRS, start=AS_OF, as_of=AS_OF)


def test_levels_hold_ten_of_each_side_and_what_lies_near_the_mid(facts: MarketFacts) -> None:
    newest = facts.order_book_levels.row(-1, named=True)
    assert newest["time"] == AS_OF - SECOND
    assert (newest["best_bid"], newest["best_ask"]) == (100.0, 100.1)
    assert (newest["best_bid_quantity"], newest["best_ask_quantity"]) == (5.0, 10.0)
    assert newest["bid_depth_10_usd"] == pytest.approx(5 * sum(_BIDS[:10]))
    assert newest["ask_depth_10_usd"] == pytest.approx(10 * sum(_ASKS[:10]))
    # Two bids and two asks.
    assert newest["near_depth_usd"] == pytest.approx(5 * (100.0 + 99.95) + 10 * (100.1 + 100.15))


def test_an_hour_is_its_last_book_and_the_open_hour_is_left_out(facts: MarketFacts) -> None:
    hours = facts.order_book_hours
    assert hours["time"].to_list() == [utc(2025, 6, 10, 4), utc(2025, 6, 10, 5)]
    quantities = hours["near_depth_usd"] / ((100.0 + 99.95) + 2 * (100.1 + 100.15))
    # Of the hour to 04:00 the book of 03:59:57, of the hour to 05:00 that of 04:59:59.
    assert quantities.to_list() == pytest.approx([3.0, 2.0])
    assert (hours["known_at"] <= AS_OF).all()


def test_trades_and_sentiment_are_those_known_by_then(facts: MarketFacts) -> None:
    assert facts.trades.select("price", "buyer_is_maker").rows() == [(100.0, False), (100.0, True)]
    # Market-wide: a row for every pair that was asked for.
    assert facts.sentiment.select("instrument_id", "value").rows() == [(1, 75.0), (2, 75.0)]


def test_the_recipe_is_built_from_them(facts: MarketFacts) -> None:
    decisions = pl.DataFrame(
        {"instrument_id": [1], "time": [AS_OF]}, schema={"instrument_id": pl.Int16, "time": TIME}
    )
    built = FeatureRecipe().build(facts, decisions)
    assert built.width == 2 + 80
    assert built["social_sentiment_score"].to_list() == [0.5]
    # Ten levels: 1 against 2 per level, prices nearly equal.
    bid, ask = sum(_BIDS[:10]), 2 * sum(_ASKS[:10])
    assert built["orderbook_imbalance"].to_list() == pytest.approx([(bid - ask) / (bid + ask)])


def test_a_reading_for_the_layers_brings_none_of_them(connection: ArrowConnection) -> None:
    facts = read_facts(connection, instrument_ids=PAIRS, start=AS_OF, as_of=AS_OF)
    assert all(getattr(facts, name).is_empty() for name in SOURCES if SOURCES[name].is_for_models)
    assert facts.candles_1m.height > 0
