"""Rows of the page's tables, ready to be written: text, numbers as text, and bars."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from hydra.answers.formatting import UNDEFINED, percent, usd
from hydra.answers.html_report.figures import Evaluation, ReportFigure, days_words
from hydra.answers.html_report.row_bars import WaterfallStep, share_bar, signed_bars, waterfall
from hydra.answers.html_report.run_record import RunRecord
from hydra.answers.html_report.time_plots import share_exposed
from hydra.answers.html_report.trades import Part, Trade, split
from hydra.answers.report import FunnelStep
from hydra.answers.why_gates import GateVerdict
from hydra.reason_words import WORDS, Gate


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure."""

    name: str
    value: str
    note: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of the closed trades."""

    name: str
    trades: int
    win_rate: str
    net: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """One answer of a gate. share: of this gate's verdicts."""

    answer: str
    code: str
    words: str
    verdicts: int
    share: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class FunnelGate:
    """One gate: its verdicts, and what it let through."""

    name: str
    verdicts: int
    passed: int
    rows: Sequence[FunnelRow]


def tiles(record: RunRecord, evaluation: Evaluation) -> list[Tile]:
    """What a reader looks for first."""
    report, equity, headline = record.report, record.report.equity, evaluation.headline
    closed, still_open = len(report.closed_trades), len(report.trades) - len(report.closed_trades)
    open_words = f"; {still_open} still open" if still_open else ""
    path = f"{usd(equity.start_usd)} to {usd(equity.end_usd)}"
    exposed = percent(share_exposed(record.equity), 1)
    return [
        Tile("Return", headline.total_return.value_text, path),
        Tile("Net of closed trades", signed(report.costs.net_usd), "all costs in", "USDT"),
        Tile("Largest drawdown", headline.largest_drawdown.value_text, headline.largest_drawdown.note),
        Tile("Closed trades", f"{closed:,}", f"on {days_words(evaluation.days)}{open_words}"),
        Tile("Win rate", headline.win_rate.value_text, _interval_words(headline.win_rate)),
        Tile("Profit factor", headline.profit_factor.value_text, _interval_words(headline.profit_factor)),
        Tile("Time exposed", exposed, f"largest exposure {usd(equity.max_exposure_usd)}"),
    ]


def _interval_words(figure: ReportFigure) -> str:
    return f"95 % interval {figure.interval_text}" if figure.has_interval else "too few days for an interval"


def signed(amount: Decimal) -> str:
    """An amount with its sign and cents; nothing has no sign."""
    return f"{amount:+,.2f}" if round(amount, 2) else "0.00"


def sample_sentence(closed_trades: int, evaluation: Evaluation) -> str:
    """How large the sample is and what follows from that."""
    size = f"Sample: {closed_trades:,} closed trades on {days_words(evaluation.days)}."
    figure = evaluation.headline.net_per_trade
    if figure.low is None or figure.high is None:
        needed = f"{evaluation.fewest_days} days with trades are needed"
        return f"{size} That is too little for an interval ({needed}): no figure here shows an edge."
    interval = f"The 95 % interval of the net result of a trade is {figure.interval_text}"
    if figure.low <= 0 <= figure.high:
        return f"{size} {interval}: it holds zero, so neither a profit nor a loss is shown."
    return f"{size} {interval}."


def facts(record: RunRecord, evaluation: Evaluation) -> list[tuple[str, str]]:
    """Everything that the figures depend on, by name."""
    run = record.report.facts
    period = UNDEFINED
    if record.period:
        period = f"{record.period[0]:%Y-%m-%d %H:%M} to {record.period[1]:%Y-%m-%d %H:%M} UTC"
    trials = UNDEFINED if evaluation.trials is None else f"{evaluation.trials:,}"
    return [
        ("Run", str(run["run_id"])),
        ("Mode", run["mode"]),
        ("Market", f"{run['label']} ({run['market_origin']})"),
        ("Seed", UNDEFINED if run["seed"] is None else str(run["seed"])),
        ("Period", period),
        ("Minutes decided", f"{run['closed_minutes']:,}; {run['skipped_minutes']:,} skipped"),
        ("Pairs", ", ".join(pair.base for pair in record.pairs) or UNDEFINED),
        ("Declared feeds", ", ".join(run["feeds"]) or "none"),
        ("How it ended", run["end_reason"] or "not ended"),
        ("Config hash", run["config_hash"]),
        ("Readings", run["readings_hash"]),
        ("Feature version", run["feature_set_version"]),
        ("Cost model version", run["cost_model_version"]),
        ("Code version", run["code_version"]),
        ("Data hash", record.data_hash or UNDEFINED),
        ("Trials counted", trials),
        ("Runs stored on this market and period", f"{record.runs_on_this_market:,}"),
    ]


