"""What is missing makes a feature null by its own rule; nothing is filled, nothing else is touched."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hydra.errors import BadDataError
from hydra.features.catalogue import CATALOGUE
from hydra.features.evaluate import MARKET_FEATURES, feature_matrix
from hydra.features.fact_source import Steps
from hydra.features.facts import SOURCES, MarketFacts, empty_frame
from tests.support.feature_market import (
    MINUTE,
    SECOND,
    START,
    decisions_at,
    facts_of,
    five_minute_bars,
    frame,
    random_market,
)
from tests.support.feature_reference_recipe import RECURSIVE

DAYS = 8
END = START + timedelta(days=DAYS)
NOW = END + 2 * SECOND
FROM_FACTS = [name for name in MARKET_FEATURES if not CATALOGUE[name].inputs[0].startswith("decision.")]


@pytest.fixture(scope="module")
def market() -> MarketFacts:
    return random_market(seed=3, days=DAYS)


def _candle(k: int) -> dict[str, object]:
    """A bar k minutes after START with a price that moves a little each minute."""
    close = 100 + (k * 7919 % 13) / 10
    at = START + k * MINUTE
    return {
        "instrument_id": 1, "time": at, "known_at": at + 62 * SECOND, "open": close, "high": close + 0.1,
        "low": close - 0.1, "close": close, "volume": 1.0, "quote_volume": close,
        "taker_buy_quote_volume": close / 4,
    }  # fmt: skip


BARS = frame("candles_1m", [_candle(k) for k in range(1500)])
LAST = START + 1499 * MINUTE


def _value(name: str, minutes: pl.DataFrame, seconds_after_close: int = 2) -> float | None:
    facts = facts_of(candles_1m=minutes, candles_5m=five_minute_bars(minutes))
    moment = LAST + MINUTE + seconds_after_close * SECOND
    value: float | None = feature_matrix(facts, decisions_at([moment], (1,)), [name])[name][0]
    return value


def _without(newest: int, count: int, unit: int = 1) -> pl.DataFrame:
    """BARS less `count` bars of `unit` minutes, of which the newest lies `newest` bars before the last."""
    last = LAST + MINUTE - newest * unit * MINUTE
    gone = pl.col("time").is_between(last - count * unit * MINUTE, last, closed="left")
    return BARS.filter(~gone)


# How many bars in a row may be missing inside the window. A missing bar spoils two returns.
TOLERATED = [
    ("return_1m", 0), ("return_5m", 0), ("return_15m", 0), ("return_1h", 3), ("return_4h", 12),
    ("return_24h", 72), ("volatility_5m", 0), ("volatility_1h", 2), ("volatility_24h", 71),
    ("price_vs_sma_20", 1), ("price_vs_sma_50", 2), ("cci", 1), ("rsi_14", 0), ("atr_14", 0),
    ("atr_14_abs", 0),
]  # fmt: skip
TOLERATED_M5 = [
    ("m5_price_vs_sma_20", 1), ("m5_price_vs_sma_50", 2), ("m5_bollinger_width", 1), ("m5_atr_14", 0),
    ("m5_adx_14", 6), ("m5_cvd_momentum", 0), ("realized_volatility", 0), ("m5_sma_20_slope", 1),
    ("m5_sma_50_slope", 2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tolerated"), TOLERATED)
def test_a_window_of_minutes_bears_five_percent_of_holes_and_no_more(name: str, tolerated: int) -> None:
    newest = 0 if name == "return_1m" else 2
    assert _value(name, _without(newest, tolerated)) is not None
    assert _value(name, _without(newest, tolerated + 1)) is None


@pytest.mark.parametrize(("name", "tolerated"), TOLERATED_M5)
def test_a_window_of_five_minutes_bears_five_percent_of_holes_and_no_more(name: str, tolerated: int) -> None:
    assert _value(name, _without(6, tolerated, unit=5)) is not None
    assert _value(name, _without(6, tolerated + 1, unit=5)) is None


def test_a_return_needs_the_bar_exactly_that_long_ago() -> None:
    # The bar 15 minutes back is gone; the one 16 minutes back must not take its place.
    assert _value("return_15m", _without(15, 1)) is None
    assert _value("return_5m", _without(15, 1)) == _value("return_5m", BARS)


def test_a_five_minute_bar_of_four_minutes_counts_as_missing() -> None:
    assert _value("m5_price_vs_sma_20", _without(0, 1)) is None
    assert _value("m5_price_vs_sma_20", BARS) is not None


def test_the_last_bar_is_not_seen_a_second_before_it_is_known() -> None:
    assert _value("last_close", BARS, seconds_after_close=1) == BARS["close"][-2]
    assert _value("last_close", BARS, seconds_after_close=2) == BARS["close"][-1]


@pytest.mark.parametrize("name", FROM_FACTS)
def test_without_its_facts_a_feature_is_null(name: str, market: MarketFacts) -> None:
    frames = {column.split(".")[0] for column in CATALOGUE[name].inputs}
    present = {key: getattr(market, key) for key in MarketFacts.__dataclass_fields__ if key not in frames}
    value = feature_matrix(facts_of(**present), decisions_at([END - MINUTE]), [name])[name]
    if name == "minutes_to_funding":
        # Never null: 23:59 is one minute before the settlement of the eight-hour grid.
        assert value.to_list() == [1.0, 1.0]
    else:
        assert value.null_count() == 2


@pytest.mark.parametrize("name", [name for name in MARKET_FEATURES if name not in FROM_FACTS])
def test_without_context_signal_and_regime_features_are_null(name: str, market: MarketFacts) -> None:
    bare = decisions_at([NOW]).select("instrument_id", "time")
    clock = CATALOGUE[name].pit == "C"
    assert feature_matrix(market, bare, [name])[name].null_count() == (0 if clock else 2)


def test_no_facts_at_all_give_nulls_and_the_clock() -> None:
    matrix = feature_matrix(facts_of(), decisions_at([NOW]))
    values = {name for name in FROM_FACTS if matrix[name].null_count() < 2}
    assert values == {"minutes_to_funding"}
    assert feature_matrix(facts_of(), decisions_at([])).height == 0


def test_a_longer_series_does_not_change_where_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cutting the series at a hole gives what filling the hole with nulls gives."""
    holey = BARS.filter(~pl.col("time").is_between(START + 900 * MINUTE, START + 1000 * MINUTE))
    facts = facts_of(candles_1m=holey, candles_5m=five_minute_bars(holey))
    moments = [START + k * MINUTE + 2 * SECOND for k in range(880, 1500, 7)]
    cut = feature_matrix(facts, decisions_at(moments, (1,)))
    for name, source in SOURCES.items():
        dense = {
            grid: replace(how, longest_hole=10**6) if isinstance(how, Steps) else how
            for grid, how in source.grids.items()
        }
        monkeypatch.setitem(SOURCES, name, replace(source, grids=dense))
    whole = feature_matrix(facts, decisions_at(moments, (1,)))
    assert cut.drop(RECURSIVE).equals(whole.drop(RECURSIVE))
    # A recursive average begins anew behind the cut: its seed shows in the fourth digit, then no more.
    assert_frame_equal(cut.select(RECURSIVE), whole.select(RECURSIVE), rel_tol=2.5e-3, abs_tol=1e-5)


