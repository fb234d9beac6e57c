"""Sound files of every layout that the importer reads, small enough for thousands of mutants."""

import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Final, NamedTuple

import polars as pl

from tests.support.archive_samples import (
    DAY,
    FUNDING_HEADER,
    KLINE_HEADER,
    METRICS_HEADER,
    kline,
    metrics_line,
    text_of,
)

ROWS: Final = 60
LATER: Final = datetime(2025, 6, 1, tzinfo=UTC)


class Sound(NamedTuple):
    """A file that is imported whole: its folder below the imported one, its name and its bytes."""

    folder: str
    name: str
    content: bytes


def sound_files() -> tuple[Sound, ...]:
    """One of each layout and packing; of the pair BTC, in which each file lies near the others' prices."""
    bars = text_of(*(_bar(minute) for minute in range(ROWS)))
    funding = text_of(FUNDING_HEADER, *(f"{_ms(hour * 480)},8,0.000{hour + 1}" for hour in range(30)))
    metrics = text_of(
        METRICS_HEADER, *(metrics_line(f"{n // 12:02}:{n % 12 * 5:02}:00") for n in range(1, 60))
    )
    marks = text_of(*(_bar(hour * 60, 60) for hour in range(24)))
    return (
        Sound("", "BTCUSDT-1m-2025-05-01.csv", bars.encode()),
        Sound("", "BTCUSDT-1m-2025-05-01.csv", f"{KLINE_HEADER}\n{bars}".encode()),
        *(
            Sound("", "BTCUSDT-1m-2025-05-01.zip", zipped("BTCUSDT-1m-2025-05-01.csv", bars, method))
            for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
        ),
        Sound("markPriceKlines", "BTCUSDT-1h-2025-05-01.csv", marks.encode()),
        Sound("", "BTCUSDT-fundingRate-2025-05.csv", funding.encode()),
        Sound("", "BTCUSDT-metrics-2025-05-01.csv", metrics.encode()),
        *(
            Sound(folder, "BTCUSDT.parquet", _parquet(columns))
            for folder, columns in parquet_columns().items()
        ),
    )


def zipped(name: str, text: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The bytes of a zip that holds `text` under `name`."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def parquet_columns() -> dict[str, dict[str, pl.Series]]:
    """The columns of a sound Parquet file, by the folder in which such files lie."""
    steps = pl.Series(range(ROWS))
    price = 100 + steps % 7 / 10
    minutes, periods, settlements = (_times(timedelta(minutes=m)) for m in (1, 5, 480))
    bar = {"open": price, "high": price + 1, "low": price - 1, "close": price}
    metrics = METRICS_HEADER.split(",")[2:]
    return {
        "candles_1m": {"open_time": minutes, **bar, "volume": price},
        "candles_5m": {"open_time": periods, **bar, "volume": price},
        "mark_1h": {"open_time": _times(timedelta(hours=1)), **bar},
        "funding": {"funding_time_raw": settlements, "funding_rate": price / 1e6},
        "metrics_5m": {"create_time": periods, **dict.fromkeys(metrics, price)},
        "liquidations": {
            "event_time": minutes,
            "exchange": pl.Series(["binance"] * ROWS),
            "symbol": pl.Series(["BTCUSDT"] * ROWS),
            "liquidated_position": pl.Series(["LONG", "SHORT"] * (ROWS // 2)),
            "order_price": price,
            "quantity": price,
        },
    }


def parquet(columns: dict[str, pl.Series]) -> bytes:
    """The bytes of a Parquet file of these columns."""
    written = BytesIO()
    pl.DataFrame(columns).write_parquet(written)
    return written.getvalue()


_parquet = parquet


def _times(step: timedelta) -> pl.Series:
    return pl.datetime_range(LATER, LATER + step * ROWS, step, closed="left", time_unit="us", eager=True)


def _bar(minute: int, interval: int = 1) -> str:
    close = 100 + minute % 7 / 10
    return kline(minute, interval, close=close, high=102 + minute % 5 / 10)


def _ms(minutes: int) -> int:
    return int(DAY.timestamp() * 1000) + minutes * 60_000
