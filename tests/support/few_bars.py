"""A market of BTC with a few bars, for trades and labels that are worked out by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl

from hydra.backtest.market import (
    FUNDING_MARK_SCHEMA,
    MARK_SCHEMA,
    BacktestMarket,
    DatedTerms,
    decided_minutes,
)
from hydra.features.facts import LAYER_SOURCES, SOURCES, MarketFacts, empty_frame
from tests.support.generated_facts import terms_of

# BTC: tick 0.1, spread 0.5 bps, slippage 1 bp, maker 2 bps, taker 5 bps.
BTC = 1
START = datetime(2025, 6, 2, 7, 57, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUIET = (100_000.0, 100_001.0, 99_999.0, 100_000.0)
DIPS = (100_000.0, 100_001.0, 99_990.0, 100_000.0)
RISES = (100_000.0, 100_010.0, 99_999.0, 100_000.0)

Bar = tuple[float, float, float, float]


def market_of(bars: list[Bar], rate: float | None = None, volume: float = 1e6) -> BacktestMarket:
    """Bar k opens k minutes after START; the decision at START is row 1 (one bar has closed before).

    The last two bars close after the last decision. rate: of a settlement at 08:00, at a mark of 100,050.
    """
    opens = [START + MINUTE * (k - 1) for k in range(len(bars) + 1)]
    candles = pl.DataFrame(
        {
            "instrument_id": [BTC] * len(opens),
            "time": opens,
            "known_at": [opened + MINUTE + timedelta(seconds=2) for opened in opens],
            **{
                name: [bar[place] for bar in (QUIET, *bars)]
                for place, name in enumerate(("open", "high", "low", "close"))
            },
            **{name: [volume] * len(opens) for name in ("volume", "quote_volume", "taker_buy_quote_volume")},
        },
        schema=SOURCES["candles_1m"].columns,
    )
    frames = {name: empty_frame(name) for name in LAYER_SOURCES} | {"candles_1m": candles}
    marks = pl.DataFrame(schema=FUNDING_MARK_SCHEMA)
    if rate is not None:
        at = datetime(2025, 6, 2, 8, tzinfo=UTC)
        row = {"instrument_id": BTC, "time": at, "known_at": at + timedelta(seconds=5), "rate": rate}
        frames["funding_rates"] = pl.DataFrame(
            [{**row, "interval_hours": 8}], schema=SOURCES["funding_rates"].columns
        )
        marks = pl.DataFrame(
            [{"instrument_id": BTC, "time": at, "mark_price": 100_050.0}], schema=FUNDING_MARK_SCHEMA
        )
    minutes = decided_minutes(
        [(START - MINUTE, START + MINUTE * len(bars) - timedelta(minutes=10))], opens[-1]
    )
    return BacktestMarket(
        instrument_ids=(BTC,),
        minutes=minutes,
        facts=MarketFacts(**frames),
        mark_prices=pl.DataFrame(schema=MARK_SCHEMA),
        funding_marks=marks,
        terms=DatedTerms((START,), (terms_of((BTC,)),)),
    )
