"""Hostile files among sound ones: each gets its row in the summary, all others come in."""

import os
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from hydra.db.edition import Edition
from hydra.ingest.history import Choices
from tests.support.archive_samples import DAY, KLINE_FILE, kline, text_of
from tests.support.import_run import ImportRun, import_run
from tests.support.servers.databases import TestServer

ETH_FILE = "ETHUSDT-1m-2025-05-01.csv"
ACCEPT = Choices(accept_prices=True, reason="seen on the exchange", user="anna")


@pytest.fixture(scope="module")
def url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """A migrated database of the Apache edition."""
    with servers[Edition.APACHE].migrated() as address:
        yield address


@pytest.fixture
def importing(url: str, tmp_path: Path) -> Iterator[ImportRun]:
    """A database without facts, and a folder without files."""
    with import_run(url, tmp_path) as opened:
        yield opened


def bars(minutes: range, price: float = 100.0) -> list[str]:
    """Bars around `price`, each a little other than the one before."""
    return [
        kline(
            minute, open=price, high=price * (1.01 + minute % 7 / 1000), low=price * 0.99, close=price * 1.002
        )
        for minute in minutes
    ]


def test_each_hostile_file_is_refused_by_itself_and_the_last_one_comes_in(importing: ImportRun) -> None:
    """The sound file is the last of all: nothing before it may end the import."""
    folder = importing.folder
    whole = folder / "zips" / "BTCUSDT-1m-2025-05-01.zip"
    whole.parent.mkdir()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("BTCUSDT-1m-2025-05-01.csv", text_of(*bars(range(300))))
    packed = whole.read_bytes()
    whole.write_bytes(packed[7:])
    (folder / "zips" / "BTCUSDT-1m-2025-05-02.zip").write_bytes(packed[:90] + b"\xff" * 30 + packed[120:])
    importing.write("BTCUSDT-1m-9999-12-31.csv", kline(0))
    importing.write("BTCUSDT-1m-0001-01-01.csv", kline(0))
    importing.write("BTCUSDT-1m-2025-05-01.csv", kline(0, open_time=2**63 - 1), kline(1))
    os.mkfifo(folder / "DOGEUSDT-1m-2025-05-01.csv")
    (folder / "ring").symlink_to(folder)
    hidden = os.fsencode(folder) + b"/caf\xe9"
    os.mkdir(hidden)  # noqa: PTH102  # a name of bytes
    (Path(os.fsdecode(hidden)) / "SOLUSDT-1m-2025-05-01.csv").write_text("1,2\n")
    (Path(os.fsdecode(hidden)) / "ADAUSDT-1m-2025-05-01.csv").write_text(text_of(kline(0)))
    near = pl.Series([2**63 - 1, 2**63 - 2]).cast(pl.Datetime("ms"))
    columns = {"open_time": near, **{name: [1.0, 1.0] for name in ("open", "high", "low", "close", "volume")}}
    (folder / "candles_1m").mkdir()
    pl.DataFrame(columns).write_parquet(folder / "candles_1m" / "BNBUSDT.parquet")
    importing.write("XRPUSDT-1m-2025-05-01.csv", kline(0))
    results = {result.file.path.name: result for result in importing.run()}
    assert {name for name, result in results.items() if result.error is None} == {
        "BTCUSDT-1m-2025-05-01.csv",
        "ADAUSDT-1m-2025-05-01.csv",
        "BNBUSDT.parquet",
        "XRPUSDT-1m-2025-05-01.csv",
    }
    assert sorted(results["BNBUSDT.parquet"].quarantined.items()) == [("time is not a time", 2)]
    assert results["SOLUSDT-1m-2025-05-01.csv"].error is not None
    assert "caf\\xe9" in results["SOLUSDT-1m-2025-05-01.csv"].error
    stored = importing.rows("SELECT instrument_id, count(*) FROM market.candles_1m GROUP BY 1 ORDER BY 1")
    assert stored == [(1, 1), (5, 1), (6, 1)]
    paths = importing.rows("SELECT path FROM market.import_batches WHERE strpos(path, 'caf\\xe9') > 0")
    assert len(paths) == 1


