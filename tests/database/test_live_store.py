"""What ingest stores: each fact once, several pairs at a time, and progress that is exact."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, cast

import polars as pl
import psycopg
import pytest
from rich.console import Console

from hydra.answers.feeds import read_feeds, read_ingest
from hydra.cli.feed_table import print_feeds
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.exchange.capture import CapturedFrame
from hydra.exchange.instruments import load_instrument_terms
from hydra.ingest.live.batch import Batch
from hydra.ingest.live.before import read_before
from hydra.ingest.live.holes import MINUTE_US, gap_record
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.rows import Record, columns_of_rows
from hydra.ingest.live.store import Store, Waiting
from hydra.ingest.merge import Merged, merge_live_rows
from hydra.ingest.terms import ensure_venue
from tests.support.invented_frames import START_MS, SYMBOLS, market_frames
from tests.support.live_ingest import counted, replay_of, write_capture
from tests.support.servers.logins import as_role

START_US = START_MS * 1_000
SECONDS = 130


@pytest.fixture
def worker(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection with the login of ingest."""
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as connection:
        yield connection


def _trades(ids: range, instruments: tuple[int, ...] = (1, 2), price: float = 100.0) -> pl.DataFrame:
    rows = [
        (instrument, START_US + number * 1_000 + 5, START_US + number * 1_000, number, price, 1.0, True)
        for number in ids
        for instrument in instruments
    ]
    return columns_of_rows("trades", rows)


def test_rows_of_many_instruments_come_in_at_once_and_doubled_ones_once(worker: psycopg.Connection) -> None:
    """The second offer overlaps the first: only its new rows are inserted, nothing is revised."""
    first = _merged(worker, "trades", _trades(range(100)))
    second = _merged(worker, "trades", _trades(range(50, 150)))
    assert (first.inserted, second.inserted, second.unchanged, second.revised) == (200, 100, 100, 0)


def test_another_value_of_a_stored_fact_waits_as_a_revision(worker: psycopg.Connection) -> None:
    """C125: the stored fact stays; the batch of a feed is null."""
    _merged(worker, "trades", _trades(range(1_000, 1_010)))
    merged = _merged(worker, "trades", _trades(range(1_000, 1_010), instruments=(1,), price=101.0))
    waiting = worker.execute(
        "SELECT count(*) FROM market.revisions"
        " WHERE target_table = 'trades' AND batch_id IS NULL AND NOT applied"
    ).fetchone()
    assert merged.revised == merged.newly_revised == 10
    assert waiting == (10,)


def test_rows_without_grid_or_instrument_merge_by_their_key(worker: psycopg.Connection) -> None:
    """Sentiment is keyed by its source, a heartbeat is all key, a book holds lists."""
    instant = datetime(2026, 11, 1, tzinfo=UTC)
    sentiment = pl.DataFrame(
        {"source": ["a", "b"], "time": [instant] * 2, "known_at": [instant] * 2, "value": [1.0, 2.0]}
    )
    sentiment = sentiment.with_columns(pl.col("time", "known_at").cast(pl.Datetime("us", "UTC")))
    beats = columns_of_rows("feed_heartbeats", [(1, START_US, START_US, "order_book")])
    book = (1, START_US, START_US, 7, [1.0], [2.0], [3.0, 4.0], [1.0, 1.0])
    books = columns_of_rows("order_books", [book])
    for table, rows in (("sentiment", sentiment), ("feed_heartbeats", beats), ("order_books", books)):
        assert _merged(worker, table, rows).inserted == rows.height
        again = _merged(worker, table, rows)
        assert (again.inserted, again.unchanged, again.revised) == (0, rows.height, 0)


def test_a_row_that_the_database_refuses_goes_to_quarantine_alone(worker: psycopg.Connection) -> None:
    """The others of its table are stored."""
    rows = [
        (1, START_US, START_US + number, "UP" if number == 3 else "LONG", 1.0, 1.0, 1.0)
        for number in range(6)
    ]
    session = _session(worker)
    Store("quarantined", session).store(
        worker, Batch(START_US, None, {"liquidations": columns_of_rows("liquidations", rows)}), Waiting(0, 0)
    )
    stored = worker.execute(
        "SELECT count(*) FROM market.liquidations WHERE time >= %s", (_instant(START_US),)
    )
    refused = worker.execute("SELECT raw->>'side' FROM market.quarantine WHERE origin = 'quarantined'")
    assert (stored.fetchone(), refused.fetchall()) == ((5,), [("UP",)])


