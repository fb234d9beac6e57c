"""The figures of a report, worked out by hand from the rows of the scenario."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import psycopg
import pytest
from psycopg.types.json import Jsonb
from rich.console import Console

from hydra.answers.report import RunReport, read_report, report_json
from hydra.answers.run_facts import PAPER_SENTENCE, SIMULATED_SENTENCE
from hydra.answers.trade_groups import TradeGroup
from hydra.answers.why_gates import GateVerdict
from hydra.backtest.stress import Stress, stressed_rules
from hydra.cli.report_tables import print_report
from hydra.domain import ReasonCode
from hydra.errors import StopError
from hydra.reason_words import Gate
from hydra.trading.parameters import Rules, recorded_rules
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


def test_two_days_give_no_ratio_no_year_and_no_probability(report: RunReport) -> None:
    performance = report.measured.performance
    assert performance is not None
    assert (performance.days, performance.partial_days, performance.missing_days) == (2, 2, 0)
    # From 09:59 on the first day to 10:01 on the second.
    assert performance.elapsed_days == pytest.approx(1 + 2 / 1440)
    for estimate in (
        performance.annualised_return_compounded_365,
        performance.sharpe_daily_365,
        performance.sortino_daily_365,
        performance.calmar_daily_365,
        performance.omega_daily_0,
    ):
        assert estimate.value is None
    assert performance.probabilistic_sharpe is None
    assert performance.minimum_track_record_days is None
    assert performance.turnover_annualised_365 is None
    shown = printed(report)
    assert "2 not whole" in shown
    assert "no ratio under 30 days that passed and 20 returns" in shown
    (line,) = [line for line in shown.splitlines() if "true Sharpe ratio is above 0" in line]
    assert "%" not in line


def add_days(connection: psycopg.Connection, days: range) -> None:
    """A cycle and an equity of 10,050, 10,000, 10,050 ... at noon of these days after 2 June."""
    for day in days:
        time = datetime(2025, 6, 2, 12, tzinfo=UTC) + timedelta(days=day)
        equity = 10_050 - 50 * (day % 2)
        connection.execute(
            "INSERT INTO hydra.equity VALUES (7, %s, %s, 0, %s, 10400, 10400, 0, 0)", (time, equity, equity)
        )


@pytest.mark.parametrize(
    ("days", "is_enough"),
    [
        (range(1, 28), False),  # 29 daily returns in 28 days
        (range(1, 30), True),  # 31 in 30
        (range(1, 34, 2), False),  # 19 in 34
        (range(1, 36, 2), True),  # 20 in 36
    ],
)
def test_a_probability_needs_thirty_days_that_passed_and_twenty_returns(
    connection: psycopg.Connection, days: range, is_enough: bool
) -> None:
    add_days(connection, days)
    report = read_report(connection, 7)
    performance = report.measured.performance
    assert performance is not None
    assert performance.days == 2 + len(days)
    assert (performance.probabilistic_sharpe is not None) is is_enough
    assert (performance.sharpe_daily_365.value is not None) is is_enough
    figures = {one["key"]: one for table in report_json(report)["figures"] for one in table["figures"]}
    for key in ("probabilistic_sharpe", "sharpe_daily_365", "minimum_track_record"):
        assert bool(figures[key]["remark"]) is not is_enough or figures[key]["value"] is None
    assert (figures["probabilistic_sharpe"]["value"] is not None) is is_enough


def test_the_year_of_a_run_is_the_time_that_passed(connection: psycopg.Connection) -> None:
    """36 rows in 73 days, the last at 10,050 of 10,000: 0.5 % in a fifth of a year, 1.005 ^ 5 - 1."""
    add_days(connection, range(2, 72, 2))
    performance = read_report(connection, 7).measured.performance
    assert performance is not None
    assert performance.elapsed_days == pytest.approx(71, abs=0.1)
    year = performance.annualised_return_compounded_365.value
    assert year == pytest.approx(1.005 ** (365 / performance.elapsed_days) - 1)


# Decided: from 10:00 to 11:59, then nothing until 09:00 of the next day, then to 10:00.
DECIDED = """
INSERT INTO hydra.cycles (run_id, time, state, as_of)
    VALUES (7, '2025-06-02 10:00Z', 'CLOSED', '2025-06-02 10:00:02Z');
