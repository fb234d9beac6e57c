"""Layer 2 through its tables: one assessment and one vector a pair and minute, from what was known then."""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import psycopg
import pytest
from psycopg.rows import dict_row

from hydra.arrays import TIME
from hydra.db.engine import adbc_connect, connect
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import BadDataError
from hydra.features.evaluate import feature_matrix
from hydra.features.reading.point_in_time import read_facts
from hydra.ingest.instruments import ensure_instruments
from hydra.ingest.simulated import store_market
from hydra.settings import Settings
from hydra.sim.market.settings import MarketSettings
from hydra.trading.assessment_rows import STORED_FEATURES
from hydra.trading.cycle import Cycle
from hydra.trading.minute_rows import read_assessed
from hydra.trading.parameters import Rules, recorded_rules, rules_of
from hydra.trading.runs import Run, RunExchange, RunPlan, create_run
from tests.support.rows import add, candle, import_batch
from tests.support.synthetic_market import utc
from workers.layer2 import StatisticalLayer

START = utc(2025, 3, 1)
MINUTES = 90


@dataclass(frozen=True)
class Stored:
    """A generated market of two pairs in a database."""

    url: str
    connection: psycopg.Connection
    instruments: tuple[int, ...]

    def run(self, feeds: tuple[str, ...], origin: MarketOrigin = MarketOrigin.GENERATED) -> Run:
        settings = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class
        heard = RunExchange("simulated", "simulated", "simulated-exchange-7")
        exchange = heard if origin is MarketOrigin.EXCHANGE else None
        plan = RunPlan(TradingMode.PAPER, origin, 7, feeds, self.instruments, START, None, exchange=exchange)
        return create_run(self.connection, plan, settings, recorded_rules(rules_of(settings, feeds)))

    def assess(self, run: Run, layer: StatisticalLayer, minute: int) -> dict[int, dict[str, Any]]:
        """Layer 2's rows of a minute, by instrument."""
        layer.handle(self.connection, run, cycle(run, minute))
        query = (
            "SELECT * FROM hydra.assessments JOIN hydra.features USING (run_id, instrument_id, time)"
            " WHERE run_id = %s AND time = %s"
        )
        with self.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query, (run.run_id, cycle(run, minute).time)).fetchall()
        return {row["instrument_id"]: row for row in rows}


def is_close(one: Sequence[float | None], other: Sequence[float | None]) -> bool:
    """Equal but for the last bits; null only where the other is."""
    pairs = zip(one, other, strict=True)
    return all(
        (a is None and b is None) or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9))
        for a, b in pairs
    )


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """`row` without what differs between two runs, floats of `numbers` and columns to nine digits."""
    own = {"run_id", "assessed_at", "computed_at", "recorded_at", "decided_at"}
    return {name: _rounded(value) for name, value in row.items() if name not in own}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return float(f"{value:.9g}") if isinstance(value, float) else value


def cycle(run: Run, minute: int) -> Cycle:
    time = START + timedelta(minutes=minute)
    return Cycle(run.run_id, time, time + timedelta(seconds=2))


@pytest.fixture(scope="module")
def stored(database_url: str) -> Iterator[Stored]:
    settings = MarketSettings(seed=7, start=START, pairs=2, warm_up_days=9, book_interval_seconds=10)
    with connect(database_url, autocommit=True) as connection:
        ensure_instruments(connection)
        yield Stored(database_url, connection, store_market(database_url, settings, MINUTES))


@pytest.fixture
def layer(stored: Stored) -> Iterator[StatisticalLayer]:
    with closing(StatisticalLayer(lambda: stored.url)) as answering:
        yield answering


def test_declared_feeds_are_judged_and_undeclared_ones_are_not_recorded(
    stored: Stored, layer: StatisticalLayer
) -> None:
    declared = stored.assess(stored.run(("order_book", "liquidations")), layer, 10)
    silent = stored.assess(stored.run(()), layer, 10)
    for pair in stored.instruments:
        inputs = declared[pair]["numbers"]["inputs"]
        states = {name: reading["state"] for name, reading in inputs.items()}
        assert states == {**dict.fromkeys(inputs, "ok"), "clock": "not_recorded"}
        assert inputs["candles"]["age_seconds"] == 2.0
        undeclared = silent[pair]["numbers"]["inputs"]
        assert undeclared["order_book"]["state"] == undeclared["liquidations"]["state"] == "not_recorded"


def test_a_declared_feed_that_was_never_seen_blocks(stored: Stored, layer: StatisticalLayer) -> None:
    rows = stored.assess(stored.run(("order_book", "liquidations")), layer, 0)
    for row in rows.values():
        assert (row["tradability"], row["reason_code"]) == ("BLOCK", "DATA_MISSING")
        assert row["reason"] == "BLOCK: missing: order_book, liquidations"
        assert row["numbers"]["entries_allowed"] is False


def test_the_stored_vector_is_what_a_reading_at_that_instant_gives(
    stored: Stored, layer: StatisticalLayer
) -> None:
    run = stored.run(())
    stored.assess(run, layer, 20)
    rows = stored.assess(run, layer, 21)
    as_of = cycle(run, 21).as_of
    with adbc_connect(stored.url) as connection:
        facts = read_facts(connection, instrument_ids=stored.instruments, start=as_of, as_of=as_of)
    decisions = pl.DataFrame(
        {"instrument_id": stored.instruments, "time": [as_of] * len(stored.instruments)},
        schema={"instrument_id": pl.Int16(), "time": TIME},
    )
    matrix = feature_matrix(facts, decisions, STORED_FEATURES).select(STORED_FEATURES)
    for pair, vector in zip(stored.instruments, matrix.rows(), strict=True):
        assert is_close(rows[pair]["vector"], vector)