def test_progress_never_goes_back(worker: psycopg.Connection) -> None:
    """A batch that was spilled long ago may be stored after a newer process has begun."""
    store = Store("forward", _session(worker))
    for through in (START_US + 10, START_US + 5):
        store.store(worker, Batch(through, through), Waiting(0, 0))
    found = worker.execute(
        "SELECT committed_through, candles_through FROM market.ingest_progress WHERE venue = 'forward'"
    ).fetchone()
    assert found == (_instant(START_US + 10), _instant(START_US + 10))


def test_a_replay_stores_every_frame_once_and_again_nothing(database_url: str, tmp_path: Path) -> None:
    """Doubled and slightly late frames change nothing; nor does a second replay."""
    frames = list(market_frames(SECONDS))
    write_capture(tmp_path / "frames", _doubled(frames))
    for _ in range(2):
        replay_of(tmp_path / "frames", database_url, tmp_path).run()
        stored = counted(database_url, "replayed-test")
        assert stored["trades"] == sum(b'"aggTrade"' in one.frame for one in frames)
        assert stored["candles_1m"] == len(SYMBOLS) * 2
        assert stored["mark_prices"] == len(SYMBOLS) * 2
        assert stored["premium_index"] == len(SYMBOLS) * SECONDS
        assert stored["order_books"] == len(SYMBOLS) * SECONDS // 5
    with connect(database_url) as connection:
        revised = connection.execute(
            "SELECT count(*) FROM market.revisions WHERE target_table <> 'trades'"
        ).fetchone()
        early = connection.execute("SELECT count(*) FROM market.trades WHERE known_at < time").fetchone()
    assert (revised, early) == ((0,), (0,))


def test_what_a_capture_lacks_is_recorded(database_url: str, tmp_path: Path) -> None:
    """Three trades and a minute of one pair did not come: an interruption and a gap each, and a null bar."""
    frames = [one for one in market_frames(SECONDS, SYMBOLS[:2]) if not _is_lost(one)]
    write_capture(tmp_path / "frames", frames)
    replay_of(tmp_path / "frames", database_url, tmp_path, "holes").run()
    with connect(database_url) as connection:
        gaps = connection.execute(
            "SELECT source_table, missing_rows, cause FROM market.gaps"
            " JOIN market.instruments USING (instrument_id)"
            " WHERE venue = 'replayed-holes' ORDER BY 1"
        ).fetchall()
        repairs = connection.execute(
            "SELECT feed, repair FROM market.interruptions WHERE venue = 'replayed-holes' ORDER BY 1"
        ).fetchall()
    assert gaps == [("trades", 3, "SEQUENCE")]
    assert repairs == [("trades", "LOST")]


def test_a_hole_that_later_facts_close_is_filled_and_no_other(database_url: str, tmp_path: Path) -> None:
    """Of two holes of two minutes the candles come later: of the first both, of the second one."""
    frames = list(market_frames(SECONDS, SYMBOLS[:1]))
    write_capture(tmp_path / "frames", frames)
    replay_of(tmp_path / "frames", database_url, tmp_path, "filled").run()
    with connect(as_role(database_url, Role.WORKER), autocommit=True) as connection:
        ids = connection.execute(
            "SELECT instrument_id FROM market.instruments WHERE venue = 'replayed-filled'"
        )
        (instrument,) = ids.fetchone() or (0,)
        day = 86_400_000_000
        minutes = [(START_US + day + number * 60_000_000) for number in (0, 1, 5)]
        candles = [(instrument, one + 60_000_000, one, *[1.0] * 6, 1, 1.0, 1.0) for one in minutes]
        holes = [
            gap_record("candles_1m", instrument, (minutes[0], minutes[0] + 120_000_000), "GRID", 2),
            gap_record("candles_1m", instrument, (minutes[2], minutes[2] + 120_000_000), "GRID", 2),
            gap_record("order_books", instrument, (minutes[0], minutes[1]), "SILENT", 0),
            gap_record("funding_rates", instrument, (minutes[0], minutes[1]), "GRID", 1),
        ]
        store = Store("replayed-filled", _session(connection))
        store.store(connection, Batch(minutes[2], None, {}, tuple(holes)), Waiting(0, 0))
        tables = {"candles_1m": columns_of_rows("candles_1m", candles)}
        fill = Record("ingest/live/fill_gaps", {})
        store.store(connection, Batch(minutes[2] + 1, None, tables, (fill,)), Waiting(0, 0))
        filled = connection.execute(
            "SELECT source_table, gap_start FROM market.gaps"
            " WHERE instrument_id = %s AND filled_at IS NOT NULL",
            (instrument,),
        ).fetchall()
    assert filled == [("candles_1m", _instant(minutes[0]))]


