"""The audit views answer their questions on hand-made rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.support.rows import add, import_batch
from tests.support.trade_scenario import write_scenario


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url) as opened:
        write_scenario(opened)
        yield opened
        opened.rollback()


def rows(connection: psycopg.Connection, view: str, order: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(f"SELECT * FROM audit.{view} ORDER BY {order}")  # noqa: S608
        return cursor.fetchall()


def test_daily_pnl_counts_closed_positions_net_of_costs(connection: psycopg.Connection) -> None:
    (day,) = rows(connection, "daily_pnl", "day")
    assert day["day"] == datetime(2025, 6, 1, tzinfo=UTC)
    assert (day["trades"], day["winning_trades"], day["label"]) == (1, 1, "recorded")
    assert (day["gross_pnl_usd"], day["net_pnl_usd"]) == (Decimal(20), Decimal("19.4"))


def test_slippage_is_a_cost_on_both_sides_of_the_book(connection: psycopg.Connection) -> None:
    bought, sold, short = rows(connection, "slippage", "fill_id")
    assert bought["slippage_usd"] == Decimal("1.0")
    assert round(bought["slippage_bps"], 6) == Decimal("10.010010")
    assert sold["slippage_usd"] == Decimal("1.0")
    assert short["slippage_usd"] == 0


def test_cost_breakdown_splits_what_ate_the_profit(connection: psycopg.Connection) -> None:
    btc, eth = rows(connection, "cost_breakdown", "symbol")
    assert btc["symbol"] == "BTC/USDT:USDT"
    costs = (
        btc["gross_pnl_usd"],
        btc["fees_usd"],
        btc["funding_usd"],
        btc["slippage_usd"],
        btc["net_pnl_usd"],
    )
    assert costs == (20, Decimal("0.7"), Decimal("0.1"), Decimal("2.0"), Decimal("19.4"))
    assert eth["net_pnl_usd"] == Decimal("-0.2")


def test_a_position_with_half_a_stop_is_unprotected(connection: psycopg.Connection) -> None:
    assert rows(connection, "unprotected_positions", "position_id") == []
    connection.execute("UPDATE hydra.orders SET quantity = 10 WHERE order_id = 24")
    (found,) = rows(connection, "unprotected_positions", "position_id")
    assert (found["position_id"], found["quantity"], found["protected_quantity"]) == (12, 20, 10)


def test_an_open_position_shows_its_profit_and_its_distances_as_of_the_newest_check(
    connection: psycopg.Connection,
) -> None:
    (unchecked,) = rows(connection, "open_positions", "position_id")
    assert (unchecked["position_id"], unchecked["checked_at"], unchecked["unrealised_usd"]) == (
        12,
        None,
        None,
    )
    connection.execute(
        "UPDATE hydra.positions SET stop_price = 51, target_price = 48, liquidation_price = 60,"
        " cost_basis_usd = 1000 WHERE position_id = 12"
    )
    event = {"position_id": 12, "kind": "CHECKED", "reason_code": "NORMAL"}
    for sequence, time, numbers in (
        (101, "2025-06-01 00:30Z", {"mark_price": 52.0, "thesis_health": 0.9}),
        (102, "2025-06-01 00:36Z", {"mark_price": 49.0, "thesis_health": 0.5}),
        (103, "2025-06-01 00:37Z", {"urgency": "URGENT"}),
    ):
        values = {**event, "sequence": sequence, "time": time, "numbers": Jsonb(numbers)}
        add(connection, "hydra.position_events", values)
    (found,) = rows(connection, "open_positions", "position_id")
    assert (found["mark_price"], found["unrealised_usd"], found["unrealised_share"]) == (
        49,
        20,
        Decimal("0.02"),
    )
    distances = [float(found[f"distance_to_{name}"]) for name in ("stop", "target", "liquidation")]
    assert distances == pytest.approx([2 / 49, 1 / 49, 11 / 49])
    assert (float(found["hours_held"]), found["thesis_health"]) == (0.5, 0.5)
    assert (found["funding_usd"], found["fees_usd"]) == (0, Decimal("0.2"))


def test_lineage_leads_from_the_fill_to_the_candle(connection: psycopg.Connection) -> None:
    entry, target, short = rows(connection, "trade_lineage", "fill_id")
    assert (entry["role"], entry["signal_source"], entry["tradability"]) == (
        "ENTRY",
        "CROWDING_FADE",
        "ALLOW",
    )
    assert (entry["thesis"], entry["news_action"]) == ("Crowd is short", "bullish")
    assert entry["candle_time"] == datetime(2025, 6, 1, 0, 4, tzinfo=UTC)
    assert (target["role"], target["exit_reason_code"]) == ("TARGET", "TARGET_HIT")
    assert (short["signal_source"], short["candle_time"], short["news_action"]) == (
        "OI_DIVERGENCE",
        None,
        None,
    )


def test_the_funnel_counts_verdicts_by_layer_and_reason(connection: psycopg.Connection) -> None:
    found = {
        (row["layer"], row["passed"], row["reason_code"]): row["verdicts"]
        for row in rows(connection, "veto_funnel", "layer")
        if row["symbol"] == "BTC/USDT:USDT"
    }
    assert found == {
        (2, True, "NORMAL"): 1,
        (3, True, "SIGNAL_CHOSEN"): 1,
        (3, False, "SCORE_LOW"): 1,
        (4, True, "APPROVED"): 1,
    }


def test_gaps_say_where_and_how_long(connection: psycopg.Connection) -> None:
    connection.execute(
        "INSERT INTO market.gaps (source_table, instrument_id, gap_start, gap_end, missing_rows)"
        " VALUES ('candles_1m', 2, '2025-06-01 00:04Z', '2025-06-01 00:07Z', 3)"
    )
    (gap,) = rows(connection, "data_gaps", "gap_start")
    assert (gap["symbol"], gap["duration"], gap["missing_rows"]) == ("ETH/USDT:USDT", timedelta(minutes=3), 3)


def test_the_import_summary_adds_up_the_batches(connection: psycopg.Connection) -> None:
    for read, inserted, fresh in ((10, 8, True), (10, 0, False)):
        counts = {"rows_read": read, "rows_inserted": inserted, "rows_unchanged": read - inserted - 2}
        batch = import_batch("candles_1m", **counts, rows_quarantined=2, rollups_fresh=fresh)
        add(connection, "market.import_batches", batch)
    (summary,) = rows(connection, "import_summary", "target_table")
    assert (summary["imports"], summary["files"], summary["rows_read"]) == (2, 1, 20)
    assert (summary["rows_inserted"], summary["rows_unchanged"], summary["rows_quarantined"]) == (8, 8, 4)
    assert summary["rollups_fresh"] is False
