"""XGBoost as a model of two or more classes. A class without rows keeps its place.

Its library is loaded with the first fit. Source: ML document, Regime Classifier; C68.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from hydra.arrays import Floats
from hydra.models.boosting_parameters import AS_PRINTED, SHOW_EVERY, BoostingParameters
from hydra.models.interface import FitSettings, Sample, ShowLoss
from hydra.registry.boosted_trees import XGBOOST, xgboost_predictor

_TWO: Final = 2
_FORMAT: Final = "ubj"


@dataclass(frozen=True)
class XGBoostTrees:
    """A `Model` of so many classes."""

    classes: int = _TWO
    own: BoostingParameters = AS_PRINTED

    @property
    def title(self) -> str:
        """See `Model`."""
        return "XGBoost"

    @property
    def kind(self) -> str:
        """See `Model`."""
        return XGBOOST

    @property
    def libraries(self) -> Mapping[str, str]:
        """See `Model`."""
        return {"xgboost-cpu": version("xgboost-cpu")}

    @property
    def parameters(self) -> Mapping[str, str]:
        """See `Model`."""
        return self.own.shown(XGBOOST)

    def fit(
        self,
        sample: Sample,
        settings: FitSettings,
        validation: Sample | None = None,
        show: ShowLoss = lambda _trees, _loss: None,
    ) -> "FittedXGBoost":
        """See `Model`."""
        import xgboost  # noqa: PLC0415  # it takes a second

        class Losses(xgboost.callback.TrainingCallback):
            """Shows the loss now and then."""

            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
                """Called by XGBoost after each tree; False: go on."""
                if epoch % SHOW_EVERY == 0:
                    losses = next(iter(evals_log["watched"].values()))
                    show(epoch + 1, float(losses[-1]))
                return False

        trained = _rows(sample)
        booster = xgboost.train(
            self._settings(settings),
            trained,
            num_boost_round=settings.trees or self.own.most_trees,
            evals=[(trained if validation is None else _rows(validation), "watched")],
            early_stopping_rounds=None if validation is None else self.own.early_stopping_rounds,
            verbose_eval=False,
            callbacks=[Losses()],
        )
        if validation is not None:
            booster = booster[: booster.best_iteration + 1]
        return FittedXGBoost(booster, self.classes)

    def _settings(self, settings: FitSettings) -> dict[str, Any]:
        many = {"objective": "multi:softprob", "num_class": self.classes, "eval_metric": "mlogloss"}
        two = {"objective": "binary:logistic", "eval_metric": "logloss"}
        return {
            "learning_rate": self.own.learning_rate,
            "max_depth": self.own.depth,
            "reg_lambda": self.own.l2_leaf_reg,
            "tree_method": "hist",
            "seed": settings.seed,
            "nthread": settings.threads,
            **(two if self.classes == _TWO else many),
        }


class FittedXGBoost:
    """A `FittedModel`."""

    def __init__(self, booster: Any, classes: int) -> None:
        self._booster = booster
        self._classes = classes

    @property
    def trees(self) -> int:
        """See `FittedModel`. A round of several classes counts as one."""
        return int(self._booster.num_boosted_rounds())

    def scores(self, matrix: Floats) -> Floats:
        """See `FittedModel`; computed as the registry computes them."""
        predict, _ = xgboost_predictor(self.native(), self._classes)
        return predict(matrix)

    def contributions(self, matrix: Floats) -> Floats:
        """See `FittedModel`. SHAP values."""
        import xgboost  # noqa: PLC0415  # see above

        found = self._booster.predict(xgboost.DMatrix(matrix), pred_contribs=True).astype(np.float64)
        own: Floats = found[..., :-1]
        return own if self._classes == _TWO else np.abs(own).mean(axis=1)

    def native(self) -> bytes:
        """See `FittedModel`."""
        return bytes(self._booster.save_raw(_FORMAT))


def _rows(sample: Sample) -> Any:
    import xgboost  # noqa: PLC0415  # see above

    return xgboost.DMatrix(sample.matrix, label=sample.labels, weight=sample.weights)