def test_a_feed_without_a_past_is_heard_up_to_its_newest_fact_or_the_end_of_its_recorded_gap(
    worker: psycopg.Connection,
) -> None:
    """A premium index and heartbeats of minute 1; of forced orders a gap to minute 5 is recorded too."""
    ids = ensure_venue(worker, "silent", list(load_instrument_terms())[:1])
    (instrument,) = ids.values()
    one, five = START_US + MINUTE_US, START_US + 5 * MINUTE_US
    tables = {
        "premium_index": columns_of_rows("premium_index", [(instrument, one, one, 1.0, 1.0, 0.0, five)]),
        "feed_heartbeats": columns_of_rows(
            "feed_heartbeats", [(instrument, one, one, feed) for feed in ("liquidations", "order_book")]
        ),
    }
    gap = gap_record("liquidations", instrument, (one, five), "SILENT", 0)
    batch = Batch(five, None, tables, (gap,))
    Store("silent", _session(worker)).store(worker, batch, Waiting(0, 0))
    found = read_before(worker, "silent", [HeardPair("BTCUSDT", instrument, "BTC")]).newest.times
    assert found == {
        ("premium_index", instrument): _instant(one),
        ("order_books", instrument): _instant(one),
        ("liquidations", instrument): _instant(five),
    }


def test_status_shows_each_feed_and_whether_ingest_runs(worker: psycopg.Connection) -> None:
    """The worst state of a feed's pairs, their rates together, and what waits."""
    states = [_state(1, "LIVE"), _state(2, "SILENT") | {"detail": "connected, but nothing comes"}]
    store = Store("watched", _session(worker))
    store.store(worker, Batch(START_US, START_US), Waiting(3, 40), states)
    feeds = [one for one in read_feeds(worker) if one.venue == "watched"]
    ingest = [one for one in read_ingest(worker) if one.venue == "watched"]
    assert [(one.state, one.pairs, one.messages_per_second, one.messages) for one in feeds] == [
        ("SILENT", 2, 3.0, 20)
    ]
    assert (ingest[0].is_running, ingest[0].queued_rows, ingest[0].spilled_rows) == (True, 3, 40)
    console = Console(width=80, file=StringIO())
    print_feeds(console, ingest, feeds)
    said = cast("StringIO", console.file).getvalue()
    for words in ("Ingest listens to watched", "3 rows queued, 40 rows on disk", "nothing comes"):
        assert words in said
    assert max(map(len, said.splitlines())) <= 80


def _state(instrument_id: int, state: str) -> dict[str, Any]:
    return {
        "venue": "watched",
        "feed": "trades",
        "instrument_id": instrument_id,
        "state": state,
        "last_time": _instant(START_US),
        "last_received_at": _instant(START_US),
        "messages": 10,
        "messages_per_second": 1.5,
        "lag_seconds": 0.25,
        "unknown_fields": 0,
        "detail": None,
    }


def _merged(connection: psycopg.Connection, table: str, rows: pl.DataFrame) -> Merged:
    with connection.transaction():
        return merge_live_rows(connection, table, rows)


def _is_lost(one: CapturedFrame) -> bool:
    return b'"BTCUSDT"' in one.frame and any(
        b'"a":%d,' % number in one.frame for number in (5100, 5101, 5102)
    )


def _doubled(frames: list[CapturedFrame]) -> Iterator[CapturedFrame]:
    rng = random.Random(7)
    for frame in frames:
        yield frame
        if rng.random() < 0.2:
            yield frame


def _session(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "INSERT INTO market.ingest_sessions (venue, environment, code_version, process_id)"
        " VALUES ('test', 'test', 'test', 1) RETURNING session_id"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _instant(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)
