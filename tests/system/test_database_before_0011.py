"""A database with runs that the last commit before sql/schema made: it opens, and its runs can be read."""

from collections.abc import Iterator

import psycopg
import pytest

from hydra.answers.audits import audit_names, run_audits
from hydra.answers.report import read_report
from hydra.answers.why import Explanation, explain
from hydra.answers.why_gates import GateVerdict
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.db.migrate import current_revision, head_revision, upgrade_to_head
from tests.support.before_0011 import NOT_RUN, checkout, has_commit, run_there
from tests.support.servers.databases import TestServer

BACKTEST = (
    "-m", "hydra.cli.main", "backtest", "--market", "generated", "--seed", "42", "--pairs", "BTC",
    "--from", "2026-03-02", "--to", "2026-03-03",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not has_commit(), reason=NOT_RUN)


@pytest.fixture(scope="module")
def connection(servers: dict[Edition, TestServer]) -> Iterator[psycopg.Connection]:
    """The database after `hydra db up`, one backtest of the old code in it."""
    with servers[Edition.APACHE].empty() as url:
        run_there(checkout(), BACKTEST, url)
        assert current_revision(url) == "0010"
        upgrade_to_head(url)
        assert current_revision(url) == head_revision()
        with connect(url, autocommit=True) as opened:
            yield opened


def test_its_report_is_that_of_its_rows(connection: psycopg.Connection) -> None:
    report = read_report(connection, 1)
    query = "SELECT count(*), coalesce(sum(net_pnl_usd), 0) FROM hydra.positions WHERE state = 'CLOSED'"
    trades, net = connection.execute(query).fetchone() or (0, 0)
    assert trades > 0
    assert len(report.closed_trades) == trades
    assert sum(trade["net_pnl_usd"] for trade in report.closed_trades) == net


def test_why_tells_the_minute_of_a_trade(connection: psycopg.Connection) -> None:
    query = "SELECT base, decision_time FROM hydra.positions JOIN market.instruments USING (instrument_id)"
    base, time = connection.execute(f"{query} LIMIT 1").fetchone() or ("", None)
    explanation = explain(connection, base, time.isoformat() if time else None, 1)
    assert isinstance(explanation, Explanation)
    assert explanation.time == time
    assert {answer.verdict for answer in explanation.gates} <= {GateVerdict.PASSED, GateVerdict.NO_VIEW}


def test_every_audit_answers(connection: psycopg.Connection) -> None:
    """Audits that are newer than the run may well find something in it."""
    assert [finding.audit for finding in run_audits(connection)] == list(audit_names())
