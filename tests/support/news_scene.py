"""A run on an exchange, headlines, and the analyst's server: what scans of the news are tried on."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import ScanTrigger
from hydra.news.scan import Scan, scan
from hydra.settings import Settings
from hydra.trading.runs import Run, read_run
from hydra.universe import UNIVERSE
from tests.support.messages_server import KEY, MessagesServer
from tests.support.servers.logins import as_role

BEGIN = datetime(2025, 6, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
RUN = 7

_WRITE_RUN = """
INSERT INTO hydra.runs (run_id, mode, market_origin, label, seed, feeds, config, config_hash, readings_hash,
    feature_set_version, cost_model_version, code_version, data_from)
OVERRIDING SYSTEM VALUE
VALUES (%(run_id)s, 'paper', 'exchange', 'live', NULL, '{}',
    '{"settings": {}, "instrument_ids": [1, 2, 3, 4, 5, 6, 7, 8],
      "exchange": {"name": "binance", "environment": "production", "venue": "binance", "serving": []}}',
    'c', 'd', 'f', '1', 'abc', %(begin)s)
"""
_WRITE_CYCLE = """
INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)
VALUES (%(run_id)s, %(time)s, 'CLOSED', %(time)s + interval '2 s', 'abc')
"""
_WRITE_ITEM = """
INSERT INTO market.news_items
    (time, item_id, known_at, source, title, category, currencies, summary, instrument_ids)
VALUES (%(time)s, %(item_id)s, %(time)s, %(source)s, %(title)s, NULL, '{}', %(summary)s, %(instrument_ids)s)
"""


@dataclass
class NewsScene:
    """`worker`: the connection of a worker process; `owner`: one that may do anything."""

    worker: psycopg.Connection
    owner: psycopg.Connection
    url: str
    server: MessagesServer
    run: Run

    def settings(self, **changed: Any) -> Settings:
        """Settings with which the analyst answers, but for `changed`."""
        values: dict[str, Any] = {
            "anthropic_api_key": SecretStr(KEY),
            "llm_model": "claude-haiku-5-5",
            "llm_base_url": self.server.url,
            "llm_timeout_seconds": 20.0,
            **changed,
        }
        return Settings(_env_file=None, **values)  # type: ignore[call-arg]  # an argument of the base class

    def add_headline(
        self,
        title: str,
        time: datetime = BEGIN,
        *,
        source: str = "wire",
        summary: str | None = None,
        pairs: Sequence[int] = (),
    ) -> str:
        """A headline that became known at `time`; returns its id."""
        (count,) = self.rows("SELECT count(*) AS n FROM market.news_items")
        values = {
            "time": time,
            "item_id": f"item-{count['n']:04}",
            "source": source,
            "title": title,
            "summary": summary,
            "instrument_ids": list(pairs),
        }
        self.owner.execute(_WRITE_ITEM, values)
        return str(values["item_id"])

    def scan(self, time: datetime = BEGIN, **changed: Any) -> Scan:
        """A scan at `time` with the settings `changed`."""
        return scan(self.worker, self.run, self.settings(**changed), ScanTrigger.FORCED, time)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What a query answers."""
        with self.owner.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query).fetchall()

    def scans(self) -> list[dict[str, Any]]:
        """The stored scans, in order."""
        return self.rows("SELECT * FROM hydra.news_scans ORDER BY scan_id")

    def views(self) -> list[dict[str, Any]]:
        """The stored views, in order."""
        return self.rows("SELECT * FROM hydra.news_views ORDER BY scan_id, instrument_id")

    def add_cycle(self, time: datetime) -> None:
        """The run has decided the minute `time`."""
        self.owner.execute(_WRITE_CYCLE, {"run_id": RUN, "time": time})


@contextmanager
def news_scene(database_url: str, server: MessagesServer) -> Iterator[NewsScene]:
    """The scene in a database of its own; the run has decided one minute, at BEGIN."""
    with (
        closing(connect(database_url, autocommit=True)) as owner,
        closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as worker,
    ):
        owner.execute(
            "TRUNCATE market.news_items, hydra.news_scans, hydra.news_views, hydra.cycles, hydra.runs CASCADE"
        )
        for pair in UNIVERSE:
            owner.execute(
                "INSERT INTO market.instruments VALUES (%s, 'binance', 'perpetual', %s, %s, %s, 'USDT', '{}')"
                " ON CONFLICT DO NOTHING",
                (pair.instrument_id, pair.symbol, pair.exchange_symbol, pair.base),
            )
        owner.execute(_WRITE_RUN, {"run_id": RUN, "begin": BEGIN})
        owner.execute(_WRITE_CYCLE, {"run_id": RUN, "time": BEGIN})
        yield NewsScene(worker, owner, database_url, server, read_run(worker, RUN))
