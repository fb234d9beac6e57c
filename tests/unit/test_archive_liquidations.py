"""Forced orders: those of HYDRA's venue come in, those of others never do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from hydra.exchange.archive.recognition import FileLayout, NotImported, Recognised, recognise
from tests.support.archive_samples import DAY, parsed, reasons
from tests.support.recorded_market import RECORDED

ANOTHER_VENUE = "of another venue: never enters features (C124)"


def forced(second: int = 10, **other: object) -> dict[str, object]:
    """A forced order of 2 ETH at 100, received half a second after its instant; `other` replaces columns."""
    at = DAY + timedelta(seconds=second)
    row: dict[str, object] = {
        "event_time": at,
        "exchange": "binance",
        "symbol": "ETHUSDT",
        "liquidated_position": "LONG",
        "order_price": 100.0,
        "quantity": 2.0,
        "received_time": at + timedelta(milliseconds=500),
    }
    assert other.keys() <= row.keys()
    return row | other


def written(tmp_path: Path, *rows: dict[str, object], folder: str = "liquidations") -> Path:
    path = tmp_path / folder / "recorded.parquet"
    path.parent.mkdir(exist_ok=True)
    pl.DataFrame(list(rows)).write_parquet(path)
    return path


def test_a_forced_order_of_the_venue_comes_in_known_when_it_was_received(tmp_path: Path) -> None:
    file = parsed(written(tmp_path, forced()))
    assert file.tables["liquidations"].row(0, named=True) == {
        "time": DAY + timedelta(seconds=10),
        "known_at": DAY + timedelta(seconds=10, milliseconds=500),
        "side": "LONG",
        "price": 100.0,
        "quantity": 2.0,
        "value_usd": 200.0,
    }


def test_a_receipt_before_the_event_does_not_make_it_known_before_it_happened(tmp_path: Path) -> None:
    """The recorder's clock was behind: 1.6 s in the recorded file."""
    row = forced(received_time=DAY + timedelta(seconds=8, milliseconds=400))
    rows = parsed(written(tmp_path, row)).tables["liquidations"]
    assert rows["known_at"].to_list() == [DAY + timedelta(seconds=10)]


def test_rows_of_other_venues_are_refused_one_by_one_with_the_reason(tmp_path: Path) -> None:
    file = parsed(written(tmp_path, forced(1, exchange="okx"), forced(2), forced(3, exchange="bybit")))
    assert reasons(file) == {1: ANOTHER_VENUE, 3: ANOTHER_VENUE}
    assert file.tables["liquidations"].height == 1


def test_forced_orders_of_one_instant_are_several_and_a_repeated_one_counts_once(tmp_path: Path) -> None:
    file = parsed(
        written(tmp_path, forced(), forced(quantity=3.0), forced(liquidated_position="SHORT"), forced())
    )
    assert file.tables["liquidations"].height == 3
    assert (file.repeated, file.rejected.height) == (1, 0)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"liquidated_position": "BUY"}, "liquidated_position is not LONG or SHORT"),
        ({"order_price": 0.0}, "order_price is not above zero"),
        ({"quantity": float("nan")}, "quantity is not a number"),
        ({"event_time": datetime(2030, 1, 1, tzinfo=UTC)}, "time lies in the future"),
    ],
)
def test_an_impossible_forced_order_is_quarantined(
    tmp_path: Path, other: dict[str, object], reason: str
) -> None:
    file = parsed(written(tmp_path, forced(1), forced(2, **other), forced(3)))
    assert reasons(file) == {2: reason}


def test_a_file_of_other_venues_alone_is_not_imported_and_its_venues_are_named(tmp_path: Path) -> None:
    what = recognise(written(tmp_path, forced(exchange="okx"), forced(exchange="hyperliquid")))
    assert isinstance(what, NotImported)
    assert (
        what.reason == "liquidations of hyperliquid, okx: those of other venues never enter features (C124)"
    )


def test_a_file_elsewhere_is_told_from_its_columns(tmp_path: Path) -> None:
    what = recognise(written(tmp_path, forced(), folder="elsewhere"))
    assert isinstance(what, Recognised)
    assert (what.layout, what.pair.exchange_symbol) == (FileLayout.LIQUIDATIONS, "ETHUSDT")


def test_a_file_of_several_symbols_says_what_to_do(tmp_path: Path) -> None:
    what = recognise(written(tmp_path, forced(), forced(symbol="BTCUSDT")))
    assert isinstance(what, NotImported)
    assert what.reason.startswith("liquidations of BTCUSDT, ETHUSDT in one file: write one file a symbol")


RECORDED_FILE = RECORDED / "liquidations" / "multi_ETHUSDT_20260403.parquet"


@pytest.mark.skipif(not RECORDED_FILE.is_file(), reason="the recorded liquidations are not at hand")
def test_of_the_recorded_file_the_fifty_of_the_venue_come_in_and_23_of_others_do_not() -> None:
    file = parsed(RECORDED_FILE, now=datetime(2027, 1, 1, tzinfo=UTC))
    rows = file.tables["liquidations"]
    assert (rows.height, set(reasons(file).values()), file.rejected.height) == (50, {ANOTHER_VENUE}, 23)
    assert (rows["known_at"] >= rows["time"]).all()
