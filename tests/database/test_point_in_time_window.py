"""A window that moves forward holds what a fresh reading at the same instant gives, whatever arrives when."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import polars as pl
import pytest

from hydra.db.arrow_connection import ArrowConnection
from hydra.db.engine import adbc_connect
from hydra.errors import DatabaseError, StopError
from hydra.features.reading.point_in_time import read_facts
from hydra.features.reading.window import MarketWindow
from tests.support.fact_writer import clear_market, write_rows
from tests.support.synthetic_market import MINUTE, Rows, assert_same_facts, facts_from_scratch, make_rows, utc

PAIRS = (1, 2, 4)
START, END = utc(2025, 6, 9, 21), utc(2025, 6, 10, 3)


@pytest.fixture
def connection(database_url: str) -> Iterator[ArrowConnection]:
    """A migrated database without facts."""
    with adbc_connect(database_url) as opened:
        clear_market(opened)
        yield opened


def _committed_between(rows: Rows, random: Random, after: datetime | None, by: datetime) -> Rows:
    """The rows that become known in (after, by], in no order."""
    column = pl.col("known_at")
    arrived = column <= by if after is None else (column > after) & (column <= by)
    return {
        table: frame.filter(arrived).sample(fraction=1, shuffle=True, seed=random.randrange(10**6))
        for table, frame in rows.items()
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_window_equals_a_fresh_reading_at_every_step(connection: ArrowConnection, seed: int) -> None:
    """Across midnight and full hours, in steps of one minute to an hour, with rows that arrive days late."""
    random = Random(seed)
    rows = make_rows(seed=seed, start=START, end=END, pairs=PAIRS, late_share=0.3)
    as_of = utc(2025, 6, 9, 22, 30, 2)
    write_rows(connection, _committed_between(rows, random, None, as_of))
    window = MarketWindow.load(connection, PAIRS, as_of)
    for step in [1, 1, 4, 58, 1, 25, 3, 60, 1, 1, 47, 1, 2, 5, 90, 30, 1, 1, 1, 2880, 5]:
        before, as_of = as_of, as_of + step * MINUTE
        write_rows(connection, _committed_between(rows, random, before, as_of))
        found = window.advance(as_of)
        assert_same_facts(found, read_facts(connection, instrument_ids=PAIRS, start=as_of, as_of=as_of))
    assert_same_facts(found, facts_from_scratch(rows, as_of, as_of))


def test_a_frame_without_news_stays_the_same_object(connection: ArrowConnection) -> None:
    rows = make_rows(seed=4, start=START, end=END, pairs=PAIRS, late_share=0)
    write_rows(connection, rows)
    window = MarketWindow.load(connection, PAIRS, utc(2025, 6, 10, 1, 2, 2))
    before, after = window.facts, window.advance(utc(2025, 6, 10, 1, 3, 2))
    assert after.candles_5m is before.candles_5m
    assert after.open_interest_5m is before.open_interest_5m
    assert after.candles_1m.height == before.candles_1m.height + len(PAIRS)


def test_a_fact_that_is_committed_late_is_found_by_the_next_advance(connection: ArrowConnection) -> None:
    rows = make_rows(seed=5, start=START, end=END, pairs=PAIRS, late_share=0)
    as_of = utc(2025, 6, 10, 1, 0, 2)
    window = MarketWindow.load(connection, PAIRS, as_of)
    held_back = as_of - timedelta(seconds=90)
    write_rows(
        connection, {name: frame.filter(pl.col("known_at") > held_back) for name, frame in rows.items()}
    )
    found = window.advance(as_of + MINUTE)
    expected = read_facts(connection, instrument_ids=PAIRS, start=window.as_of, as_of=window.as_of)
    assert expected.candles_1m.height > 0
    assert_same_facts(found, expected)


def test_a_bar_appears_when_its_bucket_ends_though_no_further_row_arrives(
    connection: ArrowConnection,
) -> None:
    rows = make_rows(seed=12, start=START, end=END, pairs=PAIRS, late_share=0)
    bucket = utc(2025, 6, 10, 1)
    silent = {**rows, "candles_1m": rows["candles_1m"].filter(pl.col("time") <= bucket)}
    write_rows(connection, silent)
    window = MarketWindow.load(connection, PAIRS, bucket + timedelta(minutes=3, seconds=30))
    assert window.facts.candles_5m.filter(pl.col("time") == bucket).is_empty()
    found = window.advance(bucket + timedelta(minutes=5))
    assert found.candles_5m.filter(pl.col("time") == bucket)["row_count"].to_list() == [1, 1, 1]
    assert_same_facts(found, facts_from_scratch(silent, window.as_of, window.as_of))


def test_an_import_of_the_past_is_taken_in(connection: ArrowConnection) -> None:
    rows = make_rows(seed=6, start=START, end=END, pairs=PAIRS, late_share=0)
    as_of = utc(2025, 6, 10, 2, 0, 2)
    window = MarketWindow.load(connection, PAIRS, as_of)
    assert window.facts.candles_1m.is_empty()
    write_rows(connection, rows)
    connection.execute(
        "INSERT INTO market.import_batches (path, sha256, layout, target_table, rows_read, rows_inserted,"
        " rows_unchanged, rows_revised, rows_quarantined, rollups_fresh)"
        " VALUES ('made', '0', 'made', 'candles_1m', 0, 0, 0, 0, 0, true)"
    )
    connection.commit()
    assert_same_facts(
        window.advance(as_of + MINUTE), facts_from_scratch(rows, as_of + MINUTE, as_of + MINUTE)
    )


def test_standing_still_changes_nothing(connection: ArrowConnection) -> None:
    rows = make_rows(seed=9, start=START, end=END, pairs=PAIRS, late_share=0.1)
    write_rows(connection, rows)
    window = MarketWindow.load(connection, PAIRS, utc(2025, 6, 10, 2, 3, 2))
    before = window.facts
    assert_same_facts(window.advance(window.as_of), before)


def test_facts_handed_out_do_not_change_when_the_window_moves(connection: ArrowConnection) -> None:
    rows = make_rows(seed=10, start=START, end=END, pairs=PAIRS, late_share=0.1)
    write_rows(connection, rows)
    window = MarketWindow.load(connection, PAIRS, utc(2025, 6, 9, 23, 0, 2))
    handed_out = window.facts
    as_it_was = facts_from_scratch(rows, window.as_of, window.as_of)
    window.advance(utc(2025, 6, 10, 2, 0, 2))
    assert_same_facts(handed_out, as_it_was)


def test_a_window_does_not_go_back(connection: ArrowConnection) -> None:
    window = MarketWindow.load(connection, PAIRS, END)
    with pytest.raises(StopError, match="only moves forward"):
        window.advance(END - MINUTE)


def test_a_window_whose_server_fails_stays_where_it_was(
    connection: ArrowConnection, database_url: str
) -> None:
    rows = make_rows(seed=11, start=START, end=END, pairs=PAIRS, late_share=0)
    write_rows(connection, rows)
    reading = adbc_connect(database_url)
    window = MarketWindow.load(reading, PAIRS, utc(2025, 6, 10, 1, 0, 2))
    before = window.facts
    _terminate_other_backends(connection)
    with pytest.raises(DatabaseError, match=r"sql/reads/"):
        window.advance(END)
    assert window.as_of == utc(2025, 6, 10, 1, 0, 2)
    assert_same_facts(window.facts, before)
    reading.close()


def _terminate_other_backends(connection: ArrowConnection) -> None:
    connection.read(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    connection.commit()
