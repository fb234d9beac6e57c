"""Files that were made to end an import: each is refused in one sentence, or its rows are, and quickly."""

import bz2
import os
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from hydra.errors import BadDataError
from hydra.exchange.archive import limits
from hydra.exchange.archive.parsed_file import ParsedFile
from tests.support.archive_samples import (
    KLINE_FILE,
    METRICS_HEADER,
    kline,
    parsed,
    reasons,
    text_of,
    write_zip,
)

ZIP = "BTCUSDT-1m-2025-05-01.zip"
LINES = [kline(minute) for minute in range(300)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def refusal(path: Path, text: str | bytes | None = None) -> str:
    with pytest.raises(BadDataError) as refused:
        parsed(path, text)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def zipped(path: Path, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(f"{path.stem}.csv", text_of(*LINES))
    return path.read_bytes()


def written(path: Path, **columns: object) -> ParsedFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns).write_parquet(path)
    return parsed(path)


@pytest.mark.parametrize("cut", [1, 3, 30, 200])
def test_a_zip_without_its_first_bytes_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / ZIP
    assert "corrupt zip" in refusal(path, zipped(path)[cut:])


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_packed_bytes_are_refused_by_every_method(tmp_path: Path, method: int) -> None:
    path = tmp_path / ZIP
    whole = bytearray(zipped(path, method))
    for place in range(40, 400, 9):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        assert "corrupt zip" in refusal(path, bytes(damaged))


def test_an_encrypted_zip_and_an_unknown_method_are_refused(tmp_path: Path) -> None:
    path = tmp_path / ZIP
    whole = bytearray(zipped(path))
    directory = whole.rindex(b"PK\x01\x02")
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[directory + 8] |= 1
    assert "encrypted" in refusal(path, bytes(encrypted))
    unknown = bytearray(whole)
    struct.pack_into("<H", unknown, 8, 77)
    struct.pack_into("<H", unknown, directory + 10, 77)
    assert "compression" in refusal(path, bytes(unknown))


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 MB of one line pack into 50 KB; a zip that lies about its size is counted too."""
    path = write_zip(tmp_path / ZIP, (LINES[0] + "\n") * 400_000)
    monkeypatch.setattr(limits, "FREE_BYTES", 2**20)
    assert "unpack to more than" in refusal(path)


def test_packed_by_bzip2_a_small_file_does_not_fill_the_memory(
    tmp_path: Path,
) -> None:
    text = b"0" * 30_000_000
    assert len(bz2.compress(text)) < 200
    path = tmp_path / ZIP
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(f"{path.stem}.csv", text)
    assert "unpack to more than 16,777,216" in refusal(path)


def test_a_csv_of_too_many_bytes_or_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sparse file claims a terabyte: it is not read."""
    path = tmp_path / KLINE_FILE
    path.touch()
    os.truncate(path, 2**40)
    assert "split it by month" in refusal(path)
    monkeypatch.setattr(limits, "ROWS", 1000)
    assert "more than 1,000 rows" in refusal(path, text_of(*LINES) + "\n" * 1000)


def test_a_parquet_file_of_billions_of_rows_is_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "candles_1m" / "BTCUSDT.parquet"
    path.parent.mkdir()
    constant = pl.LazyFrame({"open_time": pl.Series([0])}).select(
        pl.repeat(0, limits.ROWS + 1, dtype=pl.Int64).alias("open_time")
    )
    prices = {name: pl.lit(1.0) for name in ("open", "high", "low", "close", "volume")}
    constant.with_columns(**prices).sink_parquet(path)
    assert path.stat().st_size < 3_000_000
    assert "states 10,000,001 rows" in refusal(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BTCUSDT-1m-9999-12-31.csv", "no date from 2017 to 2099"),
        ("BTCUSDT-1m-9999-12.csv", "no date from 2017 to 2099"),
        ("BTCUSDT-1m-0001-01-01.csv", "no date from 2017 to 2099"),
        ("BTCUSDT-1m-0000-01-01.csv", "is no date"),
        ("BTCUSDT-fundingRate-9999-12.csv", "no date from 2017 to 2099"),
        ("BTCUSDT-metrics-9999-12-31.csv", "no date from 2017 to 2099"),
    ],
)
def test_a_year_that_is_none_of_the_archive_is_refused(tmp_path: Path, name: str, words: str) -> None:
    text = text_of(kline(0))
    if "funding" in name:
        text = text_of("calc_time,funding_interval_hours,last_funding_rate", "1746057600000,8,0.0001")
    if "metrics" in name:
        text = text_of(METRICS_HEADER, "9999-12-31 00:00:00,BTCUSDT,1,1,1,1,1,1")
    assert words in refusal(tmp_path / name, text)


