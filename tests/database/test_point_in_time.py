"""A reading at a point in time gives what was known then: nothing later, nothing less, on both editions."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hydra.db.arrow_connection import ArrowConnection
from hydra.db.engine import adbc_connect, connect
from hydra.db.rollups import refresh
from hydra.errors import DatabaseError, StopError
from hydra.features.facts import LAYER_SOURCES
from hydra.features.reading.point_in_time import read_facts
from tests.support.fact_writer import append_rows, write_rows
from tests.support.synthetic_market import (
    FIVE_MINUTES,
    MINUTE,
    TABLES,
    Rows,
    assert_same_facts,
    facts_from_scratch,
    make_rows,
    utc,
)

PAIRS = (1, 2, 4)
START, END = utc(2025, 6, 9, 21), utc(2025, 6, 10, 6)
# After the close of a bucket, in the middle of one, between close and known_at, and long after the end.
# A recorded candle gives way when minutes of its bucket arrive; make_rows gives all of them these prices.
RECORDED_OPEN_AND_CLOSE = (100.0, 101.0)
READINGS = [
    utc(2025, 6, 10, 5, 0, 2),
    utc(2025, 6, 10, 5, 3, 2),
    utc(2025, 6, 10, 5, 35, 1),
    utc(2025, 6, 10, 0, 0, 2),
    utc(2025, 6, 12, 7, 13, 2),
]


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Nine hours of three pairs across midnight; a fifth of the rows arrives late, some by days."""
    return make_rows(seed=7, start=START, end=END, pairs=PAIRS, late_share=0.2)


@pytest.fixture(scope="module")
def connection(database_url: str, rows: Rows) -> Iterator[ArrowConnection]:
    """A database that holds `rows`, and rows of a pair that nobody asks for."""
    with adbc_connect(database_url) as opened:
        write_rows(opened, rows)
        write_rows(opened, make_rows(seed=8, start=START, end=END, pairs=(9,), late_share=0.0))
        yield opened


@pytest.mark.parametrize("as_of", READINGS, ids=lambda as_of: as_of.strftime("%dT%H:%M:%S"))
def test_a_reading_equals_the_facts_from_scratch(
    connection: ArrowConnection, rows: Rows, as_of: datetime
) -> None:
    found = read_facts(connection, instrument_ids=PAIRS, start=as_of, as_of=as_of)
    assert_same_facts(found, facts_from_scratch(rows, as_of, as_of))


def test_a_batch_reads_from_the_anchor_of_its_first_decision(connection: ArrowConnection, rows: Rows) -> None:
    start, as_of = utc(2025, 6, 10, 1, 0, 2), utc(2025, 6, 12, 7, 0, 2)
    found = read_facts(connection, instrument_ids=PAIRS, start=start, as_of=as_of)
    assert_same_facts(found, facts_from_scratch(rows, start, as_of))
    assert found.order_book_tops.height > 0


def test_the_made_market_holds_every_kind_of_fact_and_late_ones(rows: Rows) -> None:
    facts = facts_from_scratch(rows, READINGS[0], READINGS[0])
    assert all(getattr(facts, name).height > 0 for name in LAYER_SOURCES)
    minutes = rows["candles_1m"]
    assert (minutes["known_at"] > minutes["time"] + timedelta(hours=1)).sum() > 50
    assert set(facts.candles_5m["row_count"].unique()) >= {2, 3, 4, 5}


def test_nothing_is_known_later_than_the_reading(connection: ArrowConnection) -> None:
    for as_of in READINGS:
        facts = read_facts(connection, instrument_ids=PAIRS, start=as_of, as_of=as_of)
        for name in LAYER_SOURCES:
            frame = getattr(facts, name)
            assert frame.filter((pl.col("known_at") > as_of) | (pl.col("time") > as_of)).is_empty(), name
        assert facts.candles_5m.filter(pl.col("time") + FIVE_MINUTES > as_of).is_empty()


def test_other_instruments_do_not_enter(connection: ArrowConnection) -> None:
    as_of = READINGS[0]
    facts = read_facts(connection, instrument_ids=[2], start=as_of, as_of=as_of)
    for name in LAYER_SOURCES:
        assert getattr(facts, name)["instrument_id"].unique().to_list() == [2], name


def test_what_was_known_stays_as_it_was_when_later_facts_arrive(connection: ArrowConnection) -> None:
    early, late = READINGS[0], READINGS[-1]
    then = read_facts(connection, instrument_ids=PAIRS, start=early, as_of=early)
    cut = read_facts(connection, instrument_ids=PAIRS, start=early, as_of=late).known_by(early)
    for name in (
        "candles_1m", "funding_rates", "open_interest_5m", "positioning", "liquidations", "heartbeats",
    ):  # fmt: skip
        assert getattr(cut, name).equals(getattr(then, name)), name
    key = ["instrument_id", "time"]
    gone = then.candles_5m.filter(pl.col("row_count") == 5).join(cut.candles_5m, on=key, how="anti")
    assert set(gone.select("open", "close").unique().rows()) <= {RECORDED_OPEN_AND_CLOSE}
    assert_frame_equal(
        then.candles_5m.join(cut.candles_5m, on=key, how="semi"), cut.candles_5m, rel_tol=1e-12
    )


