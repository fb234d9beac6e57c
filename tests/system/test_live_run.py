"""`hydra run --mode live` on the simulated exchange: real processes, killed, resumed, stopped, and flattened.

A rehearsal: the exchange is simulated, its account is not told apart from one with money.
"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

from hydra.answers.audits import run_audits
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.settings import CONFIRMATION
from tests.support.alert_receiver import receiver
from tests.support.own_processes import descendants, is_alive
from tests.support.rehearsal import Rehearsal, environment_of
from tests.support.served_market import served_market
from tests.support.servers.databases import TestServer
from tests.support.waiting import wait_until

START: Final = datetime(2026, 11, 1, tzinfo=UTC)
PAIRS: Final = "BTC,ETH,SOL"
MARKET: Final = (
    "--seed", "7", "--scenario", "funding_extreme", "--from", f"{START:%Y-%m-%dT%H:%M}", "--pairs", PAIRS,
    "--speed", "max",
)  # fmt: skip
"""Its crowd of longs in SOL is faded in the first minutes."""

SPEED: Final = 5
"""Of the exchange once its history is stored, for which its limits have no time: a stop has a second."""

OPENING: Final = "SELECT FROM hydra.position_events WHERE kind = 'PROTECTED'"


@dataclass
class Played(Rehearsal):
    """What the commands said. refused: without the confirmation; beside: of a second run."""

    refused: str = ""
    beside: str = ""
    stopped: str = ""
    killed: str = ""
    kill_status: int = -1
    held: list[tuple[Any, ...]] = field(default_factory=list)
    stops_while_dead: list[Decimal] = field(default_factory=list)


@pytest.fixture(scope="module")
def played(servers: dict[Edition, TestServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A run in live mode: a position is opened; kill -9 of all; resumed; Ctrl-C; `hydra kill`."""
    folder = tmp_path_factory.mktemp("live")
    account = folder / "account.toml"
    with (
        servers[Edition.APACHE].migrated() as url,
        receiver() as alerts,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder / "state"))
        patch.setenv("HYDRA_DATABASE_URL", url)
        with served_market(*MARKET, "--account", str(account)) as market:
            environment = environment_of(url, market.url, account, ALERT_WEBHOOK_URL=alerts.url)
            made = Played(url, environment, account, market.url)
            market.hold_until(START)
            history = made.start("backfill", "--days", "32", "--exchange", "simulated", "--pairs", PAIRS)
            said = history.communicate(timeout=300)[0]
            assert history.returncode == 0, said
            market.ask("/hydra/clock", {"speed": SPEED, "hold_until": None})
            _play(made)
            yield made


def _play(made: Played) -> None:
    words = ("run", "--mode", "live", "--exchange", "simulated", "--pairs", PAIRS)
    made.refused = made.start(*words).communicate(timeout=120)[0]
    made.environment["LIVE_CONFIRMATION"] = CONFIRMATION
    first = made.start(*words)
    made.wait_for(OPENING, first)
    made.wait_for("SELECT FROM hydra.reconciliations WHERE cause = 'MINUTE' AND left_open = 0", first)
    family = [pid for pid, _ in descendants(first.pid)]
    first.send_signal(signal.SIGKILL)
    first.communicate()
    wait_until(lambda: not any(is_alive(pid) for pid in family), "the end of the run's children")
    made.held = made.rows("SELECT position_id, side, quantity FROM hydra.positions WHERE state = 'OPEN'")
    orders = made.ask(lambda account: account.open_conditional_orders())
    made.stops_while_dead = [one.quantity for one in orders]
    second = made.start("run", "--mode", "live", "--resume", "1")
    decided = made.rows("SELECT max(time) FROM hydra.cycles WHERE state = 'CLOSED'")[0][0]
    made.wait_for(f"SELECT FROM hydra.cycles WHERE state = 'CLOSED' AND time > '{decided}'", second)
    made.beside = made.start(*words).communicate(timeout=120)[0]
    second.send_signal(signal.SIGINT)
    made.stopped = second.communicate(timeout=120)[0]
    killing = made.start("kill", "--run", "1", "--reason", "the end of the rehearsal")
    made.killed = killing.communicate(timeout=180)[0]
    made.kill_status = killing.returncode


def test_live_does_not_start_without_the_confirmation(played: Played) -> None:
    assert f'set LIVE_CONFIRMATION="{CONFIRMATION}"' in played.refused


def test_a_second_run_does_not_start_beside_one_that_trades_there(played: Played) -> None:
    assert "another run of this database trades at simulated-exchange-" in played.beside
    assert played.rows("SELECT run_id FROM hydra.runs") == [(1,)]