BOUND = 2**63 - 1


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_near_the_end_of_their_type_are_no_times(tmp_path: Path, unit: str) -> None:
    """polars panics where it adds to them."""
    instants = pl.Series([BOUND, -BOUND, BOUND - 1, 0]).cast(pl.Datetime(unit))  # type: ignore[arg-type]
    wrong = "time is not a time"
    numbers = [1.0] * 4
    candles = {"open_time": instants, **dict.fromkeys(("open", "high", "low", "close", "volume"), numbers)}
    file = written(tmp_path / "candles_1m" / "BTCUSDT.parquet", **candles)
    assert [reasons(file)[line] for line in (1, 2, 3)] == [wrong] * 3
    settled = {"funding_time_raw": instants, "funding_rate": numbers}
    settlements = reasons(written(tmp_path / "funding" / "BTCUSDT.parquet", **settled))
    assert [settlements[line] for line in (1, 2, 3)] == [wrong] * 3
    ratios = (
        "sum_open_interest", "sum_open_interest_value", "count_toptrader_long_short_ratio",
        "sum_toptrader_long_short_ratio", "count_long_short_ratio", "sum_taker_long_short_vol_ratio",
    )  # fmt: skip
    metrics = {"create_time": instants, **dict.fromkeys(ratios, numbers)}
    measured = reasons(written(tmp_path / "metrics_5m" / "BTCUSDT.parquet", **metrics))
    assert [measured[line] for line in (1, 2, 3)] == [wrong] * 3


@pytest.mark.parametrize("text", [str(BOUND), str(-BOUND - 1), "18446744073709551615", "1e300"])
def test_epochs_that_would_overflow_are_no_times(tmp_path: Path, text: str) -> None:
    file = parsed(tmp_path / "candles_1m" / KLINE_FILE, text_of(kline(0), kline(1, open_time=text)))
    assert reasons(file) == {2: "time is not a time"}


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("high", "7e153", "high is no price"),
        ("low", "5e-324", "low is no price"),
        ("volume", "1.7e308", "volume is 1,000,000,000,000,000 or more"),
        ("quote_volume", "1e300", "quote_volume is 1,000,000,000,000,000 or more"),
        ("count", "1e18", "count is"),
    ],
)
def test_numbers_that_no_market_has_are_refused_one_by_one(
    tmp_path: Path, column: str, value: str, words: str
) -> None:
    """Their sums would leave the range of a rollup's column."""
    file = parsed(tmp_path / KLINE_FILE, text_of(kline(0), kline(1, **{column: value})))
    assert [reason.startswith(words) for reason in reasons(file).values()] == [True]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([[1.0], [2.0]]),
        pl.Series([b"\xff\xfe", b"x"]),
        pl.Series([{"a": 1}, {"a": 2}]),
        pl.Series(["x", None], dtype=pl.Categorical),
        pl.Series([None, None]),
        pl.Series([True, False]),
    ],
    ids=lambda column: str(column.dtype),
)
def test_columns_of_any_type_are_refused_and_never_raise_anything_else(
    tmp_path: Path, column: pl.Series
) -> None:
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), [1.0] * 2)
    sound = {"open_time": pl.Series([0, 1]), **prices}
    for name in sound:
        try:
            file = written(tmp_path / "candles_1m" / "BTCUSDT.parquet", **{**sound, name: column})
        except BadDataError:
            continue
        assert file.tables["candles_1m"].is_empty()