@pytest.mark.parametrize("hole", [utc(2025, 3, 1, 12, 2), utc(2025, 3, 1, 12, 4)])
def test_a_rollup_that_missed_a_late_row_cannot_make_a_wrong_bar(database_url: str, hole: datetime) -> None:
    """The bucket is rolled up with four rows; the fifth arrives without the rollup taking notice."""
    prices = make_rows(seed=1, start=utc(2025, 3, 1, 11), end=utc(2025, 3, 1, 13), pairs=(5,), late_share=0)
    minutes = prices["candles_1m"].filter(pl.col("time") != hole)
    late = minutes.tail(1).with_columns(
        pl.lit(hole).cast(minutes.schema["time"]).alias("time"),
        pl.lit(utc(2025, 3, 1, 14)).cast(minutes.schema["time"]).alias("known_at"),
        pl.lit(777.0).alias("high"),
    )
    pair = 100 + hole.minute
    here = pl.lit(pair, dtype=pl.Int16()).alias("instrument_id")
    minutes, late = minutes.with_columns(here), late.with_columns(here)
    with adbc_connect(database_url) as opened:
        write_rows(opened, {"candles_1m": minutes})
        with connect(database_url, autocommit=True) as refreshing:
            refresh(refreshing, "candles_1m", utc(2025, 3, 1, 11), utc(2025, 3, 1, 13))
        opened.execute("SET LOCAL hydra.rollups = 'deferred'")
        append_rows(opened, "candles_1m", late)
        opened.commit()
        for as_of in (utc(2025, 3, 1, 13, 59), utc(2025, 3, 1, 14, 1)):
            found = read_facts(opened, instrument_ids=[pair], start=as_of, as_of=as_of)
            stored = {**_nothing(), "candles_1m": pl.concat([minutes, late])}
            assert_same_facts(found, facts_from_scratch(stored, as_of, as_of))
        bar = found.candles_5m.filter(pl.col("time") == utc(2025, 3, 1, 12)).row(0, named=True)
        assert bar["high"] == 777.0


def test_a_value_that_arrives_again_is_seen_as_it_came_first(database_url: str) -> None:
    """C125: the other value lies in market.revisions and changes no reading."""
    rows = make_rows(seed=2, start=utc(2025, 2, 1), end=utc(2025, 2, 1, 1), pairs=(6,), late_share=0)
    as_of = utc(2025, 2, 1, 2)
    with adbc_connect(database_url) as opened, connect(database_url, autocommit=True) as writing:
        write_rows(opened, rows)
        before = read_facts(opened, instrument_ids=[6], start=as_of, as_of=as_of)
        writing.execute(
            "INSERT INTO market.revisions (target_table, key, stored, offered, known_at)"
            " VALUES ('candles_1m', '{\"instrument_id\": 6}', '{\"close\": 1}', '{\"close\": 2}', %s)",
            [utc(2025, 2, 1, 1, 30)],
        )
        assert_same_facts(read_facts(opened, instrument_ids=[6], start=as_of, as_of=as_of), before)


def test_depth_is_price_times_quantity_over_twenty_levels(database_url: str) -> None:
    levels = list(range(1, 26))
    book = pl.DataFrame(
        {
            "instrument_id": [7, 7],
            "time": [utc(2025, 1, 5), utc(2025, 1, 5, 0, 0, 5)],
            "known_at": [utc(2025, 1, 5), utc(2025, 1, 5, 0, 0, 5)],
            "bid_prices": [[100.0 - level for level in levels], []],
            "bid_quantities": [[2.0] * 25, []],
            "ask_prices": [[100.0 + level for level in levels[:2]], [105.0]],
            "ask_quantities": [[1.0, 3.0], [2.0]],
            "last_update_id": [1, 2],
        },
        schema=TABLES["order_books"],
    )
    as_of = utc(2025, 1, 5, 0, 1)
    with adbc_connect(database_url) as opened:
        write_rows(opened, {"order_books": book})
        tops = read_facts(opened, instrument_ids=[7], start=as_of, as_of=as_of).order_book_tops
    # 20 levels from 99 down to 80: 2 x (99 + ... + 80) = 2 x 20 x 89.5; asks: 101 x 1 + 102 x 3.
    assert tops.select("best_bid", "best_ask", "bid_depth_usd", "ask_depth_usd").rows() == [
        (99.0, 101.0, 3580.0, 407.0),
        (None, 105.0, None, 210.0),
    ]


def test_an_empty_market_gives_empty_frames_of_the_right_types(connection: ArrowConnection) -> None:
    facts = read_facts(connection, instrument_ids=[77], start=START, as_of=START + MINUTE)
    assert all(getattr(facts, name).is_empty() for name in LAYER_SOURCES)


def test_an_instant_without_zone_is_refused(connection: ArrowConnection) -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(StopError, match="no time zone"):
        read_facts(connection, instrument_ids=PAIRS, start=naive, as_of=naive)


def test_a_reading_before_its_first_decision_is_refused(connection: ArrowConnection) -> None:
    with pytest.raises(StopError, match="the first decision lies after the reading"):
        read_facts(connection, instrument_ids=PAIRS, start=END, as_of=START)


def test_a_database_without_the_schema_is_named_with_what_to_do(empty_database_url: str) -> None:
    with adbc_connect(empty_database_url) as opened:
        with pytest.raises(DatabaseError, match=r"sql/reads/candles_1m\.sql .*hydra db up"):
            read_facts(opened, instrument_ids=PAIRS, start=START, as_of=START)
        assert opened.read("SELECT 1").item() == 1


def _nothing() -> Rows:
    return {table: pl.DataFrame(schema=schema) for table, schema in TABLES.items()}
