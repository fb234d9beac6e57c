"""The pure rules of a run: which minute is next, how fast, which pairs, when a kill switch may be cleared."""

import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from itertools import pairwise

import pytest
from rich.console import Console

from hydra.answers.pipeline_table import PipelineRow, pipeline_line, pipeline_table
from hydra.cli.market_options import parse_range, refuse_exchange
from hydra.cli.pair_names import base_names
from hydra.cli.run import in_mode
from hydra.domain import CycleState, MarketOrigin, TradingMode
from hydra.errors import StopError
from hydra.runtime.clock import next_minute
from hydra.runtime.notifications import STEPS, Stage, step_from, step_of
from hydra.runtime.run_market import StoredInstrument, choose_instruments
from hydra.runtime.speed import Speed
from hydra.settings import Settings
from hydra.trading.kill_by_hand import COOL_DOWN, refuse_before_cool_down, refuse_without_reason
from hydra.trading.kill_switch import LatchedSwitch
from tests.support.plain_run import START, a_run

MINUTE = timedelta(minutes=1)


def test_the_steps_lead_from_open_to_closed_without_a_hole() -> None:
    assert [step.stage for step in STEPS] == list(Stage)
    assert STEPS[0].waits_for is CycleState.OPEN
    assert STEPS[-1].leads_to is CycleState.CLOSED
    assert all(before.leads_to is after.waits_for for before, after in pairwise(STEPS))
    assert all(step_from(step.waits_for) is step and step_of(step.stage) is step for step in STEPS)
    assert step_from(CycleState.CLOSED) is None
    assert step_from(CycleState.SKIPPED) is None


def test_the_clock_decides_every_minute_of_the_half_open_range() -> None:
    run = a_run(START + 2 * MINUTE)
    assert next_minute(run, None) == START
    assert next_minute(run, START) == START + MINUTE
    assert next_minute(run, START + MINUTE) is None


def test_an_open_ended_run_has_always_a_next_minute() -> None:
    assert next_minute(a_run(None), START) == START + MINUTE


@pytest.mark.parametrize(("text", "seconds"), [("max", 0.0), ("60", 1.0), ("0.5", 120.0)])
def test_speed_is_a_multiple_of_real_time(text: str, seconds: float) -> None:
    speed = Speed.parse(text)
    assert speed.seconds_between(MINUTE) == seconds
    assert str(speed) == text


@pytest.mark.parametrize("text", ["0", "-1", "fast", "inf", "nan", ""])
def test_a_speed_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(StopError, match="write max, or a number above 0"):
        Speed.parse(text)


def latched(minute: int) -> LatchedSwitch:
    return LatchedSwitch(1, "portfolio", None, START + minute * MINUTE, "daily drawdown 5 %", {})


def test_a_kill_switch_may_be_cleared_only_once_all_cool_downs_have_passed() -> None:
    both = [latched(0), latched(30)]
    refuse_before_cool_down(both, START + 30 * MINUTE + COOL_DOWN)
    with pytest.raises(StopError, match=r"clear it from 2025-06-01 13:30 UTC on"):
        refuse_before_cool_down(both, START + 29 * MINUTE + COOL_DOWN)


def test_a_blank_reason_is_no_reason() -> None:
    with pytest.raises(StopError, match="--reason TEXT"):
        refuse_without_reason("  ")


def test_pairs_are_understood_in_any_spelling_and_others_refused() -> None:
    assert base_names("btc, ETHUSDT,SOL/USDT:USDT") == ("BTC", "ETH", "SOL")
    assert base_names("") == ()
    with pytest.raises(StopError, match="PEPE is not traded; HYDRA trades BTC, ETH"):
        base_names("BTC,PEPE")


def test_an_instant_without_zone_is_utc_and_loses_its_seconds() -> None:
    assert parse_range("2025-06-01T14:05:30+02:00", None) == (START + 5 * MINUTE, None)
    assert parse_range(None, "2025-06-01T12:05") == (None, START + 5 * MINUTE)
    with pytest.raises(StopError, match=r"--to tomorrow: not a time; write 2025-06-01T14:05 \(UTC\)"):
        parse_range(None, "tomorrow")


