"""Features: layers 2 and 3 over the recorded history, eight rows at one minute, and the sources' 18 columns.

The last compares the pandas code that the ML document prints (engineer_features) with the same columns as
polars expressions of the shapes that the catalogue uses, pair by pair, on the same frames in the same run.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl

from hydra.features.catalogue import price, volatility
from hydra.features.engine.plan import GridPlan, make_plan
from hydra.features.evaluate import feature_matrix
from hydra.features.expressions import z_score_of, z_window
from hydra.features.facts import Grid, MarketFacts
from hydra.features.feature import Feature, WorkingColumn
from hydra.features.vectors import DECISION_FEATURES_V1
from tests.bench.recorded_market import data_directory, recorded_facts
from tests.bench.result import Result, at_least, at_most, median_seconds, reported

_ROWS_PER_SECOND = 500_000
_TIMES_PANDAS = 1.3
_EIGHT_ROWS_MS = 40


def engineer_features(raw_data: pd.DataFrame) -> pd.DataFrame:
    """The ML document's code as printed (its final dropna included)."""
    df = pd.DataFrame()
    df["return_1m"] = raw_data["close"].pct_change(1)
    df["return_5m"] = raw_data["close"].pct_change(5)
    df["return_15m"] = raw_data["close"].pct_change(15)
    df["return_1h"] = raw_data["close"].pct_change(60)
    df["volatility_5m"] = df["return_1m"].rolling(5).std() * np.sqrt(365 * 24 * 60)
    df["volatility_1h"] = df["return_1m"].rolling(60).std() * np.sqrt(365 * 24 * 60)
    df["sma_20"] = raw_data["close"].rolling(20).mean()
    df["sma_50"] = raw_data["close"].rolling(50).mean()
    df["price_vs_sma_20"] = raw_data["close"] / df["sma_20"] - 1
    df["price_vs_sma_50"] = raw_data["close"] / df["sma_50"] - 1
    delta = raw_data["close"].diff()
    gain = delta.where(delta > 0, 0).rolling(14).mean()
    loss = -delta.where(delta < 0, 0).rolling(14).mean()
    df["rsi_14"] = 100 - (100 / (1 + gain / loss))
    high_low = raw_data["high"] - raw_data["low"]
    high_close = abs(raw_data["high"] - raw_data["close"].shift())
    low_close = abs(raw_data["low"] - raw_data["close"].shift())
    tr = pd.concat([high_low, high_close, low_close], axis=1).max(axis=1)
    df["atr_14"] = tr.rolling(14).mean()
    df["funding_rate"] = raw_data["funding_rate"]
    df["funding_zscore"] = (df["funding_rate"] - df["funding_rate"].rolling(100).mean()) / df[
        "funding_rate"
    ].rolling(100).std()
    df["oi_delta_pct"] = raw_data["oi"].pct_change()
    df["oi_zscore"] = (df["oi_delta_pct"] - df["oi_delta_pct"].rolling(100).mean()) / df[
        "oi_delta_pct"
    ].rolling(100).std()
    df["hour_sin"] = np.sin(2 * np.pi * raw_data.index.hour / 24)  # type: ignore[attr-defined]
    df["hour_cos"] = np.cos(2 * np.pi * raw_data.index.hour / 24)  # type: ignore[attr-defined]
    return df.dropna()


def sources_plan() -> GridPlan:
    """The same 18 columns: the catalogue's own expressions, and its z-score over minute rows as printed."""
    printed = {
        "funding_zscore": z_score_of(pl.col("funding_rate"), "funding"),
        "oi_delta_pct": pl.col("oi") / pl.col("oi").shift(1) - 1,
        "oi_zscore": z_score_of(pl.col("oi_delta_pct"), "oi"),
        "hour_sin": pl.col("hour").sin(),
        "hour_cos": pl.col("hour").cos(),
    }
    shared: list[Feature | WorkingColumn] = [
        *price.WORKING,
        *price.FEATURES,
        *volatility.FEATURES,
        *z_window("funding", Grid.M1, pl.col("funding_rate"), 100),
        *z_window("oi", Grid.M1, pl.col("oi_delta_pct"), 100),
        WorkingColumn("hour", Grid.M1, pl.col("minute").dt.hour() * (2 * np.pi / 24)),
    ]
    definitions = {one.name: one for one in shared if one.grid is Grid.M1}
    extra = {name: WorkingColumn(name, Grid.M1, expression) for name, expression in printed.items()}
    wanted = (
        "return_1m", "return_5m", "return_15m", "return_1h", "volatility_5m", "volatility_1h", "sma_20",
        "sma_50", "price_vs_sma_20", "price_vs_sma_50", "rsi_14", "atr_14_abs", *printed,
    )  # fmt: skip
    plan = make_plan({**definitions, **extra}, wanted)[Grid.M1]
    return replace(plan, exports=(*plan.exports, "funding_rate"))


