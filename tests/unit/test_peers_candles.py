"""The candles in the forms that the peers read, and that a hole or their absence is said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hydra.errors import StopError
from tests.peers import candles
from tests.peers.candles import FIRST, MINUTE, check_complete, write_work
from tests.support import recorded_market
from tests.support.recorded_market import ABSENT, is_recorded

MINUTES = 300


@pytest.fixture
def minutes() -> pl.DataFrame:
    """Three minutes."""
    return pl.DataFrame(
        {
            "open_time": [FIRST + number * MINUTE for number in range(3)],
            "open": [1.0, 2.0, 3.0],
            "high": [4.0, 5.0, 6.0],
            "low": [0.5, 1.5, 2.5],
            "close": [2.0, 3.0, 4.0],
            "volume": [10.0, 20.0, 30.0],
        },
        schema_overrides={"open_time": pl.Datetime("ms", "UTC")},
    )


def test_arrays_hold_time_prices_and_volume(minutes: pl.DataFrame, tmp_path: Path) -> None:
    """As float64, the time in ms."""
    candles.write_array(minutes, tmp_path / "arrays" / "BTCUSDT.npy")
    found = np.load(tmp_path / "arrays" / "BTCUSDT.npy")
    first = 1_748_169_600_000.0  # 2025-05-25 10:40 UTC
    assert found.dtype == np.float64
    assert found.tolist() == [
        [first, 1.0, 4.0, 0.5, 2.0, 10.0],
        [first + 60_000, 2.0, 5.0, 1.5, 3.0, 20.0],
        [first + 120_000, 3.0, 6.0, 2.5, 4.0, 30.0],
    ]


def test_freqtrade_finds_its_files(minutes: pl.DataFrame, tmp_path: Path) -> None:
    """By the names and with the columns of its data folder."""
    candles.write_freqtrade(minutes, tmp_path, "BTC_USDT_USDT")
    found = pl.read_ipc(tmp_path / "BTC_USDT_USDT-1m-futures.feather")
    assert found.columns == ["date", "open", "high", "low", "close", "volume"]
    assert found["date"].to_list() == minutes["open_time"].to_list()
    assert found["close"].to_list() == [2.0, 3.0, 4.0]


def test_freqtrade_finds_funding_and_marks(minutes: pl.DataFrame, tmp_path: Path) -> None:
    """The rate stands at the hour of its settlement."""
    rates = pl.DataFrame({"funding_hour": [FIRST], "funding_rate": [0.0001]})
    marks = minutes.drop("volume")
    candles.write_freqtrade_funding(rates, marks, tmp_path, "BTC_USDT_USDT")
    funding = pl.read_ipc(tmp_path / "BTC_USDT_USDT-1h-funding_rate.feather")
    assert funding.rows() == [(FIRST, 0.0001)]
    mark = pl.read_ipc(tmp_path / "BTC_USDT_USDT-1h-mark.feather")
    assert mark.columns == ["date", "open", "high", "low", "close", "volume"]
    assert mark["open"].to_list() == [1.0, 2.0, 3.0]


def test_a_hole_is_said(minutes: pl.DataFrame) -> None:
    """Each peer would bridge it in its own way."""
    end = FIRST + 3 * MINUTE
    check_complete(minutes, "BTCUSDT", FIRST, end)
    with pytest.raises(StopError, match="BTCUSDT: 2 of 3 minutes"):
        check_complete(minutes[[0, 2]], "BTCUSDT", FIRST, end)


def test_absent_markets_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the name of the setting."""
    monkeypatch.setattr(recorded_market, "RECORDED", tmp_path)
    with pytest.raises(StopError, match="HYDRA_SHARED_DATA"):
        write_work(tmp_path)


@pytest.mark.skipif(not is_recorded(), reason=ABSENT)
def test_recorded_candles_come_for_every_pair_and_peer(tmp_path: Path) -> None:
    """The same closes in both forms."""
    end = FIRST + MINUTES * MINUTE
    work = write_work(tmp_path, FIRST, end)
    assert (work.start, work.end, len(work.symbols)) == (FIRST.isoformat(), end.isoformat(), 8)
    for symbol in work.symbols:
        array = np.load(work.arrays_of(symbol))
        name = f"{symbol.removesuffix('USDT')}_USDT_USDT"
        frame = pl.read_ipc(tmp_path / "freqtrade" / "futures" / f"{name}-1m-futures.feather")
        assert array.shape == (MINUTES, 6)
        assert array[:, 4].tolist() == frame["close"].to_list()
        assert frame["date"][-1] == end - MINUTE


def test_the_stretch_is_the_one_that_is_complete() -> None:
    """43,191 minutes, as its description says."""
    assert timedelta(minutes=43_191) == candles.END - FIRST
    assert datetime(2025, 5, 25, 10, 40, tzinfo=UTC) == FIRST
