"""`hydra check`: clean on a stored market, status 1 on a planted fault, a sentence where it cannot run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation import Simulation, Stopwatch, prepare, simulate
from hydra.checks import decision_lookahead, warm_up
from hydra.checks.decision_lookahead import Simulate
from hydra.checks.varied_markets import TABLES
from hydra.cli.main import app
from hydra.errors import HydraError
from hydra.features.evaluate import Evaluate
from hydra.features.facts import MarketFacts
from hydra.trading.parameters import Rules
from hydra.trading.scoring import ScorerSince
from tests.support.servers.editions import ON_APACHE_ALONE

pytestmark = ON_APACHE_ALONE

RANGE = ("--market", "generated", "--seed", "3", "--from", "2025-06-01T07:30", "--to", "2025-06-01T08:30")
PAIRS = ("--pairs", "BTC,ETH")
SHORT = (*RANGE, *PAIRS, "--samples", "3")


@pytest.fixture(autouse=True)
def _stored_with_two_days_before(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    monkeypatch.setattr("hydra.runtime.run_market.WARM_UP_DAYS", 2)


def test_lookahead_varies_every_table_and_finds_nothing() -> None:
    done = CliRunner().invoke(app, ["check", "lookahead", *SHORT, "--paths", "2"])
    assert done.exit_code == 0, done.output
    assert "no mismatch among" in done.output
    assert all(table in done.output for table in TABLES)


@pytest.mark.parametrize(
    ("verb", "check"), [("lookahead", "feature_lookahead"), ("warmup", "feature_warm_up")]
)
def test_features_that_look_at_leaders_are_checked_on_every_venue_and_machines_get_the_results(
    verb: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A generated market has instruments of its own; `btc_beta` needs BTC among them."""
    betas: list[float | None] = []
    real = getattr(decision_lookahead, check, None) or getattr(warm_up, check)

    def watching(first: Any, second: Any, evaluate: Evaluate, **others: Any) -> Any:
        def noted(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
            matrix = evaluate(facts, decisions)
            betas.extend(matrix["btc_beta"].to_list())
            return matrix

        return real(first, second, noted, **others)

    monkeypatch.setattr(f"hydra.cli.check.{check}", watching)
    short = ["--samples", "1"] + (["--paths", "1"] if verb == "lookahead" else [])
    done = CliRunner().invoke(app, ["check", verb, *RANGE, *PAIRS, *short, "--json"])
    assert done.exit_code == 0, done.output
    assert any(beta is not None for beta in betas)
    found = json.loads(done.stdout)
    assert found["mismatches"] == 0
    assert sum(one["compared"] for one in found["checks"]) == found["compared"] > 0
    names = {one["check"] for one in found["checks"]}
    assert ("facts: known before they are true" in names) == (verb == "lookahead")


def counting(rules: Rules, _scorers: Sequence[ScorerSince] = ()) -> Simulate:
    """A rate that belongs to the next row, and grows with every minute decided before."""

    def run(market: BacktestMarket) -> Simulation:
        prepared, rows = prepare(market, Stopwatch()), pl.int_range(pl.len()).over("instrument_id")
        price = pl.col("last_close").shift(-1).over("instrument_id") * (1 + rows * 1e-6)
        inputs = prepared.inputs.with_columns(price.fill_null(pl.col("last_close")))
        return simulate(replace(prepared, inputs=inputs), rules, 0, Stopwatch())

    return run


@pytest.mark.parametrize(
    ("verb", "how"), [("lookahead", ("--samples", "1", "--paths", "1")), ("warmup", ("--samples", "3"))]
)
def test_a_planted_fault_gives_status_1_and_says_what_differs(
    monkeypatch: pytest.MonkeyPatch, verb: str, how: tuple[str, ...]
) -> None:
    """Every decision looks ahead, so one is enough to find it."""
    planted: Callable[..., Simulate] = counting
    monkeypatch.setattr("hydra.cli.check.simulate_by", planted)
    done = CliRunner().invoke(app, ["check", verb, *RANGE, *PAIRS, *how])
    assert done.exit_code == 1
    assert "last_close of instrument" in done.output
    assert "mismatches among" in done.output


def test_warm_up_compares_earlier_and_later_starts_and_finds_nothing() -> None:
    done = CliRunner().invoke(app, ["check", "warmup", *SHORT])
    assert done.exit_code == 0, done.output
    assert "begins at 2025-06-01 07:30" in done.output
    assert "no mismatch among" in done.output


@pytest.mark.parametrize("verb", ["lookahead", "warmup"])
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--run", "999999"], "there is no run 999999"),
        (["--market", "exchange"], "choose recorded or generated"),
        (["--market", "generated", "--pairs", "PEPE"], "PEPE is not traded"),
        (["--market", "generated", "--from", "yesterday"], "--from yesterday"),
        (
            ["--from", "2025-06-02", "--to", "2025-06-01"],
            "--from 2025-06-02 --to 2025-06-01: --to has to be later than --from",
        ),
        (["--run", "1", "--pairs", "BTC"], "--pairs beside --run 1: a run has pairs and seed of its own"),
    ],
)
def test_what_cannot_be_checked_is_refused(verb: str, arguments: list[str], sentence: str) -> None:
    done = CliRunner().invoke(app, ["check", verb, *arguments])
    assert isinstance(done.exception, HydraError)
    assert sentence in str(done.exception)
