"""The database of a run that trades is restored from a dump: what happened since then at the exchange.

When the dump is taken a long of BTC is open. Then it is closed, and a position of ETH is opened.
"""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from hydra.db.engine import connect
from hydra.db.provision import create_database, create_extension
from hydra.db.server.account import package_cache, server_account
from hydra.db.server.private import DATABASE, private_cluster
from hydra.db.server.programs import prepared
from tests.support.servers.migrated import migrated_server
from tests.support.soak_exchange import SoakExchange, soak_exchange
from tests.support.soak_run import SoakRun
from tests.support.soak_trader import SoakTrader
from tests.support.waiting import wait_until

START: Final = datetime(2026, 11, 1, tzinfo=UTC)
NAMES: Final = ("BTC", "ETH")
_STATES: Final = """
SELECT exchange_symbol, p.state FROM hydra.positions AS p JOIN market.instruments USING (instrument_id)
ORDER BY position_id
"""


@dataclass
class Restored:
    """What was seen when: before and after the run went on."""

    exchange: SoakExchange
    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)
    held: dict[str, Decimal] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    standing: set[tuple[str, str, bool]] = field(default_factory=set)
    flattened: str = ""
    last: list[Any] = field(default_factory=list)
    fills: list[str] = field(default_factory=list)
    said: str = ""


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    """A position at the dump; closed, and another one opened; restored; resumed; flattened."""
    folder = tmp_path_factory.mktemp("restored")
    with migrated_server(), soak_exchange(folder / "account.toml", START, NAMES) as exchange:
        environment = {
            "EXCHANGE_URL": exchange.url,
            "SIMULATED_ACCOUNT_FILE": str(folder / "account.toml"),
        }
        exchange.store_history(environment)
        exchange.go_on(2.0)
        run = SoakRun("testnet", NAMES, environment, folder / "run.txt", private_cluster().data)
        made = Restored(exchange)
        run.start()
        try:
            _play(made, run, exchange, folder, environment)
            made.said = (folder / "run.txt").read_text()
            yield made
        except BaseException as error:
            error.add_note((folder / "run.txt").read_text()[-4_000:])
            raise
        finally:
            run.stop_hard()


def _play(
    made: Restored, run: SoakRun, exchange: SoakExchange, folder: Path, environment: dict[str, str]
) -> None:
    url = private_cluster().url(DATABASE)
    trader = SoakTrader(url, 1, lambda: exchange.store, exchange.now, random.Random(3), (1e6, 1e6))
    wait_until(lambda: _rows(url, "SELECT FROM hydra.cycles"), "the first minute")
    trader.only, trader.has_lasting_thesis = "BTCUSDT", True
    _until(trader, lambda: _is_protected(exchange, "BTCUSDT"), enters=True)
    _dump(url, folder / "dump.sql")
    made.before = _rows(url, _STATES)
    _until(trader, lambda: not exchange.store.of("BTCUSDT").position.amount, enters=False)
    wait_until(lambda: _rows(url, _STATES)[-1][1] == "CLOSED", "the end of the position")
    trader.only = "ETHUSDT"
    _until(trader, lambda: _is_protected(exchange, "ETHUSDT"), enters=True)
    run.end_all()
    _restore(url, folder / "dump.sql")
    assert _rows(url, _STATES) == made.before
    compared = "SELECT FROM hydra.reconciliations WHERE cause = 'MINUTE' AND wallet_usd IS NOT NULL"
    looked = len(_rows(url, compared))
    run.start()
    wait_until(lambda: len(_rows(url, compared)) > looked or not run.is_running, "a comparison")
    made.after = _rows(url, _STATES)
    made.held = {one.position.symbol: one.position.amount for one in exchange.store.held()}
    made.waiting = [one.type.value for one in exchange.store.of("ETHUSDT").waiting.values()]
    standing = "SELECT kind, symbol, blocks_entries FROM audit.exchange_differences"
    made.standing = set(_rows(url, standing))
    made.flattened = _hydra(environment, "flatten", "ETH", "--run", "1", "--reason", "restored", "--yes")
    wait_until(lambda: not _rows(url, standing), "the end of the differences")
    made.last = [one.position.symbol for one in exchange.store.held()]
    made.fills = [row[0] for row in _rows(url, "SELECT trade_id FROM hydra.fills ORDER BY 1")]
    assert run.stop() == 0


def _until(trader: SoakTrader, holds: Callable[[], bool], *, enters: bool) -> None:
    def looked() -> bool:
        if not holds():
            trader.act(enters=enters)
        return holds()

    wait_until(looked)


def _is_protected(exchange: SoakExchange, symbol: str) -> bool:
    one = exchange.store.of(symbol)
    return bool(one.position.amount) and len(one.waiting) == 2


def _rows(url: str, query: str) -> list[Any]:
    with closing(connect(url, autocommit=True)) as connection:
        return connection.execute(query.encode()).fetchall()


def _hydra(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hydra", *words],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return done.stdout + done.stderr


def _program(name: str, *words: str) -> None:
    path = prepared(package_cache(server_account())).path(name)
    done = subprocess.run([path, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]


def _dump(url: str, file: Path) -> None:
    _program("pg_dump", "--dbname", url, "--file", str(file))


def _restore(url: str, file: Path) -> None:
    with closing(connect(private_cluster().url("postgres"), autocommit=True)) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)".encode())
    create_database(private_cluster().url("postgres"), DATABASE)
    create_extension(url)
    _rows(url, "SELECT timescaledb_pre_restore()")
    _program("psql", "--dbname", url, "--quiet", "--file", str(file))
    _rows(url, "SELECT timescaledb_post_restore()")


def test_the_position_that_was_closed_since_the_dump_is_booked_as_closed(restored: Restored) -> None:
    assert restored.before[-1] == ("BTCUSDT", "OPEN")
    assert restored.after[-1] == ("BTCUSDT", "CLOSED")


def test_the_position_that_was_opened_since_is_unknown_and_keeps_its_pair_out(restored: Restored) -> None:
    assert restored.held.keys() == {"ETHUSDT"}
    assert ("POSITION_UNKNOWN", "ETHUSDT", True) in restored.standing
    assert all(symbol == "ETHUSDT" for _, symbol, _ in restored.standing)
    assert "Tables and account differ" in restored.said, restored.said


def test_its_stop_and_target_stay_at_the_exchange(restored: Restored) -> None:
    assert sorted(restored.waiting) == ["STOP_MARKET", "TAKE_PROFIT_MARKET"]


def test_flatten_ends_it_and_the_differences(restored: Restored) -> None:
    assert restored.last == [], restored.flattened
    assert "ETH" in restored.flattened


def test_every_trade_of_the_known_position_is_a_fill_once(restored: Restored) -> None:
    traded = [str(one.trade_id) for one in restored.exchange.store.trades if one.symbol == "BTCUSDT"]
    assert [name for name in restored.fills if name in traded] == sorted(traded)


def test_nothing_was_without_a_stop_for_more_than_five_seconds(restored: Restored) -> None:
    assert restored.exchange.watch.longest_s <= 5.0
