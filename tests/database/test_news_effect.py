"""What the news are worth: what happened after vetoes and exits, with intervals, and what they cost."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from rich.console import Console

from hydra.cli.news_effect import _print_costs, _print_effects
from hydra.domain import ScanOutcome
from tests.support.news_rows import add_scan, add_view
from tests.support.trade_scenario import write_scenario

RUN, BTC = 7, 1
FIRST = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        write_scenario(opened)
        yield opened
        opened.rollback()


def rows(connection: psycopg.Connection, view: str) -> list[dict[str, Any]]:
    query = f"SELECT * FROM audit.{view} WHERE run_id = {RUN} ORDER BY 1, 2, 3, 4, 5"  # noqa: S608
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


def close_at(connection: psycopg.Connection, time: datetime, price: float) -> None:
    """The candle that ends at `time`."""
    connection.execute(
        "INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, 1)",
        (BTC, time - timedelta(minutes=1), time + timedelta(seconds=2), price, price, price, price),
    )


def veto(connection: psycopg.Connection, time: datetime, side: str = "LONG", code: str = "NEWS_HOLD") -> None:
    connection.execute(
        "INSERT INTO hydra.signals (run_id, instrument_id, time, source, side, confidence, expected_return,"
        " expected_adverse_excursion, holding_period_minutes, score, score_kind, approved, chosen,"
        " reason_code, reason, thesis) VALUES (%s, %s, %s, 'CROWDING_FADE', %s, 0.7, 0.02, 0.01, 240, 0.6,"
        " 'rule', false, false, %s, 'r', 't')",
        (RUN, BTC, time, side, code),
    )


def day_of_vetoes(connection: psycopg.Connection, day: int, fall_bps: float, vetoes: int = 3) -> None:
    """Vetoes of longs by a view each, an hour apart; an hour after each the price is lower."""
    for number in range(vetoes):
        time = FIRST.replace(hour=1) + timedelta(days=day) + 2 * number * HOUR
        add_view(connection, RUN, BTC, time - timedelta(minutes=5), "hold", "low")
        veto(connection, time)
        close_at(connection, time, 100.0)
        close_at(connection, time + HOUR, 100.0 * (1 - fall_bps / 10_000))


def vetoes_after_an_hour(connection: psycopg.Connection) -> list[dict[str, Any]]:
    found = rows(connection, "news_effect")
    return [one for one in found if one["kind"] == "VETO" and one["horizon_minutes"] == 60]


def test_a_veto_is_followed_by_its_price_at_each_horizon(connection: psycopg.Connection) -> None:
    add_view(connection, RUN, BTC, FIRST - timedelta(minutes=5), "bullish", "high")
    veto(connection, FIRST, "SHORT", "NEWS_AGAINST")
    for hours, price in ((0, 100.0), (1, 101.0), (4, 98.0)):
        close_at(connection, FIRST + hours * HOUR, price)
    found = [one for one in rows(connection, "news_outcomes") if one["kind"] == "VETO"]
    assert [(one["horizon_minutes"], round(one["afterwards_bps"], 6)) for one in found] == [
        (60, -100.0),
        (240, 200.0),
    ], "of a short: the price up is a loss; without a candle at 24 h there is no row"
    assert {(one["said"], one["price"], one["label"]) for one in found} == {
        ("NEWS_AGAINST", 100.0, "recorded")
    }


def test_a_veto_that_lasts_is_one_event_for_each_view(connection: psycopg.Connection) -> None:
    for minutes in (5, -25):
        add_view(connection, RUN, BTC, FIRST - timedelta(minutes=minutes), "hold", "low")
    for minute in range(40):
        time = FIRST + timedelta(minutes=minute)
        veto(connection, time)
        close_at(connection, time, 100.0 + minute)
    close_at(connection, FIRST + HOUR, 100.0)
    close_at(connection, FIRST + HOUR + timedelta(minutes=25), 100.0)
    found = [one for one in rows(connection, "news_outcomes") if one["kind"] == "VETO"]
    assert [one["time"] for one in found] == [FIRST, FIRST + timedelta(minutes=25)]


def test_an_exit_is_followed_from_the_price_it_got(connection: psycopg.Connection) -> None:
    connection.execute(
        "UPDATE hydra.positions SET exit_reason_code = 'NEWS_EXIT', exit_price = 102 WHERE position_id = 11"
    )
    closed = datetime(2025, 6, 1, 1, 0, tzinfo=UTC)
    close_at(connection, closed + HOUR, 96.9)
    found = [one for one in rows(connection, "news_outcomes") if one["kind"] == "EXIT"]
    (row,) = found
    assert (row["said"], row["side"], row["horizon_minutes"]) == ("NEWS_EXIT", "LONG", 60)
    assert row["afterwards_bps"] == pytest.approx(-500.0), "102 to 96.9: the exit saved five per cent"


def test_a_trade_is_net_of_costs_beside_the_view_of_its_decision(connection: psycopg.Connection) -> None:
    trades = [one for one in rows(connection, "news_outcomes") if one["kind"] == "TRADE"]
    # 19.4 USDT of 10 x 100; the view bullish is five minutes old. The open position is no trade yet.
    assert [(one["said"], one["afterwards_bps"], one["horizon_minutes"]) for one in trades] == [
        ("bullish", pytest.approx(194.0), None)
    ]
    connection.execute("UPDATE hydra.news_views SET time = time - interval '2 hours'")
    trades = [one for one in rows(connection, "news_outcomes") if one["kind"] == "TRADE"]
    assert trades[0]["said"] == "none", "a view older than two scans is none"


def test_the_interval_is_of_days(connection: psycopg.Connection) -> None:
    """Days' means -10, -20 ... -80: mean -45, s 24.4949, error 8.6603; t of 7 is 2.3646: -65.48 to -24.52."""
    for day in range(8):
        day_of_vetoes(connection, day, 10.0 * (day + 1))
    (effect,) = vetoes_after_an_hour(connection)
    assert effect["said"] == "NEWS_HOLD"
    assert (effect["events"], effect["days"]) == (24, 8)
    assert effect["mean_bps"] == pytest.approx(-45.0)
    assert (effect["low_bps"], effect["high_bps"]) == pytest.approx((-65.48, -24.52), abs=0.1)


