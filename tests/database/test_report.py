"""The figures of a report, worked out by hand from the rows of the scenario."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import psycopg
import pytest
from rich.console import Console

from hydra.answers.report import RunReport, read_report, report_json
from hydra.answers.run_facts import PAPER_SENTENCE, SIMULATED_SENTENCE
from hydra.answers.trade_groups import TradeGroup
from hydra.answers.why_gates import GateVerdict
from hydra.cli.report_tables import print_report
from hydra.domain import ReasonCode
from hydra.errors import StopError
from hydra.reason_words import Gate
from tests.support.why_scenario import write_why_scenario


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        write_why_scenario(opened)
        yield opened
        opened.rollback()


@pytest.fixture
def report(connection: psycopg.Connection) -> RunReport:
    """The report of the run that traded."""
    return read_report(connection, 7)


def printed(report: RunReport, trades: int = 40, width: int = 160) -> str:
    console = Console(file=StringIO(), width=width)
    print_report(console, report, trades)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def words_of(text: str) -> str:
    """Everything that is printed, spaces and line ends single."""
    return " ".join(text.split())


def test_equity_return_and_every_drawdown(report: RunReport) -> None:
    equity, performance = report.measured.equity, report.measured.performance
    assert equity.minutes == 5
    assert [equity.start_usd, equity.end_usd] == [Decimal(10_000), Decimal(10_050)]
    assert equity.unrealised_usd == 25
    assert performance is not None
    assert performance.total_return == pytest.approx(0.005)
    # From the peak: 10,400 on 1 June at 11:00 to 10,040, not regained by 2 June 10:00.
    assert performance.max_drawdown_intraday is not None
    assert performance.max_drawdown_intraday.fraction == pytest.approx(360 / 10_400)
    assert performance.max_drawdown_intraday.length == timedelta(hours=23)
    assert not performance.max_drawdown_intraday.is_recovered
    # The closes: 10,260 and 10,050.
    assert performance.max_drawdown_daily_close is not None
    assert performance.max_drawdown_daily_close.fraction == pytest.approx(210 / 10_260)
    # Within a day: 10,400 to 10,260 on the first, 10,050 to 10,040 then.
    assert equity.max_daily_drawdown == pytest.approx(Decimal(140) / Decimal(10_400))


def test_two_partial_days_give_ratios_but_neither_a_year_nor_an_interval(report: RunReport) -> None:
    performance = report.measured.performance
    assert performance is not None
    assert (performance.days, performance.partial_days, performance.missing_days) == (2, 2, 0)
    # Returns 0.026 and -210 / 10,260 = -0.0204678: mean 0.0027661, std1 0.0464678 / sqrt(2).
    sharpe = 0.0027661 / (0.0464678 / math.sqrt(2)) * math.sqrt(365)
    assert performance.sharpe_daily_365.value == pytest.approx(sharpe, rel=1e-4)
    assert performance.sharpe_daily_365.low is None
    assert performance.omega_daily_0.value == pytest.approx(0.026 / 0.0204678, rel=1e-4)
    assert performance.annualised_return_compounded_365.value is None
    assert performance.probabilistic_sharpe is not None
    assert 0.5 < performance.probabilistic_sharpe < 1
    shown = printed(report)
    assert "2 not whole, under 30 nothing is compounded to a year" in shown
    assert "no interval: 2 of 20 days" in shown


def test_activity_is_weighted_by_time(report: RunReport) -> None:
    performance = report.measured.performance
    assert performance is not None
    # Rows at 10, 11, 12, 33 and 34 h; the first has no position open yet: 23 of 24 hours.
    assert performance.exposure_time_share == pytest.approx(23 / 24)
    exposure = (0 + 1400 / 10_400 + 21 * 800 / 10_260 + 20 / 10_040) / 24
    assert performance.exposure_notional_to_equity == pytest.approx(exposure)
    # Traded: 10 x 99.9 and 10 x 102.9.
    equity = (10_000 + 10_400 + 21 * 10_260 + 10_040) / 24
    assert performance.turnover == pytest.approx(2_028 / equity)
    assert performance.turnover_annualised_365 is None


def test_baselines_stand_in_every_report(report: RunReport) -> None:
    coin = report.measured.baselines.random_side
    assert coin is not None
    # BTC nets 29.19 and mirrored -30 - 0.71 + 0.10 = -30.61; ETH -4.14 and 4 - 0.14 = 3.86: nothing else.
    assert coin.mean_usd == pytest.approx((29.19 - 30.61 - 4.14 + 3.86) / 2)
    assert (coin.low_usd, coin.high_usd) == pytest.approx((-30.61 - 4.14, 29.19 + 3.86))
    # Four sides: one is better than what was earned.
    assert coin.rank == pytest.approx(0.625, abs=0.03)
    shown = printed(report)
    assert "always flat" in shown
    assert "buy and hold" in shown


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


MARKET = """
INSERT INTO market.candles_1m VALUES
    (1, '2025-06-01 09:58Z', '2025-06-01 09:59:02Z', 98, 99, 98, 98, 5),
    (1, '2025-06-01 09:59Z', '2025-06-01 10:00:02Z', 99, 100, 99, 100, 5),
    (1, '2025-06-01 10:02Z', '2025-06-01 10:03:02Z', 100, 101, 100, 101, 5),
    (1, '2025-06-01 10:04Z', '2025-06-01 10:05:02Z', 101, 102, 101, 102, 5),
    (1, '2025-06-01 10:05Z', '2025-06-01 10:06:02Z', 102, 999, 102, 999, 5),
    (2, '2025-06-01 09:59Z', '2025-06-01 10:00:02Z', 50, 50, 50, 50, 5);