def test_a_reversed_range_is_refused_as_it_was_typed() -> None:
    with pytest.raises(StopError, match="--from 2025-06-10 --to 2025-06-01: --to has to be later"):
        parse_range("2025-06-10", "2025-06-01")


def test_the_mode_is_that_of_the_option_else_of_the_setting() -> None:
    live = Settings.model_construct(trading_mode=TradingMode.LIVE)
    assert in_mode(live, None).trading_mode is TradingMode.LIVE
    assert in_mode(live, TradingMode.PAPER).trading_mode is TradingMode.PAPER
    with pytest.raises(StopError, match="use `hydra backtest` instead"):
        in_mode(live, TradingMode.BACKTEST)


def test_an_exchange_is_no_stored_market() -> None:
    refuse_exchange(MarketOrigin.RECORDED)
    with pytest.raises(StopError, match="`hydra run --exchange simulated`"):
        refuse_exchange(MarketOrigin.EXCHANGE)


def test_instruments_are_chosen_by_name_and_unknown_names_are_said() -> None:
    stored = [StoredInstrument(1, "BTC", None, None), StoredInstrument(2, "ETH", None, None)]
    assert choose_instruments(stored, ()) == stored
    assert choose_instruments(stored, ("ETH",)) == stored[1:]
    with pytest.raises(StopError, match="SOL is not stored; stored are BTC, ETH"):
        choose_instruments(stored, ("BTC", "SOL"))


TRADE = PipelineRow(
    START, "BTC", 50_000.0, "ALLOW", 2, "OI_DIVERGENCE", "LONG", 0.61, 0.55, Decimal("1234.5"), "APPROVED"
)
VETO = PipelineRow(START, "ETH", 2500.0, "RESTRICT", 3, "OI_DIVERGENCE", "SHORT", 0.5, 0.4, None, "SCORE_LOW")
QUIET = PipelineRow(START, "LTC", None, "BLOCK", None, None, None, None, None, None, "DATA_MISSING", True)


def table_lines(width: int) -> list[str]:
    console = Console(width=width, file=StringIO(), record=True)
    console.print(pipeline_table(a_run(None), [TRADE, VETO, QUIET]))
    return console.export_text().splitlines()


def test_the_table_shows_what_each_layer_said() -> None:
    lines = table_lines(width=160)
    assert "run 7, paper, simulated market: 2025-06-01 12:00 UTC" in lines[0]
    shown = {line.split()[0]: re.split(r" {2,}", line.strip())[1:] for line in lines if line.strip()}
    assert shown["BTC"] == [
        "50000",
        "ALLOW RANGING",
        "OI DIVERGENCE LONG",
        "0.61",
        "0.55",
        "1,234",
        "TRADE LONG",
    ]
    assert shown["ETH"] == [
        "2500",
        "RESTRICT HIGH VOLATILITY",
        "OI DIVERGENCE SHORT",
        "0.50",
        "0.40",
        "-",
        "SCORE LOW",
    ]
    assert shown["LTC"] == ["-", "BLOCK -", "-", "-", "-", "-", "DATA MISSING"]
    assert "1 of 3 pairs blocked by data: LTC" in "\n".join(lines)


def test_the_table_cuts_nothing_and_breaks_no_word_at_80_columns() -> None:
    words = " ".join(table_lines(width=80)).split()
    whole = ["50000", "RESTRICT", "VOLATILITY", "DIVERGENCE", "SHORT", "1,234", "TRADE", "2500", "MISSING"]
    assert [word for word in whole if word not in words] == []
    assert not any("…" in word for word in words)


def test_a_plain_line_counts_what_became_of_the_minute() -> None:
    assert pipeline_line(a_run(None), [TRADE, VETO, QUIET]) == (
        "run 7 (simulated) 2025-06-01 12:00 UTC: 0 pairs without a signal, 2 vetoed, 1 entered; "
        "1 of 3 pairs blocked by data: LTC"
    )
    assert pipeline_line(a_run(None), []) == "run 7: waiting for the first decision"
