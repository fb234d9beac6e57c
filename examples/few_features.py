"""A model of one's own: the signal scorer on ten features, with flatter trees.

    OWN_MODEL_FILE=examples/few_features.py hydra train few-features

Copy the file and change it. HYDRA asks of it one name, PLAN; docs/training.md, "A model of your own".
"""

from dataclasses import replace
from typing import Final

from hydra.backtest.simulation import PreparedMarket
from hydra.models.boosting_parameters import BoostingParameters
from hydra.models.catboost_trees import CatBoostTrees
from hydra.models.interface import Model
from hydra.models.signal_scorer import SIGNAL_SCORER
from hydra.models.xgboost_trees import XGBoostTrees
from hydra.trading.parameters import Rules
from hydra.training.signal_rows import signal_training_rows
from hydra.training.training_rows import TrainingRows

FEATURES: Final = (
    "signal_direction", "signal_confidence", "return_1h", "volatility_1h", "funding_rate_zscore",
    "oi_delta_pct", "liq_imbalance", "long_short_ratio", "cascade_probability", "minutes_to_funding",
)  # fmt: skip
FLAT: Final = BoostingParameters(depth=3, learning_rate=0.03)


def rows(prepared: PreparedMarket, rules: Rules) -> TrainingRows:
    """Every signal with the result of its trade, as the signal scorer has them; fewer columns are read."""
    return replace(signal_training_rows(prepared, rules), features=FEATURES)


def competitors(_rows: TrainingRows) -> tuple[Model, ...]:
    """The first is registered, the other one challenges it."""
    return XGBoostTrees(own=FLAT), CatBoostTrees(FLAT)


PLAN: Final = replace(SIGNAL_SCORER, name="few-features", rows=rows, competitors=competitors)
