"""Layer 3 through its tables: what fires, what it scores, what the gates say."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Self

import psycopg
import pytest
from psycopg.rows import dict_row

from hydra.db.engine import connect
from hydra.domain import NewsAction, ScanOutcome
from hydra.trading.minute_rows import read_assessed
from hydra.trading.parameters import rules_of_run
from tests.support.news_rows import add_scan, add_view
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


def test_a_view_counts_from_when_it_was_known(market: PaperMarket) -> None:
    """The minute is decided two seconds after its close."""
    market.assess(MINUTE, oi_delta_pct=-0.03)
    as_of = market.cycle(MINUTE).as_of
    key = (market.run.run_id, BTC, instant(MINUTE - 5), "exit", "high")
    add_view(market.connection, *key, known_at=as_of + timedelta(microseconds=1))
    assert signals(market)[0]["chosen"]
    own = {"run": market.run.run_id, "as_of": as_of}
    market.connection.execute("DELETE FROM hydra.signals WHERE run_id = %(run)s", own)
    market.connection.execute("UPDATE hydra.news_views SET known_at = %(as_of)s WHERE run_id = %(run)s", own)
    assert signals(market)[0]["reason_code"] == "NEWS_EXIT"


def test_a_view_of_another_run_is_none(market: PaperMarket) -> None:
    market.assess(MINUTE, oi_delta_pct=-0.03)
    other = PaperMarket(market.connection)
    view(other, "exit", minutes_old=5)
    assert signals(market)[0]["chosen"]


def test_the_newest_view_that_is_known_counts(market: PaperMarket) -> None:
    """An answer that comes late does not replace one of a later scan."""
    market.assess(MINUTE, oi_delta_pct=-0.03)
    at = instant(MINUTE)
    for minutes, action, known_s in ((20, "exit", 19 * 60), (10, "bullish", 5)):
        time = at - timedelta(minutes=minutes)
        known_at = time + timedelta(seconds=known_s)
        add_view(market.connection, market.run.run_id, BTC, time, action, "high", known_at=known_at)
    assert signals(market)[0]["chosen"]


@pytest.mark.parametrize("is_between", [False, True])
def test_two_exits_close_only_if_no_scan_lies_between(market: PaperMarket, is_between: bool) -> None:
    """A scan that failed, or said nothing of the pair, breaks the row of two (C25)."""
    market.assess(MINUTE, oi_delta_pct=-0.03)
    at, run_id = instant(MINUTE), market.run.run_id
    for minutes in (5, 25):
        add_scan(market.connection, run_id, at - timedelta(minutes=minutes), ScanOutcome.ANALYZED)
        add_view(market.connection, run_id, BTC, at - timedelta(minutes=minutes), "exit", "low")
    if is_between:
        add_scan(market.connection, run_id, at - timedelta(minutes=15), ScanOutcome.TIMED_OUT)
    (pair,) = read_assessed(market.connection, market.cycle(MINUTE), rules_of_run(market.run))
    assert pair.news.action is NewsAction.EXIT
    assert (pair.news.exit_known_at is None) is is_between


def test_the_news_add_no_query_to_a_stage(market: PaperMarket) -> None:
    """As many statements with a view as without: the cycle waits for nothing else."""

    class CountingCursor(psycopg.Cursor[Any]):
        counted = 0

        def execute(self, *arguments: Any, **options: Any) -> Self:
            CountingCursor.counted += 1
            return super().execute(*arguments, **options)

    market.assess(MINUTE, oi_delta_pct=-0.03)
    statements = []
    for is_told in (False, True):
        if is_told:
            view(market, "bullish", minutes_old=5)
        market.connection.execute("DELETE FROM hydra.signals WHERE run_id = %s", (market.run.run_id,))
        CountingCursor.counted = 0
        market.connection.cursor_factory = CountingCursor
        layer3.write_signals(market.connection, market.run, market.cycle(MINUTE))
        statements.append(CountingCursor.counted)
        market.connection.cursor_factory = psycopg.Cursor
    assert statements[0] == statements[1] > 0


def view(market: PaperMarket, action: str, minutes_old: int) -> None:
    """A view of the news analyst on BTC."""
    formed = instant(MINUTE - minutes_old)
    market.connection.execute(
        "INSERT INTO hydra.news_views (run_id, instrument_id, time, action, confidence, reason, model_id,"
        " item_ids, answer, known_at)"
        " VALUES (%s, %s, %s, %s, 'high', 'by hand', 'm', '{}', '{}', %s)",
        (market.run.run_id, BTC, formed, action, formed),
    )
