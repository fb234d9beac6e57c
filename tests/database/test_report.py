"""The figures of a report, worked out by hand from the rows of the scenario."""

import json
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest
from psycopg.types.json import Jsonb

from hydra.answers.report import RunReport, read_report, report_json
from hydra.answers.run_facts import PAPER_SENTENCE, SIMULATED_SENTENCE
from hydra.answers.trade_groups import TradeGroup
from hydra.answers.why_gates import GateVerdict
from hydra.backtest.stress import Stress, stressed_rules
from hydra.domain import ReasonCode
from hydra.errors import StopError
from hydra.reason_words import Gate
from hydra.trading.parameters import Rules, recorded_rules
from tests.support.printed_report import printed, words_of


def test_costs_lead_from_the_decisions_prices_to_the_net_result(report: RunReport) -> None:
    steps = {step.key: step.amount_usd for step in report.costs}
    # Closed: BTC 30 gross, 0.71 fees, -0.10 funding; ETH -4 gross, 0.14 fees. The open one does not count.
    assert steps["gross_usd"] == 26
    assert (steps["maker_fees_usd"], steps["taker_fees_usd"]) == (Decimal("-0.2"), Decimal("-0.65"))
    assert (steps["funding_usd"], steps["net_usd"]) == (Decimal("-0.1"), Decimal("25.05"))
    # Half of 0.5 bps: earned on 10 x 100 by the resting entry, paid on 10 x 103 by the target.
    assert steps["spread_usd"] == Decimal("0.025") - Decimal("0.02575")
    # Against the decisions: the entry gained 10 x 0.1, the target lost 10 x 0.1; the rest is slippage.
    assert steps["spread_usd"] + steps["slippage_usd"] == 0
    assert steps["at_decision_prices_usd"] == 26


def test_the_cost_split_is_computed_with_the_costs_of_the_run(why_scenario: psycopg.Connection) -> None:
    stressed = recorded_rules(stressed_rules(Rules(), (Stress.SPREAD_X5,)))
    why_scenario.execute("UPDATE hydra.runs SET config = config || %s WHERE run_id = 7", (Jsonb(stressed),))
    steps = {step.key: step.amount_usd for step in read_report(why_scenario, 7).costs}
    # The target pays half of 2.5 bps instead of half of 0.5, the resting entry earns what it always earned.
    # The rest of the way to the fills is slippage.
    assert steps["spread_usd"] == Decimal("0.025") - 5 * Decimal("0.02575")
    assert steps["spread_usd"] + steps["slippage_usd"] == 0
    assert steps["net_usd"] == Decimal("25.05")


def test_statistics_count_closed_trades_with_their_days(report: RunReport) -> None:
    results = report.measured.trade_results
    assert (len(report.trades), len(report.closed_trades), results.days) == (3, 2, 2)
    assert results.win_rate.value == 0.5
    assert results.profit_factor.value == pytest.approx(29.19 / 4.14)
    assert results.payoff_ratio.value == pytest.approx(29.19 / 4.14)
    assert results.expectancy_usd.value == pytest.approx((29.19 - 4.14) / 2)
    assert results.win_rate.low is None
    # The ETH decision has no stop on record: no risk to divide by.
    assert results.expectancy_r is None


def test_results_are_split_by_what_trades_have_in_common(report: RunReport) -> None:
    """The best first, or in the order of time."""
    found = {key: [(group.name, group.net_usd) for group in groups] for key, groups in report.groups.items()}
    won, lost = Decimal("29.19"), Decimal("-4.14")
    assert found["generator"] == [("Funding squeeze", won), ("Crowding fade", lost)]
    assert found["pair"] == [("BTC", won), ("ETH", lost)]
    assert found["side"] == [("LONG", won), ("SHORT", lost)]
    assert found["day"] == [("2025-06-01", won), ("2025-06-02", lost)]
    assert found["month"] == [("2025-06", won + lost)]


def test_every_generator_says_how_often_it_could_have_fired(report: RunReport) -> None:
    counts = {count.source.value: count for count in report.generators}
    squeeze = counts["FUNDING_SQUEEZE"]
    assert (squeeze.seen, squeeze.too_weak, squeeze.restricted, squeeze.vetoed, squeeze.approved) == (
        4,
        1,
        1,
        1,
        1,
    )
    fade = counts["CROWDING_FADE"]
    assert (fade.seen, fade.stopped_by_news, fade.vetoed) == (2, 1, 1)
    assert (counts["FUNDING_CARRY"].seen, counts["FUNDING_CARRY"].outranked) == (1, 1)
    assert counts["LIQUIDATION_REVERSAL"].seen == 0
    assert list(counts)[1] == "LIQUIDATION_REVERSAL"


def test_every_seen_signal_ends_in_exactly_one_column(report: RunReport) -> None:
    for count in report.generators:
        ends = (count.too_weak, count.outranked, count.stopped_by_news, count.restricted, count.vetoed)
        assert count.seen == sum(ends) + count.approved


