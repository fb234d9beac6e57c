"""`hydra why` tells every gate's answer from hand-made rows, and helps where there is nothing to tell."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from hydra.answers import why
from hydra.answers.examples import examples
from hydra.answers.inputs_of_minute import with_inputs
from hydra.answers.why import CountedHour, Explanation
from hydra.answers.why_gates import GateVerdict, InputState
from hydra.cli.why import counted_lines, lines
from hydra.domain import ReasonCode, Side, SignalSource
from hydra.errors import StopError
from hydra.reason_words import Gate
from tests.support.why_scenario import write_why_scenario

P, R, S, N, U, W = (
    GateVerdict.PASSED,
    GateVerdict.RESTRICTED,
    GateVerdict.STOPPED,
    GateVerdict.NOT_REACHED,
    GateVerdict.NO_VIEW,
    GateVerdict.PENDING,
)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        write_why_scenario(opened)
        yield opened
        opened.rollback()


def explain(
    connection: psycopg.Connection, symbol: str, at: str | None = None, run: int | None = None
) -> Explanation:
    """The chain of a minute that has rows."""
    answer = why.explain(connection, symbol, at, run)
    assert isinstance(answer, Explanation)
    return answer


def text(explanation: Explanation) -> str:
    return "\n".join(line.markup for line in lines(explanation))


@pytest.mark.parametrize(
    ("symbol", "at", "verdicts", "conclusion"),
    [
        ("BTC", "10:00", (P, P, P, U, P, P),
         "trade: LONG 10 at 99.9; closed at 2025-06-01 12:00 UTC after 119.0 min (the target was reached), "
         "net 29.19 USDT"),
        ("BTC", "10:05", (P, P, P, U, S, N),
         "no trade: Risk: this pair already has a position or a working entry"),
        ("ETH", "10:00", (P, P, P, U, S, N),
         "no trade: Risk: too soon after the last exit of the same source and side"),
        ("ETH", "10:01", (S, R, S, N, N, N),
         "no trade: Data health: an input is too old"),
        ("ETH", "10:02", (P, P, P, S, N, N),
         "no trade: LLM analysis: the news analyst expects the opposite direction"),
        ("ETH", "10:03", (P, R, P, P, S, N),
         "no trade: Risk: layer 2 allows no entry in this minute"),
        ("SOL", "10:00", (P, P, S, N, N, N),
         "no trade: ML score: no generator fired"),
        ("SOL", "10:02", (P, P, P, U, P, S),
         "no trade: Execution: post-only order to buy at 20: canceled, 0 of 50 filled: the entry "
         "was not filled in time"),
        ("SOL", "10:03", (P, P, P, U, S, N),
         "no trade: Risk: the kill switch is latched"),
        ("SOL", "10:06", (P, P, W, N, W, N),
         "not decided to the end: ML score: layer 3 has not answered yet"),
    ],
)  # fmt: skip
def test_every_gate_gives_its_answer(
    connection: psycopg.Connection, symbol: str, at: str, verdicts: tuple[GateVerdict, ...], conclusion: str
) -> None:
    found = explain(connection, symbol, f"2025-06-01T{at}")
    assert tuple(answer.verdict for answer in found.gates) == verdicts
    assert [answer.gate for answer in found.gates] == list(Gate)
    assert found.conclusion == conclusion


def test_the_newest_decided_minute_of_the_newest_run_is_the_default(connection: psycopg.Connection) -> None:
    found = explain(connection, "btc")
    assert (found.run_id, found.label, f"{found.time:%H:%M}") == (7, "simulated", "10:05")
    assert found.state == "CLOSED"


def test_inputs_have_ages_and_not_recorded_is_apart_from_stale(connection: psycopg.Connection) -> None:
    health = explain(connection, "ETHUSDT", "10:01").gate(Gate.DATA_HEALTH)
    states = {reading.name: (reading.state, reading.age_seconds) for reading in health.inputs}
    assert states["open_interest"] == (InputState.STALE, 900)
    assert states["order_book"] == (InputState.NOT_RECORDED, None)
    assert states["funding"] == (InputState.OK, 7200)
    shown = text(explain(connection, "ETH", "10:01"))
    assert "open interest: [red]stale: older than it may be (15.0 min old)[/red]" in shown
    assert (
        "order book: [dim]not recorded: this run declares no such feed, its check is skipped[/dim]" in shown
    )


def test_every_reason_that_applied_is_told_not_only_the_gravest(connection: psycopg.Connection) -> None:
    found = explain(connection, "ETH", "10:01")
    assert found.gate(Gate.DATA_HEALTH).reason_code is ReasonCode.DATA_STALE
    assert found.gate(Gate.STATISTICAL).reason_code is ReasonCode.VOLATILITY_HIGH


def test_the_sentence_of_layer_2_stands_where_its_gravest_reason_belongs(
    connection: psycopg.Connection,
) -> None:
    stale = explain(connection, "ETH", "10:01")
    assert "in numbers: BLOCK: stale 900" in stale.gate(Gate.DATA_HEALTH).words
    assert stale.gate(Gate.STATISTICAL).words == ("volatility is high for this pair: exits only",)


def test_a_quiet_minute_says_how_far_every_generator_was_from_firing(connection: psycopg.Connection) -> None:
    score = explain(connection, "SOL", "10:00").gate(Gate.SCORE)
    assert [distance.source for distance in score.distances] == list(SignalSource)
    assert score.distances[0].side is Side.SHORT
    assert score.words[1].startswith("nearest: FUNDING_SQUEEZE SHORT: funding per 8 h is +0.0100 %, needs > ")
    shown = text(explain(connection, "SOL", "10:00"))
    assert (
        "LIQUIDATION_REVERSAL LONG: liquidation imbalance (-1 to 1) -, needs > 0.7: [red]not met[/red]"
        in shown
    )
    assert "regime TRENDING_UP, needs RANGING: [red]not met[/red]" in shown


def test_a_weak_signal_is_shown_with_its_numbers(connection: psycopg.Connection) -> None:
    score = explain(connection, "SOL", "10:01").gate(Gate.SCORE)
    assert (score.verdict, score.reason_code) == (S, ReasonCode.CONFIDENCE_LOW)
    assert score.words == (
        "FUNDING_SQUEEZE LONG: Shorts paying 0.060%; confidence 0.30, rule score 0.33: "
        "the generator is not confident enough",
    )


def test_the_outranked_signal_is_told_too(connection: psycopg.Connection) -> None:
    words = explain(connection, "BTC", "10:00").gate(Gate.SCORE).words
    assert len(words) == 2
    assert "ranks higher" in words[1]


def test_a_veto_by_risk_shows_rule_words_and_numbers(connection: psycopg.Connection) -> None:
    risk = explain(connection, "ETH", "10:00").gate(Gate.RISK)
    assert risk.words[1] == "the last exit was 12 minutes ago"
    assert risk.numbers["minutes_since_exit"] == 12


def test_the_kill_switch_is_shown_with_its_cause(connection: psycopg.Connection) -> None:
    assert (
        "pair: latched 2025-06-01 10:03 UTC: Funding spike > 0.5%"
        in explain(connection, "SOL", "10:03").gate(Gate.RISK).words
    )


def test_an_open_position_is_shown_with_its_newest_check(connection: psycopg.Connection) -> None:
    found = explain(connection, "BTC", "10:05")
    assert found.position is not None
    assert found.position.columns["position_id"] == 11
    assert found.position.last_check is not None
    assert found.position.last_check["numbers"]["thesis_health"] == 0.9
    assert "exit checks at 2025-06-01 10:04 UTC: nothing asks for an exit" in text(found)


def test_the_minute_that_traded_shows_what_became_of_it(connection: psycopg.Connection) -> None:
    found = explain(connection, "BTC", "10:00")
    assert "closed: the target was reached [TARGET_HIT]" in text(found)
    assert "net 29.19 USDT" in text(found)
    assert "the newest fact used became known 10:00:01" in text(found)


def test_the_news_view_at_the_minute_is_shown(connection: psycopg.Connection) -> None:
    words = explain(connection, "ETH", "10:02").gate(Gate.NEWS).words
    assert words[1] == "bearish (high confidence, 62 s old): a lawsuit"


def test_the_chain_for_machines_is_json_with_exact_money(connection: psycopg.Connection) -> None:
    chain = json.loads(json.dumps(explain(connection, "BTC", "10:00").as_json()))
    assert chain["gates"][4]["numbers"]["recommended_size_usd"] == "1000"
    assert chain["gates"][0]["inputs"][0] == {"name": "candles", "state": "ok", "age_seconds": 2}
    assert chain["position"]["columns"]["net_pnl_usd"] == "29.19"


@pytest.mark.parametrize(
    ("symbol", "at", "run", "sentence"),
    [
        ("PEPE", None, None, r"run 7 decides about no pair PEPE; it has: BTC, ETH, SOL"),
        ("BTX", None, None, r"no pair BTX \(did you mean BTC\?\)"),
        ("ADA", None, None, r"run 7 decides about no pair ADA"),
        ("BTC", "2025-06-01T09:59", None, r"09:59 UTC was not decided; the nearest .*: 2025-06-01 10:00"),
        ("BTC", "2025-06-01T10:07", None, r"was skipped, .* after its close: it was too .* 10:06"),
        ("BTC", "2025-05-31T10:00", None, r"the nearest ones with rows: 2025-06-01 10:00"),
        ("BTC", "noon", None, r"--at noon: not a time"),
        ("BTC", None, 9, r"there is no run 9"),
        ("BTC", None, 8, r"run 8 has not decided a minute yet"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_told_helpfully(
    connection: psycopg.Connection, symbol: str, at: str | None, run: int | None, sentence: str
) -> None:
    with pytest.raises(StopError, match=sentence):
        explain(connection, symbol, at, run)


def test_an_empty_database_says_how_to_start(database_url: str) -> None:
    with (
        psycopg.connect(database_url) as empty,
        pytest.raises(StopError, match="start a run with `hydra run`"),
    ):
        explain(empty, "BTC")


def test_the_examples_of_a_run_are_a_trade_a_veto_and_a_quiet_minute(connection: psycopg.Connection) -> None:
    shown = {
        kind: (one.symbol[:3], f"{one.time:%H:%M}", one.conclusion) for kind, one in examples(connection, 7)
    }
    assert {kind: answer[:2] for kind, answer in shown.items()} == {
        "a trade": ("BTC", "10:00"),
        "a veto": ("BTC", "10:05"),
        "a quiet minute": ("ETH", "10:05"),
    }
    assert shown["a trade"][2].startswith("trade:")
    assert shown["a veto"][2].startswith("no trade: Risk:")
    assert shown["a quiet minute"][2] == "no trade: ML score: no generator fired"


def test_the_veto_shown_is_of_the_rarest_reason(connection: psycopg.Connection) -> None:
    connection.execute(
        "UPDATE hydra.risk_decisions SET reason_code = 'POSITION_EXISTS' WHERE reason_code = 'COOLDOWN'"
    )
    (veto,) = [one for kind, one in examples(connection, 7) if kind == "a veto"]
    assert (veto.symbol[:3], f"{veto.time:%H:%M}") == ("ETH", "10:03")


def test_a_run_without_trades_shows_no_example_of_one(connection: psycopg.Connection) -> None:
    connection.execute("DELETE FROM hydra.position_events")
    connection.execute("DELETE FROM hydra.fills")
    connection.execute("DELETE FROM hydra.orders")
    connection.execute("DELETE FROM hydra.positions")
    assert [kind for kind, _ in examples(connection, 7)] == ["a veto", "a quiet minute"]


def test_a_pair_of_the_run_without_rows_is_answered_with_the_counts_of_its_hour(
    connection: psycopg.Connection, database_url: str
) -> None:
    """A backtest keeps no row of a pair that never had its data (LTC of the recorded month).

    The answer said that a required input is missing, and not which.
    """
    connection.execute(
        "UPDATE hydra.runs SET mode = 'backtest', config = config || '{\"instrument_ids\": [1, 4]}'"
        " WHERE run_id = 7"
    )
    connection.execute(
        "INSERT INTO hydra.veto_counts (run_id, instrument_id, hour, layer, passed, reason_code, verdicts)"
        " VALUES (7, 4, '2025-06-01 10:00Z', 2, false, 'DATA_MISSING', 60)"
    )
    hour = why.explain(connection, "ADA", "2025-06-01T10:05", 7)
    assert isinstance(hour, CountedHour)
    assert hour.as_json()["counts"] == [{"layer": 2, "reason_code": "DATA_MISSING", "verdicts": 60}]
    shown = "\n".join(line.markup for line in counted_lines(with_inputs(connection, database_url, hour)))
    assert "[bold]ADA/USDT:USDT[/bold] at 2025-06-01 10:05 UTC, run 7 (simulated)" in shown
    assert "layer 2, 60 minutes: a required input is missing [DATA_MISSING]" in shown
    assert "   - open interest: [red]missing: there is none, or too little of it[/red]" in shown
    assert "   - order book: [dim]not recorded" in shown


def test_a_time_of_day_is_the_newest_such_minute_of_the_run_with_rows_or_without(
    connection: psycopg.Connection,
) -> None:
    """It was the newest before the last minute that has a row: of a backtest, often a day too early."""
    connection.execute("UPDATE hydra.runs SET mode = 'backtest' WHERE run_id = 7")
    connection.execute(
        "INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)"
        " VALUES (7, '2025-06-01 11:30Z', 'CLOSED', '2025-06-01 11:30:02Z', 'abc')"
    )
    connection.execute(
        "INSERT INTO hydra.veto_counts (run_id, instrument_id, hour, layer, passed, reason_code, verdicts)"
        " VALUES (7, 1, '2025-06-01 11:00Z', 3, false, 'NO_SIGNAL', 30)"
    )
    hour = why.explain(connection, "BTC", "11:10", 7)
    assert isinstance(hour, CountedHour)
    assert (hour.time.isoformat(), hour.counts[0]["verdicts"]) == ("2025-06-01T11:10:00+00:00", 30)
    assert explain(connection, "BTC", run=7).time.isoformat() == "2025-06-01T10:05:00+00:00"


def test_the_headline_names_a_stop_out_in_the_minute_of_the_entry_and_of_the_exit(
    connection: psycopg.Connection,
) -> None:
    connection.execute(
        "UPDATE hydra.positions SET exit_reason_code = 'STOP_HIT', closed_time = '2025-06-01 10:05Z',"
        " net_pnl_usd = -15.71 WHERE position_id = 11"
    )
    out = "stopped out at 2025-06-01 10:05 UTC after 4.0 min (the stop was hit), net -15.71 USDT"
    assert explain(connection, "BTC", "10:00").conclusion == f"trade: LONG 10 at 99.9; {out}"
    assert explain(connection, "BTC", "10:05").conclusion == (
        f"the LONG position was {out}; no trade: Risk: this pair already has a position or a working entry"
    )


def test_statistics_say_nothing_where_the_data_blocked(connection: psycopg.Connection) -> None:
    """A "passed" stood beside the verdict BLOCK of the same layer."""
    connection.execute(
        "UPDATE hydra.assessments SET numbers = jsonb_set(numbers, '{reasons}', '[\"DATA_STALE\"]')"
        " WHERE instrument_id = 2 AND time = '2025-06-01 10:01Z'"
    )
    answer = explain(connection, "ETH", "10:01").gate(Gate.STATISTICAL)
    assert (answer.verdict, answer.reason_code) == (N, None)
    assert "BLOCK" not in text(explain(connection, "BTC", "10:00"))