INSERT INTO market.funding_rates (instrument_id, time, known_at, rate, interval_hours, mark_price) VALUES
    (1, '2025-06-01 10:00Z', '2025-06-01 10:00:05Z', 0.5, 8, 100),
    (1, '2025-06-01 10:02Z', '2025-06-01 10:02:05Z', 0.001, 8, 100.5),
    (1, '2025-06-01 10:03Z', '2025-06-01 10:03:05Z', -0.002, 8, NULL),
    (1, '2025-06-01 10:06Z', '2025-06-01 10:06:05Z', 0.5, 8, 100);
"""


def test_buy_and_hold_goes_from_the_first_to_the_last_decided_minute(connection: psycopg.Connection) -> None:
    connection.execute(MARKET)
    baselines = read_report(connection, 7).measured.baselines
    # ETH has no last price: BTC gets the whole balance. Decided are 10:00 to 10:05: from 100 to 102, each
    # 1.25 bps worse (half of 0.5 and 1); the settlement of 10:03 has no mark and takes the close of 101.
    entry, leave = 100 * 1.000125, 102 * 0.999875
    quantity = 10_000 / entry
    fees = (10_000 + quantity * leave) * 0.0005
    funding = quantity * (-100.5 * 0.001 + 101 * 0.002)
    assert baselines.held_pairs == 1
    assert baselines.buy_and_hold is not None
    assert baselines.buy_and_hold.net_usd == pytest.approx(quantity * (leave - entry) - fees + funding)
    assert list(baselines.buy_and_hold.net_usd_by_base) == ["BTC"]


def test_without_prices_nothing_is_held(report: RunReport) -> None:
    baselines = report.measured.baselines
    assert (baselines.buy_and_hold, baselines.held_pairs) == (None, 0)


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
    assert list(report.sentences) == [PAPER_SENTENCE, SIMULATED_SENTENCE, sample]
    shown = words_of(printed(report))
    assert "paper on a simulated market (stopped)" in shown
    assert "no interval: 2 of 6 days with trades" in shown
    assert "Decided: 2025-06-01 10:00 to 2025-06-01 10:07 UTC; Minutes: 6 decided, 1 skipped" in shown
    assert "Pairs: BTC, ETH, SOL" in shown
    assert "Kill switch 2025-06-01 10:03 UTC, SOL: Funding spike > 0.5%; still latched" in shown
    assert "closed on 2 UTC days" in shown
    assert "1 open, 25.00 USDT unrealised" in shown
    assert "Made with the default settings and rules." in shown


def test_a_report_of_nothing_shows_dashes_and_no_zeros(connection: psycopg.Connection) -> None:
    shown = printed(read_report(connection, 8))
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


def test_an_unknown_run_is_said(connection: psycopg.Connection) -> None:
    with pytest.raises(StopError, match="there is no run 99"):
        read_report(connection, 99)
