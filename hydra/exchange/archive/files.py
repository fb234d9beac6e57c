"""One file of history, whatever its layout: its bytes to typed rows for its tables."""

from datetime import datetime

from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.funding import parse_funding_rates
from hydra.exchange.archive.klines import parse_candles, parse_mark_prices
from hydra.exchange.archive.liquidations import parse_liquidations
from hydra.exchange.archive.metrics import parse_metrics
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import FileLayout, Recognised
from hydra.exchange.archive.refusals import refused_if_unreadable

_PARSERS = {
    FileLayout.CANDLES: parse_candles,
    FileLayout.MARK_PRICES: parse_mark_prices,
    FileLayout.FUNDING: parse_funding_rates,
    FileLayout.METRICS: parse_metrics,
    FileLayout.LIQUIDATIONS: parse_liquidations,
}


def parse_file(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Parse and check one file. `now`: rows after it are refused as future.

    Raises:
        BadDataError: the file as a whole cannot be read; the message says why and what to do.
    """
    with refused_if_unreadable(file.path, "a column is of a type that does not fit"):
        return _PARSERS[file.layout](file, source, now)
