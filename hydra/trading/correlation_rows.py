"""Correlation of a pair with the open positions, read only if there is a signal and a position (C119)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import psycopg

from hydra.arrays import Floats
from hydra.db import queries
from hydra.durations import HOUR
from hydra.layers.layer4_correlation import (
    WINDOW_HOURS,
    average_correlation,
    hourly_log_returns,
    pair_correlation,
    penalty_beside,
    signed_correlation,
)
from hydra.trading.cycle import Cycle


@dataclass(frozen=True, slots=True)
class PortfolioCorrelation:
    """The correlation penalty, and the correlations behind it (NaN where unknown)."""

    penalty: float
    average: float
    signed: float


def read_returns(
    connection: psycopg.Connection, cycle: Cycle, instrument_ids: Sequence[int]
) -> dict[int, Floats]:
    """Hourly log returns of the last 168 hours, NaN where an hour is missing."""
    last = cycle.time.replace(minute=0, second=0, microsecond=0) - HOUR
    start = last - WINDOW_HOURS * HOUR
    values = {"instrument_ids": list(instrument_ids), "start": start, "as_of": cycle.as_of}
    rows = connection.execute(queries.load("stages/hourly_closes"), values).fetchall()
    return returns_of(rows, instrument_ids, start)


def returns_of(
    rows: Sequence[tuple[int, datetime, float]], instrument_ids: Sequence[int], start: datetime
) -> dict[int, Floats]:
    """The returns of closes (instrument, hour's open, close) on the 169 hours from `start`."""
    closes = {instrument_id: np.full(WINDOW_HOURS + 1, np.nan) for instrument_id in instrument_ids}
    for instrument_id, time, close in rows:
        closes[instrument_id][(time - start) // HOUR] = close
    return {instrument_id: hourly_log_returns(series) for instrument_id, series in closes.items()}


def portfolio_correlation_of(
    instrument_id: int, direction: int, returns: Mapping[int, Floats], held: Mapping[int, int]
) -> PortfolioCorrelation:
    """The correlation of a new position with the open ones. held: direction by instrument."""
    each = [pair_correlation(returns[instrument_id], returns[other]) for other in held]
    return portfolio_correlation_at(direction, each, list(held.values()))


def portfolio_correlation_at(
    direction: int, correlations: Sequence[float], directions: Sequence[int]
) -> PortfolioCorrelation:
    """The same from the correlations with the open positions and their directions."""
    average = average_correlation(correlations)
    signed = signed_correlation(direction, correlations, directions)
    return PortfolioCorrelation(penalty_beside(average, len(correlations)), average, signed)


ALONE: Final = PortfolioCorrelation(penalty_beside(float("nan"), 0), float("nan"), 0.0)
"""Without open positions there is no penalty."""
