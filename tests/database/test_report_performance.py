"""Returns, drawdowns, ratios and baselines of a report, worked out by hand from the rows of the scenario."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from hydra.answers.report import RunReport, read_report, report_json
from tests.support.printed_report import printed
from tests.support.rows import add


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
    assert "needs 30 elapsed days and 20 daily returns" in shown
    (line,) = [line for line in shown.splitlines() if "true Sharpe ratio is above 0" in line]
    assert "%" not in line


def add_days(why_scenario: psycopg.Connection, days: range) -> None:
    """A cycle and an equity of 10,050, 10,000, 10,050 ... at noon of these days after 2 June."""
    for day in days:
        time = datetime(2025, 6, 2, 12, tzinfo=UTC) + timedelta(days=day)
        equity = 10_050 - 50 * (day % 2)
        peaks = {"day_peak_usd": 10_400, "peak_usd": 10_400}
        money = {"cash_usd": equity, "unrealised_usd": 0, "equity_usd": equity, **peaks}
        nothing_held = {"exposure_usd": 0, "portfolio_heat": 0}
        add(why_scenario, "hydra.equity", {"run_id": 7, "time": time, **money, **nothing_held})


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
    why_scenario: psycopg.Connection, days: range, is_enough: bool
) -> None:
    add_days(why_scenario, days)
    report = read_report(why_scenario, 7)
    performance = report.measured.performance
    assert performance is not None
    assert performance.days == 2 + len(days)
    assert (performance.probabilistic_sharpe is not None) is is_enough
    assert (performance.sharpe_daily_365.value is not None) is is_enough
    figures = {one["key"]: one for table in report_json(report)["figures"] for one in table["figures"]}
    for key in ("probabilistic_sharpe", "sharpe_daily_365", "minimum_track_record"):
        assert bool(figures[key]["remark"]) is not is_enough or figures[key]["value"] is None
    assert (figures["probabilistic_sharpe"]["value"] is not None) is is_enough


def test_the_year_of_a_run_is_the_time_that_passed(why_scenario: psycopg.Connection) -> None:
    """36 rows in 73 days, the last at 10,050 of 10,000: 0.5 % in a fifth of a year, 1.005 ^ 5 - 1."""
    add_days(why_scenario, range(2, 72, 2))
    performance = read_report(why_scenario, 7).measured.performance
    assert performance is not None
    assert performance.elapsed_days == pytest.approx(71, abs=0.1)
    year = performance.annualised_return_compounded_365.value
    assert year == pytest.approx(1.005 ** (365 / performance.elapsed_days) - 1)


# Decided: from 10:00 to 11:59, then nothing until 09:00 of the next day, then to 10:00.
DECIDED = """
INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)
    VALUES (7, '2025-06-02 10:00Z', 'CLOSED', '2025-06-02 10:00:02Z', 'abc');
INSERT INTO hydra.veto_counts (run_id, instrument_id, hour, layer, passed, reason_code, verdicts)
    SELECT 7, pair, hour::timestamptz, 4, false, 'NO_SIGNAL', verdicts
    FROM generate_series(1, 2) AS pair, (VALUES
        ('2025-06-01 10:00Z', 60), ('2025-06-01 11:00Z', 60),
        ('2025-06-02 09:00Z', 60), ('2025-06-02 10:00Z', 1)
    ) AS hours (hour, verdicts);
"""


def test_activity_is_weighed_by_decided_minutes_and_a_hole_counts_nowhere(
    why_scenario: psycopg.Connection,
) -> None:
    why_scenario.execute(DECIDED)
    performance = read_report(why_scenario, 7).measured.performance
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


MARKET = """
INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume) VALUES
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


def test_buy_and_hold_goes_from_the_first_to_the_last_decided_minute(
    why_scenario: psycopg.Connection,
) -> None:
    why_scenario.execute(MARKET)
    baselines = read_report(why_scenario, 7).measured.baselines
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
INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume) VALUES
    (2, '2025-06-01 10:01Z', '2025-06-01 10:02:02Z', 50, 50, 50, 50, 5),
    (2, '2025-06-01 10:03Z', '2025-06-01 10:04:02Z', 55, 55, 55, 55, 5);
INSERT INTO market.funding_rates (instrument_id, time, known_at, rate, interval_hours, mark_price) VALUES
    (2, '2025-06-01 10:01Z', '2025-06-01 10:01:05Z', 0.5, 8, 50),
    (2, '2025-06-01 10:03Z', '2025-06-01 10:03:05Z', 0.001, 8, 52),
    (2, '2025-06-01 10:05Z', '2025-06-01 10:05:05Z', 0.5, 8, 55);
"""


def test_a_pair_is_held_for_as_long_as_it_has_candles(why_scenario: psycopg.Connection) -> None:
    """ETH has none before 10:01 and none after 10:03: held from 10:02 to 10:04 with one settlement."""
    why_scenario.execute(LATER)
    baselines = read_report(why_scenario, 7).measured.baselines
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
