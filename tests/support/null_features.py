"""Which features are null at the newest minute of a run on an exchange."""

from contextlib import closing
from datetime import datetime

import polars as pl

from hydra.arrays import TIME
from hydra.db.engine import adbc_connect, connect
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.features.for_models.recipe import FeatureRecipe, read_recipe_facts
from hydra.features.universe_numbers import read_universe_numbers
from hydra.trading.assessment_rows import STORED_FEATURES


def null_features(url: str, run_id: int) -> tuple[datetime, set[str]]:
    """That minute, and the features of the stored vectors and of the recipe that are null of some pair."""
    with closing(connect(url)) as connection:
        rows = connection.execute(
            "SELECT instrument_id, time, vector FROM hydra.features WHERE run_id = %s"
            " AND time = (SELECT max(time) FROM hydra.features WHERE run_id = %s)",
            (run_id, run_id),
        ).fetchall()
    ids, minute = [row[0] for row in rows], rows[0][1]
    stored = {
        name
        for _, _, vector in rows
        for name, value in zip(STORED_FEATURES, vector, strict=True)
        if value is None
    }
    instant = minute + DECISION_DELAY
    decisions = pl.DataFrame({"instrument_id": ids, "time": instant}).cast(
        {"instrument_id": pl.Int16, "time": TIME}
    )
    with adbc_connect(url) as reader:
        facts = read_recipe_facts(reader, instrument_ids=ids, start=instant, as_of=instant)
        recipe = FeatureRecipe(numbers=read_universe_numbers(reader, ids))
        matrix = recipe.build(facts, decisions)
    return minute, stored | {name for name in recipe.names if matrix[name].null_count()}
