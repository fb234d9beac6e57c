"""One file of history, whatever its layout: its bytes to typed rows for its tables."""

from datetime import datetime

import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.funding import parse_funding_rates
from hydra.exchange.archive.klines import parse_candles, parse_mark_prices
from hydra.exchange.archive.liquidations import parse_liquidations
from hydra.exchange.archive.metrics import parse_metrics
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import FileLayout, Recognised

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
    try:
        return _PARSERS[file.layout](file, source, now)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise BadDataError(
            f"{file.path}: a column is of a type that does not fit ({reason}); compare with the archive"
        ) from error
