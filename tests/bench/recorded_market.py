"""The recorded markets beside the checkout as facts, for the benches."""

import os
from pathlib import Path

import polars as pl

from hydra.arrays import TIME
from hydra.features.facts import SOURCES, MarketFacts, empty_frame
from hydra.paths import PROJECT_ROOT
from hydra.universe import UNIVERSE, Pair


def data_directory() -> Path | None:
    """Where the recorded data lies, or None where there is none."""
    path = Path(os.environ.get("HYDRA_SHARED_DATA") or PROJECT_ROOT.parent / "shared" / "data")
    return path if path.is_dir() else None


def recorded_facts(directory: Path) -> MarketFacts:
    """All recorded one-minute candles, five-minute bars made of them, funding and metrics."""
    minutes = _all(directory, "candles_1m", "open_time", 62)
    empty = {name: empty_frame(name) for name in ("liquidations", "order_book_tops", "heartbeats")}
    return MarketFacts(
        candles_1m=_as_facts("candles_1m", minutes),
        candles_5m=_as_facts("candles_5m", _five_minutes(minutes)),
        funding_rates=_as_facts("funding_rates", _funding(directory)),
        **_metrics(directory),
        **empty,
    )


def _all(directory: Path, folder: str, time: str, lag_seconds: int) -> pl.DataFrame:
    files = [(pair, directory / folder / f"{pair.exchange_symbol}.parquet") for pair in UNIVERSE]
    return pl.concat([_read(pair, path, time, lag_seconds) for pair, path in files if path.exists()])


def _read(pair: Pair, path: Path, time: str, lag_seconds: int) -> pl.DataFrame:
    return (
        pl.read_parquet(path)
        .with_columns(
            pl.lit(pair.instrument_id, pl.Int16).alias("instrument_id"),
            pl.col(time).cast(TIME).dt.round("1m").alias("time"),
        )
        .with_columns((pl.col("time") + pl.duration(seconds=lag_seconds)).alias("known_at"))
    )


def _as_facts(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema = SOURCES[name].columns
    missing = [
        pl.lit(None, kind).alias(column) for column, kind in schema.items() if column not in frame.columns
    ]
    return frame.with_columns(missing).select(*schema).cast(schema).sort("instrument_id", "time")  # type: ignore[arg-type]


def _five_minutes(minutes: pl.DataFrame) -> pl.DataFrame:
    bars = minutes.group_by("instrument_id", pl.col("time").dt.truncate("5m"), maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
        pl.len().alias("row_count"),
    )
    return bars.with_columns((pl.col("time") + pl.duration(seconds=302)).alias("known_at"))


def _funding(directory: Path) -> pl.DataFrame:
    settled = _all(directory, "funding", "funding_hour", 5)
    return settled.rename({"funding_rate": "rate"}).with_columns(interval_hours=pl.lit(8))


def _metrics(directory: Path) -> dict[str, pl.DataFrame]:
    raw = _all(directory, "metrics_5m", "create_time", 60).unique(["instrument_id", "time"], keep="first")
    renamed = raw.rename(
        {
            "sum_open_interest": "contracts",
            "sum_open_interest_value": "value_usd",
            "count_long_short_ratio": "long_short_ratio",
            "sum_taker_long_short_vol_ratio": "taker_buy_sell_ratio",
        }
    ).filter(pl.col("time").dt.minute() % 5 == 0)
    return {name: _as_facts(name, renamed) for name in ("open_interest_5m", "positioning")}
