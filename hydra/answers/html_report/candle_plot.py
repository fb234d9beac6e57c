"""Candles with trades on them: entry, stop, target, exit and why.

Nothing is told by colour alone: rising candles are hollow, falling ones filled; a long entry points up, a
short one down; an exit is a diamond; the line of a won trade is whole, that of a lost one dashed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from hydra.answers.formatting import UNDEFINED, exact
from hydra.answers.html_report.axes import Caption, plot, time_axis, value_axis
from hydra.answers.html_report.run_record import Candle, CandleChart
from hydra.answers.html_report.scales import Scale, TimeScale, tight_scale
from hydra.answers.html_report.svg import SPAN, drawing, element, mark, share_text, short
from hydra.answers.html_report.trades import Trade
from hydra.domain import Side
from hydra.reason_words import WORDS

_OVERVIEW_HEIGHT, _TRADE_HEIGHT = 340, 320
_BODY_SHARE: Final = 0.64
_SIX_DIGITS: Final = 100_000

_UP, _DOWN, _DIAMOND = "M0 2L5 11H-5Z", "M0-2L5-11H-5Z", "M0-5L5 0L0 5L-5 0Z"


def overview_plot(base: str, chart: CandleChart, trades: Sequence[Trade]) -> Markup:
    """The whole period of a pair with all its trades."""
    stretch = TimeScale(chart.start, chart.end)
    scale = tight_scale(_prices(chart.candles, trades))
    caption = Caption(
        f"pair-{base}",
        f"{base}: candles of {bar_words(chart.minutes)} with {len(trades)} trades",
        _candle_words(chart) + " Entries are triangles, exits diamonds, joined by a line.",
    )
    return plot(
        caption,
        _OVERVIEW_HEIGHT,
        value_axis(scale),
        time_axis(stretch),
        drawing(
            *_candles(chart, stretch, scale),
            *(_journey(trade, stretch, scale, chart.end) for trade in trades),
        ),
        *(marker for trade in trades for marker in _markers(trade, stretch, scale, _title(trade))),
    )


def trade_plot(chart: CandleChart, trade: Trade) -> Markup:
    """One trade on the candles around it, with the stop and the target that were decided."""
    stretch = TimeScale(chart.start, chart.end)
    levels = [float(price) for price in (trade.stop_price, trade.target_price) if price is not None]
    scale = tight_scale([*_prices(chart.candles, [trade]), *levels])
    caption = Caption(f"trade-{trade.number}", f"Trade {trade.number}: {trade_words(trade)}", _story(trade))
    return plot(
        caption,
        _TRADE_HEIGHT,
        value_axis(scale),
        time_axis(stretch),
        drawing(*_candles(chart, stretch, scale), _journey(trade, stretch, scale, chart.end)),
        *_levels(trade, stretch, scale),
        *_markers(trade, stretch, scale, exit_words(trade)),
    )


def bar_words(minutes: int) -> str:
    """The length of a bar: "5 min", "4 h"."""
    return f"{minutes} min" if minutes < 60 else f"{minutes / 60:g} h"  # noqa: PLR2004


def trade_words(trade: Trade) -> str:
    """A trade in a few words: pair, side and generator."""
    return f"{trade.base} {trade.side} {trade.source.replace('_', ' ')}"


def exit_words(trade: Trade) -> str:
    """Why it ended, in words; that it is open while it is."""
    if not trade.is_closed:
        return "still open"
    return WORDS[trade.exit_reason] if trade.exit_reason else "no reason is recorded"


def price(value: Decimal | float | None) -> str:
    """A price as people read it: six digits, all of those before the point; "-" for None."""
    if value is None:
        return UNDEFINED
    number = float(value)
    return f"{number:,.1f}" if abs(number) >= _SIX_DIGITS else f"{number:.6g}"


def _story(trade: Trade) -> str:
    levels = f"stop {price(trade.stop_price)}, target {price(trade.target_price)}"
    start = f"Opened {trade.opened_time:%Y-%m-%d %H:%M} UTC at {price(trade.entry_price)}, {levels}"
    if trade.closed_time is None:
        return f"{start}; still open."
    end = f"closed {trade.closed_time:%Y-%m-%d %H:%M} at {price(trade.exit_price)}: {exit_words(trade)}"
    return f"{start}; {end}; net {trade.net_usd:+,.2f} USDT."


def _candle_words(chart: CandleChart) -> str:
    if not chart.candles:
        return "No candles are stored for this stretch."
    first, last = chart.candles[0].open, chart.candles[-1].close
    low, high = min(c.low for c in chart.candles), max(c.high for c in chart.candles)
    return f"From {price(first)} to {price(last)}; lowest {price(low)}, highest {price(high)}."


def _prices(candles: Sequence[Candle], trades: Sequence[Trade]) -> Iterable[float]:
    for candle in candles:
        yield from (candle.low, candle.high)
    for trade in trades:
        yield float(trade.entry_price)
        if trade.exit_price is not None:
            yield float(trade.exit_price)


def _candles(chart: CandleChart, stretch: TimeScale, scale: Scale) -> list[Markup]:
    """Wicks, rising bodies and falling bodies: three paths for all candles."""
    width = SPAN * (timedelta(minutes=chart.minutes) / (stretch.end - stretch.start)) * _BODY_SHARE
    wicks: list[str] = []
    rising: list[str] = []
    falling: list[str] = []
    for candle in chart.candles:
        middle = SPAN * stretch.share(candle.time + timedelta(minutes=chart.minutes) / 2)
        if not 0 <= middle <= SPAN:
            continue
        wicks.append(_wick(candle, middle, scale))
        body = _body(candle, middle - width / 2, width, scale)
        (rising if candle.close >= candle.open else falling).append(body)
    return [
        element("path", d="".join(wicks), class_="wick"),
        element("path", d="".join(rising), class_="rising"),
        element("path", d="".join(falling), class_="falling"),
    ]


def _height(scale: Scale, value: float) -> float:
    return SPAN * (scale.from_top(value) or 0.0)


def _wick(candle: Candle, x: float, scale: Scale) -> str:
    return f"M{short(x)} {short(_height(scale, candle.high))}V{short(_height(scale, candle.low))}"


def _body(candle: Candle, left: float, width: float, scale: Scale) -> str:
    top = _height(scale, max(candle.open, candle.close))
    height = max(_height(scale, min(candle.open, candle.close)) - top, 1.0)
    return f"M{short(left)} {short(top)}h{short(width)}v{short(height)}h{short(-width)}Z"


def _journey(trade: Trade, stretch: TimeScale, scale: Scale, end: datetime) -> Markup:
    """From entry to exit; an open trade goes level to the edge."""
    until = trade.closed_time or end
    at = trade.entry_price if trade.exit_price is None else trade.exit_price
    points = [(trade.opened_time, trade.entry_price), (until, at)]
    data = "L".join(
        f"{short(SPAN * stretch.share(time))} {short(_height(scale, float(value)))}" for time, value in points
    )
    return element("path", d=f"M{data}", class_=f"journey {outcome(trade)}")


def outcome(trade: Trade) -> str:
    """open, won or lost (C104: zero is a loss)."""
    if not trade.is_closed:
        return "open"
    return "won" if trade.net_usd > 0 else "lost"


def _title(trade: Trade) -> str:
    return f"Trade {trade.number}: {trade_words(trade)}. {_story(trade)}"


def _markers(trade: Trade, stretch: TimeScale, scale: Scale, words: str) -> list[Markup]:
    shape = _UP if trade.side is Side.LONG else _DOWN
    entry = mark(*_place(trade.opened_time, float(trade.entry_price), stretch, scale), shape, "entry", words)
    if trade.closed_time is None or trade.exit_price is None:
        return [entry]
    place = _place(trade.closed_time, float(trade.exit_price), stretch, scale)
    return [entry, mark(*place, _DIAMOND, f"exit {outcome(trade)}", words)]


def _place(time: datetime, value: float, stretch: TimeScale, scale: Scale) -> tuple[float, float]:
    return stretch.share(time), scale.from_top(value) or 0.0


def _levels(trade: Trade, stretch: TimeScale, scale: Scale) -> list[Markup]:
    """Stop and target while the trade lived, each with its name."""
    left = stretch.share(trade.opened_time)
    right = stretch.share(trade.closed_time) if trade.closed_time else 1.0
    drawn = []
    for name, level in (("target", trade.target_price), ("stop", trade.stop_price)):
        if level is None:
            continue
        y = scale.from_top(float(level)) or 0.0
        place = {"y1": share_text(y), "y2": share_text(y)}
        drawn.append(
            element("line", x1=share_text(left), x2=share_text(right), class_=f"level {name}", **place)
        )
        words = f"{name} {exact(level)}"
        drawn.append(element("text", words, x=share_text(left), y=share_text(y), dy="-0.4em", class_="named"))
    return drawn