@pytest.mark.parametrize(("days", "each"), [(5, 10), (8, 2)])
def test_under_a_sample_nothing_is_printed(connection: psycopg.Connection, days: int, each: int) -> None:
    """50 events on 5 days, or 16 on 8."""
    for day in range(days):
        day_of_vetoes(connection, day, 10.0, each)
    (effect,) = vetoes_after_an_hour(connection)
    assert (effect["events"], effect["days"]) == (days * each, days)
    assert (effect["mean_bps"], effect["low_bps"], effect["high_bps"]) == (None, None, None)
    console = Console(width=120, record=True)
    _print_effects(console, rows(connection, "news_effect"))
    assert "too few" in console.export_text()


def test_the_cost_of_a_day_counts_what_was_asked(connection: psycopg.Connection) -> None:
    for number, (outcome, cost) in enumerate(
        [
            (ScanOutcome.ANALYZED, 0.012),
            (ScanOutcome.PARTIAL, 0.010),
            (ScanOutcome.NO_NEWS, None),
            (ScanOutcome.TIMED_OUT, None),
        ]
    ):
        add_scan(connection, RUN, FIRST + number * HOUR, outcome, cost_usd=cost)
    scan_id = add_scan(connection, RUN, FIRST + timedelta(days=1), ScanOutcome.ANALYZED, cost_usd=5)
    connection.execute("UPDATE hydra.news_scans SET trigger = 'replayed' WHERE scan_id = %s", (scan_id,))
    connection.execute(
        "UPDATE hydra.news_scans SET input_tokens = 1000, output_tokens = 200, latency_ms = 900"
        " WHERE outcome IN ('ANALYZED', 'PARTIAL')"
    )
    (day,) = rows(connection, "news_cost")
    assert day["day"] == datetime(2025, 7, 1, tzinfo=UTC)
    counted = (day["scans"], day["analyses"], day["failures"], day["input_tokens"], day["without_price"])
    assert counted == (4, 2, 1, 2000, 0)
    assert float(day["cost_usd"]) == pytest.approx(0.022)
    console = Console(width=120, record=True)
    _print_costs(console, rows(connection, "news_cost"))
    assert "0.022" in console.export_text()