def test_sums_that_leave_the_range_of_a_rollup_refuse_that_file_only(importing: ImportRun) -> None:
    """A fact that came by another way brings the hour to the edge of what a column holds."""
    importing.run(importing.write("LTCUSDT-1m-2025-05-01.csv", kline(0)))
    importing.connection.execute("SELECT set_config('hydra.rollups', 'deferred', false)")
    importing.connection.execute(
        "INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)"
        " VALUES (1, %s, %s, 100, 100, 100, 100, 1.7e308), (1, %s, %s, 100, 100, 100, 100, 1.7e308)",
        (DAY, DAY + timedelta(minutes=1), DAY + timedelta(minutes=1), DAY + timedelta(minutes=2)),
    )
    importing.write(KLINE_FILE, kline(2))
    importing.write(ETH_FILE, kline(0))
    refused, sound = importing.run(importing.folder / KLINE_FILE, importing.folder / ETH_FILE)
    assert refused.error is not None
    assert "the database refuses it (value out of range: overflow)" in refused.error
    assert sound.inserted == 1
    importing.connection.execute("DELETE FROM market.candles_1m")
    importing.connection.execute("SELECT set_config('hydra.rollups', '', false)")


def test_a_price_that_cannot_be_is_quarantined_and_says_how_to_accept_it(importing: ImportRun) -> None:
    """XRP at 700 among 2.5: a real number, no real price."""
    lines = bars(range(60), 2.5)
    lines[20] = bars(range(20, 21), 700.0)[0]
    path = importing.write("XRPUSDT-1m-2025-05-01.csv", *lines)
    (result,) = importing.run(path)
    assert (result.inserted, sum(result.quarantined.values())) == (59, 1)
    ((line, reason, high),) = importing.rows("SELECT line, reason, raw ->> 'open' FROM market.quarantine")
    assert (line, float(high)) == (21, 700.0)
    assert "--accept-prices" in reason
    (result,) = importing.run(path, choices=ACCEPT)
    assert (result.inserted, result.unchanged) == (1, 59)
    accepted = importing.rows(
        "SELECT prices_accepted, reason, imported_by LIKE 'anna as %' FROM market.import_batches"
    )
    assert accepted[-1] == (True, "seen on the exchange", True)


def test_the_rows_of_btc_under_the_name_of_eth_are_refused_beside_stored_eth(importing: ImportRun) -> None:
    """BTC itself is not stored: only ETH's own hour before says that they cannot be."""
    importing.counts(importing.write("a/" + ETH_FILE, *bars(range(60), 2_500.0)))
    path = importing.write("b/" + ETH_FILE, *bars(range(60, 300), 100_000.0))
    (result,) = importing.run(path)
    assert result.error is not None
    assert "240 of 240 prices cannot be those of ETHUSDT" in result.error
    assert "--accept-prices" in result.error
    assert importing.rows("SELECT origin, line, target_table, reason FROM market.quarantine") == [
        (str(path), None, "candles", result.error)
    ]
    assert importing.rows("SELECT count(*) FROM market.candles_1m") == [(60,)]


def test_the_rows_of_btc_under_the_name_of_eth_are_refused_beside_stored_btc(importing: ImportRun) -> None:
    """Nothing of ETH is stored: the same bars at the same time under BTC's name say what they are."""
    importing.counts(importing.write(KLINE_FILE, *bars(range(300), 100_000.0)))
    path = importing.write(ETH_FILE, *bars(range(300), 100_000.0))
    (result,) = importing.run(path)
    assert result.error is not None
    assert "its prices are those of BTCUSDT (12 of 12 sampled bars are equal)" in result.error
    (accepted,) = importing.run(path, choices=ACCEPT)
    assert accepted.inserted == 300


def test_a_revision_that_cannot_be_is_held_back_before_it_can_replace_a_fact(importing: ImportRun) -> None:
    importing.counts(importing.write("a/" + ETH_FILE, *bars(range(300), 2_500.0)))
    path = importing.write("b/" + ETH_FILE, *bars(range(300), 100_000.0))
    (result,) = importing.run(path, choices=Choices(revise=True, reason="better", user="anna"))
    assert result.error is not None
    assert importing.rows("SELECT count(*) FROM market.revisions") == [(0,)]


def test_the_other_tables_of_a_pair_count_as_its_neighbours(importing: ImportRun) -> None:
    """Hours of mark prices are stored, minutes of another price come."""
    importing.write("markPriceKlines/ETHUSDT-1h-2025-05-01.csv", *_hours(2_500.0))
    importing.run()
    (result,) = importing.run(importing.write(ETH_FILE, *bars(range(60), 600.0)))
    assert result.error is not None
    (result,) = importing.run(importing.write(ETH_FILE, *bars(range(60), 2_450.0)))
    assert result.inserted == 60


def _hours(price: float) -> list[str]:
    return [
        kline(hour * 60, 60, open=price, high=price * 1.01, low=price * 0.99, close=price)
        for hour in range(5)
    ]
