"""CatBoost as a model of two classes.

Its library is loaded with the first fit. Source: ML document, Signal Scorer; C68.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from hydra.arrays import Floats
from hydra.models.boosting_parameters import AS_PRINTED, SHOW_EVERY, BoostingParameters
from hydra.models.interface import FitSettings, Sample, ShowLoss
from hydra.registry.boosted_trees import CATBOOST, catboost_predictor

_TWO: Final = 2
_WRITTEN_AT: Final = {"train_finish_time": "", "model_guid": ""}
"""What CatBoost stores of the moment of a fit: with it, no two fits would be the same bytes."""


@dataclass(frozen=True)
class CatBoostTrees:
    """A `Model`."""

    own: BoostingParameters = AS_PRINTED

    @property
    def title(self) -> str:
        """See `Model`."""
        return "CatBoost"

    @property
    def kind(self) -> str:
        """See `Model`."""
        return CATBOOST

    @property
    def classes(self) -> int:
        """See `Model`."""
        return _TWO

    @property
    def libraries(self) -> Mapping[str, str]:
        """See `Model`."""
        return {"catboost": version("catboost")}

    @property
    def parameters(self) -> Mapping[str, str]:
        """See `Model`."""
        return self.own.shown(CATBOOST)

    def fit(
        self,
        sample: Sample,
        settings: FitSettings,
        validation: Sample | None = None,
        show: ShowLoss = lambda _trees, _loss: None,
    ) -> "FittedCatBoost":
        """See `Model`."""
        from catboost import CatBoostClassifier  # noqa: PLC0415  # it takes a second

        model: Any = CatBoostClassifier(
            iterations=settings.trees or self.own.most_trees,
            learning_rate=self.own.learning_rate,
            depth=self.own.depth,
            l2_leaf_reg=self.own.l2_leaf_reg,
            random_seed=settings.seed,
            thread_count=settings.threads,
            logging_level="Silent",
            allow_writing_files=False,
            **({} if validation is None else {"early_stopping_rounds": self.own.early_stopping_rounds}),
        )
        model.fit(
            _pool(sample),
            eval_set=None if validation is None else _pool(validation),
            use_best_model=validation is not None,
            callbacks=[_Losses(show, "learn" if validation is None else "validation")],
        )
        return FittedCatBoost(model)


class FittedCatBoost:
    """A `FittedModel`."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def trees(self) -> int:
        """See `FittedModel`."""
        return int(self._model.tree_count_)

    def scores(self, matrix: Floats) -> Floats:
        """See `FittedModel`; computed as the registry computes them."""
        predict, _ = catboost_predictor(self.native(), _TWO)
        return predict(matrix)

    def contributions(self, matrix: Floats) -> Floats:
        """See `FittedModel`. SHAP values."""
        from catboost import Pool  # noqa: PLC0415  # see above

        found: Floats = self._model.get_feature_importance(Pool(matrix), type="ShapValues", thread_count=1)
        return found[:, :-1]

    def native(self) -> bytes:
        """See `FittedModel`."""
        metadata = self._model.get_metadata()
        for name, value in _WRITTEN_AT.items():
            metadata[name] = value
        with tempfile.TemporaryDirectory(prefix="hydra-") as folder:
            path = Path(folder) / "model.cbm"
            self._model.save_model(str(path))
            return path.read_bytes()


class _Losses:
    """Shows the loss now and then."""

    def __init__(self, show: ShowLoss, sample: str) -> None:
        self._show = show
        self._sample = sample

    def after_iteration(self, info: Any) -> bool:
        """Called by CatBoost after each tree, counted from 1; True: go on."""
        if info.iteration % SHOW_EVERY == 1:
            self._show(info.iteration, info.metrics[self._sample]["Logloss"][-1])
        return True


def _pool(sample: Sample) -> Any:
    from catboost import Pool  # noqa: PLC0415  # see above

    return Pool(sample.matrix, sample.labels, weight=sample.weights)
