"""The figures of a run's report with their 95 % intervals and samples; undefined is "-", never 0."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich import box
from rich.table import Table

from hydra.answers.deflated_sharpe import Luck
from hydra.answers.formatting import UNDEFINED, duration, percent, usd
from hydra.answers.performance import Performance
from hydra.answers.report import RunReport
from hydra.ledger.baselines import ALWAYS_FLAT_NET_USD
from hydra.ledger.bootstrap import FEWEST_DAYS, Estimate
from hydra.ledger.daily_returns import FEWEST_DAILY_RETURNS, FEWEST_ELAPSED_DAYS
from hydra.ledger.metrics import Drawdown

_HEADINGS: Final = ("", "value", "95 % interval")


def plain_table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    """An empty table without side borders, some columns to the left, the numbers to the right."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), title=title, title_justify="left")
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def figure_tables(report: RunReport) -> Iterator[Table]:
    """The result with its trades, the day-based metrics, and the baselines."""
    yield _result(report)
    if report.performance is not None:
        yield _by_day(report.performance, report.luck)
    yield _baselines(report)


def _result(report: RunReport) -> Table:
    equity, performance = report.equity, report.performance
    table = plain_table("Result, net of all costs", _HEADINGS, ())
    table.add_row("equity", f"{usd(equity.start_usd)} to {usd(equity.end_usd)}", "")
    table.add_row("return", percent(performance.total_return if performance else None), "")
    intraday = performance.max_drawdown_intraday if performance else None
    closes = performance.max_drawdown_daily_close if performance else None
    table.add_row("largest drawdown from the peak", _fall(intraday), "")
    table.add_row("largest drawdown of the daily closes", _fall(closes), "")
    table.add_row("largest drawdown within a day", percent(equity.max_daily_drawdown), "")
    table.add_row("largest exposure", usd(equity.max_exposure_usd), "")
    table.add_row("largest heat (what all stops would lose)", percent(equity.max_portfolio_heat), "")
    if performance is not None:
        _add_activity(table, performance)
    _add_trades(table, report)
    return table


def _fall(drawdown: Drawdown | None) -> str:
    if drawdown is None or drawdown.fraction == 0:
        return percent(drawdown.fraction if drawdown else None)
    end = "regained" if drawdown.is_recovered else "not regained"
    return f"{percent(drawdown.fraction)}, {duration(drawdown.length.total_seconds())}, {end}"


def _add_activity(table: Table, performance: Performance) -> None:
    table.add_row("time with an open position", percent(performance.exposure_time_share, 1), "")
    exposure = percent(performance.exposure_notional_to_equity, 1)
    table.add_row("average exposure over equity, resting entries included", exposure, "")
    yearly = performance.turnover_annualised_365
    per_year = UNDEFINED if yearly is None else f"{yearly:.1f} times a year"
    raw = UNDEFINED if performance.turnover is None else f"{performance.turnover:.2f} times"
    table.add_row("turnover of the equity", raw if yearly is None else f"{raw}, {per_year}", "")


def _add_trades(table: Table, report: RunReport) -> None:
    results, closed = report.trade_results, len(report.closed_trades)
    still_open = len(report.trades) - closed
    unrealised = usd(report.equity.unrealised_usd)
    open_words = f"; {still_open} open, {unrealised} unrealised" if still_open else ""
    table.add_row("closed trades", f"{closed}, closed on {_days(results.days)}{open_words}", "")
    rows: tuple[tuple[str, Estimate, Callable[[float | None], str]], ...] = (
        ("win rate", results.win_rate, _percent),
        ("profit factor", results.profit_factor, _number),
        ("net per trade", results.expectancy_usd, usd),
        ("average win over average loss", results.payoff_ratio, _number),
    )
    for name, estimate, show in rows:
        short = results.days < FEWEST_DAYS
        interval = f"too short: {_days(results.days)} with trades, {FEWEST_DAYS} needed" if short else None
        table.add_row(name, show(estimate.value), interval or _interval(estimate, show))
    table.add_row("net per trade in units of its risk", _number(results.expectancy_r, " R"), "")


def _by_day(performance: Performance, luck: Luck | None) -> Table:
    table = plain_table("By daily UTC returns, a year of 365 days, risk-free rate 0", _HEADINGS, ())
    table.add_row("sample", _sample(performance), "")
    rows: tuple[tuple[str, Estimate, Callable[[float | None], str]], ...] = (
        ("return a year, compounded", performance.annualised_return_compounded_365, _percent),
        ("Sharpe ratio", performance.sharpe_daily_365, _number),
        ("Sortino ratio", performance.sortino_daily_365, _number),
        ("Calmar ratio", performance.calmar_daily_365, _number),
        ("Omega ratio", performance.omega_daily_0, _number),
    )
    for name, estimate, show in rows:
        table.add_row(name, show(estimate.value), _day_interval(performance, estimate, show))
    probability = percent(performance.probabilistic_sharpe, 1)
    table.add_row("probability that the true Sharpe ratio is above 0", probability, "")
    if luck is not None:
        words = f"the same above the luck of the best of {luck.trials:,} trials (deflated Sharpe ratio)"
        table.add_row(words, percent(luck.deflated, 1), "")
    needed = performance.minimum_track_record_days
    length = UNDEFINED if needed is None else f"{needed:,.0f} days"
    table.add_row("days such a record needs to show that (95 %)", length, "")
    return table


def _sample(performance: Performance) -> str:
    """How many days there are, how many of them not whole or missing, and what they are too few for."""
    words = [_days(performance.days)]
    if performance.partial_days:
        words.append(f"{performance.partial_days} not whole")
    if performance.missing_days:
        words.append(f"{performance.missing_days} in between without a cycle")
    if not performance.allows_ratios:
        words.append(
            f"no ratio under {FEWEST_ELAPSED_DAYS} days that passed and {FEWEST_DAILY_RETURNS} returns"
        )
    return ", ".join(words)


def _day_interval(performance: Performance, estimate: Estimate, show: Callable[[float | None], str]) -> str:
    if not performance.allows_ratios:
        return UNDEFINED
    return _interval(estimate, show)


def _baselines(report: RunReport) -> Table:
    table = plain_table("Without any skill", ("baseline", "net result", "what it is"), ())
    table.add_row("always flat", usd(ALWAYS_FLAT_NET_USD), "no trade, no risk")
    held, pairs = report.baselines.buy_and_hold, report.baselines.held_pairs
    result = UNDEFINED if held is None else f"{usd(held.net_usd)}, {percent(held.total_return)}"
    what = f"{pairs} pairs in equal parts from the first to the last minute, unlevered, all costs in"
    table.add_row("buy and hold", result, what)
    coin, how = report.coin
    if coin is None:
        table.add_row("random side", UNDEFINED, "there is no closed trade")
        return table
    band = f"{usd(coin.mean_usd)} (95 %: {usd(coin.low_usd)} to {usd(coin.high_usd)})"
    what = (
        f"a coin for the side of the {coin.trades} closed trades, {how}; "
        f"the run did better than {percent(coin.rank, 1)} of the coins"
    )
    table.add_row("random side", band, what)
    return table


def _interval(estimate: Estimate, show: Callable[[float | None], str]) -> str:
    if estimate.low is None and estimate.high is None:
        return UNDEFINED
    return f"{show(estimate.low)} to {show(estimate.high)}"


def _days(days: int) -> str:
    return f"{days} day" if days == 1 else f"{days} days"


def _percent(value: float | None) -> str:
    return percent(value, 1)


def _number(value: float | None, unit: str = "") -> str:
    return UNDEFINED if value is None else f"{value:.2f}{unit}"
