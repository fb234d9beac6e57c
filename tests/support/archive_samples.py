"""Lines as the exchange's archive serves them, typed by hand, and files of them."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

from hydra.exchange.archive.file_bytes import read_file_bytes
from hydra.exchange.archive.files import parse_file
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import Recognised, recognise

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = datetime(2025, 5, 1, tzinfo=UTC)
DAY_MS = 1_746_057_600_000  # 2025-05-01T00:00Z
KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore"
)
KLINE_FILE = "BTCUSDT-1m-2025-05-01.csv"
FUNDING_FILE = "BTCUSDT-fundingRate-2025-05.csv"
FUNDING_HEADER = "calc_time,funding_interval_hours,last_funding_rate"
METRICS_FILE = "BTCUSDT-metrics-2025-05-01.csv"
METRICS_HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)


def kline(minute: int = 0, interval: int = 1, /, **other: object) -> str:
    """The line of the bar that opens `minute` minutes into the day; `other` replaces columns."""
    opens = DAY_MS + minute * 60_000
    columns: dict[str, object] = {
        "open_time": opens,
        "open": "100.0",
        "high": "102.0",
        "low": "99.0",
        "close": "101.0",
        "volume": "10.0",
        "close_time": opens + interval * 60_000 - 1,
        "quote_volume": "1005.0",
        "count": 7,
        "taker_buy_volume": "4.0",
        "taker_buy_quote_volume": "402.0",
        "ignore": 0,
    }
    assert other.keys() <= columns.keys()
    return ",".join(str(value) for value in (columns | other).values())


def metrics_line(time: str = "00:05:00", symbol: str = "BTCUSDT", values: str = "10.5,1000,1,2,3,4") -> str:
    """A line of metrics at a clock time of the day."""
    return f"2025-05-01 {time},{symbol},{values}"


def text_of(*lines: str) -> str:
    """The lines as a file has them: each with its end."""
    return "".join(f"{line}\n" for line in lines)


def write_zip(path: Path, text: str, inside: str | None = None) -> Path:
    """A zip that holds `text` as its one csv."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inside or f"{path.stem}.csv", text)
    return path


def parsed(path: Path, text: str | bytes | None = None, now: datetime = NOW) -> ParsedFile:
    """`path`, written with `text` if that is given, as HYDRA reads it at `now`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    what = recognise(path)
    assert isinstance(what, Recognised), what
    return parse_file(what, read_file_bytes(path), now)


def reasons(file: ParsedFile) -> dict[int, str]:
    """The reason of each refused line."""
    return dict(file.rejected.select("line", "reason").iter_rows())
