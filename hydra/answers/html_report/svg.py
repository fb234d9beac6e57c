"""SVG and HTML elements as text: everything that is not markup already is escaped."""

from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

SPAN: Final = 1000.0
"""Width and height of the stretched drawing of a plot, in its own units."""

Attribute = str | float | None


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """One SVG element; a trailing underscore of an attribute's name falls away, others become hyphens.

    Text children are escaped, markup is not; an attribute of None is left out.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(_attribute_name(key), _attribute_text(value))
        for key, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup("<{}{}/>").format(name, written)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, joined(children))


def joined(parts: Iterable[str]) -> Markup:
    """Parts one after the other, text escaped."""
    return Markup("").join(escape(part) for part in parts)


def _attribute_name(key: str) -> str:
    return key if key in _AS_WRITTEN else key.rstrip("_").replace("_", "-")


_AS_WRITTEN: Final = frozenset({"viewBox", "preserveAspectRatio"})


def _attribute_text(value: str | float) -> str:
    return value if isinstance(value, str) else short(value)


def short(number: float) -> str:
    """A coordinate with one decimal at most: 12.0 is "12"."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def share_text(share: float) -> str:
    """A share of the plot's width or height as percent, two decimals at most."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


def path(points: Iterable[tuple[float | None, float | None]]) -> str:
    """Path data of a line through `points` in shares from the upper left; a None breaks the line."""
    parts: list[str] = []
    is_drawing = False
    for x, y in points:
        if x is None or y is None:
            is_drawing = False
            continue
        parts.append(f"{'L' if is_drawing else 'M'}{short(x * SPAN)} {short(y * SPAN)}")
        is_drawing = True
    return "".join(parts)


def drawing(*children: str) -> Markup:
    """A layer of `SPAN` x `SPAN` units that stretches over the whole plot; strokes keep their width."""
    return element(
        "svg", *children, viewBox=f"0 0 {SPAN:.0f} {SPAN:.0f}", preserveAspectRatio="none", class_="stretched"
    )


def mark(x: float, y: float, shape: str, class_: str, title: str = "") -> Markup:
    """A shape at a point in shares that is not stretched: path data in pixels around the point."""
    children = [element("title", title)] if title else []
    children.append(element("path", d=shape))
    return element("svg", *children, x=share_text(x), y=share_text(y), class_=f"mark {class_}")
