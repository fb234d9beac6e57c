"""The generated market: determinism, conservation, consistency of its facts, planted scenarios."""

from dataclasses import fields
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hydra.errors import BadDataError, SettingsError
from hydra.sim.market.frames import MarketSlice
from hydra.sim.market.market import Market
from hydra.sim.market.scenarios import PlantedEventKind, planned_events
from hydra.sim.market.settings import MarketSettings, Scenario
from hydra.sim.market.state import LONGS, SHORTS

START = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = [field.name for field in fields(MarketSlice)]


def chosen(seed: int = 5, **changes: object) -> MarketSettings:
    """Settings with everything switched on."""
    every: dict[str, object] = {"pairs": 3, "with_trades": True, "with_open_interest_polls": True}
    return MarketSettings(seed, START, **{**every, **changes})  # type: ignore[arg-type]


def joined(pieces: list[MarketSlice]) -> dict[str, pl.DataFrame]:
    keys = {
        "trades": ["instrument_id", "time", "trade_id"],
        "feed_heartbeats": ["feed", "instrument_id", "time"],
    }
    keys["liquidations"] = ["instrument_id", "time", "side"]
    return {
        name: pl.concat([getattr(piece, name) for piece in pieces]).sort(
            keys.get(name, ["instrument_id", "time"])
        )
        for name in NAMES
    }


def assert_same(left: dict[str, pl.DataFrame], right: dict[str, pl.DataFrame]) -> None:
    for name in NAMES:
        assert_frame_equal(left[name], right[name])


def test_how_a_day_is_divided_changes_nothing() -> None:
    whole, parts = Market(chosen()), Market(chosen())
    lengths = [1, 59, *[60] * 23]
    assert_same(joined([whole.advance(1440)]), joined([parts.advance(length) for length in lengths]))


def test_pairs_that_are_played_alone_are_those_beside_the_others() -> None:
    whole, alone = Market(chosen()), Market(chosen(), played=2)
    for _ in range(2):
        expected, found = joined([whole.advance(400)]), joined([alone.advance(400)])
        for name, frame in expected.items():
            assert_frame_equal(found[name], frame.filter(pl.col("instrument_id") <= 2))


def test_a_restored_market_goes_on_as_if_never_stopped() -> None:
    first, second = Market(chosen()), Market(chosen())
    first.advance(700)
    second.restore(first.save())
    assert_same(joined([first.advance(60)]), joined([second.advance(60)]))


def test_a_state_of_other_pairs_is_refused() -> None:
    with pytest.raises(BadDataError, match="resume with the settings"):
        Market(chosen(pairs=2)).restore(Market(chosen()).save())
    with pytest.raises(BadDataError, match="not a saved market state"):
        Market(chosen()).restore(b"nothing")


def test_another_seed_gives_another_market() -> None:
    closes = [Market(chosen(seed)).advance(5).candles_1m["close"].to_list() for seed in (1, 2)]
    assert closes[0] != closes[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", -1), ("pairs", 0), ("book_interval_seconds", 7), ("warm_up_days", -1), ("scenarios", ())],
)
def test_impossible_settings_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        chosen(**{name: value})  # type: ignore[arg-type]


@given(seed=st.integers(0, 2**62), scenario=st.sampled_from(Scenario))
@settings(max_examples=12)
def test_no_fact_is_impossible(seed: int, scenario: Scenario) -> None:
    market = Market(chosen(seed, scenarios=(scenario,)))
    facts = market.advance(260)
    candles, books = facts.candles_1m, facts.order_books
    inside = pl.col("low") <= pl.min_horizontal("open", "close")
    inside &= pl.col("high") >= pl.max_horizontal("open", "close")
    inside &= (pl.col("low") > 0) & (pl.col("taker_buy_volume") < pl.col("volume"))
    assert candles.select(inside.all()).item()
    assert books.select((pl.col("bid_prices").list.first() < pl.col("ask_prices").list.first()).all()).item()
    assert books.select((pl.col("bid_quantities").list.min() > 0).all()).item()
    assert books.select((pl.col("bid_prices").list.len() == 20).all()).item()
    assert facts.open_interest.select((pl.col("contracts") > 0).all()).item()
    assert facts.trades.select((pl.col("quantity") > 0).all()).item()
    totals = market.state.pair[:, [LONGS, SHORTS]]
    np.testing.assert_allclose(totals, market.state.ladders.sum(axis=2), rtol=1e-9)


