"""The whole system under kill -9: five layers on a generated market, and the rows of a calm run at the end.

By default an hour and a half of two pairs under a handful of kills. FULL_CRASH_TEST=1 in the environment
takes the whole day of eight pairs, at least fifty orders and at least thirty kills (some ten minutes on two
cores).
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from hydra.db.engine import connect
from hydra.db.server.private import DATABASE, private_cluster
from hydra.domain import MarketOrigin, TradingMode
from hydra.ingest.instruments import ensure_instruments
from hydra.ingest.simulated import store_market
from hydra.settings import load_settings
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import recorded_rules, rules_of
from hydra.trading.runs import Run, RunPlan, create_run, read_run
from tests.support.crash_harness import OF_EVERY_RUN, decision_rows, differences, kill_schedule, run_disturbed
from tests.support.servers.migrated import migrated_server

IS_FULL: Final = os.environ.get("FULL_CRASH_TEST") == "1"
START: Final = datetime(2025, 3, 1, tzinfo=UTC)
FEEDS: Final = ("order_book", "liquidations")


@dataclass(frozen=True)
class Extent:
    """How much is run, how often something is killed, and how many orders there have to be."""

    minutes: int
    pairs: int
    kills: int
    pause_seconds: float
    orders: int


EXTENT: Final = Extent(1440, 8, 34, 4.0, 50) if IS_FULL else Extent(90, 2, 6, 1.5, 6)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A state directory with a private server of its own, migrated."""
    with migrated_server() as (folder, _):
        yield folder


@pytest.fixture(scope="module")
def instruments(home: Path) -> tuple[int, ...]:
    """The instruments of the generated market, stored with enough history to rank the volatility."""
    assert home.is_dir()
    settings = MarketSettings(
        seed=7, start=START, pairs=EXTENT.pairs, warm_up_days=9, book_interval_seconds=10
    )
    with connect(url(), autocommit=True) as connection:
        ensure_instruments(connection)
    return store_market(url(), settings, EXTENT.minutes + 2)


def url() -> str:
    return private_cluster().url(DATABASE)


def new_run(instruments: tuple[int, ...]) -> Run:
    settings = load_settings()
    plan = RunPlan(
        TradingMode.PAPER,
        MarketOrigin.GENERATED,
        seed=7,
        feeds=FEEDS,
        instrument_ids=instruments,
        data_from=START,
        data_to=START + timedelta(minutes=EXTENT.minutes),
    )
    rules = rules_of(settings, FEEDS)
    # A reversal that asks for no cascade behind it trades more often.
    rules = replace(rules, signals=replace(rules.signals, reversal_min_zscore=0.0))
    with connect(url(), autocommit=True) as connection:
        return create_run(connection, plan, settings, recorded_rules(rules))


def command(run: Run) -> list[str]:
    return [sys.executable, "-m", "hydra", "run", "--resume", str(run.run_id), "--speed", "max"]


def test_a_killed_run_decides_and_trades_as_an_undisturbed_one(
    home: Path, instruments: tuple[int, ...]
) -> None:
    environment, data = {"HYDRA_STATE_DIRECTORY": str(home)}, private_cluster().data
    calm, disturbed = new_run(instruments), new_run(instruments)
    limit = 10.0 * EXTENT.minutes
    run_disturbed(command(calm), environment, [], data, time_limit_seconds=limit)
    schedule = kill_schedule(seed=11, kills=EXTENT.kills, mean_pause_seconds=EXTENT.pause_seconds)
    struck = run_disturbed(command(disturbed), environment, schedule, data, time_limit_seconds=limit)
    with connect(url(), autocommit=True) as connection:
        rows = decision_rows(connection, calm.run_id)
        found = differences(rows, decision_rows(connection, disturbed.run_id))
        assert read_run(connection, disturbed.run_id).end_reason == "finished"
    assert {kill.victim for kill in struck} == set(OF_EVERY_RUN)
    assert len(struck) >= (30 if IS_FULL else 4)
    assert len(rows["risk_decisions"]) == EXTENT.minutes * EXTENT.pairs
    assert len(rows["orders"]) >= EXTENT.orders
    assert rows["fills"]
    assert found == []
