"""Layer 3 through its tables: what fires, what it scores, what the gates say."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.rows import dict_row

from hydra.db.engine import connect
from tests.support.paper_market import BTC, ETH, PaperMarket, instant
from workers import layer3

MINUTE = 10


@pytest.fixture
def market(database_url: str) -> Iterator[PaperMarket]:
    with connect(database_url, autocommit=True) as connection:
        yield PaperMarket(connection)


def signals(market: PaperMarket) -> list[dict[str, Any]]:
    """Layer 3's rows of the minute, by pair and source."""
    layer3.write_signals(market.connection, market.run, market.cycle(MINUTE))
    with market.connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT * FROM hydra.signals WHERE run_id = %s ORDER BY instrument_id, source",
            (market.run.run_id,),
        ).fetchall()


def test_a_quiet_minute_has_no_signals(market: PaperMarket) -> None:
    market.assess(MINUTE)
    assert signals(market) == []


def test_a_pair_of_which_nothing_is_known_stays_silent(market: PaperMarket) -> None:
    market.assess(
        MINUTE,
        funding_rate=None,
        oi_delta_pct=None,
        liq_imbalance=None,
        return_24h=None,
        long_short_ratio=None,
        regime=None,
        volatility_regime=None,
        cascade_probability=None,
    )
    assert signals(market) == []


def test_a_signal_is_scored_and_says_what_it_bets_on(market: PaperMarket) -> None:
    market.assess(MINUTE, oi_delta_pct=-0.03)
    market.assess(MINUTE, ETH)
    (row,) = signals(market)
    assert (row["instrument_id"], row["source"], row["side"]) == (BTC, "OI_DIVERGENCE", "LONG")
    # 0.55 x 1.1, for the volatility is normal.
    assert row["score"] == pytest.approx(0.605)
    assert (row["approved"], row["chosen"], row["reason_code"]) == (True, True, "SIGNAL_CHOSEN")
    assert row["metadata"]["thesis_strength"] == 0.03
    assert row["holding_period_minutes"] == 360
    assert row["thesis"] == "Price -3.00% in 24 h while open interest changed -3.00%: a weak move"


def test_one_signal_of_a_pair_is_chosen_and_the_others_say_why_not(market: PaperMarket) -> None:
    crowded: dict[str, Any] = {"funding_rate": -0.0008, "oi_delta_pct": -0.03, "liq_imbalance": 0.9}
    market.assess(MINUTE, **crowded, liq_velocity=0.002, volatility_regime=3, regime=5)
    rows = {row["source"]: row for row in signals(market)}
    assert {source: row["reason_code"] for source, row in rows.items()} == {
        "LIQUIDATION_REVERSAL": "SIGNAL_CHOSEN",
        "OI_DIVERGENCE": "SIGNAL_OUTRANKED",
    }
    assert rows["OI_DIVERGENCE"]["approved"]


def test_a_reversal_without_a_cascade_is_a_row_that_says_so_and_no_signal(market: PaperMarket) -> None:
    market.assess(MINUTE, return_24h=0.0, liq_imbalance=0.9, liq_velocity=0.0015, liq_zscore_max_1h=1.2)
    (row,) = signals(market)
    assert (row["reason_code"], row["approved"], row["chosen"]) == ("NO_CASCADE", False, False)
    assert row["reason"] == (
        "no cascade behind it: the liquidation z-score of the last hour is at most 1.20 of 2, "
        "the liquidated share of open interest 0.0015 of 0.002"
    )
    decided = market.decide(MINUTE)[BTC]
    assert (decided["reason_code"], decided["source"]) == ("NO_SIGNAL", None)
    assert decided["reason"].endswith("the best was LIQUIDATION_REVERSAL LONG: NO_CASCADE")


def test_a_weak_squeeze_is_recorded_as_too_weak(market: PaperMarket) -> None:
    market.assess(MINUTE, funding_rate=-0.0008, oi_delta_pct=0.01, regime=5)
    (row,) = signals(market)
    assert (row["source"], row["reason_code"]) == ("FUNDING_SQUEEZE", "CONFIDENCE_LOW")
    assert row["reason"] == "confidence 0.40 is below 0.50"


@pytest.mark.parametrize(
    ("action", "code"), [("hold", "NEWS_HOLD"), ("exit", "NEWS_EXIT"), ("bearish", "NEWS_AGAINST")]
)
def test_a_news_view_can_only_restrict(market: PaperMarket, action: str, code: str) -> None:
    market.assess(MINUTE, oi_delta_pct=-0.03)
    view(market, action, minutes_old=30)
    (row,) = signals(market)
    assert (row["approved"], row["chosen"], row["reason_code"]) == (False, False, code)


def test_an_old_news_view_is_none(market: PaperMarket) -> None:
    market.assess(MINUTE, oi_delta_pct=-0.03)
    view(market, "exit", minutes_old=61)
    assert signals(market)[0]["chosen"]


def view(market: PaperMarket, action: str, minutes_old: int) -> None:
    """A view of the news analyst on BTC."""
    formed = instant(MINUTE - minutes_old)
    market.connection.execute(
        "INSERT INTO hydra.news_views (run_id, instrument_id, time, action, confidence, reason, model_id,"
        " item_ids, answer, known_at)"
        " VALUES (%s, %s, %s, %s, 'high', 'by hand', 'm', '{}', '{}', %s)",
        (market.run.run_id, BTC, formed, action, formed),
    )