def _pair_frames(facts: MarketFacts) -> list[pl.DataFrame]:
    """Per pair the one-minute frame of the sources: candles with funding and open interest filled forward."""
    frames = facts.candles_1m.select("instrument_id", "time", "high", "low", "close").sort("time")
    for name, column, own in (
        ("funding_rates", "rate", "funding_rate"),
        ("open_interest_5m", "contracts", "oi"),
    ):
        fact = getattr(facts, name).select("instrument_id", "time", pl.col(column).alias(own)).sort("time")
        frames = frames.join_asof(fact, on="time", by="instrument_id", check_sortedness=False)
    pairs = frames.rename({"time": "minute"}).partition_by("instrument_id", maintain_order=True)
    return [pair.with_columns(pl.col("oi").fill_null(1.0)).rechunk() for pair in pairs]


def _sources_columns(facts: MarketFacts) -> list[Result]:
    pairs = _pair_frames(facts)
    plan = sources_plan()
    as_pandas = [
        pd.DataFrame(
            {name: pair[name].to_numpy() for name in ("high", "low", "close", "funding_rate", "oi")},
            index=pd.DatetimeIndex(pair["minute"].to_numpy()),
        )
        for pair in pairs
    ]
    rows = facts.candles_1m.height
    ours = median_seconds(lambda: [plan.run(pair) for pair in pairs])
    theirs = median_seconds(lambda: [engineer_features(pair) for pair in as_pandas])
    return [
        reported("the sources' 18 columns, printed pandas code", rows / theirs, "rows/s"),
        reported("the sources' 18 columns, the catalogue's expressions", rows / ours, "rows/s"),
        at_least("the sources' 18 columns", theirs / ours, "x", _TIMES_PANDAS, "printed pandas code"),
    ]


def _eight_rows(facts: MarketFacts) -> Callable[[], object]:
    """Facts of 34 days (100 settlements) and eight decisions at their end."""
    end = facts.candles_1m.filter(pl.col("instrument_id") == 8)["time"].max()
    assert end is not None
    first = end - timedelta(days=34)  # type: ignore[operator]
    near = {
        name: getattr(facts, name).filter(pl.col("time").is_between(first, end))
        for name in MarketFacts.__dataclass_fields__
    }
    decisions = facts.candles_1m.filter(pl.col("time") == end).select(
        "instrument_id", pl.col("time") + pl.duration(seconds=62)
    )
    recent = MarketFacts(**near)
    return lambda: feature_matrix(recent, decisions, DECISION_FEATURES_V1)


def measure() -> list[Result]:
    """Rows per second of all features, milliseconds for eight rows, and the ratio to the printed code."""
    directory = data_directory()
    if directory is None:
        return [reported("features: NOT RUN, no recorded data beside the checkout", 0, "")]
    facts = recorded_facts(directory)
    decisions = facts.candles_1m.select("instrument_id", pl.col("time") + pl.duration(seconds=62))
    whole = median_seconds(lambda: feature_matrix(facts, decisions, DECISION_FEATURES_V1))
    eight = median_seconds(_eight_rows(facts), runs=15, warm_up=3) * 1000
    return [
        at_least(
            "all features of layers 2 and 3 over the 1 m history",
            decisions.height / whole,
            "rows/s",
            _ROWS_PER_SECOND,
        ),
        at_most("all features of 8 pairs at one minute", eight, "ms", _EIGHT_ROWS_MS),
        *_sources_columns(facts),
    ]
