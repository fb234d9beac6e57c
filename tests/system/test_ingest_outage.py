"""The database is stopped for real while ingest stores: the counts agree afterwards."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra.db.engine import connect
from hydra.db.server.cluster import Cluster
from hydra.db.server.private import DATABASE
from hydra.errors import DatabaseError
from hydra.ingest.live.before import read_before
from hydra.ingest.live.holes import Hole
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.replay import CaptureReplay, Replayed
from hydra.ingest.live.spill import SpillFolder
from tests.support.invented_frames import SYMBOLS, market_frames
from tests.support.live_ingest import counted, replay_of, write_capture
from tests.support.servers.migrated import stoppable_server
from tests.support.waiting import PATIENCE_S, wait_until

SECONDS = 130
SPEED = 10.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that the test may stop."""
    with stoppable_server() as (_, server):
        yield server


def test_a_database_that_is_away_loses_no_row(cluster: Cluster, tmp_path: Path) -> None:
    """A minute of the market passes while the server is down; memory holds 2,000 rows, the rest spills."""
    frames = list(market_frames(SECONDS))
    write_capture(tmp_path / "frames", frames)
    replay = replay_of(tmp_path / "frames", cluster.url(DATABASE), tmp_path)
    replay.factor, replay.most_rows_in_memory = SPEED, 2_000
    results: list[Replayed] = []
    thread = threading.Thread(target=lambda: results.append(replay.run()))
    thread.start()
    wait_until(lambda: has_stored(cluster, replay))
    cluster.stop()
    wait_until(lambda: SpillFolder(replay.spill).rows > 5_000)
    cluster.start()
    thread.join(PATIENCE_S)
    assert SpillFolder(replay.spill).rows == 0
    stored = counted(cluster.url(DATABASE), replay.venue)
    assert stored["trades"] == sum(b'"aggTrade"' in one.frame for one in frames)
    assert stored["premium_index"] == len(SYMBOLS) * SECONDS
    assert (stored["candles_1m"], stored["mark_prices"]) == (len(SYMBOLS) * 2, len(SYMBOLS) * 2)
    assert results[0].rows == sum(stored.values())


def test_what_neither_memory_nor_disk_holds_is_recorded_as_lost(
    cluster: Cluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The disk takes nothing while the server is down: every trade is stored or in a hole to be fetched."""
    frames = list(market_frames(SECONDS, SYMBOLS[:2]))
    write_capture(tmp_path / "frames", frames)
    replay = replay_of(tmp_path / "frames", cluster.url(DATABASE), tmp_path, "dropped")
    replay.factor, replay.most_rows_in_memory = SPEED / 2, 100
    thread = threading.Thread(target=replay.run)
    thread.start()
    wait_until(lambda: has_stored(cluster, replay))
    shutil.rmtree(replay.spill)
    cluster.stop()
    wait_until(lambda: "rows are dropped" in caplog.text)
    cluster.start()
    thread.join(PATIENCE_S)
    sent = sum(b'"aggTrade"' in one.frame for one in frames)
    stored = counted(cluster.url(DATABASE), replay.venue)
    with connect(cluster.url(DATABASE)) as connection:
        ids = connection.execute(
            "SELECT exchange_symbol, instrument_id FROM market.instruments WHERE venue = %s", (replay.venue,)
        ).fetchall()
        pairs = [HeardPair(symbol, instrument_id, symbol) for symbol, instrument_id in ids]
        before = read_before(connection, replay.venue, pairs)
        gaps = connection.execute(
            "SELECT DISTINCT source_table FROM market.gaps JOIN market.instruments USING (instrument_id)"
            " WHERE venue = %s ORDER BY 1",
            (replay.venue,),
        ).fetchall()
    asked = {(hole.pair.symbol, number) for hole in before.holes for number in _trades_of(hole)}
    assert 0 < len(asked) == sent - stored["trades"]
    assert {hole.table for hole in before.holes} == {"trades", "candles_1m", "mark_prices"}
    assert [name for (name,) in gaps] == ["liquidations", "order_books", "premium_index"]


def has_stored(cluster: Cluster, replay: CaptureReplay) -> bool:
    return counted(cluster.url(DATABASE), replay.venue)["trades"] > 0


def _trades_of(hole: Hole) -> range:
    return range(hole.first, hole.last + 1) if hole.table == "trades" else range(0)


def test_what_a_stopped_process_left_on_disk_is_stored_first(cluster: Cluster, tmp_path: Path) -> None:
    """The replay ends while the server is away: everything is on disk; the next start stores it."""
    frames = list(market_frames(70, SYMBOLS[:1]))
    write_capture(tmp_path / "frames", frames)
    replay = replay_of(tmp_path / "frames", cluster.url(DATABASE), tmp_path, "left")
    replay.factor = SPEED
    thread = threading.Thread(target=_run_until_lost, args=(replay,))
    thread.start()
    wait_until(lambda: has_stored(cluster, replay))
    cluster.stop()
    thread.join(PATIENCE_S)
    waiting = SpillFolder(replay.spill).rows
    cluster.start()
    assert waiting > 0
    again = replay_of(tmp_path / "frames", cluster.url(DATABASE), tmp_path, "left")
    writer, _ = again._open(["BTCUSDT"])  # the first thing that a start does
    writer.start()
    writer.close()
    stored = counted(cluster.url(DATABASE), replay.venue)
    assert SpillFolder(replay.spill).rows == 0
    assert stored["trades"] == sum(b'"aggTrade"' in one.frame for one in frames)


def _run_until_lost(replay: CaptureReplay) -> None:
    with pytest.raises(DatabaseError):
        replay.run()
