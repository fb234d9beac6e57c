"""Small generated markets for the tests of the features: with holes, late facts and silent feeds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from hydra.arrays import TIME
from hydra.features.facts import SOURCES, MarketFacts, empty_frame

START = datetime(2025, 3, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def frame(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows as a facts frame, sorted; columns that a row lacks are null."""
    if not rows:
        return empty_frame(name)
    schema = SOURCES[name].columns
    return pl.DataFrame([{c: row.get(c) for c in schema} for row in rows], schema=schema).sort(
        "instrument_id", "time"
    )


def facts_of(**frames: pl.DataFrame) -> MarketFacts:
    """Facts with the given frames; the others are empty."""
    return MarketFacts(**{name: frames.get(name, empty_frame(name)) for name in SOURCES})


def five_minute_bars(minutes: pl.DataFrame) -> pl.DataFrame:
    """What the rollup makes of one-minute bars: known with its last minute, not before 5 min 2 s."""
    end = pl.col("time") + pl.duration(seconds=302)
    bars = minutes.group_by("instrument_id", pl.col("time").dt.truncate("5m")).agg(
        pl.col("known_at").max(),
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume", "quote_volume", "taker_buy_quote_volume").sum(),
        pl.len().cast(pl.Int64).alias("row_count"),
    )
    known = bars.with_columns(pl.max_horizontal("known_at", end).alias("known_at"))
    return known.select(*SOURCES["candles_5m"].columns).sort("instrument_id", "time")


def _candles(rng: np.random.Generator, instrument: int, minutes: int, hole: range) -> pl.DataFrame:
    level = {1: 60_000.0, 2: 0.2}[instrument]
    close = level * np.exp(np.cumsum(rng.normal(0, 1e-3, minutes)))
    start = np.r_[level, close[:-1]]
    quote = rng.lognormal(13, 1, minutes)
    late = rng.random(minutes) < 0.01
    lag = np.where(late, rng.integers(63, 900, minutes), 62)
    at = [START + k * MINUTE for k in range(minutes)]
    bars = pl.DataFrame(
        {
            "instrument_id": np.full(minutes, instrument),
            "time": at,
            "known_at": [moment + int(k) * SECOND for moment, k in zip(at, lag, strict=True)],
            "open": start,
            "high": np.maximum(start, close) * (1 + rng.exponential(4e-4, minutes)),
            "low": np.minimum(start, close) * (1 - rng.exponential(4e-4, minutes)),
            "close": close,
            "volume": quote / close,
            "quote_volume": quote,
            "taker_buy_quote_volume": quote * rng.random(minutes),
        },
        schema=SOURCES["candles_1m"].columns,
        strict=False,
    )
    gone = rng.random(minutes) < 0.001
    # A whole day without a hole at the end: some windows of windows bear none.
    gone[-1800:] = False
    gone[hole.start : hole.stop] = True
    return bars.filter(pl.Series(~gone))


def _every(
    rng: np.random.Generator,
    name: str,
    first: int,
    last: int,
    step: int,
    *,
    lag: int,
    **make: Callable[[np.random.Generator], object],
) -> pl.DataFrame:
    """A fact each `step` seconds from START + first to START + last, 2% missing, 2% late."""
    rows = []
    for instrument in (1, 2):
        for second in range(first, last, step):
            if rng.random() < 0.02:
                continue
            late = int(rng.integers(1, 700)) if rng.random() < 0.02 else 0
            moment = START + second * SECOND
            row = {key: value(rng) for key, value in make.items()}
            rows.append(
                {
                    "instrument_id": instrument,
                    "time": moment,
                    "known_at": moment + (lag + late) * SECOND,
                    **row,
                }
            )
    return frame(name, rows)


