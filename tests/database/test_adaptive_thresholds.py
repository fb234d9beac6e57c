"""SIGNAL_THRESHOLDS through the tables: layer 2 measures a pair's own thresholds, layer 3 fires on them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import polars as pl
import psycopg
import pytest
from psycopg.rows import dict_row

from hydra.db.engine import adbc_connect, connect
from hydra.domain import MarketOrigin, TradingMode
from hydra.features.adaptive_thresholds import ADAPTIVE_THRESHOLDS
from hydra.ingest.instruments import ensure_instruments
from hydra.settings import Settings
from hydra.trading.cycle import Cycle
from hydra.trading.parameters import recorded_rules, rules_of, rules_of_run
from hydra.trading.runs import Run, RunPlan, create_run
from tests.support.fact_writer import write_rows
from tests.support.synthetic_market import TABLES, utc
from workers import layer3
from workers.layer2 import StatisticalLayer

TIME = utc(2025, 6, 10, 12)
FIRST = utc(2025, 3, 1)
PAIR, YOUNG = 1, 2
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
# A calm past: rates of 0.005 % and 0.01 % by turns, 1.2 to 1.5 longs a short.
RATES, RATIOS = (0.00005, 0.0001), (1.2, 1.3, 1.4, 1.5)
Mode = Literal["printed", "adaptive"]


def _funding(pair: int, first_day: int) -> list[tuple[Any, ...]]:
    times = [FIRST + timedelta(days=first_day) + 8 * HOUR * k for k in range((101 - first_day) * 3 + 2)]
    rows = [(pair, at, at + 5 * SECOND, RATES[k % 2], 8, None) for k, at in enumerate(times)]
    # The settlement of 08:00 of the day itself: three times as much as ever, yet below the printed 0.05 %.
    return [*rows[:-1], (pair, TIME - 4 * HOUR, TIME - 4 * HOUR + 5 * SECOND, 0.00031, 8, None)]


def _ratios(pair: int, first_day: int) -> list[tuple[Any, ...]]:
    """A period that ends five minutes before each hour; the newest is 1.9, below the printed 2."""
    hours = [FIRST + timedelta(days=first_day) + HOUR * k for k in range(1, (101 - first_day) * 24 + 13)]
    values = [RATIOS[k % 4] for k in range(len(hours) - 1)] + [1.9]
    ends = [at - timedelta(minutes=5) for at in hours]
    pairs = zip(ends, values, strict=True)
    return [(pair, at, at + timedelta(minutes=1), value, None, None, None) for at, value in pairs]


@dataclass(frozen=True)
class Stored:
    """Two pairs in a database: one with a hundred days of history, one with twenty."""

    url: str
    connection: psycopg.Connection

    def signals(self, mode: Mode) -> tuple[dict[int, dict[str, Any]], list[dict[str, Any]]]:
        """What layer 2 measured of each pair, and layer 3's signals, of one minute of a run."""
        run = self._run(mode)
        cycle = Cycle(run.run_id, TIME, TIME + 2 * SECOND)
        with closing(StatisticalLayer(lambda: self.url)) as layer:
            layer.handle(self.connection, run, cycle)
        layer3.write_signals(self.connection, run, cycle)
        with self.connection.cursor(row_factory=dict_row) as cursor:
            key = (run.run_id,)
            assessed = cursor.execute("SELECT * FROM hydra.assessments WHERE run_id = %s", key).fetchall()
            signals = cursor.execute("SELECT * FROM hydra.signals WHERE run_id = %s", key).fetchall()
        return {row["instrument_id"]: row["numbers"]["measured"] for row in assessed}, signals

    def _run(self, mode: Mode) -> Run:
        settings = Settings(_env_file=None, signal_thresholds=mode)  # type: ignore[call-arg]  # of the base class
        plan = RunPlan(TradingMode.PAPER, MarketOrigin.RECORDED, None, (), (PAIR, YOUNG), TIME, TIME + HOUR)
        run = create_run(self.connection, plan, settings, recorded_rules(rules_of(settings, ())))
        assert rules_of_run(run).signals.is_adaptive is (mode == "adaptive")
        return run


@pytest.fixture(scope="module")
def stored(database_url: str) -> Iterator[Stored]:
    rows = {
        "funding_rates": [*_funding(PAIR, 0), *_funding(YOUNG, 81)],
        "positioning": [*_ratios(PAIR, 0), *_ratios(YOUNG, 81)],
    }
    with connect(database_url, autocommit=True) as connection:
        ensure_instruments(connection)
        with adbc_connect(database_url) as writer:
            frames = {n: pl.DataFrame(found, schema=TABLES[n], orient="row") for n, found in rows.items()}
            write_rows(writer, frames)
        yield Stored(database_url, connection)


def test_a_run_with_the_setting_fires_where_the_pair_is_extreme_for_itself(stored: Stored) -> None:
    measured, signals = stored.signals("adaptive")
    (signal,) = signals
    assert (signal["instrument_id"], signal["source"], signal["side"]) == (PAIR, "CROWDING_FADE", "SHORT")
    # Half of the past was at 0.01 %, a quarter at 1.5 longs a short; the day itself is not part of it.
    assert measured[PAIR]["adaptive_funding_threshold"] == pytest.approx(0.0001)
    assert measured[PAIR]["adaptive_ratio_high_threshold"] == pytest.approx(1.5)
    assert measured[PAIR]["adaptive_ratio_low_threshold"] == pytest.approx(1.2)
    # No candles and no open interest: no threshold, and the generators that need one stay silent.
    assert measured[PAIR]["adaptive_price_threshold"] is None
    assert {name: signal["metadata"][name] for name in ADAPTIVE_THRESHOLDS} == {
        name: measured[PAIR][name] for name in ADAPTIVE_THRESHOLDS
    }


def test_a_pair_with_less_than_thirty_days_has_no_threshold_and_stays_silent(stored: Stored) -> None:
    measured, signals = stored.signals("adaptive")
    assert {name: measured[YOUNG][name] for name in ADAPTIVE_THRESHOLDS} == dict.fromkeys(ADAPTIVE_THRESHOLDS)
    assert YOUNG not in {signal["instrument_id"] for signal in signals}


def test_a_run_with_printed_thresholds_measures_none_and_is_silent_here(stored: Stored) -> None:
    measured, signals = stored.signals("printed")
    assert signals == []
    assert not set(ADAPTIVE_THRESHOLDS) & set(measured[PAIR])
