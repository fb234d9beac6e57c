"""The same hours in paper, live on the simulated exchange and as a backtest, by `hydra check fills`.

Runs only where it is asked for, because two runs beside an exchange want a quiet machine:
SAME_HOURS_MINUTES=15 in the environment is so many minutes that both decide.
"""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

from hydra.db.edition import Edition
from hydra.settings import CONFIRMATION
from hydra.universe import UNIVERSE
from tests.support.alert_receiver import receiver
from tests.support.rehearsal import Rehearsal, environment_of, new_account
from tests.support.served_market import served_market
from tests.support.servers.databases import TestServer
from tests.support.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.skipif(
    "SAME_HOURS_MINUTES" not in os.environ,
    reason="THE SAME HOURS IN THREE MODES: NOT RUN. Set SAME_HOURS_MINUTES=15, or 360 for many trades",
)

MINUTES: Final = int(os.environ.get("SAME_HOURS_MINUTES", "15"))
"""So many minutes are decided by both runs."""
SPEED: Final = 30
START: Final = datetime(2026, 11, 1, 7, 40, tzinfo=UTC)
PAIRS: Final = ",".join(pair.base for pair in (UNIVERSE if MINUTES >= 60 else UNIVERSE[:3]))  # minutes
WALLET_USD: Final = Decimal(10_000)
LIVE, PAPER, BACKTEST = 1, 2, 3
RULES: Final = {
    "INITIAL_BALANCE": str(WALLET_USD),
    "SIGNAL_THRESHOLDS": "adaptive",
    "COOLDOWN_MINUTES": "5",
    "COOLDOWN_AFTER_STOP_MINUTES": "5",
    "LIVE_SIZE_CAP_USD": "200000",
    "MAX_HOLDING_HOURS": (
        "FUNDING_SQUEEZE=0.2,LIQUIDATION_REVERSAL=0.2,OI_DIVERGENCE=0.2,CROWDING_FADE=0.2,FUNDING_CARRY=0.2"
    ),
    "OLDEST_MINUTE_S": "55",
}


@dataclass
class Hours(Rehearsal):
    """What `hydra check fills` told of live against each of the two others."""

    against_paper: dict[str, Any]
    against_backtest: dict[str, Any]


BOTH_DECIDED: Final = """
SELECT FROM hydra.cycles AS one JOIN hydra.cycles AS other USING (time)
WHERE one.run_id = 1 AND other.run_id = 2 AND one.state = 'CLOSED' AND other.state = 'CLOSED'
"""


def is_over(hours: Hours, runs: Sequence["subprocess.Popen[str]"]) -> bool:
    """Both have decided the minutes and traded, or one has ended."""
    traded = hours.rows("SELECT DISTINCT run_id FROM hydra.positions")
    enough = len(hours.rows(BOTH_DECIDED)) >= MINUTES
    return (len(traded) == len(runs) and enough) or any(one.poll() is not None for one in runs)


@pytest.fixture(scope="module")
def hours(servers: dict[Edition, TestServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hours]:
    """A live and a paper run hear the same exchange; a backtest decides what ingest has recorded."""
    folder = tmp_path_factory.mktemp("hours")
    account = folder / "account.toml"
    new_account(account, WALLET_USD)
    options = (
        "--seed", "7", "--scenario", "day", "--scenario", "funding_extreme", "--from",
        f"{START:%Y-%m-%dT%H:%M}", "--pairs", PAIRS, "--speed", "max", "--account", str(account),
    )  # fmt: skip
    with (
        servers[Edition.APACHE].migrated() as url,
        receiver() as alerts,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder / "state"))
        patch.setenv("HYDRA_DATABASE_URL", url)
        with served_market(*options) as market:
            words = {"ALERT_WEBHOOK_URL": alerts.url, "LIVE_CONFIRMATION": CONFIRMATION, **RULES}
            made = Hours(url, environment_of(url, market.url, account, **words), account, market.url, {}, {})
            market.hold_until(START)
            made.succeed("backfill", "--days", "32", "--exchange", "simulated", "--pairs", PAIRS)
            market.ask("/hydra/clock", {"speed": SPEED, "hold_until": None})
            runs = []
            for mode in ("live", "paper"):
                runs.append(made.start("run", "--mode", mode, "--exchange", "simulated", "--pairs", PAIRS))
                made.wait_for(f"SELECT FROM hydra.runs WHERE mode = '{mode}'", runs[-1])

            wait_until(lambda: is_over(made, runs), "the end of the hours", MINUTES * 60 / SPEED + PATIENCE_S)
            for run in runs:
                assert run.poll() is None, run.communicate()[0]
                run.send_signal(signal.SIGINT)
            print(*[run.communicate(timeout=120)[0][-1_500:] for run in runs], sep="\n")
            # The candle of the minute in which the last order filled.
            now = market.ask("/hydra/clock")["now"]
            ingest = made.start("ingest", "--exchange", "simulated", "--pairs", PAIRS)
            made.wait_for(f"SELECT FROM market.candles_1m WHERE time > '{now}'", ingest)
            ingest.terminate()
            ingest.communicate(timeout=PATIENCE_S)
        made.succeed("backtest", "--minutes-of", str(LIVE), "--all-rows")
        made.against_paper = json.loads(
            made.said("check", "fills", "--run", str(LIVE), "--against", str(PAPER), "--json")
        )
        made.against_backtest = json.loads(
            made.said("check", "fills", "--run", str(LIVE), "--against", str(BACKTEST), "--json")
        )
        print(made.said("check", "fills", "--run", str(LIVE), "--against", str(PAPER)))
        print(made.said("check", "fills", "--run", str(LIVE), "--against", str(BACKTEST)))
        yield made


def test_the_hours_were_traded(hours: Hours) -> None:
    """Otherwise nothing was compared."""
    traded = Counter(row[0] for row in hours.rows("SELECT run_id FROM hydra.positions"))
    print(traded)
    assert min(traded[LIVE], traded[PAPER], traded[BACKTEST]) >= 1


@pytest.mark.parametrize("other", ["against_paper", "against_backtest"])
def test_all_decide_the_same(hours: Hours, other: str) -> None:
    told = getattr(hours, other)
    assert told["decided_otherwise"] == []


@pytest.mark.parametrize("other", ["against_paper", "against_backtest"])
def test_every_fill_is_one_that_the_market_allows(hours: Hours, other: str) -> None:
    told = getattr(hours, other)
    assert told["outside"] == []


def test_parity_of_the_backtest_finds_no_mismatch(hours: Hours) -> None:
    assert "\n0 mismatches" in hours.said("check", "parity", "--run", str(BACKTEST))