def random_market(seed: int, days: int) -> MarketFacts:
    """Two pairs over `days` days from START: every kind of fact, some missing, some late."""
    rng = np.random.default_rng(seed)
    minutes, end = days * 1440, days * 86_400
    hole = range(minutes - 700, minutes - 700 + 100)
    candles = pl.concat([_candles(rng, 1, minutes, range(0)), _candles(rng, 2, minutes, hole)])
    quiet = range(end - 9_000, end - 8_700)
    beats = _every(rng, "heartbeats", end - 93_000, end, 20, lag=0, feed=lambda _: "liquidations")
    silent = pl.col("time").is_between(START + quiet.start * SECOND, START + quiet.stop * SECOND)
    return facts_of(
        candles_1m=candles,
        candles_5m=five_minute_bars(candles),
        funding_rates=_every(
            rng, "funding_rates", -40 * 86_400, end, 28_800, lag=5,
            rate=lambda g: g.normal(1e-4, 2e-4), interval_hours=lambda _: 8,
        ),
        open_interest_5m=_every(
            rng, "open_interest_5m", end - 90_000, end, 300, lag=60,
            contracts=lambda g: 0.0 if g.random() < 0.02 else g.lognormal(10, 0.01),
            value_usd=lambda g: g.lognormal(17, 0.01),
        ),
        positioning=_every(
            rng, "positioning", end - 90_000, end, 300, lag=60,
            long_short_ratio=lambda g: g.lognormal(0, 0.3),
            taker_buy_sell_ratio=lambda g: None if g.random() < 0.05 else g.lognormal(0, 0.3),
        ),
        liquidations=_every(
            rng, "liquidations", end - 93_000, end, 31, lag=1,
            side=lambda g: "LONG" if g.random() < 0.6 else "SHORT", value_usd=lambda g: g.lognormal(9, 2),
        ),
        order_book_tops=_every(
            rng, "order_book_tops", end - 1_800, end, 5, lag=0,
            best_bid=lambda g: 100 - g.random(), best_ask=lambda g: 100.2 - 0.3 * (g.random() < 0.1),
            bid_depth_usd=lambda g: g.lognormal(13, 1), ask_depth_usd=lambda g: g.lognormal(13, 1),
        ),
        heartbeats=beats.filter(~silent),
        trades=_every(
            rng, "trades", end - 93_000, end, 31, lag=0,
            price=lambda g: 100 + g.random(), quantity=lambda g: g.lognormal(6, 1),
            buyer_is_maker=lambda g: bool(g.random() < 0.5),
        ),
        order_book_levels=_every(
            rng, "order_book_levels", end - 1_800, end, 5, lag=0,
            best_bid=lambda g: 100 - 0.1 * g.integers(3),
            best_ask=lambda g: 100.2 - 0.3 * (g.random() < 0.01),
            best_bid_quantity=lambda g: g.lognormal(2, 1), best_ask_quantity=lambda g: g.lognormal(2, 1),
            bid_depth_10_usd=lambda g: g.lognormal(12, 1), ask_depth_10_usd=lambda g: g.lognormal(12, 1),
            near_depth_usd=lambda g: g.lognormal(12, 1),
        ),
        order_book_hours=_every(
            rng, "order_book_hours", 3600, end, 3600, lag=1,
            best_bid=lambda g: 100 - 0.1 * g.integers(3), best_ask=lambda _: 100.2,
            near_depth_usd=lambda g: g.lognormal(12, 1),
        ),
        sentiment=_every(rng, "sentiment", 0, end, 86_400, lag=0, value=lambda g: float(g.integers(101))),
        liquidation_gaps=_every(
            rng, "liquidation_gaps", end - 10_000, end, 1_700, lag=0,
            missing_seconds=lambda g: g.lognormal(4, 1),
        ),
    )  # fmt: skip


def decisions_at(moments: list[datetime], instruments: tuple[int, ...] = (1, 2)) -> pl.DataFrame:
    """A decision for each instrument at each moment, with the context that the signal features copy."""
    rows = [(instrument, moment) for moment in moments for instrument in instruments]
    key = pl.DataFrame(rows, schema={"instrument_id": pl.Int16, "time": TIME}, orient="row")
    return key.with_columns(
        side=pl.lit("SHORT"),
        confidence=pl.lit(0.55),
        source=pl.lit("OI_DIVERGENCE"),
        expected_return=pl.lit(0.02),
        expected_adverse_excursion=pl.lit(0.01),
        regime=pl.lit(2),
        volatility_regime=pl.lit(3),
    )
