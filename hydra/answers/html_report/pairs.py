"""The part of the page in which a reader looks at trades on candles, pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hydra.answers.formatting import UNDEFINED, duration
from hydra.answers.html_report.candle_plot import (
    bar_words,
    exit_words,
    outcome,
    overview_plot,
    price,
    trade_plot,
)
from hydra.answers.html_report.run_record import PairRecord
from hydra.answers.html_report.trades import Trade, source_name


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A trade as text. r: net result in multiples of the risk; is_pictured: candles of its own are drawn."""

    number: int
    side: str
    source: str
    opened: str
    held: str
    entry: str
    stop: str
    target: str
    exit: str
    net: str
    r: str
    outcome: str
    reason: str
    is_pictured: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """One trade's candles with what to call it in a list."""

    number: int
    label: str
    bar: str
    plot: Markup


@dataclass(frozen=True, slots=True)
class PairView:
    """A pair: its overview, the pictures of its trades, and its trades as a table."""

    base: str
    bar: str
    overview: Markup
    pictures: Sequence[Picture]
    rows: Sequence[TradeRow]
    left_out: int


def pair_view(pair: PairRecord, most_rows: int) -> PairView:
    """A pair as the page shows it; at most `most_rows` trades, the newest, are listed."""
    chart = pair.overview
    drawn = [trade for trade in pair.trades if trade.number in pair.pictures]
    listed = pair.trades[-most_rows:]
    return PairView(
        base=pair.base,
        bar=UNDEFINED if chart is None else bar_words(chart.minutes),
        overview=Markup("") if chart is None else overview_plot(pair.base, chart, pair.trades),
        pictures=[_picture(trade, pair) for trade in drawn],
        rows=[_row(trade, is_pictured=trade.number in pair.pictures) for trade in listed],
        left_out=len(pair.trades) - len(listed),
    )


def _picture(trade: Trade, pair: PairRecord) -> Picture:
    chart = pair.pictures[trade.number]
    end = "open" if trade.exit_reason is None else trade.exit_reason.replace("_", " ").lower()
    label = f"{trade.number}: {trade.opened_time:%d %b %H:%M} {trade.side}, {end}, {trade.net_usd:+,.2f} USDT"
    return Picture(trade.number, label, bar_words(chart.minutes), trade_plot(chart, trade))


def _row(trade: Trade, *, is_pictured: bool) -> TradeRow:
    held = (trade.closed_time - trade.opened_time).total_seconds() if trade.closed_time else None
    return TradeRow(
        number=trade.number,
        side=str(trade.side),
        source=source_name(trade),
        opened=f"{trade.opened_time:%d %b %H:%M}",
        held=duration(held),
        entry=price(trade.entry_price),
        stop=price(trade.stop_price),
        target=price(trade.target_price),
        exit=price(trade.exit_price),
        net=f"{trade.net_usd:+,.2f}",
        r=UNDEFINED if trade.r_multiple is None or not trade.is_closed else f"{trade.r_multiple:+.2f}",
        outcome=outcome(trade),
        reason=exit_words(trade),
        is_pictured=is_pictured,
    )