def test_trades_of_a_minute_add_up_to_its_candle() -> None:
    facts = Market(chosen()).advance(30)
    by_minute = facts.trades.with_columns(pl.col("time").dt.truncate("1m"))
    value = pl.col("price") * pl.col("quantity")
    summed = by_minute.group_by("instrument_id", "time", maintain_order=True).agg(
        open=pl.col("price").first(),
        high=pl.col("price").max(),
        low=pl.col("price").min(),
        close=pl.col("price").last(),
        volume=pl.col("quantity").sum(),
        quote_volume=value.sum(),
        trade_count=pl.len().cast(pl.Int32),
        taker_buy_volume=pl.col("quantity").filter(~pl.col("buyer_is_maker")).sum(),
    )
    assert_frame_equal(summed, facts.candles_1m.select(summed.columns), rel_tol=1e-9)


def test_the_last_price_lies_within_the_book_at_the_minutes_end() -> None:
    facts = Market(chosen()).advance(60)
    closes = facts.candles_1m.select("instrument_id", pl.col("time").dt.offset_by("1m"), "close")
    books = facts.order_books.join(closes, on=["instrument_id", "time"])
    assert books.height == 180
    within = (pl.col("bid_prices").list.first() <= pl.col("close")) & (
        pl.col("close") <= pl.col("ask_prices").list.first()
    )
    assert books.select(within.all()).item()


def test_a_liquidation_trades_within_its_candle_and_its_volume() -> None:
    facts = Market(chosen(scenarios=(Scenario.CASCADE,))).advance(240)
    forced = facts.liquidations.with_columns(pl.col("time").dt.truncate("1m"))
    pooled = forced.group_by("instrument_id", "time").agg(
        pl.col("price").min().alias("least"), pl.col("price").max().alias("most"), pl.col("quantity").sum()
    )
    both = pooled.join(facts.candles_1m, on=["instrument_id", "time"])
    within = (pl.col("least") >= pl.col("low")) & (pl.col("most") <= pl.col("high"))
    assert both.height > 5
    assert both.select((within & (pl.col("quantity") <= pl.col("volume"))).all()).item()


def test_a_planted_cascade_liquidates_more_than_a_twentieth_of_open_interest() -> None:
    facts = Market(chosen(scenarios=(Scenario.CASCADE,))).advance(240)
    pair = pl.col("instrument_id") == 1
    before = facts.open_interest.filter(pair & (pl.col("time") == pl.lit(START).dt.offset_by("180m")))
    burst = facts.liquidations.filter(pair & (pl.col("time") > pl.lit(START).dt.offset_by("180m"))).head(100)
    assert burst["value_usd"].sum() / before["value_usd"].item() > 0.05
    longs = burst.filter(pl.col("side") == "LONG")
    assert float(longs["value_usd"].sum()) > 0.9 * float(burst["value_usd"].sum())
    after = facts.open_interest.filter(pair)["contracts"].last()
    assert after < before["contracts"].item()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_funding_reaches_its_thresholds_and_never_the_cap(seed: int) -> None:
    both = (Scenario.FUNDING_SPIKE, Scenario.FUNDING_EXTREME)
    rates = Market(chosen(seed, scenarios=both)).advance(481).funding_rates
    rate = dict(rates.filter(pl.col("time").dt.hour() == 8).select("instrument_id", "rate").iter_rows())
    assert 0.001 < rate[2] < 0.005 < rate[3] <= 0.02


def test_an_outage_silences_every_feed_of_its_pair_only() -> None:
    plan = chosen(scenarios=(Scenario.OUTAGE,), pairs=4)
    (outage,) = planned_events(plan, 0)
    assert (outage.kind, outage.pair, outage.beyond - outage.first) == (PlantedEventKind.OUTAGE, 3, 10)
    facts = Market(plan).advance(200)
    begin = pl.lit(START).dt.offset_by("120m")
    missing = (pl.col("time") > begin) & (pl.col("time") < pl.lit(START).dt.offset_by("130m"))
    for frame in (facts.candles_1m, facts.feed_heartbeats, facts.order_books, facts.trades):
        silent = frame.filter(missing)
        assert set(silent["instrument_id"]) == {1, 2, 3}


def test_funding_settles_every_eight_hours_under_its_settlement_instant() -> None:
    rates = Market(chosen(pairs=1)).advance(1440).funding_rates
    assert rates["time"].dt.hour().to_list() == [8, 16, 0]
    assert ((rates["known_at"] - rates["time"]).dt.total_seconds() == 5).all()


def test_pairs_beyond_the_universe_are_invented() -> None:
    market = Market(chosen(pairs=12, with_trades=False))
    assert [pair.exchange_symbol for pair in market.pairs[7:10]] == ["DOGEUSDT", "SIM009USDT", "SIM010USDT"]
    assert market.advance(3).candles_1m.height == 36


def test_warm_up_has_no_books_and_ends_at_the_start() -> None:
    market = Market(chosen(warm_up_days=1))
    facts = market.advance(1441)
    assert facts.candles_1m.height == 3 * 1441
    assert facts.order_books["time"].min() > START  # type: ignore[operator]