def part_rows(parts: Sequence[Part]) -> list[PartRow]:
    """Rows of a table of parts, all bars on one scale."""
    bars = signed_bars([part.net_usd for part in parts])
    return [
        PartRow(part.name, part.trades, _win_words(part), signed(part.net_usd), bar)
        for part, bar in zip(parts, bars, strict=True)
    ]


def _win_words(part: Part) -> str:
    return percent(part.wins / part.trades, 1) if part.trades else UNDEFINED


def split_rows(trades: Sequence[Trade], name_of: Callable[[Trade], str]) -> list[PartRow]:
    """The closed trades by a name, as rows."""
    return part_rows(split(trades, name_of))


def cost_rows(record: RunRecord) -> list[tuple[WaterfallStep, Markup]]:
    """From the price profit at the decisions' prices, cost by cost, to the net result."""
    costs = record.report.costs
    other = costs.fees_usd - record.maker_fees_usd - record.taker_fees_usd
    steps = [
        WaterfallStep("At the decisions' prices", costs.at_decision_prices_usd, True, "before every cost"),
        WaterfallStep("Spread", -costs.spread_usd, False, "model spread; resting orders earn it"),
        WaterfallStep("Slippage", -costs.slippage_usd, False, "the rest of the way to the fill's price"),
        WaterfallStep("Gross", costs.gross_usd, True, "price profit at the fills"),
        WaterfallStep("Maker fees", -record.maker_fees_usd, False, "fills that provided the liquidity"),
        WaterfallStep("Taker fees", -record.taker_fees_usd, False, "fills that took it"),
        WaterfallStep("Other fees", -other, False, "booked without a fill"),
        WaterfallStep("Funding", costs.funding_usd, False, "received less paid, at the settlements"),
        WaterfallStep("Net", costs.net_usd, True, "what the closed trades earned"),
    ]
    return waterfall([step for step in steps if step.name != "Other fees" or step.amount_usd])


_ONWARD: Final = "went on to the next gate"


def funnel_gates(steps: Sequence[FunnelStep]) -> Iterator[FunnelGate]:
    """The verdicts gate by gate, in the order in which a minute passes them.

    Layer 2 writes one verdict for two gates, and so does layer 3: what only the second of them judged has
    passed the first.
    """
    judged = {gate: [step for step in steps if step.gate is gate] for gate in Gate}
    stopped_by_news = sum(step.verdicts for step in judged[Gate.NEWS])
    scored = sum(step.verdicts for step in judged[Gate.SCORE] if step.passed)
    onward = {
        Gate.DATA_HEALTH: sum(step.verdicts for step in judged[Gate.STATISTICAL]),
        Gate.SCORE: stopped_by_news,
        Gate.NEWS: scored if stopped_by_news else 0,
    }
    for gate, answers in judged.items():
        if answers or onward.get(gate, 0):
            yield _funnel_gate(gate, answers, onward.get(gate, 0))


def _funnel_gate(gate: Gate, answers: Sequence[FunnelStep], onward: int) -> FunnelGate:
    total = onward + sum(step.verdicts for step in answers)
    passed = onward + sum(step.verdicts for step in answers if step.passed)
    rows = [_funnel_row(step.answer, *_reason(step), step.verdicts, total) for step in answers]
    if onward:
        rows.insert(0, _funnel_row(GateVerdict.PASSED, UNDEFINED, _ONWARD, onward, total))
    return FunnelGate(str(gate), total, passed, rows)


def _funnel_row(answer: GateVerdict, code: str, words: str, verdicts: int, total: int) -> FunnelRow:
    class_ = {GateVerdict.PASSED: "gain", GateVerdict.STOPPED: "loss"}.get(answer, "restricted")
    share = verdicts / total
    return FunnelRow(str(answer), code, words, verdicts, percent(share, 1), share_bar(share, class_))


def _reason(step: FunnelStep) -> tuple[str, str]:
    """Code and words of a verdict; layer 5 gives a filled entry none."""
    if step.reason_code is not None:
        return str(step.reason_code), WORDS[step.reason_code]
    return ("FILLED", "the entry was filled") if step.passed else (UNDEFINED, "the entry is not filled")
