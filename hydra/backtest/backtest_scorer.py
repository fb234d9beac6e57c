"""What scores a backtest: the rule, or one model, which may not have been trained on what it is tested on.

Source: docs/architecture.md, law 10; C88.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg

from hydra.errors import BadDataError, StopError
from hydra.layers.scorer import PUBLISHED, SCORERS
from hydra.registry.publishing import serving_model
from hydra.registry.run_record import labels_end, model_record
from hydra.registry.serving import SIGNAL_SCORER, Served, load_signal_scorer
from hydra.trading.parameters import Rules
from hydra.trading.scoring import ScorerSince


@dataclass(frozen=True)
class BacktestScorer:
    """What scores a backtest by `rules`. served: None: a rule does. record: for the run's config."""

    rules: Rules
    served: Served | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    is_in_sample: bool = False

    @property
    def scorers(self) -> tuple[ScorerSince, ...]:
        """For `simulate`."""
        return () if self.served is None else (ScorerSince(None, self.served.scorer),)


def backtest_scorer(
    connection: psycopg.Connection, rules: Rules, data_from: datetime, *, allows_in_sample: bool = False
) -> BacktestScorer:
    """What scores a backtest of the minutes from `data_from` on.

    `published` becomes the version that is chosen now: what a run records does not change its meaning.

    Raises:
        StopError: the model cannot be used, none is chosen, or its training data, labels included, reach
            into the tested range and `allows_in_sample` is false.
    """
    title = rules.scoring.scorer
    if title in SCORERS:
        return BacktestScorer(rules)
    if title == PUBLISHED:
        chosen = serving_model(connection, SIGNAL_SCORER)
        if chosen is None:
            raise StopError(
                f"no version of {SIGNAL_SCORER} is chosen: name one as {SIGNAL_SCORER}@1, or use the rule"
            )
        title = chosen.title
    try:
        scorer, model = load_signal_scorer(connection, title)
    except BadDataError as error:
        raise StopError(str(error)) from None
    end = labels_end(model)
    is_in_sample = data_from < end
    if is_in_sample and not allows_in_sample:
        raise StopError(
            f"{title} was trained on data to {end:%Y-%m-%d %H:%M} UTC, labels included, and the backtest "
            f"begins at {data_from:%Y-%m-%d %H:%M}: what it earns there says nothing. Begin it later; "
            "`hydra backtest --in-sample` does it nevertheless and says so in the report"
        )
    named = replace(rules, scoring=replace(rules.scoring, scorer=title))
    served = Served(title, scorer, model.sha256)
    return BacktestScorer(named, served, model_record(model), is_in_sample)
