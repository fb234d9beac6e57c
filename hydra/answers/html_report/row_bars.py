"""Bars inside the cells of a table: the table is its own text alternative, the bars only show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from hydra.answers.html_report.scales import Scale
from hydra.answers.html_report.svg import element, share_text

_LEAST_SHARE: Final = 0.004
"""What is not zero is seen."""


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One row of a waterfall: what it adds to the amount before it, or, as a sum, where that stands."""

    name: str
    amount_usd: Decimal
    is_sum: bool
    note: str = ""


def row_scale(values: Sequence[float]) -> Scale:
    """One scale for all rows of a table, zero in it."""
    low, high = min([0.0, *values]), max([0.0, *values])
    return Scale(low, high) if high > low else Scale(0.0, 1.0)


def row_bar(start: float, end: float, scale: Scale, class_: str) -> Markup:
    """A bar from `start` to `end` with the place of zero, hidden from screen readers."""
    left, right = sorted((scale.share(start) or 0.0, scale.share(end) or 0.0))
    zero = share_text(scale.share(0.0) or 0.0)
    return element(
        "svg",
        element(
            "rect",
            x=share_text(left),
            y="18%",
            width=share_text(max(right - left, _LEAST_SHARE if start != end else 0.0)),
            height="64%",
            class_=f"bar {class_}",
        ),
        element("line", x1=zero, x2=zero, y1="0", y2="100%", class_="zero"),
        class_="row-bar",
        aria_hidden="true",
    )


def waterfall(steps: Sequence[WaterfallStep]) -> list[tuple[WaterfallStep, Markup]]:
    """Each step with its bar: sums stand on zero, the others hang where the step before ended."""
    ends: list[tuple[float, float]] = []
    level = 0.0
    for step in steps:
        amount = float(step.amount_usd)
        start, level = (0.0, amount) if step.is_sum else (level, level + amount)
        ends.append((start, level))
    scale = row_scale([value for pair in ends for value in pair])
    return [
        (step, row_bar(start, end, scale, "sum" if step.is_sum else _sign(step.amount_usd)))
        for step, (start, end) in zip(steps, ends, strict=True)
    ]


def signed_bars(amounts: Sequence[Decimal]) -> list[Markup]:
    """A bar an amount, right of zero or left of it, all on one scale."""
    scale = row_scale([float(amount) for amount in amounts])
    return [row_bar(0.0, float(amount), scale, _sign(amount)) for amount in amounts]


def share_bar(share: float, class_: str) -> Markup:
    """A bar that is `share` of its cell wide."""
    return row_bar(0.0, share, Scale(0.0, 1.0), class_)


def _sign(amount: Decimal) -> str:
    return "gain" if amount > 0 else "loss"