INSERT INTO hydra.veto_counts
    SELECT 7, pair, hour::timestamptz, 4, false, 'NO_SIGNAL', verdicts
    FROM generate_series(1, 2) AS pair, (VALUES
        ('2025-06-01 10:00Z', 60), ('2025-06-01 11:00Z', 60),
        ('2025-06-02 09:00Z', 60), ('2025-06-02 10:00Z', 1)
    ) AS hours (hour, verdicts);
"""


def test_activity_is_weighed_by_decided_minutes_and_a_hole_counts_nowhere(
    connection: psycopg.Connection,
) -> None:
    connection.execute(DECIDED)
    performance = read_report(connection, 7).measured.performance
    assert performance is not None
    # Rows at 10:00, 11:00, 12:00, 09:00 and 10:00 stand for 60, 60, 0, 60 and 1 of 181 decided minutes. The
    # first has no position open yet.
    assert performance.exposure_time_share == pytest.approx(121 / 181)
    exposure = (60 * 1400 / 10_400 + 60 * 20 / 10_040 + 20 / 10_050) / 181
    assert performance.exposure_notional_to_equity == pytest.approx(exposure)
    # Traded: 10 x 99.9 and 10 x 102.9.
    equity = (60 * 10_000 + 60 * 10_400 + 60 * 10_040 + 10_050) / 181
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


def test_the_cost_split_is_computed_with_the_costs_of_the_run(connection: psycopg.Connection) -> None:
    stressed = recorded_rules(stressed_rules(Rules(), (Stress.SPREAD_X5,)))
    connection.execute("UPDATE hydra.runs SET config = config || %s WHERE run_id = 7", (Jsonb(stressed),))
    steps = {step.key: step.amount_usd for step in read_report(connection, 7).costs}
    # The target pays half of 2.5 bps instead of half of 0.5, the resting entry earns what it always earned.
    # The rest of the way to the fills is slippage.
    assert steps["spread_usd"] == Decimal("0.025") - 5 * Decimal("0.02575")
    assert steps["spread_usd"] + steps["slippage_usd"] == 0
    assert steps["net_usd"] == Decimal("25.05")


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


LATER = """
INSERT INTO market.candles_1m VALUES
    (2, '2025-06-01 10:01Z', '2025-06-01 10:02:02Z', 50, 50, 50, 50, 5),
    (2, '2025-06-01 10:03Z', '2025-06-01 10:04:02Z', 55, 55, 55, 55, 5);
INSERT INTO market.funding_rates (instrument_id, time, known_at, rate, interval_hours, mark_price) VALUES
    (2, '2025-06-01 10:01Z', '2025-06-01 10:01:05Z', 0.5, 8, 50),
    (2, '2025-06-01 10:03Z', '2025-06-01 10:03:05Z', 0.001, 8, 52),
    (2, '2025-06-01 10:05Z', '2025-06-01 10:05:05Z', 0.5, 8, 55);
"""


def test_a_pair_is_held_for_as_long_as_it_has_candles(connection: psycopg.Connection) -> None:
    """ETH has none before 10:01 and none after 10:03: held from 10:02 to 10:04 with one settlement."""
    connection.execute(LATER)
    baselines = read_report(connection, 7).measured.baselines
    entry, leave = 50 * 1.000125, 55 * 0.999875
    quantity = 10_000 / entry
    fees = (10_000 + quantity * leave) * 0.0005
    assert baselines.buy_and_hold is not None
    assert baselines.buy_and_hold.net_usd_by_base == {
        "ETH": pytest.approx(quantity * (leave - entry) - fees - quantity * 52 * 0.001)
    }


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
