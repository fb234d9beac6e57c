"""A run in live mode under all faults of the exchange at once, while kill -9 strikes all its processes.

Runs only where LONG_SOAK is in the environment, for it wants a quiet machine: LONG_SOAK=1 is 10,000 orders
and 200 kills, LONG_SOAK=500,20 any other extent.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from hydra.answers.audits import run_audits
from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.server.private import DATABASE, private_cluster
from hydra.errors import HydraError
from hydra.settings import CONFIRMATION, Settings
from tests.support.alert_receiver import receiver
from tests.support.executed_run import AUDITS
from tests.support.reconciled_run import MONEY
from tests.support.servers.migrated import migrated_server
from tests.support.soak_exchange import FIRST_WALLET_USD, SoakExchange, soak_exchange
from tests.support.soak_faults import WINDOW_S, all_faults
from tests.support.soak_proof import doubled_ids, fills_that_differ, orders_that_differ, overbought
from tests.support.soak_run import Killer, SoakRun
from tests.support.soak_trader import SoakTrader
from tests.support.waiting import PATIENCE_S

START: Final = datetime(2026, 11, 1, tzinfo=UTC)
MOST_UNCOVERED_S: Final = 5.0
CLOCK_BOUND: Final = timedelta(seconds=5)
OLDER_FILLS: Final = "fill_without_order"
AROUND: Final = timedelta(minutes=1)
_EVENTS: Final = """
SELECT e.recorded_at::time, e.time::time, o.role, o.client_order_id, e.state, e.reason_code, e.detail::text
FROM hydra.order_events AS e
JOIN hydra.orders AS o USING (order_id)
JOIN market.instruments AS i USING (instrument_id)
WHERE i.exchange_symbol = %(symbol)s AND e.time BETWEEN %(start)s AND %(end)s
ORDER BY e.recorded_at, e.order_id, e.sequence
"""
_AT_REST: Final = """
SELECT NOT EXISTS (SELECT FROM hydra.positions WHERE state <> 'CLOSED')
    AND NOT EXISTS (
        SELECT FROM hydra.orders WHERE state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
    )
    AND NOT EXISTS (SELECT FROM audit.exchange_differences)
