"""A live run decides each minute as soon as its candles are stored; decided again it is the same.

Facts come after different times, some after the decision of the minute to which they belong; some minutes are
skipped; for some others ingest stood still, so they were decided on what was stored before. The forced orders
of a pair have a gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import polars as pl
import psycopg
import pytest

from hydra.arrays import TIME
from hydra.checks.comparer import Mismatch
from hydra.checks.parity import Parity, check_parity
from hydra.db.engine import adbc_connect, connect
from hydra.domain import MarketOrigin
from hydra.durations import MINUTE, SECOND_US
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.ingest.instruments import ensure_instruments
from hydra.sim.market.frames import MarketSlice
from hydra.sim.market.market import Market
from hydra.trading.runs import Run, RunExchange
from tests.support.backtest_scene import MARKET, START, lively_rules
from tests.support.fact_writer import write_rows
from tests.support.live_run import decide_live
from tests.support.rows import add
from tests.support.servers.editions import ON_APACHE_ALONE

MINUTES: Final = 150
SECOND: Final = timedelta(seconds=1)
SKIPPED: Final = range(60, 67)
GAP_ENDS: Final = 20
STOOD_STILL: Final = range(100, 110)
PAIRS: Final = (1, 2, 3, 4)
EXCHANGE: Final = RunExchange("simulated", "simulated", "simulated-exchange-4-test")
# Until a fact is known: mostly a moment, now and then seconds or minutes.
DELAYS_US: Final = (40_000, 90_000, 150_000, 300_000, 700_000, 1_100_000, 1_900_000, 2_500_000)
LATE_US: Final = (9_000_000, 70_000_000, 200_000_000)

pytestmark = ON_APACHE_ALONE


@dataclass
class Live:
    """A live run, and the instants as of which it decided."""

    connection: psycopg.Connection
    url: str
    run: Run


@pytest.fixture(scope="module")
def live(database_url: str) -> Iterator[Live]:
    stored = received()
    decided = as_of_by_minute(stored["candles_1m"])
    with connect(database_url, autocommit=True) as connection:
        ensure_instruments(connection)
        with adbc_connect(database_url) as writing:
            write_rows(writing, stored)
        ended = START + GAP_ENDS * MINUTE
        gap = {
            "source_table": "liquidations",
            "instrument_id": PAIRS[0],
            "missing_rows": 0,
            "cause": "SILENT",
        }
        add(connection, "market.gaps", {**gap, "gap_start": ended - 5 * MINUTE, "gap_end": ended})
        run = decide_live(
            connection,
            database_url,
            PAIRS,
            START,
            MINUTES,
            lively_rules(),
            exchange=EXCHANGE,
            as_of=decided.get,
        )
        yield Live(connection, database_url, run)


def received() -> dict[str, pl.DataFrame]:
    """The market of the scene as ingest would have heard it: from START on, each fact after its own delay."""
    market = Market(replace(MARKET, with_open_interest_polls=True))
    played = market.advance(MARKET.warm_up_days * 1440 + MINUTES + 1)
    frames = {one.name: getattr(played, one.name) for one in fields(MarketSlice)}
    stored = {name: frame for name, frame in frames.items() if name != "premium_index"}
    return {
        name: with_delays(frame.filter(pl.col("instrument_id").is_in(PAIRS)), length(name))
        for name, frame in stored.items()
    }


def length(table: str) -> timedelta:
    return MINUTE if table in {"candles_1m", "mark_prices"} else timedelta(0)


def with_delays(frame: pl.DataFrame, length: timedelta) -> pl.DataFrame:
    drawn = (pl.col("time").to_physical() // SECOND_US * 31 + pl.col("instrument_id")).hash(seed=5)
    usual, late = (
        pl.lit(pl.Series(list(delays))).gather((drawn // 1000) % len(delays))
        for delays in (DELAYS_US, LATE_US)
    )
    delay = pl.when(drawn % 97 == 0).then(late).otherwise(usual)
    heard = (pl.col("time").to_physical() + length // timedelta(microseconds=1) + delay).cast(TIME)
    is_live = pl.col("time") >= pl.lit(START, dtype=TIME)
    return frame.with_columns(pl.when(is_live).then(heard).otherwise("known_at").alias("known_at"))


def as_of_by_minute(candles: pl.DataFrame) -> dict[datetime, datetime]:
    """What the clock's rule gives: the last of a minute's candles, or two seconds; none for the skipped."""
    known = dict(candles.group_by("time").agg(pl.col("known_at").max()).iter_rows())
    minutes = [START + number * MINUTE for number in range(MINUTES) if number not in SKIPPED]
    as_of = {time: min(max(known[time - MINUTE], time), time + DECISION_DELAY) for time in minutes}
    stored = as_of[START + (STOOD_STILL[0] - 1) * MINUTE] + 20 * SECOND
    return as_of | {START + number * MINUTE: stored for number in STOOD_STILL}


def first_mismatches(parity: Parity) -> list[Mismatch]:
    return [one for table in parity.tables for one in table.result.first[:3]]


def test_a_live_run_decided_again_is_the_same_in_every_column(live: Live) -> None:
    found = check_parity(live.connection, live.url, live.run)
    compared = {one.table.name: one.rows for one in found.tables}
    decided = MINUTES - len(SKIPPED)
    assert first_mismatches(found) == []
    assert compared["risk_decisions"] == compared["assessments"] == len(PAIRS) * decided
    assert compared["features"] == len(PAIRS) * decided
    assert compared["equity"] == decided
    assert compared["fills"] >= 4
    evidence = live.connection.execute(
        "SELECT DISTINCT evidence FROM hydra.fills JOIN hydra.orders USING (order_id) WHERE run_id = %s",
        (live.run.run_id,),
    ).fetchall()
    assert ("BOOK",) in evidence
    assert found.left_out[f"{len(SKIPPED)} skipped minutes"].startswith("not decided: it was too late")


def test_the_run_decided_before_everything_of_its_minutes_was_known(live: Live) -> None:
    """So the comparison has something to find: were all facts seen by their minutes, rows would differ."""
    as_if_replayed = replace(live.run, market_origin=MarketOrigin.GENERATED)
    parity = check_parity(live.connection, live.url, as_if_replayed)
    assert sum(table.result.mismatches for table in parity.tables) > 0


def test_a_skipped_minute_leaves_its_reason_and_nothing_else(live: Live) -> None:
    values = {
        "run": live.run.run_id,
        "first": START + SKIPPED[0] * MINUTE,
        "last": START + SKIPPED[-1] * MINUTE,
    }
    rows = live.connection.execute(
        "SELECT DISTINCT state, reason_code,"
        " (SELECT count(*) FROM hydra.equity AS e WHERE e.run_id = c.run_id AND e.time = c.time),"
        " (SELECT count(*) FROM hydra.assessments AS a WHERE a.run_id = c.run_id AND a.time = c.time)"
        " FROM hydra.cycles AS c WHERE run_id = %(run)s AND time BETWEEN %(first)s AND %(last)s",
        values,
    ).fetchall()
    assert rows == [("SKIPPED", "MINUTE_TOO_OLD", 0, 0)]


def test_for_an_hour_after_a_gap_the_velocity_of_its_pair_is_unknown(live: Live) -> None:
    rows = live.connection.execute(
        "SELECT instrument_id, count(*), min(time), max(time) FROM hydra.assessments"
        " WHERE run_id = %s AND time > %s AND time < %s AND liquidation_velocity IS NULL"
        " GROUP BY instrument_id HAVING count(*) > 5",
        (live.run.run_id, START, START + STOOD_STILL[0] * MINUTE),
    ).fetchall()
    ended = START + GAP_ENDS * MINUTE
    assert rows == [(PAIRS[0], 60 - len(SKIPPED), ended, ended + 59 * MINUTE)]


def test_while_ingest_stood_still_nothing_was_entered_and_after_300_s_positions_were_closed(
    live: Live,
) -> None:
    first, last = (START + number * MINUTE for number in (STOOD_STILL[0], STOOD_STILL[-1]))
    values = {"run": live.run.run_id, "first": first, "last": last}
    outages = live.connection.execute(
        "SELECT DISTINCT time, (numbers ->> 'data_outage_seconds')::float8 FROM hydra.assessments"
        " WHERE run_id = %(run)s AND time BETWEEN %(first)s AND %(last)s AND tradability = 'BLOCK'"
        " ORDER BY time",
        values,
    ).fetchall()
    orders = live.connection.execute(
        "SELECT DISTINCT role, placed_time, reason_code FROM hydra.orders"
        " WHERE run_id = %(run)s AND placed_time BETWEEN %(first)s AND %(last)s"
        " AND role IN ('ENTRY', 'EXIT')",
        values,
    ).fetchall()
    steps = [later[1] - earlier[1] for earlier, later in pairwise(outages)]
    assert steps == [60.0] * (len(STOOD_STILL) - 1)
    closed = next(
        time for time, seconds in outages if seconds > lively_rules().positions.outage_flatten_seconds
    )
    assert orders == [("EXIT", closed, "DATA_STALE")]
