"""A generated market in a database, and a live paper run over some of its pairs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from hydra.backtest.persisted import StoredRows
from hydra.backtest.run import BacktestRun, MarketChoice, run_backtest
from hydra.db.engine import connect
from hydra.domain import MarketOrigin
from hydra.ingest.simulated import store_market
from hydra.settings import Settings
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import Rules, rules_of
from hydra.trading.runs import Run
from tests.support.live_run import decide_live

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES = 150
FEEDS = ("liquidations", "order_book")
MARKET = MarketSettings(seed=4, start=START, warm_up_days=8, with_trades=True)
TRADED_MINUTES = 75
"""From then on no trades are recorded: fills are by the book before, by the bar after."""
SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class


@dataclass
class Scene:
    """The database, the rules and the live run."""

    connection: psycopg.Connection
    url: str
    rules: Rules
    live: Run

    def backtest(self, rows: StoredRows) -> BacktestRun:
        choice = MarketChoice(
            MarketOrigin.GENERATED,
            1,
            self.live.instrument_ids,
            FEEDS,
            START,
            START + timedelta(minutes=MINUTES),
        )
        return run_backtest(self.connection, self.url, choice, SETTINGS, self.rules, rows)

    def count(self, table: str, run_id: int) -> int:
        query = sql.SQL("SELECT count(*) FROM {} WHERE run_id = %s").format(sql.Identifier("hydra", table))
        row = self.connection.execute(query, (run_id,)).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def made_scene(database_url: str) -> Iterator[Scene]:
    """The market stored, four of its pairs decided live for MINUTES from START."""
    ids = store_market(database_url, MARKET, MINUTES + 1)[:4]
    with connect(database_url, autocommit=True) as connection:
        untraded = START + timedelta(minutes=TRADED_MINUTES)
        connection.execute("DELETE FROM market.trades WHERE time >= %s", (untraded,))
    rules = lively_rules()
    with connect(database_url, autocommit=True) as connection:
        live = decide_live(connection, database_url, ids, START, MINUTES, rules)
        yield Scene(connection, database_url, rules, live)


def lively_rules() -> Rules:
    """Rules under which enough happens in a few hours."""
    rules = rules_of(SETTINGS, FEEDS)
    limits = replace(rules.risk.limits, cooldown_minutes=10.0, cooldown_after_stop_minutes=15.0)
    # A reversal asks for no cascade behind it.
    signals = replace(rules.signals, reversal_min_zscore=0.0)
    return replace(rules, signals=signals, risk=replace(rules.risk, limits=limits))