"""


@dataclass(frozen=True)
class Extent:
    """How much has to happen. names: the pairs. most_s: of wall time, until it counts as failed."""

    orders: int
    kills: int
    mean_pause_s: float
    names: tuple[str, ...]
    most_s: float
    speed: float = 6.0


pytestmark = pytest.mark.skipif(
    "LONG_SOAK" not in os.environ,
    reason="THE SOAK OF LIVE ORDERS: NOT RUN. Set LONG_SOAK=1, or LONG_SOAK=500,20 for a short one",
)


def _extent() -> Extent:
    asked = os.environ.get("LONG_SOAK", "1")
    names = ("BTC", "ETH", "SOL", "BNB", "XRP", "ADA", "LTC", "DOGE")
    orders, _, kills = ("10000,200" if asked == "1" else asked).partition(",")
    return Extent(int(orders), int(kills), 1.0, names, 7_200.0)


EXTENT: Final = _extent()


@dataclass
class Soaked:
    """What is left of it at the end, and how often what happened."""

    connection: psycopg.Connection
    exchange: SoakExchange
    trader: SoakTrader
    run: SoakRun
    seconds: float


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soaked]:
    """Trade, fail and kill until there is enough of each; then come to rest."""
    folder = tmp_path_factory.mktemp("soak")
    with (
        migrated_server(),
        receiver() as alerts,
        soak_exchange(folder / "account.toml", START, EXTENT.names) as exchange,
        pytest.MonkeyPatch.context() as patch,
    ):
        for key in Settings.attribute_by_key():
            patch.delenv(key, raising=False) if key != "HYDRA_STATE_DIRECTORY" else None
        environment = {
            "EXCHANGE_URL": exchange.url,
            "SIMULATED_ACCOUNT_FILE": str(folder / "account.toml"),
            "ALERT_WEBHOOK_URL": alerts.url,
            "LIVE_CONFIRMATION": CONFIRMATION,
        }
        run = SoakRun("live", EXTENT.names, environment, folder / "run.txt", private_cluster().data)
        url = private_cluster().url(DATABASE)
        chance = random.Random(5)
        trader = SoakTrader(url, 1, lambda: exchange.store, exchange.now, chance, (0.3, 3.0))
        exchange.store_history(environment)
        exchange.go_on(EXTENT.speed)
        run.start()
        try:
            seconds = _soak(exchange, trader, run, chance)
            _rest(exchange, trader, run)
            # 3: with the feeds' faults a tenth of the minutes may have no data.
            assert run.stop() in {0, 3}
            exchange.ended()
            with closing(connect(url, autocommit=True)) as connection:
                made = Soaked(connection, exchange, trader, run, seconds)
                _tell(made)
                yield made
        except BaseException as error:
            error.add_note(_logs(folder, Path(os.environ["HYDRA_STATE_DIRECTORY"])))
            raise
        finally:
            run.stop_hard()


def _soak(exchange: SoakExchange, trader: SoakTrader, run: SoakRun, chance: random.Random) -> float:
    while not _try(lambda: _compared(trader.url)):
        assert run.is_running, "the run did not start"
        time.sleep(0.2)
    began, killer = time.monotonic(), Killer(run, chance, EXTENT.mean_pause_s)
    place, window = 0, exchange.now()
    exchange.set_faults(all_faults(window, place))
    while exchange.orders < EXTENT.orders or sum(run.killed.values()) < EXTENT.kills:
        told = f"{exchange.orders} orders, {run.killed}"
        assert time.monotonic() - began < EXTENT.most_s, told
        exchange.ended()
        if (exchange.now() - window).total_seconds() > WINDOW_S:
            place, window = place + 1, exchange.now()
            exchange.set_faults(all_faults(window, place))
        # A start that the exchange refuses for now ends with a sentence, and a user repeats the command.
        run.go_on()
        _try(trader.act)
        # As many kills as fit the orders so far, so that both are spread over the whole soak.
        if sum(run.killed.values()) * EXTENT.orders <= exchange.orders * EXTENT.kills:
            killer.act()
        time.sleep(0.1)
    return time.monotonic() - began


def _rest(exchange: SoakExchange, trader: SoakTrader, run: SoakRun) -> None:
    exchange.set_faults([])
    deadline = time.monotonic() + PATIENCE_S

    def rests() -> bool:
        trader.act(enters=False)
        with closing(connect(trader.url, autocommit=True)) as connection:
            return bool(connection.execute(_AT_REST).fetchall()[0][0])

    calm = 0
    while calm < 5:
        assert time.monotonic() < deadline, "it does not come to rest"
        run.go_on()
        calm = calm + 1 if _try(rests) else 0
        time.sleep(1.0)


def _compared(url: str) -> bool:
    with closing(connect(url, autocommit=True)) as connection:
        return bool(connection.execute("SELECT FROM hydra.cycles").fetchall())


def _try(act: Any) -> Any:
    """What the act gives; None while the database is away."""
    try:
        return act()
    except (HydraError, psycopg.Error):
        return None


def _logs(folder: Path, state: Path) -> str:
    files = [folder / "run.txt", *sorted((state / "logs").glob("*.log"))]
    return "\n".join(f"{one.name}: {one.read_text()[-6_000:]}" for one in files if one.exists())


def _tell(made: Soaked) -> None:
    """The counts, as one table."""
    exchange = made.exchange
    states = made.connection.execute(
        "SELECT role, state, count(*) FROM hydra.orders GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    compared = made.connection.execute(
        "SELECT cause, count(*) FROM hydra.reconciliations GROUP BY 1 ORDER BY 1"
    ).fetchall()
    mended = made.connection.execute(
        "SELECT kind, count(*) FROM hydra.account_differences GROUP BY 1 ORDER BY 1"
    ).fetchall()
    ((requotes,),) = made.connection.execute(
        "SELECT count(*) - count(DISTINCT (instrument_id, decision_time)) FROM hydra.orders"
        " WHERE role = 'ENTRY'"
    ).fetchall()
    lines = [
        ("orders at the exchange", exchange.orders),
        *((f"order {role} {state}", count) for role, state, count in states),
        ("trades", len(exchange.store.trades)),
        ("re-quotes", requotes),
        ("kills", sum(made.run.killed.values())),
        *((f"kill of {victim}", count) for victim, count in sorted(made.run.killed.items())),
        ("starts of the command", made.run.starts),
        ("of them after it ended by itself", made.run.ended_by_itself),
        *((f"fault {kind}", count) for kind, count in sorted(exchange.struck.items())),
        *((f"compared at {cause}", count) for cause, count in compared),
        *((f"difference {kind}", count) for kind, count in mended),
        ("looks at the cover", exchange.watch.looks),
        ("longest uncovered, s of the exchange", exchange.watch.longest_s),
        ("wall seconds", round(made.seconds)),
    ]
    print("\n" + "\n".join(f"{name:45} {number:>10}" for name, number in lines))


def test_there_were_enough_orders_and_kills(soaked: Soaked) -> None:
    assert soaked.exchange.orders >= EXTENT.orders
    assert sum(soaked.run.killed.values()) >= EXTENT.kills
    assert sum(count > 0 for count in soaked.exchange.struck.values()) >= 15


def test_no_client_id_was_used_twice_and_no_decision_bought_more_than_decided(soaked: Soaked) -> None:
    assert doubled_ids(soaked.exchange.store) == []
    assert overbought(soaked.connection, soaked.exchange.store, soaked.trader.decided) == []


def test_every_trade_is_a_fill_once_and_no_other_fill_is_there(soaked: Soaked) -> None:
    assert fills_that_differ(soaked.connection, soaked.exchange.store) == ([], [])


def test_every_order_ended_as_the_exchange_says(soaked: Soaked) -> None:
    assert orders_that_differ(soaked.connection, soaked.exchange.store) == []


def test_nothing_is_held_and_nothing_waits(soaked: Soaked) -> None:
    store = soaked.exchange.store
    assert [one.position.symbol for one in store.held()] == []
    assert [one.client_id for one in store.open_orders()] == []
    assert [one.client_id for one in store.conditional.values() if one.is_open] == []


def test_the_wallet_is_the_ledger_to_the_last_digit(soaked: Soaked) -> None:
    ((earned,),) = soaked.connection.execute("SELECT sum(net_pnl_usd) FROM hydra.positions").fetchall()
    assert FIRST_WALLET_USD + earned == soaked.exchange.store.wallet.balance_usd


def test_nothing_was_held_without_a_stop_for_more_than_five_seconds(soaked: Soaked) -> None:
    watch = soaked.exchange.watch
    assert watch.looks > 100
    assert watch.longest_s <= MOST_UNCOVERED_S, _told_around(soaked, *watch.longest_of)


def _told_around(soaked: Soaked, symbol: str, began_ms: int) -> str:
    """What tables and exchange say of a pair around an instant, line by line."""
    began = datetime.fromtimestamp(began_ms / 1_000, UTC)
    values = {"symbol": symbol, "start": began - AROUND, "end": began + AROUND}
    lines = [str(row) for row in soaked.connection.execute(_EVENTS, values).fetchall()]
    store, span_ms = soaked.exchange.store, AROUND.total_seconds() * 1_000
    held: list[Any] = [*store.orders.values(), *store.conditional.values()]
    near = [one for one in held if one.symbol == symbol and abs(one.updated_ms - began_ms) < span_ms]
    lines += [f"at the exchange: {one}" for one in near]
    return "\n".join([f"{symbol} from {began:%H:%M:%S.%f}", *lines])


def test_the_audits_of_orders_fills_positions_and_money_find_nothing(soaked: Soaked) -> None:
    """Those of decisions ask for rows of the stages before, which planted decisions do not have."""
    asked = {*AUDITS, *MONEY} - {OLDER_FILLS}
    findings = [one for one in run_audits(soaked.connection) if one.audit in asked]
    assert len(findings) == len(asked)
    offences = {one.audit: one.first_rows for one in findings if not one.is_clean}
    assert offences == {}


def test_no_fill_lacks_its_order_or_is_older_than_it(soaked: Soaked) -> None:
    """The audit's bound is in seconds of this machine, of which each is several of this exchange."""
    rows = soaked.connection.execute(queries.load(f"audits/{OLDER_FILLS}")).fetchall()
    lacking = [row for row in rows if row[2] is None or row[4] in {"PLANNED", "REJECTED"}]
    older = [row for row in rows if row not in lacking and row[5] - row[3] > EXTENT.speed * CLOCK_BOUND]
    assert (lacking, older) == ([], [])


def test_every_kind_of_difference_has_ended(soaked: Soaked) -> None:
    assert soaked.connection.execute("SELECT kind FROM audit.exchange_differences").fetchall() == []
