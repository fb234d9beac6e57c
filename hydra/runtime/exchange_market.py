"""A connected exchange made ready for a run: the simulated one is served, ingest listens, history is there.

Its processes are started before the run is recorded, because they tell its venue; the supervisor of the run
then keeps them alive.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.db.server.ports import LOOPBACK, choose_free
from hydra.durations import MINUTE
from hydra.errors import RetryError, StopError
from hydra.exchange.hosts import SIMULATED_URL
from hydra.exchange.interface import Feed
from hydra.paths import state_directory
from hydra.runtime.children import Children, Program
from hydra.runtime.exchange_history import ensure_history
from hydra.runtime.run_market import StoredInstrument, choose_instruments
from hydra.runtime.simulated_exchange import Served, began_at, go_to, hold_until, served_at
from hydra.runtime.speed import Speed
from hydra.settings import Settings
from hydra.trading.runs import RunExchange

SIMULATED: Final = "simulated"
EXCHANGE: Final = "exchange"
INGEST: Final = "ingest"
URL_KEY: Final = "EXCHANGE_URL"
ACCOUNT_KEY: Final = "SIMULATED_ACCOUNT_FILE"
_LOOK_EVERY_S: Final = 0.1
# Generating the history of a simulated market takes the longest.
_LONGEST_START_S: Final = 300.0
_MOST_DEATHS: Final = 3

Tell = Callable[[str], None]
Progress = Callable[[float], None]
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class ExchangeRequest:
    """The exchange that a user asks for. names: base names of the pairs; all if empty.

    serving, speed: of a simulated one, unless it runs already: options of `hydra exchange serve`. account:
    the file of the account that it serves; None: orders stay on paper.
    """

    name: str
    names: tuple[str, ...] = ()
    serving: tuple[str, ...] = ()
    speed: Speed = field(default_factory=lambda: Speed(1.0))
    account: Path | None = None

    @property
    def served(self) -> tuple[str, ...]:
        """The options of a simulated exchange that is started for it."""
        return self.serving if self.account is None else (*self.serving, "--account", str(self.account))


@dataclass(frozen=True)
class ListenedMarket:
    """A market that is listened to, and the processes that bring it. data_from: the first minute.

    feeds: what the exchange streams. environment: variables that a process needs to find the exchange.
    """

    exchange: RunExchange
    instrument_ids: tuple[int, ...]
    data_from: datetime
    feeds: frozenset[Feed]
    seed: int | None
    speed: Speed
    processes: Children
    environment: Mapping[str, str]

    def found_by(self, settings: Settings) -> Settings:
        """The settings with which this process finds the exchange, as the others do by `environment`."""
        account = self.environment.get(ACCOUNT_KEY)
        return settings.model_copy(
            update={
                "exchange_url": self.environment.get(URL_KEY, settings.exchange_url),
                "simulated_account_file": None if account is None else Path(account),
            }
        )


@contextmanager
def listening(
    settings: Settings, asked: ExchangeRequest, tell: Tell, progress: Progress
) -> Iterator[ListenedMarket]:
    """The market of an exchange, with the history that layer 2 needs; its processes end with the block.

    tell: gets a sentence for what is waited for. progress: the share of the history that is fetched, 0..1.

    Raises:
        StopError: the exchange or ingest does not start, or a pair is not traded there.
        DatabaseError: the server cannot be used.
    """
    url = _url(settings, asked) if asked.name == SIMULATED else None
    environment = {} if url is None else {URL_KEY: url}
    if asked.account is not None:
        environment[ACCOUNT_KEY] = str(asked.account)
    start = _Start(Children([], _log(asked.name), environment), _log(asked.name), tell)
    try:
        pairs = ("--pairs", ",".join(asked.names)) if asked.names else ()
        served = None if url is None else _served(settings, url, asked, pairs, start)
        # Where ingest of another run listens already, this one follows it when it ends.
        words = ("ingest", "--exchange", asked.name, *pairs, "--wait")
        start.processes.add(Program(INGEST, _hydra(*words)))
        with closing(connect(database_url(settings, Role.WORKER), autocommit=True)) as connection:
            heard = start.wait_for(INGEST, lambda: _heard(connection, start.process_id(INGEST)))
            exchange = RunExchange(asked.name, heard.environment, heard.venue, asked.serving)
            tell(f"listening to {exchange.venue} ({exchange.label})")
            start.processes.replace(Program(INGEST, _hydra(*words, "--venue", exchange.venue)))
            stored = _instruments(connection, exchange.venue, asked.names)
            here = settings if url is None else settings.model_copy(update={"exchange_url": url})
            if _is_decided(connection, exchange.venue):
                # What is fetched counts as known since its time: minutes that are decided would see it too.
                tell("another run decides there: this one uses the history that it has fetched")
            else:
                ensure_history(here, asked.name, [one.base for one in stored], progress)
            now = start.wait_for(INGEST, lambda: _heard(connection, start.process_id(INGEST)))
        first = next_minute_after(now.committed_through)
        ids = tuple(one.instrument_id for one in stored)
        speed = Speed(1.0) if served is None else served.speed
        seed = None if served is None else served.seed
        feeds = frozenset(Feed) if served is None else served.feeds
        yield ListenedMarket(exchange, ids, first, feeds, seed, speed, start.processes, environment)
    finally:
        start.processes.stop()


def next_minute_after(instant: datetime) -> datetime:
    """The first full minute after `instant`: its candle is heard as a whole or fetched."""
    return instant.replace(second=0, microsecond=0) + MINUTE


@dataclass(frozen=True)
class _Heard:
    """A session of ingest, and how far it has come."""

    venue: str
    environment: str
    committed_through: datetime


@dataclass(frozen=True)
class _Start:
    """The processes that are being started. log: their output."""

    processes: Children
    log: Path
    tell: Tell

    def process_id(self, name: str) -> int | None:
        return self.processes.process_ids().get(name)

    def wait_for(self, name: str, look: Callable[[], _Found | None]) -> _Found:
        """What `look` finds once the program `name` has started.

        Raises:
            StopError: it ended several times, or takes too long.
        """
        deadline = time.monotonic() + _LONGEST_START_S
        while True:
            for sentence in self.processes.keep_alive():
                self.tell(f"{sentence}; it said: {last_line(self.log)}")
            found = look()
            if found is not None:
                return found
            if self.processes.deaths(name) >= _MOST_DEATHS or time.monotonic() > deadline:
                raise StopError(f"{name} does not start: {last_line(self.log)} (see {self.log})")
            time.sleep(_LOOK_EVERY_S)


def _url(settings: Settings, asked: ExchangeRequest) -> str:
    """Where the simulated exchange is: at EXCHANGE_URL; else in its usual place, if one answers there and no
    other market is asked for; else at a port of its own, where no other run meets it.
    """
    if settings.exchange_url is not None:
        return settings.exchange_url
    if not asked.serving and _answered(SIMULATED_URL):
        return SIMULATED_URL
    return f"http://{LOOPBACK}:{choose_free()}"


def _served(
    settings: Settings, url: str, asked: ExchangeRequest, pairs: tuple[str, ...], start: _Start
) -> Served:
    """The simulated exchange: one that answers already, else one served from where it was last heard."""
    served = _answered(url)
    heard: datetime | None = None
    words: tuple[str, ...] = ()
    if served is None:
        port = str(urlsplit(url).port)
        words = ("exchange", "serve", *asked.served, *pairs, "--speed", str(asked.speed), "--port", port)
        start.processes.add(Program(EXCHANGE, _hydra(*words)))
        served = start.wait_for(EXCHANGE, lambda: _answered(url))
        heard = _heard_through(settings, served.venue)
    start.tell(f"the simulated exchange at {url} serves {served.venue}, speed {served.speed}")
    if heard is not None and heard > served.start:
        go_to(url, heard, served.speed)
    elif served.speed.factor is None:
        # Before anybody listens: it would run ahead. A second, so that the last candle of history is closed.
        hold_until(url, served.start + timedelta(seconds=1))
    if words and served.speed.factor is not None:
        # A real exchange goes on while nobody hears it: one that is started again stands where it would be.
        began = began_at(url, served.start, served.speed.factor)
        start.processes.replace(Program(EXCHANGE, _hydra(*words, "--began", began.isoformat())))
    return served


def _heard_through(settings: Settings, venue: str) -> datetime | None:
    """How far ingest of `venue` came before; None: nobody has listened to it."""
    with closing(connect(database_url(settings, Role.READER), autocommit=True)) as connection:
        row = connection.execute(queries.load("stages/ingest_progress"), {"venue": venue}).fetchone()
    return row[0] if row else None


def _answered(url: str) -> Served | None:
    try:
        return served_at(url)
    except RetryError:
        return None


def _heard(connection: psycopg.Connection, process_id: int | None) -> _Heard | None:
    with connection.cursor(row_factory=class_row(_Heard)) as cursor:
        return cursor.execute(queries.load("stages/heard"), {"process_id": process_id}).fetchone()


def _is_decided(connection: psycopg.Connection, venue: str) -> bool:
    """Whether another run decides minutes of that exchange now."""
    found = connection.execute(queries.load("stages/runs_on_venue"), {"venue": venue}).fetchone()
    return found is not None


def _instruments(
    connection: psycopg.Connection, venue: str, names: tuple[str, ...]
) -> list[StoredInstrument]:
    with connection.cursor(row_factory=class_row(StoredInstrument)) as cursor:
        stored = cursor.execute(queries.load("stages/instruments"), {"venue": venue}).fetchall()
    return choose_instruments(stored, names)


def _hydra(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "hydra", *words)


def _log(name: str) -> Path:
    folder = state_directory() / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{EXCHANGE}-{name}.log"


def last_line(log: Path) -> str:
    """What the processes that write to `log` said last."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
    return next((line for line in reversed(lines) if line.strip()), "it says nothing")
