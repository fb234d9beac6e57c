"""Candles and mark-price bars: what a row becomes, and every rule that refuses one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydra.errors import BadDataError
from tests.support.archive_samples import (
    DAY,
    DAY_MS,
    KLINE_FILE,
    KLINE_HEADER,
    NOW,
    kline,
    parsed,
    reasons,
    text_of,
)

MINUTE = timedelta(minutes=1)
FIVE_FILE = "BTCUSDT-5m-2025-05-01.csv"
MARK_FILE = "markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2025-05-01.csv"


def test_a_candle_keeps_every_quantity_and_is_known_two_seconds_after_its_close(tmp_path: Path) -> None:
    (row,) = parsed(tmp_path / KLINE_FILE, text_of(kline(1))).tables["candles_1m"].iter_rows(named=True)
    assert row == {
        "time": DAY + MINUTE,
        "known_at": DAY + 2 * MINUTE + timedelta(seconds=2),
        "open": 100.0,
        "high": 102.0,
        "low": 99.0,
        "close": 101.0,
        "volume": 10.0,
        "quote_volume": 1005.0,
        "trade_count": 7,
        "taker_buy_volume": 4.0,
        "taker_buy_quote_volume": 402.0,
    }


def test_five_minute_candles_go_into_their_own_table(tmp_path: Path) -> None:
    tables = parsed(tmp_path / FIVE_FILE, text_of(kline(0, 5), kline(5, 5))).tables
    assert list(tables) == ["candles_5m_recorded"]
    assert tables["candles_5m_recorded"]["known_at"][0] == DAY + 5 * MINUTE + timedelta(seconds=2)


def test_microseconds_are_told_from_milliseconds(tmp_path: Path) -> None:
    opens = DAY_MS * 1000
    line = kline(open_time=opens, close_time=opens + 60_000_000 - 1)
    assert parsed(tmp_path / KLINE_FILE, text_of(line)).tables["candles_1m"]["time"][0] == DAY


def test_mark_price_bars_take_their_five_first_columns(tmp_path: Path) -> None:
    line = kline(60, 60, volume=0, quote_volume=0, taker_buy_volume=0, taker_buy_quote_volume=0)
    (row,) = parsed(tmp_path / MARK_FILE, text_of(KLINE_HEADER, line)).tables["mark_prices"].iter_rows()
    known_at = DAY + 2 * 60 * MINUTE + timedelta(seconds=2)
    assert row == (60, DAY + 60 * MINUTE, known_at, 100.0, 102.0, 99.0, 101.0)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"high": "98"}, "high below low"),
        ({"open": "102.5"}, "open or close outside of high and low"),
        ({"close": "98.9"}, "open or close outside of high and low"),
        ({"volume": "-1"}, "volume is negative"),
        ({"volume": ""}, "volume is missing"),
        ({"open": "0"}, "open is not above zero"),
        ({"low": "-5"}, "low is not above zero"),
        ({"close": ""}, "close is not above zero"),
        ({"high": "NaN"}, "high is not a number"),
        ({"high": "inf"}, "high is not a number"),
        ({"volume": "ten"}, "volume is not a number"),
        ({"quote_volume": "-0.5"}, "quote_volume is negative"),
        ({"taker_buy_volume": "10.1"}, "taker_buy_volume is above volume"),
        ({"taker_buy_quote_volume": "1005.5"}, "taker_buy_quote_volume is above quote_volume"),
        ({"count": "1.5"}, "count is not a whole number"),
        ({"count": str(2**31)}, "count is not a whole number"),
        ({"volume": "0", "taker_buy_volume": "0"}, "the price moves without volume, as mark prices do"),
        ({"open_time": DAY_MS + 60_001}, "time is off the grid of 1 min"),
        ({"open_time": "soon"}, "time is not a time"),
        ({"open_time": DAY_MS * 1_000_000}, "time is not a time"),
        ({"open_time": DAY_MS // 1000}, "time lies before 2017, when the exchange began"),
        ({"close_time": DAY_MS + 5 * 60_000 - 1}, "close_time is not the end of a bar of 1 min"),
        ({"open_time": DAY_MS - 60_000, "close_time": DAY_MS - 1}, "time lies outside of the period"),
    ],
)
def test_an_impossible_row_is_quarantined_with_line_and_reason(
    tmp_path: Path, broken: dict[str, object], reason: str
) -> None:
    file = parsed(tmp_path / KLINE_FILE, text_of(KLINE_HEADER, kline(0), kline(1, **broken), kline(2)))
    assert [(line, found.startswith(reason)) for line, found in reasons(file).items()] == [(3, True)], file
    assert file.tables["candles_1m"]["time"].to_list() == [DAY, DAY + 2 * MINUTE]
    raw = json.loads(file.rejected["raw"][0])
    assert all(raw[name] == (str(value) or None) for name, value in broken.items())


def test_a_bar_that_has_not_ended_lies_in_the_future(tmp_path: Path) -> None:
    opens = int(NOW.timestamp() * 1000) - 60_000
    lines = [kline(open_time=opens + late, close_time=opens + late + 59_999) for late in (0, 60_000)]
    file = parsed(tmp_path / "BTCUSDT-1m-2025-12.csv", text_of(lines[0]))
    assert reasons(file) == {}
    file = parsed(tmp_path / "BTCUSDT-1m-2026-01.csv", text_of(*lines))
    assert reasons(file)[2] == "time lies in the future"


def test_a_row_that_stands_twice_counts_once_and_another_for_its_time_is_quarantined(tmp_path: Path) -> None:
    lines = [kline(0), kline(1), kline(0), kline(0, close="100.50"), kline(1, close="101.00")]
    file = parsed(tmp_path / KLINE_FILE, text_of(*lines))
    assert reasons(file) == {4: "a second row for this time with other values"}
    assert file.repeated == 2
    assert file.tables["candles_1m"]["close"].to_list() == [101.0, 101.0]


def test_rows_out_of_order_are_sorted(tmp_path: Path) -> None:
    file = parsed(tmp_path / KLINE_FILE, text_of(kline(2), kline(0), kline(1)))
    assert file.tables["candles_1m"]["time"].is_sorted()


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        (KLINE_FILE, [kline(n * 5, 5) for n in range(20)], "its rows are 5 min apart"),
        (FIVE_FILE, [kline(n) for n in range(20)], "its rows are 1 min apart"),
        (KLINE_FILE, [kline(n * 5, 5) for n in range(3)], "close_time is not the end of a bar of 1 min"),
        ("BTCUSDT-1m-2025-05-02.csv", [kline(n) for n in range(3)], "outside of the period"),
        ("BTCUSDT-1m-2025-06.csv", [kline(n) for n in range(3)], "outside of the period"),
        ("BTCUSDT-1m-2025-13.csv", [kline(0)], "is no date"),
        (KLINE_FILE, [kline(n, volume=0, taker_buy_volume=0) for n in range(3)], "without volume"),
    ],
)
def test_a_file_whose_rows_contradict_its_name_is_refused(
    tmp_path: Path, name: str, lines: list[str], words: str
) -> None:
    with pytest.raises(BadDataError, match=words):
        parsed(tmp_path / name, text_of(*lines))


def test_a_monthly_file_holds_its_whole_month(tmp_path: Path) -> None:
    minutes = (0, 31 * 1440 - 1)
    rows = parsed(tmp_path / "BTCUSDT-1m-2025-05.csv", text_of(*map(kline, minutes))).tables["candles_1m"]
    assert rows["time"].to_list() == [DAY, datetime(2025, 5, 31, 23, 59, tzinfo=UTC)]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_recorded_candles_have_no_other_quantities(tmp_path: Path, unit: str) -> None:
    path = _recorded(tmp_path, [DAY], volume=[10.0])
    frame = pl.read_parquet(path).with_columns(pl.col("open_time").dt.cast_time_unit(unit))  # type: ignore[arg-type]
    frame.write_parquet(path)
    (row,) = parsed(path).tables["candles_1m"].iter_rows(named=True)
    assert row["time"] == DAY
    assert [row[name] for name in ("quote_volume", "trade_count", "taker_buy_volume")] == [None] * 3


def test_a_recorded_symbol_that_contradicts_the_name_is_refused(tmp_path: Path) -> None:
    path = _recorded(tmp_path, [DAY], volume=[10.0], symbol=["ETHUSDT"])
    with pytest.raises(BadDataError, match="symbol is not that of the file's name"):
        parsed(path)


def test_a_column_of_a_type_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = _recorded(tmp_path, [DAY], volume=[[10.0]])
    with pytest.raises(BadDataError, match="type that does not fit"):
        parsed(path)


def _recorded(tmp_path: Path, times: list[datetime], **columns: list[object]) -> Path:
    path = tmp_path / "candles_1m" / "BTCUSDT.parquet"
    path.parent.mkdir(exist_ok=True)
    prices: dict[str, list[float]] = {"open": [100.0], "high": [102.0], "low": [99.0], "close": [101.0]}
    pl.DataFrame({"open_time": times, **prices, **columns}).write_parquet(path)
    return path


CELL = st.one_of(
    st.floats(width=32).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["", "x", "-0", '""']),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(CELL, min_size=5, max_size=5), time=st.integers(-(2**63), 2**63 - 1))
def test_whatever_a_line_says_it_is_stored_or_quarantined(
    tmp_path: Path, cells: list[str], time: int
) -> None:
    names = ("open", "high", "low", "close", "volume")
    strange = kline(1, open_time=time, **dict(zip(names, cells, strict=True)))
    file = parsed(tmp_path / KLINE_FILE, text_of(kline(0), strange, kline(2)))
    rows = file.tables["candles_1m"]
    assert rows.height + file.rejected.height + file.repeated == 3
    assert rows.select(pl.col(pl.Float64).is_finite().all()).row(0) == (True,) * 8
    assert (rows["high"] >= rows["low"]).all()
