"""`hydra run` refuses what cannot run with a sentence, before it records a run."""

from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from hydra.cli.main import app
from hydra.cli.run import new_run, planted, resumed_run
from hydra.db.engine import connect
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import HydraError
from hydra.runtime.run_market import GENERATED_START, MarketRequest
from hydra.runtime.speed import Speed
from hydra.settings import load_settings
from hydra.sim.market.settings import Scenario
from hydra.trading.parameters import RULES_KEY


def count_runs(database_url: str) -> int:
    with connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM hydra.runs").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--mode", "live"], "name it with --exchange"),
        (["--market", "exchange"], "choose recorded or generated"),
        (["--exchange", "simulated", "--mode", "live"], "set LIVE_CONFIRMATION="),
        (["--exchange", "simulated", "--mode", "testnet", "--to", "2025-06-02"], "ends by Ctrl-C"),
        (["--exchange", "binance", "--seed", "7", "--speed", "60"], "leave out --seed, --speed"),
        (["--speed", "fast"], "write max, or a number above 0"),
        (["--pairs", "PEPE"], "PEPE is not traded"),
        (["--from", "yesterday"], "not a time; write 2025-06-01T14:05"),
        (["--resume", "999999"], "there is no run 999999"),
        (["--market", "recorded"], "no recorded market is stored"),
        (
            ["--market", "generated", "--from", "2025-06-02T00:00", "--to", "2025-06-01T00:00"],
            "--to has to be later",
        ),
        (["--market", "recorded", "--scenario", "calm"], "add --market generated"),
    ],
)
def test_what_cannot_run_is_refused_and_leaves_no_run(
    database_url: str, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    before = count_runs(database_url)
    done = CliRunner().invoke(app, ["run", *arguments])
    assert isinstance(done.exception, HydraError)
    assert sentence in str(done.exception)
    assert count_runs(database_url) == before


def test_a_generated_market_has_the_default_day_planted_or_what_is_asked_for() -> None:
    assert planted(None, MarketOrigin.GENERATED) == planted(None, MarketOrigin.RECORDED) == (Scenario.DAY,)
    asked = [Scenario.CASCADE, Scenario.OUTAGE]
    assert planted(asked, MarketOrigin.GENERATED) == (Scenario.CASCADE, Scenario.OUTAGE)


def test_a_generated_run_is_labelled_simulated_and_records_its_rules(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    monkeypatch.setattr("hydra.runtime.run_market.WARM_UP_DAYS", 0)
    end = GENERATED_START.replace(minute=10)
    asked = MarketRequest(MarketOrigin.GENERATED, 5, ("BTC", "ETH"), GENERATED_START, end)
    settings = load_settings(Path("no-such-file.env"))
    one = new_run(settings, asked, Speed(None), Console(quiet=True))
    again = new_run(settings, asked, Speed(None), Console(quiet=True))
    assert (one.label, one.seed, one.feeds) == ("simulated", 5, ("order_book", "liquidations"))
    assert len(one.instrument_ids) == 2
    assert one.instrument_ids == again.instrument_ids
    assert one.config_hash == again.config_hash
    assert RULES_KEY in one.config
    assert (one.data_from, one.data_to) == (GENERATED_START, end)


def test_a_resumed_run_keeps_its_speed_unless_another_is_asked_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    monkeypatch.setattr("hydra.runtime.run_market.WARM_UP_DAYS", 0)
    asked = MarketRequest(
        MarketOrigin.GENERATED, 5, ("BTC",), GENERATED_START, GENERATED_START.replace(minute=10)
    )
    settings = load_settings(Path("no-such-file.env"))
    run = new_run(settings, asked, Speed(60.0), Console(quiet=True))
    assert (run.speed, resumed_run(settings, run.run_id).speed) == ("60", "60")
    assert resumed_run(settings, run.run_id, Speed(None)).speed == "max"
    assert resumed_run(settings, run.run_id).speed == "max"
    live = settings.model_copy(update={"trading_mode": TradingMode.LIVE})
    with pytest.raises(HydraError, match="the run's mode is paper, not live"):
        resumed_run(live, run.run_id)


@pytest.mark.parametrize(
    ("setting", "arguments", "sentence"),
    [
        ("live", [], "--mode live: orders go to an exchange: name it with --exchange"),
        ("live", ["--mode", "paper"], "no recorded market is stored"),
        ("backtest", [], "environment: TRADING_MODE is paper, testnet or live"),
        ("paper", ["--mode", "backtest"], "use `hydra backtest` instead"),
        ("paper", ["--resume", "3", "--seed", "4", "--pairs", "BTC"], "leave out --seed, --pairs"),
    ],
)
def test_the_mode_of_the_settings_is_obeyed_or_refused(
    database_url: str, monkeypatch: pytest.MonkeyPatch, setting: str, arguments: list[str], sentence: str
) -> None:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    monkeypatch.setenv("TRADING_MODE", setting)
    done = CliRunner().invoke(app, ["run", *arguments])
    assert sentence in str(done.exception)
