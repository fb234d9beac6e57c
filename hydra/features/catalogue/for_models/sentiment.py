"""The Fear & Greed index (recipe); advisory (C111)."""

from datetime import timedelta
from typing import Final

import polars as pl

from hydra.durations import MINUTE
from hydra.features.catalogue.for_models.recipe_feature import recipe_feature
from hydra.features.expressions import no_older_than
from hydra.features.facts import Grid
from hydra.features.feature import WorkingColumn

_LIFETIME: Final = timedelta(hours=48)
_NEUTRAL: Final = 50

WORKING = (
    WorkingColumn("sentiment_time", Grid.SENTIMENT, pl.col("fact_time")),
    WorkingColumn("sentiment_score", Grid.SENTIMENT, pl.col("value") / _NEUTRAL - 1),
)

FEATURES = (
    recipe_feature(
        "social_sentiment_score",
        no_older_than("sentiment_score", "sentiment_time", _LIFETIME),
        "Fear & Greed index / 50 - 1",
        unit="-1..1",
        window="last published",
        inputs=("sentiment.value",),
        null_rule="NL(48 h)",
        pit="E",
        grid=Grid.DECISION,
        bounds=(-1, 1),
        heard=MINUTE,
    ),
)
