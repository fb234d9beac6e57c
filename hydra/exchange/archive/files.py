"""One file of history, whatever its layout: its bytes to typed rows for its tables."""

from datetime import datetime

from hydra.exchange.archive.book_tickers import parse_book_tickers
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.funding import parse_funding_rates
from hydra.exchange.archive.klines import parse_candles, parse_mark_prices
from hydra.exchange.archive.liquidation_snapshots import parse_liquidation_snapshots
from hydra.exchange.archive.liquidations import parse_liquidations
from hydra.exchange.archive.metrics import parse_metrics
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import FileLayout, Recognised
from hydra.exchange.archive.refusals import refused_if_unreadable
from hydra.exchange.archive.trades import parse_trades

_PARSERS = {
    FileLayout.CANDLES: parse_candles,
    FileLayout.MARK_PRICES: parse_mark_prices,
    FileLayout.FUNDING: parse_funding_rates,
    FileLayout.METRICS: parse_metrics,
    FileLayout.LIQUIDATIONS: parse_liquidations,
    FileLayout.LIQUIDATION_SNAPSHOTS: parse_liquidation_snapshots,
    FileLayout.TRADES: parse_trades,
    FileLayout.BOOK_TICKERS: parse_book_tickers,
}


def parse_file(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Parse and check one file. `now`: rows after it are refused as future.

    Raises:
        BadDataError: the file as a whole cannot be read; the message says why and what to do.
    """
    with refused_if_unreadable(file.path, "a column is of a type that does not fit"):
        return _PARSERS[file.layout](file, source, now)
