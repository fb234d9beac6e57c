"""One file of history, whatever its layout: its bytes to typed rows for its tables."""

from datetime import datetime

import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.funding import funding_rates
from hydra.exchange.archive.klines import candles, mark_prices
from hydra.exchange.archive.liquidations import liquidations
from hydra.exchange.archive.metrics import metrics
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import Layout, Recognised

_PARSERS = {
    Layout.CANDLES: candles,
    Layout.MARK_PRICES: mark_prices,
    Layout.FUNDING: funding_rates,
    Layout.METRICS: metrics,
    Layout.LIQUIDATIONS: liquidations,
}


def parse_file(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Read and judge one file. `now`: what lies after it is refused as future.

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
