"""The recorded markets, imported whole and twice; then stored rows are compared with the files."""

import csv
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import TextIOWrapper
from pathlib import Path

import polars as pl
import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.universe import find_pair
from tests.support.import_command import hydra_import
from tests.support.recorded_market import ABSENT, RECORDED, is_recorded
from tests.support.servers.databases import TestServer

pytestmark = pytest.mark.skipif(not is_recorded(), reason=ABSENT)

TIME = pl.Datetime("us", "UTC")
SAMPLE = 1000
CANDLE = {"open_time": "time", **{name: name for name in ("open", "high", "low", "close", "volume")}}
METRICS = {
    "sum_open_interest": "contracts",
    "sum_open_interest_value": "value_usd",
    "count_long_short_ratio": "long_short_ratio",
    "count_toptrader_long_short_ratio": "top_account_long_short_ratio",
    "sum_toptrader_long_short_ratio": "top_position_long_short_ratio",
    "sum_taker_long_short_vol_ratio": "taker_buy_sell_ratio",
}
ARCHIVE_COLUMNS = {0: "time", 1: "open", 2: "high", 3: "low", 4: "close", 5: "volume"}
TABLES = {
    "candles_1m": ("candles_1m", CANDLE, "1m"),
    "candles_5m_recorded": ("candles_5m", CANDLE, "5m"),
    "mark_prices": ("mark_1h", {name: CANDLE[name] for name in list(CANDLE)[:-1]}, "1h"),
    "funding_rates": ("funding", {"funding_time_raw": "time", "funding_rate": "rate"}, "1h"),
    "open_interest": ("metrics_5m", {"create_time": "time", **dict(list(METRICS.items())[:2])}, "5m"),
    "positioning": ("metrics_5m", {"create_time": "time", **dict(list(METRICS.items())[2:])}, "5m"),
}


@pytest.fixture(scope="module")
def imported(servers: dict[Edition, TestServer]) -> Iterator[tuple[str, list[dict[str, dict[str, int]]]]]:
    """A database of the Apache edition after two imports of everything, and their summaries."""
    with servers[Edition.APACHE].migrated() as url:
        summaries = []
        for _ in range(2):
            done = hydra_import(url, "--json", str(RECORDED))
            assert done.status == 0, done.err
            summaries.append(json.loads(done.out))
        yield url, summaries


def test_the_second_import_changes_nothing(imported: tuple[str, list[dict[str, dict[str, int]]]]) -> None:
    first, second = (summary["all"] for summary in imported[1])
    assert first["new"] > 2_700_000
    assert (first["unchanged"], first["revised"]) == (0, 0)
    assert (second["new"], second["unchanged"], second["revised"]) == (0, first["new"], 0)
    assert first["quarantined"] == second["quarantined"]
    with psycopg.connect(imported[0]) as connection:
        stored = connection.execute(
            "SELECT sum(rows_inserted), count(*) FROM market.import_batches"
        ).fetchone()
        refused = connection.execute("SELECT count(*) FROM market.quarantine WHERE line > 0").fetchone()
    assert stored == (first["new"], first["files"])
    assert refused == (first["quarantined"],)


@pytest.mark.parametrize("table", TABLES)
def test_a_thousand_stored_rows_equal_the_files(
    imported: tuple[str, list[dict[str, dict[str, int]]]], table: str
) -> None:
    in_files = _rows_of_files(table)
    columns = in_files.columns
    query = f"SELECT {', '.join(columns)} FROM market.{table} ORDER BY random() LIMIT {SAMPLE}"  # noqa: S608
    with psycopg.connect(imported[0], options="-c timezone=UTC") as connection:
        rows = connection.execute(query).fetchall()
    stored = pl.DataFrame(rows, schema=in_files.schema, orient="row")
    assert stored.height == SAMPLE
    found = stored.join(in_files, on=columns, how="semi", nulls_equal=True)
    assert found.height == SAMPLE, stored.join(in_files, on=columns, how="anti", nulls_equal=True)


def _rows_of_files(table: str) -> pl.DataFrame:
    folder, names, grid = TABLES[table]
    frames = [
        pl.read_parquet(path).rename(names).pipe(_as_stored, path, list(names.values()), grid)
        for path in sorted((RECORDED / folder).glob("*.parquet"))
    ]
    if table == "candles_1m":
        frames += [_archived(path) for path in sorted((RECORDED / "archive_samples").glob("*-1m-*.zip"))]
    if folder == "metrics_5m":
        frames.append(_archived_metrics(names))
    return pl.concat(frames)


def _as_stored(frame: pl.DataFrame, path: Path, columns: list[str], grid: str) -> pl.DataFrame:
    pair = find_pair(path.stem.partition("-")[0])
    assert pair is not None
    return frame.select(
        pl.lit(pair.instrument_id, pl.Int64).alias("instrument_id"),
        pl.col("time").cast(TIME).dt.round(grid),
        *(pl.col(name).cast(pl.Float64) for name in columns if name != "time"),
    )


def _archived(path: Path) -> pl.DataFrame:
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file_bytes:
        lines = list(csv.reader(TextIOWrapper(file_bytes)))
    columns = {name: [float(line[at]) for line in lines] for at, name in ARCHIVE_COLUMNS.items()}
    frame = pl.DataFrame(columns).with_columns(pl.from_epoch(pl.col("time").cast(pl.Int64), "ms"))
    return _as_stored(frame, path, list(ARCHIVE_COLUMNS.values()), "1m")


def _archived_metrics(names: dict[str, str]) -> pl.DataFrame:
    (path,) = (RECORDED / "archive_samples").glob("*-metrics-*.csv")
    with path.open(newline="") as text:
        lines = list(csv.DictReader(text))
    columns = {
        name: [float(line[said]) if line[said] else None for line in lines]
        for said, name in names.items()
        if name != "time"
    }
    times = pl.Series("time", [line["create_time"] for line in lines]).str.to_datetime(time_zone="UTC")
    # Its labels run from 00:00 to 23:55: the starts of periods, which are stored under their ends.
    ends = times + timedelta(minutes=5)
    return _as_stored(pl.DataFrame(columns).with_columns(ends), path, list(names.values()), "5m")
