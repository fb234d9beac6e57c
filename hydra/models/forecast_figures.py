"""How good forecasts of two classes are, as figures by name, for a model and for the rule that is its twin.

Source: C70; docs/practice.md, "Calibration".
"""

from collections.abc import Mapping
from typing import Final

from hydra.arrays import Floats
from hydra.ledger.calibration import calibration
from hydra.registry.comparison import auc, log_loss, mean_of_days, squared_error
from hydra.registry.gates import Forecasts

Figures = Mapping[str, float | None]

_NAMES: Final = ("auc", "brier", "brier_skill", "log_loss", "calibration_error")


def forecast_figures(rows: Forecasts) -> Figures:
    """Rows, base rate, and the figures of model_ and rule_ by these prefixes; undefined ones are None."""
    return {
        "judged_rows": float(len(rows.won)),
        "effective_rows": float(rows.uniqueness.sum()),
        "base_rate": float(rows.won.mean()) if len(rows.won) else None,
        **{f"model_{name}": value for name, value in _figures(rows, rows.model).items()},
        **{f"rule_{name}": value for name, value in _figures(rows, rows.twin).items()},
    }


def _figures(rows: Forecasts, probability: Floats) -> Figures:
    if not len(rows.won):
        return dict.fromkeys(_NAMES)
    won, weight, day = rows.won, rows.uniqueness, rows.day
    found = calibration(probability, won)
    values = (
        auc(probability, won, weight),
        mean_of_days(squared_error(probability, won), weight, day).value,
        found.brier_skill,
        mean_of_days(log_loss(probability, won), weight, day).value,
        found.expected_error,
    )
    return dict(zip(_NAMES, values, strict=True))
