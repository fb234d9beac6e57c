"""The models that can be trained, by the name of their versions: HYDRA's, and one from a file of the user."""

from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final

from hydra.errors import StopError
from hydra.models.exit_predictor import EXIT
from hydra.models.plan import TrainingPlan
from hydra.models.regime_classifier import REGIME
from hydra.models.signal_scorer import SIGNAL_SCORER
from hydra.outside_text import shown
from hydra.registry.store import MODEL_NAME, NAME_RULE

PLANS: Final[Mapping[str, TrainingPlan]] = {plan.name: plan for plan in (SIGNAL_SCORER, REGIME, EXIT)}
"""A new model of HYDRA is a plan of its own and an entry here."""

ALL: Final = "all"
"""Stands for every model of HYDRA."""

_KEY: Final = "OWN_MODEL_FILE"


def plan_of(name: str, own_file: Path | None) -> TrainingPlan:
    """The plan of a model. own_file: a Python file with PLAN, a `TrainingPlan`; it is run. None: none.

    Raises:
        StopError: there is no model of this name, or the file cannot be used.
    """
    plans = dict(PLANS)
    if own_file is not None:
        own = _own_plan(own_file)
        if own.name in plans:
            raise StopError(
                f"{_KEY} {shown(str(own_file))}: {own.name} is a model of HYDRA: choose another name"
            )
        plans[own.name] = own
    if name not in plans:
        raise StopError(
            f"there is no model {shown(name)} to train: choose one of {', '.join(plans)}, or name a file of "
            f"your own in {_KEY} (docs/training.md)"
        )
    return plans[name]


def _own_plan(file: Path) -> TrainingPlan:
    place = f"{_KEY} {shown(str(file))}"
    spec = spec_from_file_location("own_model", file) if file.is_file() else None
    if spec is None or spec.loader is None:
        raise StopError(f"{place}: there is no such Python file")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # what a file of the user raises is not known
        raise StopError(f"{place} cannot be run: {type(error).__name__}: {shown(str(error))}") from error
    plan = getattr(module, "PLAN", None)
    if not isinstance(plan, TrainingPlan):
        raise StopError(f"{place} has no PLAN that is a TrainingPlan: see examples/few_features.py")
    if plan.name == ALL or not MODEL_NAME.fullmatch(plan.name):
        raise StopError(f"{place}: {shown(plan.name)} is no name of a model: {NAME_RULE}, and not {ALL}")
    return plan
