"""The default day holds what the layers need to be seen at work; stylised facts of the generated market."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from hydra.backtest.columns import decide_columns, decision_keys, rule_inputs
from hydra.domain import SignalSource
from hydra.settings import Settings
from hydra.sim.market.frames import MarketSlice
from hydra.sim.market.market import Market
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import rules_of
from tests.support.generated_facts import generated_market

pytestmark = pytest.mark.slow

START = datetime(2026, 3, 2, tzinfo=UTC)
SEEDS = [1, 2, 3, 4]
MINUTES_PER_YEAR = 525_600


@cache
def history_and_day(seed: int) -> tuple[MarketSlice, MarketSlice]:
    """Eight days of warm-up and the day after them."""
    market = Market(MarketSettings(seed, START, warm_up_days=8, book_interval_seconds=60))
    return market.advance(8 * 1440), market.advance(1440)


@cache
def decisions(seed: int) -> pl.DataFrame:
    """The printed inputs of layers 2 and 3 on the five-minute grid of the day."""
    history, day = history_and_day(seed)
    candles, interest = (
        pl.concat([getattr(history, name), getattr(day, name)]).sort("instrument_id", "time")
        for name in ("candles_1m", "open_interest")
    )
    close = candles.select("instrument_id", pl.col("time").dt.offset_by("1m"), "close")
    grid = interest.select("instrument_id", "time", oi="contracts", oi_usd="value_usd").join(
        close, on=["instrument_id", "time"]
    )
    back = {
        "oi_before": ("1h", grid.select("instrument_id", "time", "oi")),
        "close_before": ("24h", grid.select("instrument_id", "time", "close")),
    }
    for name, (age, frame) in back.items():
        earlier = frame.with_columns(pl.col("time").dt.offset_by(age))
        earlier = earlier.rename({frame.columns[2]: name})
        grid = grid.join(earlier, on=["instrument_id", "time"], how="left")
    rates = pl.concat([history.funding_rates, day.funding_rates]).sort("time")
    ratios = day.positioning.select("instrument_id", "time", "long_short_ratio").sort("time")
    grid = grid.sort("time").join_asof(
        rates.select("instrument_id", "time", "rate"),
        on="time",
        by="instrument_id",
        check_sortedness=False,
        strategy="backward",
    )
    grid = grid.join(ratios, on=["instrument_id", "time"], how="left")
    grid = grid.sort("instrument_id", "time").with_columns(volatility_rank())
    result: pl.DataFrame = (
        grid.filter(pl.col("time") > START)
        .join(liquidated(day), on=["instrument_id", "time"], how="left")
        .with_columns(
            oi_delta=pl.col("oi") / pl.col("oi_before") - 1,
            change_24h=pl.col("close") / pl.col("close_before") - 1,
            velocity=pl.col("liquidated_usd").fill_null(0) / pl.col("oi_usd"),
        )
    )
    return result


def volatility_rank() -> pl.Expr:
    """Percentile of the last 12 five-minute returns' deviation in the trailing history (C12)."""
    deviation = pl.col("close").log().diff().rolling_std(12, ddof=0)
    rank = deviation.rolling_rank(2017, method="max", min_samples=2017) / 2017
    return rank.over("instrument_id").alias("rank")


def liquidated(day: MarketSlice) -> pl.DataFrame:
    """The last 100 liquidations of at most 60 minutes (C56) at each five-minute instant."""
    rows = []
    for (pair,), forced in day.liquidations.group_by("instrument_id", maintain_order=True):
        times, value = forced["time"].to_numpy(), forced["value_usd"].to_numpy()
        longs = np.where(forced["side"].to_numpy() == "LONG", value, 0.0)
        for step in range(1, 289):
            now = START + timedelta(minutes=5 * step)
            instant = np.datetime64(now.replace(tzinfo=None))
            last = int(np.searchsorted(times, instant, side="right"))
            first = max(int(np.searchsorted(times, instant - np.timedelta64(60, "m"))), last - 100)
            rows.append((pair, now, value[first:last].sum(), longs[first:last].sum()))
    schema = {
        "instrument_id": pl.Int16(),
        "time": pl.Datetime("us", "UTC"),
        "liquidated_usd": pl.Float64(),
        "longs": pl.Float64(),
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    imbalance = (2 * pl.col("longs") - pl.col("liquidated_usd")) / pl.col("liquidated_usd")
    return frame.with_columns(imbalance=imbalance)


CONDITIONS = {
    "FUNDING_SQUEEZE with confidence 0.5 while volatility allows": (pl.col("rate").abs() >= 0.001)
    & (pl.col("oi_delta") > 0)
    & (pl.col("rank") <= 0.8),
    "volatility high": (pl.col("rank") > 0.8) & (pl.col("rank") <= 0.95),
    "volatility extreme": pl.col("rank") > 0.95,
    "cascade 0.6": (pl.col("velocity") > 0.02) & (pl.col("velocity") <= 0.05),
    "cascade 0.9": pl.col("velocity") > 0.05,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_printed_condition_is_met_in_the_default_day(seed: int, condition: str) -> None:
    assert decisions(seed).filter(CONDITIONS[condition]).height > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_every_generator_fires_and_is_chosen_on_each_default_day(seed: int) -> None:
    """By the rules themselves, the cascade behind a reversal included (C129)."""
    market = generated_market(MarketSettings(seed, START, warm_up_days=8, book_interval_seconds=60), 1440)
    rules = rules_of(Settings(_env_file=None), ("liquidations", "order_book"))  # type: ignore[call-arg]
    signals = decide_columns(market, rule_inputs(market.facts, decision_keys(market)), rules).scored
    chosen = signals.filter("chosen").group_by("source").len()
    assert dict(chosen.rows()).keys() == {source.value for source in SignalSource}
    assert chosen["len"].min() >= 40  # type: ignore[operator]


@pytest.mark.parametrize("seed", SEEDS)
def test_feeds_fall_silent_for_some_minutes_of_the_default_day(seed: int) -> None:
    assert history_and_day(seed)[1].candles_1m.height == 8 * 1440 - 8


@pytest.mark.parametrize("seed", SEEDS)
def test_returns_have_fat_tails_clustered_variance_and_follow_the_first_pair(seed: int) -> None:
    candles = history_and_day(seed)[0].candles_1m
    closes = candles.pivot(on="instrument_id", index="time", values="close").drop("time").to_numpy()
    returns = np.diff(np.log(closes), axis=0)
    leader = returns[:, 0]
    kurtosis = ((returns - returns.mean(0)) ** 4).mean(0) / returns.var(0) ** 2
    assert (kurtosis > 3.5).all()
    assert 0.3 < leader.std() * np.sqrt(MINUTES_PER_YEAR) < 0.8
    correlations = np.corrcoef(returns.T)[0, 1:]
    assert (correlations > 0.5).all()
    assert (correlations < 0.9).all()
    size = np.abs(returns)
    assert all(np.corrcoef(column[:-30], column[30:])[0, 1] > 0.02 for column in size.T)