def test_one_decision_gives_what_a_batch_gives(market: MarketFacts) -> None:
    """The slice of the facts that one decision reaches against a slice of two days."""
    moments = [END - timedelta(minutes=k) + 2 * SECOND for k in (2880, 1440, 700, 90, 0)]
    batch = feature_matrix(market, decisions_at(moments))
    alone = pl.concat([feature_matrix(market, decisions_at([moment])) for moment in moments])
    for name in MARKET_FEATURES:
        for one, other in zip(batch[name], alone[name], strict=True):
            assert one == (None if other is None else pytest.approx(other, rel=1e-9, abs=1e-12)), name


@pytest.mark.parametrize(("prices", "amounts"), [(1e6, 1e8), (1e-6, 1e-8)])
def test_a_live_minute_gives_what_a_batch_gives_beside_a_pair_of_another_scale(
    market: MarketFacts, prices: float, amounts: float
) -> None:
    """Each pair's windows are computed by themselves: nothing of a large pair shows in a small one."""
    is_first = pl.col("instrument_id") == 1
    factors = {
        **dict.fromkeys(("open", "high", "low", "close"), prices),
        **dict.fromkeys(("volume", "quote_volume", "taker_buy_quote_volume"), amounts),
    }
    scale = [
        pl.when(is_first).then(pl.col(name) * by).otherwise(name).alias(name) for name, by in factors.items()
    ]
    scaled = replace(
        market,
        candles_1m=market.candles_1m.with_columns(scale),
        candles_5m=market.candles_5m.with_columns(scale),
    )
    moments = [END - k * MINUTE + 2 * SECOND for k in range(0, 240, 10)]
    batch = feature_matrix(scaled, decisions_at(moments))
    for moment in (moments[1], moments[9]):
        live = feature_matrix(scaled.known_by(moment), decisions_at([moment]))
        same = batch.filter(pl.col("time") == moment)
        assert_frame_equal(live, same, check_exact=False, rel_tol=1e-9, abs_tol=0)


def test_the_order_of_the_decisions_is_kept(market: MarketFacts) -> None:
    decisions = decisions_at([NOW, END - 30 * MINUTE])
    back = feature_matrix(market, decisions.reverse(), ["return_1h", "funding_rate", "liq_velocity"])
    assert back.reverse().equals(
        feature_matrix(market, decisions, ["return_1h", "funding_rate", "liq_velocity"])
    )


def test_bad_input_is_refused_with_its_name() -> None:
    with pytest.raises(BadDataError, match="no such market feature: rsi_15"):
        feature_matrix(facts_of(), decisions_at([NOW]), ["rsi_15"])
    off_grid = BARS.with_columns(pl.col("time") + pl.duration(seconds=1))
    with pytest.raises(BadDataError, match=r"candles_1m has a row at .* off its grid"):
        feature_matrix(facts_of(candles_1m=off_grid), decisions_at([LAST], (1,)), ["return_1m"])
    with pytest.raises(BadDataError, match="candles_1m is not in order"):
        feature_matrix(facts_of(candles_1m=BARS.vstack(BARS.tail(1))), decisions_at([LAST], (1,)), ["rsi_14"])
    with pytest.raises(BadDataError, match="key columns"):
        feature_matrix(facts_of(), decisions_at([NOW]).drop("time"))
    with pytest.raises(BadDataError, match="without instrument_id or time"):
        feature_matrix(
            facts_of(), decisions_at([NOW]).with_columns(pl.lit(None, pl.Int16).alias("instrument_id"))
        )


def test_empty_frames_have_the_columns_of_the_facts() -> None:
    assert empty_frame("candles_1m").schema == BARS.schema