def test_it_is_labelled_simulated_and_begins_with_the_accounts_wallet_and_the_cap(
    played: Played,
) -> None:
    ((mode, label, config),) = played.rows("SELECT mode, label, config FROM hydra.runs")
    assert (mode, label) == ("live", "simulated")
    assert config["rules"]["initial_balance_usd"] == 5_000.0
    assert config["rules"]["risk"]["limits"]["max_position_usd"] == 100.0
    assert not {"live_confirmation", "simulated_account_file"} & config["settings"].keys()


def test_a_position_within_the_cap_was_opened_and_protected_while_everything_was_dead(
    played: Played,
) -> None:
    ((_, _, quantity),) = played.held
    ((entry_price,),) = played.rows("SELECT entry_price FROM hydra.positions")
    assert 0 < quantity * entry_price < 101
    assert played.stops_while_dead == [quantity, quantity]


def test_tables_and_account_were_compared_before_the_first_minute_and_after_the_kill(
    played: Played,
) -> None:
    causes = [row[0] for row in played.rows("SELECT cause FROM hydra.reconciliations ORDER BY 1")]
    assert causes.count("START") >= 4
    ((first_compared, first_decided),) = played.rows(
        "SELECT (SELECT min(recorded_at) FROM hydra.reconciliations WHERE wallet_usd IS NOT NULL),"
        " (SELECT min(opened_at) FROM hydra.cycles)"
    )
    assert first_compared < first_decided
    assert played.rows("SELECT FROM audit.exchange_differences") == []


def test_ctrl_c_leaves_the_position_with_its_stop_and_says_so(played: Played) -> None:
    assert "At the exchange stops and targets stay for SOL SHORT" in played.stopped, played.stopped
    assert "NOT THERE" not in played.stopped
    assert "entries are cancelled." in played.stopped
    assert "It goes on with `hydra run --resume 1 --mode live`." in played.stopped


def test_kill_flattens_at_the_exchange_although_no_process_lived_and_confirms_it(played: Played) -> None:
    assert "Run 1 is flat: the exchange shows no position and no order" in played.killed, played.killed
    assert played.kill_status == 0
    assert played.ask(lambda account: account.positions()) == []
    assert played.ask(lambda account: account.open_orders()) == []


def test_orders_fills_fees_funding_and_balance_agree_to_the_last_digit(played: Played) -> None:
    trades = played.ask(lambda account: account.trades("SOLUSDT", START))
    fills = played.rows(
        "SELECT f.trade_id, f.price, f.quantity, f.fee_usd, f.is_maker, f.evidence FROM hydra.fills AS f"
        " ORDER BY f.trade_id::bigint"
    )
    assert fills == [
        (str(one.trade_id), one.price, one.quantity, one.fee, one.is_maker, "EXCHANGE") for one in trades
    ]
    income = played.ask(lambda account: account.income(START))
    funding = sum((one.amount for one in income if one.kind == "FUNDING_FEE"), Decimal(0))
    fees = sum((one.amount for one in income if one.kind == "COMMISSION"), Decimal(0))
    ((earned, paid, received),) = played.rows(
        "SELECT sum(net_pnl_usd), sum(fees_usd), sum(funding_usd) FROM hydra.positions"
    )
    assert (-paid, received) == (fees, funding)
    booked = played.rows("SELECT sum(amount) FROM hydra.exchange_income WHERE kind <> 'TRANSFER'")
    assert booked == [(sum((one.amount for one in income if one.kind != "TRANSFER"), Decimal(0)),)]
    assert 5_000 + earned == played.ask(lambda account: account.balance()).wallet_usd
    assert played.rows("SELECT FROM hydra.positions WHERE state <> 'CLOSED'") == []
    working = "SELECT FROM hydra.orders WHERE state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')"
    wait_until(lambda: not played.rows(working), "the ends of stop and target")


def test_the_audits_find_nothing(played: Played) -> None:
    with connect(played.url, autocommit=True) as connection:
        offences = {one.audit: one.first_rows for one in run_audits(connection) if not one.is_clean}
    assert offences == {}


def test_why_report_and_status_tell_of_it(played: Played) -> None:
    ((minute,),) = played.rows("SELECT decision_time FROM hydra.positions")
    why = played.start("why", "SOL", "--run", "1", "--at", f"{minute:%Y-%m-%dT%H:%M}").communicate()[0]
    assert "(by the exchange)" in why, why
    report = played.start("report", "1", COLUMNS="200").communicate()[0]
    assert "by the exchange; How it ended" in report.replace("\n", ""), report
    assert "live" in played.start("status").communicate()[0]


def test_parity_compares_what_does_not_follow_from_the_exchanges_fills(played: Played) -> None:
    said = played.start("check", "parity", "--run", "1").communicate(timeout=300)[0]
    assert "0 mismatches" in said, said
    assert "no facts tell those" in said
