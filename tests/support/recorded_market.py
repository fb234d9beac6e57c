"""The recorded markets as rows of the fact tables, with the known_at of imported history (C115)."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from hydra.arrays import TIME
from hydra.features.facts import LAYER_SOURCES, SOURCES, MarketFacts, empty_frame
from hydra.features.reading.five_minute_bars import bars_as_of
from hydra.features.reading.point_in_time import as_facts
from hydra.paths import PROJECT_ROOT
from hydra.universe import UNIVERSE, Pair
from tests.support.synthetic_market import TABLES, Rows

RECORDED = Path(os.environ.get("HYDRA_SHARED_DATA") or PROJECT_ROOT.parent / "shared" / "data")
ABSENT = f"the recorded markets are not at {RECORDED}; HYDRA_SHARED_DATA names their folder"


def is_recorded() -> bool:
    """Whether the recorded markets are on this machine."""
    return (RECORDED / "candles_1m").is_dir()


def recorded_rows(start: datetime, end: datetime) -> Rows:
    """The rows of all eight pairs with start <= time < end; funding from 40 days before."""
    return {
        "candles_1m": _joined("candles_1m", "candles_1m", start, end),
        "candles_5m_recorded": _joined("candles_5m_recorded", "candles_5m", start, end),
        "funding_rates": _joined("funding_rates", "funding", start - timedelta(days=40), end),
        "open_interest": _joined("open_interest", "metrics_5m", start, end),
        "positioning": _joined("positioning", "metrics_5m", start, end),
    }


def recorded_facts(start: datetime, end: datetime) -> MarketFacts:
    """The facts of all eight pairs with start <= time < end, as a reading long after `end` gives them."""
    rows = recorded_rows(start, end)
    long_after = end + timedelta(days=1)
    minutes, recorded = (
        rows[table].sort("instrument_id", "time") for table in ("candles_1m", "candles_5m_recorded")
    )
    recorded = recorded.with_columns(pl.lit(5, dtype=pl.Int64()).alias("row_count"))
    frames = {
        "candles_1m": minutes,
        "candles_5m": bars_as_of(empty_frame("candles_5m"), minutes, recorded, long_after),
        "funding_rates": rows["funding_rates"],
        "open_interest_5m": rows["open_interest"],
        "positioning": rows["positioning"],
    }
    absent = {name: empty_frame(name) for name in LAYER_SOURCES if name not in frames}
    shown = {name: frame.select(list(SOURCES[name].columns)) for name, frame in frames.items()}
    return as_facts(
        {name: frame.sort("instrument_id", "time") for name, frame in {**shown, **absent}.items()}, long_after
    )


def _joined(table: str, folder: str, start: datetime, end: datetime) -> pl.DataFrame:
    frames = [_rows(table, folder, pair, start, end) for pair in UNIVERSE]
    return pl.concat([frame for frame in frames if frame is not None])


def _rows(table: str, folder: str, pair: Pair, start: datetime, end: datetime) -> pl.DataFrame | None:
    path = RECORDED / folder / f"{pair.exchange_symbol}.parquet"
    if not path.is_file():
        return None
    schema = TABLES[table]
    found = pl.read_parquet(path).with_columns(pl.lit(pair.instrument_id).alias("instrument_id"))
    named = found.rename(_NAMES[folder], strict=False).with_columns(
        pl.col("time").cast(TIME).dt.round("5m" if folder == "metrics_5m" else "1m")
    )
    known = named.with_columns((pl.col("time") + _LAG[folder]).alias("known_at"))
    complete = known.with_columns(
        pl.lit(8).alias("interval_hours") if name == "interval_hours" else pl.lit(None).alias(name)
        for name in schema
        if name not in known.columns
    )
    inside = complete.filter(pl.col("time").is_between(start, end, closed="left"))
    return inside.unique("time", keep="first", maintain_order=True).select(
        pl.col(name).cast(kind) for name, kind in schema.items()
    )


_LAG = {
    "candles_1m": timedelta(minutes=1, seconds=2),
    "candles_5m": timedelta(minutes=5, seconds=2),
    "funding": timedelta(seconds=5),
    "metrics_5m": timedelta(seconds=60),
}
_NAMES = {
    "candles_1m": {"open_time": "time"},
    "candles_5m": {"open_time": "time"},
    "funding": {"funding_hour": "time", "funding_rate": "rate"},
    "metrics_5m": {
        "create_time": "time",
        "sum_open_interest": "contracts",
        "sum_open_interest_value": "value_usd",
        "count_long_short_ratio": "long_short_ratio",
        "count_toptrader_long_short_ratio": "top_account_long_short_ratio",
        "sum_toptrader_long_short_ratio": "top_position_long_short_ratio",
        "sum_taker_long_short_vol_ratio": "taker_buy_sell_ratio",
    },
}
