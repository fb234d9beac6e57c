"""The frame of a plot: the element itself, its grid, and what is written along its edges.

The element is the drawing area; labels lie outside it, in the margins that the style sheet leaves. Places are
percent of the area, so that one drawing serves every width and its letters keep their size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hydra.answers.html_report.scales import Scale, TimeScale, tick_digits, ticks, time_ticks
from hydra.answers.html_report.svg import element, joined, share_text

TickText = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Caption:
    """What a plot is called and what it says, for those who cannot see it; `name` is unique on the page."""

    name: str
    title: str
    description: str


def plot(caption: Caption, height: int, *layers: str, hover: str | None = None) -> Markup:
    """A plot of `height` pixels as wide as its place. hover: JSON of what to tell under a pointer."""
    title, description = f"{caption.name}-title", f"{caption.name}-description"
    return element(
        "svg",
        element("title", caption.title, id=title),
        element("desc", caption.description, id=description),
        *layers,
        class_="plot",
        role="img",
        aria_labelledby=f"{title} {description}",
        height=height,
        data_hover=hover,
    )


def value_axis(scale: Scale, text: TickText | None = None, most: int = 5) -> Markup:
    """Horizontal lines with their values at the left edge."""
    places = ticks(scale, most)
    digits = tick_digits(places)
    write = text or (lambda value: f"{value:,.{digits}f}")
    return joined(_value_tick(1 - (scale.share(value) or 0.0), write(value)) for value in places)


def _value_tick(y: float, text: str) -> Markup:
    place = share_text(y)
    line = element("line", x1="0", x2="100%", y1=place, y2=place, class_="grid")
    return line + element("text", text, x="-8", y=place, dy="0.32em", class_="left")


def time_axis(scale: TimeScale, most: int = 8) -> Markup:
    """Ticks and times under the lower edge; every second one is left out where there is little room."""
    return joined(
        lower_tick(scale.share(time), text, is_minor=bool(place % 2))
        for place, (time, text) in enumerate(time_ticks(scale, most))
    )


def number_axis(scale: Scale, text: TickText | None = None, most: int = 8) -> Markup:
    """Ticks and values under the lower edge; every second one is left out where there is little room."""
    places = ticks(scale, most)
    digits = tick_digits(places)
    write = text or (lambda value: f"{value:,.{digits}f}")
    return joined(
        lower_tick(scale.share(value) or 0.0, write(value), is_minor=bool(place % 2))
        for place, value in enumerate(places)
    )


def lower_tick(x: float, text: str, *, is_minor: bool) -> Markup:
    """One tick with its text; a minor one is hidden on narrow screens."""
    place = share_text(x)
    line = element("line", x1=place, x2=place, y1="0", y2="100%", class_="grid")
    label = element("text", text, x=place, y="100%", dy="1.6em", class_="under")
    return element("g", line, label, class_="minor") if is_minor else line + label


def horizontal(y: float, class_: str) -> Markup:
    """A line over the whole width at a share from the upper edge."""
    return element("line", x1="0", x2="100%", y1=share_text(y), y2=share_text(y), class_=class_)


def vertical(x: float, class_: str, title: str = "") -> Markup:
    """A line over the whole height at a share from the left edge."""
    children: Sequence[str] = [element("title", title)] if title else []
    place = share_text(x)
    return element("line", *children, x1=place, x2=place, y1="0", y2="100%", class_=class_)
