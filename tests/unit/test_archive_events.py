"""Trades, best prices and forced orders of the exchange's archive: recognised, typed, refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from hydra.exchange.archive.recognition import FileLayout, NotImported, Recognised, recognise
from tests.support.archive_samples import DAY, DAY_MS, parsed, reasons, text_of

TRADES_FILE = "BTCUSDT-aggTrades-2025-05-01.csv"
TRADES_HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
TICKER_FILE = "BTCUSDT-bookTicker-2025-05-01.csv"
FORCED_FILE = "BTCUSDT-liquidationSnapshot-2025-05-01.csv"
FORCED_HEADER = (
    "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,"
    "last_fill_quantity,accumulated_fill_quantity"
)


def trade(number: int, ms: int, price: object = "100.5", quantity: object = "2", maker: str = "true") -> str:
    return f"{number},{price},{quantity},1,2,{DAY_MS + ms},{maker}"


def ticker(number: int, ms: int, bid: object = 100, ask: object = 101, delay_ms: int = 5) -> str:
    return f"{number},{bid},2.5,{ask},1.5,{DAY_MS + ms},{DAY_MS + ms + delay_ms}"


def forced(ms: int, side: str = "SELL", price: object = "100", filled: object = "2") -> str:
    return f"{DAY_MS + ms},{side},LIMIT,IOC,9,90,{price},FILLED,{filled},{filled}"


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("BTCUSDT-aggTrades-2025-05.zip", FileLayout.TRADES),
        (TICKER_FILE, FileLayout.BOOK_TICKERS),
        (FORCED_FILE, FileLayout.LIQUIDATION_SNAPSHOTS),
    ],
)
def test_the_name_says_what_a_file_holds(name: str, layout: FileLayout) -> None:
    found = recognise(Path("data/futures/um/daily") / name)
    assert isinstance(found, Recognised)
    assert (found.layout, found.pair.symbol, found.timeframe_minutes) == (layout, "BTC/USDT:USDT", 0)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("BTCUSDT-bookDepth-2025-05-01.zip", "order books are stored level by level"),
        ("BTCUSDT-trades-2025-05-01.zip", "the aggregate ones"),
        ("data/spot/daily/BTCUSDT-aggTrades-2025-05-01.zip", "spot market"),
        ("NOUSDT-aggTrades-2025-05-01.zip", "unknown symbol NOUSDT"),
    ],
)
def test_a_file_that_has_no_place_is_left_out_with_a_sentence(path: str, reason: str) -> None:
    found = recognise(Path(path))
    assert isinstance(found, NotImported)
    assert reason in found.reason


@pytest.mark.parametrize("header", [None, TRADES_HEADER])
def test_a_trade_is_known_a_second_after_it_happened(tmp_path: Path, header: str | None) -> None:
    lines = [trade(7, 20, maker="True"), trade(8, 10, "99", maker="false")]
    rows = parsed(tmp_path / TRADES_FILE, text_of(*([header] if header else []), *lines)).tables["trades"]
    assert rows.columns == ["time", "trade_id", "known_at", "price", "quantity", "buyer_is_maker"]
    assert rows.rows() == [
        (DAY + timedelta(milliseconds=10), 8, DAY + timedelta(seconds=1, milliseconds=10), 99.0, 2.0, False),
        (DAY + timedelta(milliseconds=20), 7, DAY + timedelta(seconds=1, milliseconds=20), 100.5, 2.0, True),
    ]


def test_trades_that_cannot_be_are_refused_one_by_one(tmp_path: Path) -> None:
    good = [trade(number, number) for number in range(20, 40)]
    bad = [
        trade(1, 0, price="0"), trade(2, 0, quantity="x"), trade(3, 0, maker="maybe"), trade(-4, 0),
        trade(5, 90_000_000), trade(20, 20, price="7"),
    ]  # fmt: skip
    file = parsed(tmp_path / TRADES_FILE, text_of(*good, *bad))
    assert list(reasons(file).values()) == [
        "price is not above zero",
        "quantity is not a number",
        "is_buyer_maker is not true or false",
        "agg_trade_id is not a whole number",
        "time lies outside of the period in the file's name",
        "a second row for this time with other values",
    ]
    assert file.tables["trades"].height == 20


def test_a_trade_that_stands_twice_comes_in_once(tmp_path: Path) -> None:
    file = parsed(tmp_path / TRADES_FILE, text_of(trade(1, 5), trade(1, 5), trade(3, 9)))
    assert (file.tables["trades"].height, file.repeated, file.rejected.height) == (2, 1, 0)


def test_of_five_seconds_the_last_best_prices_become_a_book(tmp_path: Path) -> None:
    lines = [ticker(1, 100), ticker(2, 4_999, 99, 102), ticker(3, 12_000), ticker(4, 14_999, delay_ms=9_000)]
    file = parsed(tmp_path / TICKER_FILE, text_of(*lines))
    first, second = file.tables["order_books"].rows(named=True)
    assert first == {
        "time": DAY + timedelta(seconds=5),
        "known_at": DAY + timedelta(seconds=6, milliseconds=4),
        "bid_prices": [99.0],
        "bid_quantities": [2.5],
        "ask_prices": [102.0],
        "ask_quantities": [1.5],
        "last_update_id": 2,
    }
    assert (second["time"], second["last_update_id"]) == (DAY + timedelta(seconds=15), 4)
    assert second["known_at"] == DAY + timedelta(seconds=14.999 + 9 + 1)
    assert file.notes == (f"{tmp_path / TICKER_FILE}: 4 changes became 2 books of one level, one in 5 s",)


def test_a_crossed_book_is_refused(tmp_path: Path) -> None:
    file = parsed(tmp_path / TICKER_FILE, text_of(ticker(1, 0), ticker(2, 1, 102, 101), ticker(3, 6_000)))
    assert reasons(file) == {2: "the best bid is not below the best ask"}


def test_a_forced_sale_liquidates_a_long_position(tmp_path: Path) -> None:
    lines = [FORCED_HEADER, forced(10), forced(20, "BUY", "101", "0.5"), forced(30, price="0", filled="0")]
    file = parsed(tmp_path / FORCED_FILE, text_of(*lines))
    assert file.tables["liquidations"].rows() == [
        (DAY + timedelta(milliseconds=10), DAY + timedelta(seconds=1.01), "LONG", 100.0, 2.0, 200.0),
        (DAY + timedelta(milliseconds=20), DAY + timedelta(seconds=1.02), "SHORT", 101.0, 0.5, 50.5),
    ]
    assert (file.empty, file.rejected.height) == (1, 0)


def test_a_forced_order_that_cannot_be_is_refused(tmp_path: Path) -> None:
    lines = [forced(1), forced(2), forced(3, side="LONG"), forced(4, price="0"), forced(5, filled="-1")]
    assert list(reasons(parsed(tmp_path / FORCED_FILE, text_of(FORCED_HEADER, *lines))).values()) == [
        "side is not BUY or SELL",
        "average_price is not above zero",
        "accumulated_fill_quantity is negative",
    ]
