"""The clock of a run on an exchange: minutes open as ingest comes on, late ones are skipped, none twice."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from hydra.db.engine import connect
from hydra.domain import MarketOrigin, TradingMode
from hydra.durations import MINUTE
from hydra.ingest.instruments import ensure_instruments
from hydra.runtime.clock import CycleClock
from hydra.runtime.exchange_minutes import HELD_AFTER, ExchangeMinutes, ExchangeNow
from hydra.runtime.message_broker import make_broker
from hydra.settings import load_settings
from hydra.trading.runs import Run, RunExchange, RunPlan, create_run, read_run
from tests.database.test_broker import states, working
from tests.support.plain_stages import HANDLERS
from tests.support.rows import add
from tests.support.servers.editions import ON_APACHE_ALONE
from tests.support.waiting import PATIENCE_S, wait_until

START: Final = datetime(2025, 6, 1, tzinfo=UTC)
OLDEST: Final = timedelta(seconds=30)
VENUE: Final = "simulated-exchange-clock"
SECOND: Final = timedelta(seconds=1)
SESSION: Final = 1

pytestmark = ON_APACHE_ALONE


@dataclass
class Ingest:
    """Stands in for ingest: its commits are the rows that the clock reads."""

    connection: psycopg.Connection

    def commit(self, through: datetime, candles: datetime | None = None) -> None:
        values = {"venue": VENUE, "session": SESSION, "through": through, "candles": candles}
        self.connection.execute(
            "INSERT INTO market.ingest_progress (venue, session_id, committed_through, candles_through,"
            " queued_rows, spilled_rows) VALUES (%(venue)s, %(session)s, %(through)s, %(candles)s, 0, 0)"
            " ON CONFLICT (venue) DO UPDATE SET committed_through = excluded.committed_through,"
            " candles_through = excluded.candles_through, updated_at = clock_timestamp()",
            values,
        )
        self.connection.execute("SELECT pg_notify('ingest_progress', %(venue)s)", values)


@dataclass
class Scene:
    """A run on an exchange whose ingest the test plays. held: how far the exchange may go."""

    connection: psycopg.Connection
    ingest: Ingest
    run: Run
    held: list[datetime] = field(default_factory=list)

    def rows(self) -> list[tuple[Any, ...]]:
        query = "SELECT time, state, as_of, reason_code FROM hydra.cycles WHERE run_id = %s ORDER BY time"
        return self.connection.execute(query, (self.run.run_id,)).fetchall()


@pytest.fixture
def scene(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    with closing(connect(database_url, autocommit=True)) as connection:
        ensure_instruments(connection)
        connection.execute("DELETE FROM market.ingest_progress")
        connection.execute("DELETE FROM market.ingest_sessions")
        session = {"session_id": SESSION, "venue": VENUE, "environment": "simulated"}
        add(connection, "market.ingest_sessions", {**session, "code_version": "x", "process_id": 1})
        plan = RunPlan(
            TradingMode.PAPER,
            MarketOrigin.EXCHANGE,
            7,
            (),
            (1, 2, 3),
            START,
            START + 6 * MINUTE,
            exchange=RunExchange("simulated", "simulated", VENUE),
        )
        run = create_run(connection, plan, load_settings(Path("no-such-file.env")))
        yield Scene(connection, Ingest(connection), run)


@contextmanager
def clock(
    scene: Scene, database_url: str, now: ExchangeNow | None = None, *, is_held: bool = True
) -> Iterator[None]:
    """The clock of the run and workers for its stages, until the run is finished.

    now, is_held: of the exchange; one that runs as fast as it is read, in lock-step, unless said.
    """

    def work() -> None:
        settings = load_settings(Path("no-such-file.env"))
        with (
            closing(connect(database_url, autocommit=True)) as listening,
            closing(make_broker(settings, [])) as broker,
        ):
            hold = scene.held.append if is_held else None
            minutes = ExchangeMinutes(listening, VENUE, OLDEST, now or ExchangeNow(0.0), hold)
            CycleClock(scene.run, listening, broker, minutes).work()

    with working(load_settings(Path("no-such-file.env")), database_url, HANDLERS):
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def closed(scene: Scene, minutes: int) -> Callable[[], bool]:
    return lambda: [row[1] for row in scene.rows()].count("CLOSED") == minutes


def test_minutes_open_as_their_candles_are_stored(scene: Scene, database_url: str) -> None:
    """The first at once, the second without a candle after two seconds; then three are too old."""
    with clock(scene, database_url):
        time.sleep(0.3)
        assert scene.rows() == []
        scene.ingest.commit(START + 0.2 * SECOND)
        time.sleep(0.3)
        assert scene.rows() == []
        scene.ingest.commit(START + 0.4 * SECOND, START)
        wait_until(closed(scene, 1))
        scene.ingest.commit(START + MINUTE + 2.5 * SECOND, START)
        wait_until(closed(scene, 2))
        scene.ingest.commit(START + 5 * MINUTE + SECOND, START + 5 * MINUTE)
        wait_until(closed(scene, 3))
    late = START + 5 * MINUTE + SECOND
    assert scene.rows() == [
        (START, "CLOSED", START + 0.4 * SECOND, None),
        (START + MINUTE, "CLOSED", START + MINUTE + 2 * SECOND, None),
        *((START + number * MINUTE, "SKIPPED", late, "MINUTE_TOO_OLD") for number in (2, 3, 4)),
        (START + 5 * MINUTE, "CLOSED", late, None),
    ]
    assert read_run(scene.connection, scene.run.run_id).end_reason == "finished"
    assert sorted(set(scene.held)) == [START + number * MINUTE + HELD_AFTER for number in (0, 1, 2, 5)]


def test_a_minute_to_which_ingest_does_not_come_is_decided_on_what_is_stored(
    scene: Scene, database_url: str
) -> None:
    """At 60 times real time: in half a second a minute is too old, in 0.17 s more ingest is not awaited."""
    stood_still = START - 20 * SECOND
    scene.ingest.commit(stood_still, START - MINUTE)
    began = time.monotonic()

    def told() -> datetime:
        return START + (time.monotonic() - began) * MINUTE

    with clock(scene, database_url, ExchangeNow(60.0, told), is_held=False):
        wait_until(lambda: len(scene.rows()) >= 3)
        scene.ingest.commit(START + 7 * MINUTE, START + 7 * MINUTE)
    rows = scene.rows()
    assert len(rows) == 6
    decided = [(minute, as_of) for minute, state, as_of, _ in rows[:3] if state == "CLOSED"]
    assert decided
    assert {as_of for _, as_of in decided} == {stood_still}
    assert {row[3] for row in rows if row[1] == "SKIPPED"} <= {"MINUTE_TOO_OLD"}


def test_two_clocks_open_no_minute_twice(scene: Scene, database_url: str) -> None:
    with clock(scene, database_url), clock(scene, database_url):
        for number in range(6):
            minute = START + number * MINUTE
            scene.ingest.commit(minute + 0.1 * SECOND, minute)
            wait_until(closed(scene, number + 1))
    assert states(scene.connection, scene.run) == ["CLOSED"] * 6


def test_a_minute_that_stayed_open_too_long_is_skipped_before_anything_is_decided(
    scene: Scene, database_url: str
) -> None:
    add(
        scene.connection,
        "hydra.cycles",
        {
            "run_id": scene.run.run_id,
            "time": START,
            "state": "OPEN",
            "as_of": START + SECOND,
            "code_version": scene.run.code_version,
        },
    )
    scene.ingest.commit(START + 5 * MINUTE + SECOND, START + 5 * MINUTE)
    with clock(scene, database_url):
        wait_until(closed(scene, 1))
    found = [row[1] for row in scene.rows()]
    assert found == ["SKIPPED"] * 5 + ["CLOSED"]
