"""Plots of bars: results by hour of day, and how the outcomes are distributed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from hydra.answers.html_report.axes import (
    Caption,
    horizontal,
    lower_tick,
    number_axis,
    plot,
    value_axis,
    vertical,
)
from hydra.answers.html_report.scales import Scale, finite, nice_step, scale_over
from hydra.answers.html_report.svg import element, joined, share_text
from hydra.answers.html_report.trades import Part

_HEIGHT = 200
_GAP_SHARE = 0.18


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """How many values lie in [low, high)."""

    low: float
    high: float
    count: int


def hour_plot(parts: Sequence[Part]) -> Markup:
    """Net result by the UTC hour in which trades were opened: bars up from zero or down from it."""
    scale = scale_over([0.0, *(float(part.net_usd) for part in parts)], most=4)
    traded = [part for part in parts if part.trades]
    words = "; ".join(f"{part.name} h: {part.net_usd:+,.2f} USDT in {part.trades} trades" for part in traded)
    caption = Caption("hours", "Net result by hour of opening, UTC", words or "No trade was closed.")
    width = 1 / len(parts)
    bars = joined(_hour_bar(part, place * width, width, scale) for place, part in enumerate(parts))
    labels = joined(
        lower_tick((place + 0.5) * width, part.name, is_minor=place % 4 != 0)
        for place, part in enumerate(parts)
        if place % 2 == 0
    )
    zero = horizontal(scale.from_top(0.0) or 0.0, "zero")
    return plot(caption, _HEIGHT, value_axis(scale, most=4), labels, bars, zero)


def _hour_bar(part: Part, left: float, width: float, scale: Scale) -> Markup:
    if not part.trades:
        return Markup("")
    value = float(part.net_usd)
    top, bottom = sorted((scale.from_top(value) or 0.0, scale.from_top(0.0) or 0.0))
    words = f"{part.name}:00 UTC: {value:+,.2f} USDT, {part.trades} trades, {part.wins} won"
    return _bar(
        (left + width * _GAP_SHARE / 2, top), (width * (1 - _GAP_SHARE), bottom - top), _sign(value), words
    )


def _sign(value: float) -> str:
    return "gain" if value > 0 else "loss"


def _bar(corner: tuple[float, float], size: tuple[float, float], class_: str, words: str) -> Markup:
    """A bar from its upper left corner, everything in shares."""
    return element(
        "rect",
        element("title", words),
        x=share_text(corner[0]),
        y=share_text(corner[1]),
        width=share_text(size[0]),
        height=share_text(size[1]),
        class_=f"bar {class_}",
    )


def histogram(values: Sequence[float | None], most: int = 24) -> list[HistogramBin]:
    """Bins of one round width, at most about `most`; zero is an edge, so that no bin mixes loss and gain.

    A value of exactly zero lies in the first bin of the gains' side of the edge.
    """
    known = finite(values)
    if not known:
        return []
    low, high = min([*known, 0.0]), max([*known, 0.0])
    step = nice_step((high - low) or 1.0, most)
    first, last = _bin_number(low, step), _bin_number(high, step) + 1
    counts = [0] * (last - first)
    for value in known:
        counts[_bin_number(value, step) - first] += 1
    return [
        HistogramBin((first + place) * step, (first + place + 1) * step, count)
        for place, count in enumerate(counts)
    ]


def _bin_number(value: float, step: float) -> int:
    """The bin counted from zero; a value on an edge belongs to the bin right of it."""
    number = math.floor(value / step + 1e-9)
    return min(number, -1) if value < 0 else number


def histogram_plot(name: str, title: str, unit: str, values: Sequence[float | None]) -> Markup:
    """How many trades ended with which result; empty without one."""
    bins = histogram(values)
    if not bins:
        return Markup("")
    places = Scale(bins[0].low, bins[-1].high)
    counts = scale_over([0.0, *(float(bin_.count) for bin_ in bins)], most=4)
    known = finite(values)
    caption = Caption(
        name,
        title,
        f"{len(known)} trades from {min(known):+,.2f} to {max(known):+,.2f} {unit}, "
        f"median {median(known):+,.2f} {unit}; {sum(value > 0 for value in known)} won.",
    )
    return plot(
        caption,
        _HEIGHT,
        value_axis(counts, lambda value: f"{value:g}", most=4),
        number_axis(places),
        joined(_histogram_bar(bin_, places, counts, unit) for bin_ in bins if bin_.count),
        vertical(places.share(0.0) or 0.0, "zero"),
    )


def _histogram_bar(bin_: HistogramBin, places: Scale, counts: Scale, unit: str) -> Markup:
    left, right = places.share(bin_.low) or 0.0, places.share(bin_.high) or 0.0
    top = counts.from_top(float(bin_.count)) or 0.0
    words = f"{bin_.low:+,.2f} to {bin_.high:+,.2f} {unit}: {bin_.count} trades"
    gap = (right - left) * 0.04
    return _bar((left + gap, top), (right - left - 2 * gap, 1 - top), _sign(bin_.high), words)