def test_the_funnel_counts_verdicts_by_gate_and_reason(report: RunReport) -> None:
    funnel = {(step.gate, step.reason_code): (step.passed, step.verdicts) for step in report.funnel}
    assert funnel == {
        (Gate.DATA_HEALTH, ReasonCode.DATA_STALE): (False, 1),
        (Gate.STATISTICAL, ReasonCode.NORMAL): (True, 19),
        (Gate.STATISTICAL, ReasonCode.VOLATILITY_HIGH): (False, 1),
        (Gate.SCORE, ReasonCode.SIGNAL_CHOSEN): (True, 6),
        (Gate.SCORE, ReasonCode.SIGNAL_OUTRANKED): (True, 1),
        (Gate.SCORE, ReasonCode.CONFIDENCE_LOW): (False, 1),
        (Gate.SCORE, ReasonCode.NO_SIGNAL): (False, 12),
        (Gate.NEWS, ReasonCode.NEWS_AGAINST): (False, 1),
        (Gate.RISK, ReasonCode.APPROVED): (True, 2),
        (Gate.RISK, ReasonCode.POSITION_EXISTS): (False, 1),
        (Gate.RISK, ReasonCode.COOLDOWN): (False, 1),
        (Gate.RISK, ReasonCode.NOT_TRADABLE): (False, 1),
        (Gate.RISK, ReasonCode.KILL_SWITCH): (False, 1),
        (Gate.EXECUTION, None): (True, 1),
        (Gate.EXECUTION, ReasonCode.ENTRY_TIMEOUT): (False, 1),
    }
    restricted = [step.reason_code for step in report.funnel if step.answer is GateVerdict.RESTRICTED]
    assert restricted == [ReasonCode.VOLATILITY_HIGH]
    assert [step.gate for step in report.funnel] == sorted(
        (step.gate for step in report.funnel), key=list(Gate).index
    )


def test_the_report_says_what_its_numbers_are_worth(report: RunReport) -> None:
    sample = (
        "Sample: 2 closed trades on 2 UTC days. An interval needs 6 days with trades: "
        "no figure here shows an edge."
    )
    news = (
        "Signals stopped by the news: 1; positions closed: 0. `hydra news effect --run 7` shows what "
        "happened afterwards."
    )
    assert list(report.sentences) == [PAPER_SENTENCE, SIMULATED_SENTENCE, news, sample]
    shown = words_of(printed(report))
    assert "paper on a simulated market (stopped)" in shown
    assert "no interval: trades on 2 UTC days, needs 6" in shown
    assert "Decided: 2025-06-01 10:00 to 2025-06-01 10:07 UTC; Minutes: 6 decided, 1 skipped" in shown
    assert "Pairs: BTC, ETH, SOL" in shown
    assert "Kill switch 2025-06-01 10:03 UTC, SOL: Funding spike > 0.5%; still latched" in shown
    assert "closed on 2 UTC days" in shown
    assert "1 open, 25.00 USDT unrealised" in shown
    assert "Made with the default settings and rules." in shown


def test_a_report_of_nothing_shows_dashes_and_no_zeros(why_scenario: psycopg.Connection) -> None:
    shown = printed(read_report(why_scenario, 8))
    figures = shown.partition("from price profit to net")[0]
    rows = {line.strip().partition("  ")[0]: line.partition("  ")[2] for line in figures.splitlines()}
    for name in ("equity at the end", "return", "win rate", "profit factor", "net per trade"):
        assert "-" in rows[name]
        assert "0.0" not in rows[name]
    assert "recorded" in shown
    assert SIMULATED_SENTENCE not in shown


def test_only_the_newest_trades_are_listed_and_the_rest_is_said(report: RunReport) -> None:
    assert "The newest 1 of 3 trades" in printed(report, trades=1)
    assert "SOL LONG - " in words_of(printed(report, trades=1))
    line = "BTC LONG Funding squeeze 2025-06-01 10:01 2025-06-01 12:00 Target hit 99.9 102.9 29.19"
    assert line in words_of(printed(report))
    assert line not in words_of(printed(report, trades=1))


def test_the_report_is_json_with_exact_money(report: RunReport) -> None:
    answer = json.loads(json.dumps(report_json(report)))
    costs = {step["key"]: step["amount_usd"] for step in answer["costs"]}
    assert costs["taker_fees_usd"] == "-0.65"
    assert answer["facts"]["label"] == "simulated"
    assert (answer["overrides"], "measured" in answer) == ([], False)


def test_terminal_and_json_show_one_list_of_figures(report: RunReport) -> None:
    shown = words_of(printed(report))
    tables = report_json(report)["figures"]
    assert [table["title"] for table in tables] == [table.title for table in report.figures]
    figures = [figure for table in report.figures for figure in table.figures]
    assert len({figure.key for figure in figures}) == len(figures) > 25
    for figure in figures:
        assert f"{figure.name} {figure.value_text}" in shown


def test_nothing_is_cut_at_80_columns(report: RunReport) -> None:
    """Large numbers and the longest words of every column: no digit goes, no word breaks."""
    count = 10_000_000
    trade = {
        **report.trades[0],
        "source": "LIQUIDATION_REVERSAL",
        "exit_reason_code": "VOLATILITY_EXTREME",
        "net_pnl_usd": Decimal("-123456.78"),
        "entry_price": Decimal("123456.7"),
    }
    group = TradeGroup("Liquidation reversal", count, count, Decimal("-1234567.89"), Decimal("-1234567.89"))
    large = replace(
        report,
        trades=[trade],
        groups={key: [group] for key in report.groups},
        generators=[replace(one, seen=count, vetoed=count) for one in report.generators],
        funnel=[replace(step, verdicts=count) for step in report.funnel],
    )
    narrow, wide = printed(large, width=80), printed(large, width=250)
    assert max(len(line.rstrip()) for line in narrow.splitlines()) <= 80
    assert "…" not in narrow
    assert {word.strip("─") for word in narrow.split()} == {word.strip("─") for word in wide.split()}


def test_an_unknown_run_is_said(why_scenario: psycopg.Connection) -> None:
    with pytest.raises(StopError, match="there is no run 99"):
        read_report(why_scenario, 99)