def test_no_vector_holds_a_fact_that_was_not_known(stored: Stored, layer: StatisticalLayer) -> None:
    run = stored.run(())
    rows = stored.assess(run, layer, 30)
    for row in rows.values():
        assert row["newest_known_at"] <= cycle(run, 30).as_of
        assert len(row["vector"]) == len(STORED_FEATURES)
        assert row["feature_set_version"] == run.feature_set_version


def test_a_process_that_starts_anew_decides_the_same(stored: Stored, layer: StatisticalLayer) -> None:
    run, other = stored.run(()), stored.run(())
    before = [stored.assess(run, layer, minute) for minute in (40, 41, 42)][-1]
    with closing(StatisticalLayer(lambda: stored.url)) as anew:
        after = stored.assess(other, anew, 42)
    for pair in stored.instruments:
        # Here polars has several threads, and with them other last bits; the workers have one, and the crash
        # test compares what they decide byte for byte.
        assert is_close(after[pair]["vector"], before[pair]["vector"])
        assert after[pair]["numbers"]["inputs"] == before[pair]["numbers"]["inputs"]


def test_a_replayed_hour_says_of_every_minute_what_its_close_says(
    stored: Stored, layer: StatisticalLayer
) -> None:
    """A market that still arrives is assessed minute by minute; a replay by the hour, here across one."""
    feeds = ("order_book", "liquidations")
    live, replay = stored.run(feeds, MarketOrigin.EXCHANGE), stored.run(feeds)
    for minute in (0, 1, 7, 31, 58, 59, 60, 61, 75):
        closed, replayed = stored.assess(live, layer, minute), stored.assess(replay, layer, minute)
        for pair in stored.instruments:
            assert is_close(replayed[pair].pop("vector"), closed[pair].pop("vector"))
            assert plain(replayed[pair]) == plain(closed[pair])


def test_an_import_in_the_middle_of_an_hour_is_seen_from_then_on(
    stored: Stored, layer: StatisticalLayer
) -> None:
    wider = Stored(stored.url, stored.connection, (*stored.instruments, 7))
    run = wider.run(())
    before = wider.assess(run, layer, 11)
    import_funding_rate(stored.connection, 7)
    after = wider.assess(run, layer, 12)
    states = [rows[7]["numbers"]["inputs"]["funding"]["state"] for rows in (before, after)]
    assert states == ["missing", "ok"]


def test_what_failed_ahead_is_tried_again_once_the_facts_are_mended(
    stored: Stored, layer: StatisticalLayer
) -> None:
    wider = Stored(stored.url, stored.connection, (*stored.instruments, 6))
    run = wider.run(())
    off_grid = START + timedelta(minutes=62, seconds=30)
    add(stored.connection, "market.candles_1m", candle(6, off_grid, off_grid + timedelta(seconds=62)))
    assert len(wider.assess(run, layer, 59)) == 3
    with pytest.raises(BadDataError, match="off its grid"):
        wider.assess(run, layer, 60)
    stored.connection.execute("DELETE FROM market.candles_1m WHERE instrument_id = 6")
    add(stored.connection, "market.import_batches", import_batch("candles_1m"))
    assert len(wider.assess(run, layer, 60)) == 3


def import_funding_rate(
    connection: psycopg.Connection,
    pair: int,
    rate: float = 0.0001,
    time: datetime = START,
    delay_seconds: int = 5,
) -> None:
    """A settlement, and the row that says that something was imported."""
    keys = {"instrument_id": pair, "time": time, "known_at": time + timedelta(seconds=delay_seconds)}
    add(connection, "market.funding_rates", {**keys, "rate": rate, "interval_hours": 8})
    add(connection, "market.import_batches", import_batch("funding_rates"))


def test_a_minute_can_be_assessed_again_after_its_transaction_was_rolled_back(
    stored: Stored, layer: StatisticalLayer
) -> None:
    run = stored.run(())
    with stored.connection.transaction(force_rollback=True):
        layer.handle(stored.connection, run, cycle(run, 50))
    assert len(stored.assess(run, layer, 50)) == len(stored.instruments)


def test_a_pair_without_any_fact_is_blocked_not_forgotten(stored: Stored, layer: StatisticalLayer) -> None:
    lonely = Stored(stored.url, stored.connection, (*stored.instruments, 8))
    rows = lonely.assess(lonely.run(()), layer, 10)
    assert rows[8]["reason"].startswith("BLOCK: missing: candles, history, funding, open_interest")
    assert all(value is None or math.isfinite(value) for value in rows[8]["vector"])


def test_the_stages_after_it_read_what_it_wrote(stored: Stored, layer: StatisticalLayer) -> None:
    run = stored.run(())
    rows = stored.assess(run, layer, 15)
    for pair in read_assessed(stored.connection, cycle(run, 15), Rules()):
        measured = rows[pair.instrument_id]["vector"][STORED_FEATURES.index("return_24h")]
        assert pair.measured("return_24h") == measured


def test_what_an_import_brings_between_two_minutes_is_seen(stored: Stored, layer: StatisticalLayer) -> None:
    run, pair = stored.run(()), stored.instruments[0]
    stored.assess(run, layer, 45)
    as_of = cycle(run, 46).as_of
    import_funding_rate(stored.connection, pair, 0.0077, START + timedelta(minutes=45), delay_seconds=1)
    rows = stored.assess(run, layer, 46)
    assert rows[pair]["numbers"]["measured"]["funding_rate"] == pytest.approx(0.0077)
    assert rows[pair]["newest_known_at"] <= as_of
    stored.connection.execute("DELETE FROM market.funding_rates WHERE rate = 0.0077")
