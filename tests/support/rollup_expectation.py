"""The rollups computed from scratch, in plain Python, from the rows of the facts; and what is stored."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hydra.db.rollups import refresh, uses_continuous_aggregates

Row = dict[str, Any]
Key = tuple[int, datetime]

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
CANDLE_ROLLUPS = {
    "candles_5m_rollup": timedelta(minutes=5),
    "candles_15m": timedelta(minutes=15),
    "candles_1h": timedelta(hours=1),
    "candles_4h": timedelta(hours=4),
}
LIQUIDATION_ROLLUPS = {"liquidations_1m": timedelta(minutes=1), "liquidations_5m": timedelta(minutes=5)}


def stored(connection: psycopg.Connection, relation: str) -> list[Row]:
    """All rows of a relation of schema market, by instrument and time."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(f"SELECT * FROM market.{relation} ORDER BY instrument_id, time")  # noqa: S608
        return cursor.fetchall()


def settle(connection: psycopg.Connection, source: str, first: datetime, last: datetime) -> None:
    """The refresh that a writer of late rows must do; on the Apache edition none (triggers)."""
    if uses_continuous_aggregates(connection):
        refresh(connection, source, first, last)


def floor(time: datetime, width: timedelta) -> datetime:
    return time - (time - EPOCH) % width


def _grouped(rows: Iterable[Row], bucket: Callable[[datetime], datetime]) -> dict[Key, list[Row]]:
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["time"]):
        groups[row["instrument_id"], bucket(row["time"])].append(row)
    return groups


def _total(rows: list[Row], column: str) -> float | None:
    values = [row[column] for row in rows]
    return None if None in values else sum(values)


def _quote_volume(row: Row) -> float:
    if row["quote_volume"] is not None:
        return float(row["quote_volume"])
    return float(row["volume"] * (row["high"] + row["low"] + row["close"]) / 3)


def candles(rows: Iterable[Row], width: timedelta) -> list[Row]:
    """Candles of `width` from one-minute rows."""
    return [
        {
            "instrument_id": key[0],
            "time": key[1],
            "known_at": max(row["known_at"] for row in group),
            "open": group[0]["open"],
            "high": max(row["high"] for row in group),
            "low": min(row["low"] for row in group),
            "close": group[-1]["close"],
            "volume": _total(group, "volume"),
            "quote_volume": sum(_quote_volume(row) for row in group),
            "quote_volume_recorded_rows": sum(row["quote_volume"] is not None for row in group),
            "trade_count": _total(group, "trade_count"),
            "taker_buy_volume": _total(group, "taker_buy_volume"),
            "taker_buy_quote_volume": _total(group, "taker_buy_quote_volume"),
            "row_count": len(group),
        }
        for key, group in sorted(_grouped(rows, lambda time: floor(time, width)).items())
    ]


def liquidations(rows: Iterable[Row], width: timedelta) -> list[Row]:
    """Forced orders by side in buckets of `width`."""
    result = []
    for key, group in sorted(_grouped(rows, lambda time: floor(time, width)).items()):
        sides = {side: [row for row in group if row["side"] == side] for side in ("LONG", "SHORT")}
        result.append(
            {
                "instrument_id": key[0],
                "time": key[1],
                "known_at": max(row["known_at"] for row in group),
                "long_usd": _total(sides["LONG"], "value_usd"),
                "short_usd": _total(sides["SHORT"], "value_usd"),
                "long_count": len(sides["LONG"]),
                "short_count": len(sides["SHORT"]),
                "row_count": len(group),
            }
        )
    return result


def open_interest(rows: Iterable[Row]) -> list[Row]:
    """The last measurement of every (g - 5 min, g], under g."""
    five, tick = timedelta(minutes=5), timedelta(microseconds=1)
    return [
        {
            "instrument_id": key[0],
            "time": key[1],
            "known_at": max(row["known_at"] for row in group),
            "measured_at": group[-1]["time"],
            "contracts": group[-1]["contracts"],
            "value_usd": group[-1]["value_usd"],
            "row_count": len(group),
        }
        for key, group in sorted(_grouped(rows, lambda time: floor(time - tick, five) + five).items())
    ]


def assert_same_rows(found: list[Row], expected: list[Row]) -> None:
    """Equal in keys, counts, times and exact values; sums within 1e-9 (their order is free)."""
    assert [(row["instrument_id"], row["time"]) for row in found] == [
        (row["instrument_id"], row["time"]) for row in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for column, value in other.items():
            if isinstance(value, float) and isinstance(one[column], float):
                assert math.isclose(one[column], value, rel_tol=1e-9), (column, one, other)
            else:
                assert one[column] == value, (column, one, other)


def assert_rollups_equal_facts(connection: psycopg.Connection) -> None:
    """Every rollup of every source equals what its facts say."""
    minutes, forced = stored(connection, "candles_1m"), stored(connection, "liquidations")
    for relation, width in CANDLE_ROLLUPS.items():
        assert_same_rows(stored(connection, relation), candles(minutes, width))
    for relation, width in LIQUIDATION_ROLLUPS.items():
        assert_same_rows(stored(connection, relation), liquidations(forced, width))
    measured = stored(connection, "open_interest")
    assert_same_rows(stored(connection, "open_interest_5m"), open_interest(measured))
