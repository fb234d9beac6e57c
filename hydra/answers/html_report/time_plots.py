"""Plots over the time of the run: equity, drawdown, exposure."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from hydra.answers.formatting import percent, usd
from hydra.answers.html_report.axes import Caption, horizontal, plot, time_axis, value_axis, vertical
from hydra.answers.html_report.run_record import EquityMinutes
from hydra.answers.html_report.scales import Scale, TimeScale, finite, scale_over
from hydra.answers.html_report.svg import SPAN, drawing, element, path, short
from hydra.answers.html_report.thinning import kept_rows

BUCKETS: Final = 320
"""Stretches of time of which a plot keeps first, lowest, highest and last value."""

_EQUITY_HEIGHT, _DRAWDOWN_HEIGHT, _EXPOSURE_HEIGHT = 260, 120, 170
_MOST_HOVERED: Final = 400
_FEWEST: Final = 2
"""A line has two ends."""

ValueText = Callable[[float], str]


def equity_plot(minutes: EquityMinutes, kills: Sequence[tuple[datetime, str]] = ()) -> Markup:
    """Equity with its start as a line, and where the kill switch latched; empty without two minutes."""
    values = minutes.equity_usd
    known = finite(values)
    if len(known) < _FEWEST:
        return Markup("")
    times = TimeScale(minutes.times[0], minutes.times[-1])
    scale = scale_over(known)
    start = scale.from_top(known[0]) or 0.0
    ends = f"Equity in USDT from {usd(known[0])} to {usd(known[-1])}"
    caption = Caption(
        "equity", "Equity over time", f"{ends}; lowest {usd(min(known))}, highest {usd(max(known))}."
    )
    return plot(
        caption,
        _EQUITY_HEIGHT,
        value_axis(scale),
        time_axis(times),
        horizontal(start, "reference"),
        drawing(element("path", d=_line(minutes.times, values, times, scale), class_="line equity")),
        *(
            vertical(times.share(time), "kill", f"{time:%Y-%m-%d %H:%M} UTC kill switch: {cause}")
            for time, cause in kills
        ),
        hover=_hover(minutes.times, values, times, usd),
    )


def drawdown_plot(minutes: EquityMinutes) -> Markup:
    """How far equity stood below its peak, as a hanging area in percent; empty without two minutes."""
    values = -minutes.drawdown
    known = finite(values)
    if len(known) < _FEWEST:
        return Markup("")
    deepest = min(known)
    caption = Caption(
        "drawdown",
        "Drawdown from the peak over time",
        f"The largest drawdown is {percent(-deepest)} of the peak; at the end it is {percent(-known[-1])}.",
    )
    scale = scale_over([0.0, *known], most=3) if deepest < 0 else Scale(-0.01, 0.0)
    return _area_plot(caption, _DRAWDOWN_HEIGHT, minutes.times, values, scale, percent)


def exposure_plot(minutes: EquityMinutes) -> Markup:
    """The notional of all open positions and working entries, as an area; empty without two minutes."""
    values = minutes.exposure_usd
    known = finite(values)
    if len(known) < _FEWEST:
        return Markup("")
    caption = Caption(
        "exposure",
        "Exposure over time",
        f"Exposed in {percent(share_exposed(minutes), 1)} of the time; largest {usd(max(known))}, "
        f"on average {usd(_over_time(minutes, values))}.",
    )
    scale = scale_over([0.0, *known], most=4)
    return _area_plot(caption, _EXPOSURE_HEIGHT, minutes.times, values, scale, usd)


def share_exposed(minutes: EquityMinutes) -> float | None:
    """Share of the time in which something was open or working; None without a minute."""
    return _over_time(minutes, (minutes.exposure_usd > 0).astype(np.float64)) if len(minutes.times) else None


def _over_time(minutes: EquityMinutes, values: NDArray[np.float64]) -> float:
    """Mean over time: a row holds until the next (a backtest books no quiet minute), the last a minute."""
    seconds = np.array([time.timestamp() for time in minutes.times])
    return float(np.average(values, weights=np.diff(seconds, append=seconds[-1] + 60)))


def _area_plot(
    caption: Caption,
    height: int,
    times: Sequence[datetime],
    values: NDArray[np.float64],
    scale: Scale,
    text: ValueText,
) -> Markup:
    stretch = TimeScale(times[0], times[-1])
    line = _line(times, values, stretch, scale)
    zero = scale.from_top(0.0) or 0.0
    axis = value_axis(scale, _short_text(scale, text), most=3)
    area = f"{line}L{short(SPAN)} {short(zero * SPAN)}L0 {short(zero * SPAN)}Z"
    return plot(
        caption,
        height,
        axis,
        time_axis(stretch),
        drawing(
            element("path", d=area, class_=f"area {caption.name}"),
            element("path", d=line, class_=f"line {caption.name}"),
        ),
        hover=_hover(times, values, stretch, text),
    )


def _short_text(scale: Scale, text: ValueText) -> ValueText:
    """Fractions keep their percent along the axis; amounts are plain numbers."""
    if text is usd:
        return lambda value: f"{value:,.0f}"
    digits = 2 if scale.high - scale.low < 0.02 else 1  # noqa: PLR2004  # below two percent one digit is too coarse
    return lambda value: percent(value, digits)


def _line(times: Sequence[datetime], values: NDArray[np.float64], stretch: TimeScale, scale: Scale) -> str:
    rows = kept_rows(values, BUCKETS)
    return path((stretch.share(times[row]), scale.from_top(float(values[row]))) for row in rows)


def _hover(
    times: Sequence[datetime], values: NDArray[np.float64], stretch: TimeScale, text: ValueText
) -> str:
    """What to say under a pointer: places in thousandths of the width, and words."""
    known = np.flatnonzero(np.isfinite(values))
    rows = np.unique(known[np.linspace(0, len(known) - 1, min(len(known), _MOST_HOVERED)).astype(int)])
    return json.dumps(
        {
            "x": [round(stretch.share(times[row]) * SPAN, 1) for row in rows],
            "text": [f"{times[row]:%Y-%m-%d %H:%M} UTC: {text(float(values[row]) + 0.0)}" for row in rows],
        },
        separators=(",", ":"),
    )
