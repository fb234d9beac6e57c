"""The schema as built: a comment on everything, the words of the enumerations, hypertables cut as planned."""

import re
from datetime import UTC, datetime
from enum import StrEnum

import psycopg
import pytest

from hydra import domain
from hydra.db.columns import Column, columns_of
from hydra.db.migrate import upgrade_to_head
from hydra.reason_words import GATES, WORDS
from tests.support.catalogue import snapshot

DAYS = {
    "market.candles_1m": 30,
    "market.candles_5m_recorded": 30,
    "market.funding_rates": 30,
    "market.mark_prices": 30,
    "market.open_interest": 7,
    "market.positioning": 30,
    "market.liquidations": 7,
    "market.order_books": 1,
    "market.trades": 1,
    "market.sentiment": 30,
    "market.news_items": 30,
    "market.feed_heartbeats": 7,
    "hydra.features": 7,
}
KNOWN_AT = ("candles_1m", "candles_5m_recorded", "open_interest")

ENUMERATIONS: dict[str, type[StrEnum]] = {
    "hydra.runs.mode": domain.TradingMode,
    "hydra.runs.market_origin": domain.MarketOrigin,
    "hydra.cycles.state": domain.CycleState,
    "hydra.assessments.tradability": domain.TradabilityStatus,
    "hydra.news_views.action": domain.NewsAction,
    "hydra.news_scans.outcome": domain.ScanOutcome,
    "hydra.news_scans.trigger": domain.ScanTrigger,
    "hydra.positions.state": domain.PositionState,
    "hydra.position_events.kind": domain.PositionEventKind,
    "hydra.orders.role": domain.OrderRole,
    "hydra.orders.order_type": domain.OrderType,
    "hydra.orders.state": domain.OrderState,
    "hydra.order_events.state": domain.OrderState,
    "hydra.kill_switch.scope": domain.KillScope,
    "hydra.fills.evidence": domain.FillEvidence,
    "hydra.reconciliations.cause": domain.ReconciliationCause,
    "hydra.account_differences.kind": domain.DifferenceKind,
    "hydra.operator_requests.verb": domain.RequestVerb,
    "ml.publications.action": domain.PublicationAction,
}


def test_everything_that_people_query_has_a_comment(database_url: str) -> None:
    found = snapshot(database_url)
    silent = [row[:2] for row in found["relations"] if row[2] in {"r", "v"} and not row[4]]
    silent += [row[:2] for row in found["columns"] if not row[7]]
    silent += [row[:1] for row in found["schemas"] if not row[1]]
    silent += [row[:1] for row in found["functions"] if not row[3]]
    assert silent == []


def test_the_words_of_a_column_are_those_of_its_enumeration(database_url: str) -> None:
    checks = {
        f"{table}.{name.removeprefix(table.split('.')[1] + '_').removesuffix('_check')}": text
        for table, name, text in snapshot(database_url)["constraints"]
        if isinstance(table, str) and isinstance(name, str)
    }
    found = {column: set(re.findall(r"'(\w+)'", str(checks[column]))) for column in ENUMERATIONS}
    assert found == {column: {word.value for word in words} for column, words in ENUMERATIONS.items()}


def test_every_reason_code_is_a_row_with_its_gate_and_words(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT code, gate, words FROM hydra.reason_codes").fetchall()
    assert sorted(rows) == sorted((str(code), str(GATES[code]), WORDS[code]) for code in domain.ReasonCode)


def test_every_column_of_reason_codes_refers_to_them(database_url: str) -> None:
    found = snapshot(database_url)
    columns = {row[:2] for row in found["columns"] if str(row[1]).endswith("reason_code")}
    tables = {f"{row[0]}.{row[1]}" for row in found["relations"] if row[2] == "r"}
    referring = {
        (table, re.findall(r"\((\w+)\)", str(text))[0])
        for table, _, text in found["constraints"]
        if "REFERENCES hydra.reason_codes" in str(text)
    }
    assert referring == {(table, name) for table, name in columns if table in tables}


def test_words_that_changed_are_stored_at_the_next_upgrade(empty_database_url: str) -> None:
    upgrade_to_head(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("UPDATE hydra.reason_codes SET words = 'old' WHERE code = 'NORMAL'")
        upgrade_to_head(empty_database_url)
        query = "SELECT words FROM hydra.reason_codes WHERE code = 'NORMAL'"
        assert connection.execute(query).fetchone() == (WORDS[domain.ReasonCode.NORMAL],)


def test_hypertables_are_cut_in_the_planned_chunks(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT hypertable_schema || '.' || hypertable_name, extract(day FROM time_interval)::int"
            " FROM timescaledb_information.dimensions WHERE column_name = 'time'"
        ).fetchall()
    assert {name: days for name, days in rows if name in DAYS} == DAYS


def test_hypertables_have_no_index_but_their_key_and_where_asked_by_known_at(database_url: str) -> None:
    expected = [(name, f"{name.split('.')[1]}_pkey") for name in DAYS]
    expected += [(f"market.{name}", f"{name}_known_at_idx") for name in KNOWN_AT]
    expected += [("market.news_items", "news_items_item_id_idx")]
    found = [(f"{row[0]}.{row[1]}", row[2]) for row in snapshot(database_url)["indexes"]]
    assert sorted(row for row in found if row[0] in DAYS) == sorted(expected)


def test_a_fact_cannot_be_stored_twice(database_url: str) -> None:
    row = (1, datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC), 0.0001, 8)
    insert = "INSERT INTO market.funding_rates VALUES (%s, %s, %s, %s, %s)"
    with psycopg.connect(database_url) as connection:
        connection.execute(insert, row)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(insert, row)


def test_the_database_says_what_columns_a_table_has(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        found = columns_of(connection, "hydra.fills")
    assert [column.name for column in found] == [
        "fill_id", "order_id", "trade_id", "time", "price", "quantity", "fee_usd", "is_maker", "recorded_at",
        "evidence",
    ]  # fmt: skip
    assert found[0] == Column(
        "fill_id", "bigint", is_key=True, is_identity=True, has_default=True, is_written_once=True
    )
    assert found[3] == Column(
        "time",
        "timestamp with time zone",
        is_key=False,
        is_identity=False,
        has_default=False,
        is_written_once=True,
    )
    assert found[8].has_default
