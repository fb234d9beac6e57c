"""Whether confidence means anything: the share of trades that won, by how confident their signals were."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from hydra.answers.formatting import percent
from hydra.answers.html_report.axes import Caption, number_axis, plot, value_axis
from hydra.answers.html_report.scales import Scale
from hydra.answers.html_report.svg import drawing, element, mark, path, share_text
from hydra.ledger.calibration import CalibrationBin

_HEIGHT: Final = 240
_USUAL_LOW: Final = 0.4
_CIRCLE: Final = "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z"


def calibration_plot(bins: Sequence[CalibrationBin]) -> Markup:
    """Win rate with its interval against confidence, and the line on which both are equal; empty without."""
    if not bins:
        return Markup("")
    lowest = min(group.mean_confidence for group in bins)
    places, rates = Scale(_USUAL_LOW if lowest > _USUAL_LOW else 0.0, 1.0), Scale(0.0, 1.0)
    words = "; ".join(
        f"confidence {group.mean_confidence:.2f}: {percent(group.win_share, 1)} of {group.trades} won, "
        f"95 % interval {percent(group.low, 1)} to {percent(group.high, 1)}"
        for group in bins
    )
    return plot(
        Caption("calibration", "Share of trades that won, by confidence", words),
        _HEIGHT,
        value_axis(rates, lambda value: percent(value, 0)),
        number_axis(places, lambda value: f"{value:.1f}"),
        drawing(element("path", d=path([(0.0, 1 - places.low), (1.0, 0.0)]), class_="reference")),
        *(mark_ for group in bins for mark_ in _group_marks(group, places)),
    )


def _group_marks(group: CalibrationBin, places: Scale) -> tuple[Markup, ...]:
    place = places.share(group.mean_confidence) or 0.0
    x = share_text(place)
    whisker = element(
        "line", x1=x, x2=x, y1=share_text(1 - group.high), y2=share_text(1 - group.low), class_="whisker"
    )
    words = f"confidence {group.mean_confidence:.2f}: {percent(group.win_share, 1)} of {group.trades} won"
    point = mark(place, 1 - group.win_share, _CIRCLE, "point", words)
    label = element(
        "text", f"{group.trades}", x=x, y=share_text(1 - group.high), dy="-0.5em", class_="middle"
    )
    return whisker, point, label
