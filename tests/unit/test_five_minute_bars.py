"""Where only five-minute candles are recorded, those are decided on and played."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from hydra.arrays import TIME
from hydra.backtest.bars import bar_grid
from hydra.backtest.five_minute_bars import five_minute_record, missing_inputs
from hydra.backtest.market import BacktestMarket, with_five_minute_bars
from hydra.backtest.simulation import Simulation, Stopwatch, prepare, simulate
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.sim.market.settings import MarketSettings, Scenario
from hydra.trading.bars import Bar
from tests.support.generated_facts import generated_market
from tests.support.two_simulations import plain, rules

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES = 26 * 60
FROM, TO = START + timedelta(hours=14), START + timedelta(hours=22)


def coarse(market: BacktestMarket) -> BacktestMarket:
    """From 14:00 to 22:00 the candles of minutes are gone; those of five minutes are there."""
    candles = market.facts.candles_1m
    within = pl.col("time").is_between(FROM, TO, closed="left")
    five = (
        candles.filter(within)
        .group_by_dynamic("time", every="5m", group_by="instrument_id")
        .agg(
            pl.col("known_at").last(),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume", "quote_volume", "taker_buy_quote_volume").sum(),
        )
    )
    minutes = market.minutes
    first, last = (int(at.timestamp()) // 60 for at in (FROM, TO))
    # A candle that closes at 14:05 is the first of five minutes; the one that closes at 14:00 is of a minute.
    is_decided = (minutes <= first) | (minutes > last) | (minutes % 5 == 0)
    facts = replace(market.facts, candles_1m=candles.filter(~within))
    return with_five_minute_bars(replace(market, minutes=minutes[is_decided], facts=facts), five)


def market() -> BacktestMarket:
    settings = MarketSettings(
        seed=11, start=START, warm_up_days=8, scenarios=(Scenario.DAY,), book_interval_seconds=15
    )
    return coarse(generated_market(settings, MINUTES))


def test_a_bar_of_five_minutes_opens_five_minutes_before_its_close_and_knows_its_range() -> None:
    played = market()
    grid = bar_grid(played)
    row = int((played.minutes == int((FROM + timedelta(minutes=35)).timestamp()) // 60).argmax())
    (bar,) = grid.bars(row, 0)
    assert isinstance(bar, Bar)
    assert (bar.time, bar.end) == (FROM + timedelta(minutes=30), FROM + timedelta(minutes=35))
    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    (before,) = grid.bars(int((played.minutes == int(FROM.timestamp()) // 60).argmax()), 0)
    assert before.end - before.time == timedelta(minutes=1)
    assert not grid.irregular


def test_a_day_with_five_minute_bars_is_traded_the_same_whether_minutes_are_skipped_or_not() -> None:
    prepared = prepare(market(), Stopwatch())
    skipping = simulate(prepared, rules(), 1, Stopwatch(), closes_at_the_end=True)
    stepped = simulate(prepared, rules(), 1, Stopwatch(), plays_every_minute=True, closes_at_the_end=True)
    one, other = skipping.log.journal, stepped.log.journal
    assert one.fills == other.fills
    assert plain(one.position_events) == plain(other.position_events)
    within = [row for row in one.fills if FROM < row["time"] <= TO]
    assert within, "something is traded on five-minute bars"
    assert all(row["time"].minute % 5 == 0 for row in within)
    record_says_what_is_missing(skipping)


def record_says_what_is_missing(simulation: Simulation) -> None:
    record = five_minute_record(simulation.prepared.market, simulation.prepared.inputs)["five_minute_bars"]
    assert record["stretches"] == [[(FROM + timedelta(minutes=5)).isoformat(), TO.isoformat()]]
    assert set(record["candles"].values()) <= {95, 96}, "an outage takes one"
    assert "return_24h" in record["missing_inputs"]
    assert "last_close" not in record["missing_inputs"]
    assert "funding_rate" not in record["missing_inputs"]


def test_an_input_that_only_the_day_after_a_short_stretch_misses_is_listed() -> None:
    """Two hours of five-minute candles: a window of a day misses 96 of its 1,440 minutes, more than 5 %.

    Within the stretch most windows still miss less than that; after it all do, for a day.
    """
    settings = MarketSettings(seed=3, start=START, warm_up_days=1, scenarios=(Scenario.CALM,))
    opened = pl.datetime_range(START, START + timedelta(hours=2), "5m", closed="left", eager=True)
    candles = pl.DataFrame({"time": opened + timedelta(minutes=4)}, schema_overrides={"time": TIME})
    bars = candles.with_columns(pl.lit(1, pl.Int16).alias("instrument_id"))
    played = replace(generated_market(settings, 30), five_minute_bars=bars)
    begin, minute = START - timedelta(hours=1), timedelta(minutes=1)
    times = [
        time + DECISION_DELAY
        for time in (begin + number * minute for number in range(1, 28 * 60))
        if not START < time <= START + timedelta(hours=2) or time.minute % 5 == 0
    ]
    since = pl.col("time") - START
    inputs = pl.DataFrame({"time": times}, schema_overrides={"time": TIME}).with_columns(
        pl.lit(1, pl.Int16).alias("instrument_id"),
        pl.when(since.is_between(timedelta(minutes=90), timedelta(hours=26))).then(None).otherwise(1.0)
        .alias("return_24h"),
        pl.lit(1.0).alias("last_close"),
        pl.lit(None, pl.Float64).alias("spread_bps"),
    )  # fmt: skip
    assert missing_inputs(played, inputs) == ["return_24h"]


def test_a_market_of_minutes_has_nothing_to_say() -> None:
    settings = MarketSettings(seed=3, start=START, warm_up_days=1, scenarios=(Scenario.CALM,))
    plain_market = generated_market(settings, 30)
    assert five_minute_record(plain_market, pl.DataFrame()) == {}
