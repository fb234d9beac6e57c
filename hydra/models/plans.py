"""The models that can be trained, by the name of their versions."""

from collections.abc import Mapping
from typing import Final

from hydra.models.exit_predictor import EXIT
from hydra.models.plan import TrainingPlan
from hydra.models.regime_classifier import REGIME
from hydra.models.signal_scorer import SIGNAL_SCORER

PLANS: Final[Mapping[str, TrainingPlan]] = {plan.name: plan for plan in (SIGNAL_SCORER, REGIME, EXIT)}
"""A new model is a plan of its own and an entry here."""
