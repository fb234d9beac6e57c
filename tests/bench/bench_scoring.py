"""A model in the path: scoring a cycle, taking up a publication, and what it costs a backtest.

A cycle is scored from the stored vectors of its pairs, as rows of the database come, a signal a pair: the
matrix, the model and the choice of the score. The model is logistic and reads all 49 features.
"""

import time
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import polars as pl

from hydra.arrays import TIME
from hydra.backtest.simulation import Stopwatch, prepare, simulate
from hydra.db.engine import connect
from hydra.layers.layer3_signals import SIDE_TYPE, SOURCE_TYPE
from hydra.registry.logistic import read_logistic
from hydra.registry.publishing import publish
from hydra.registry.scorer_watch import ScorerWatch
from hydra.registry.serving import serve
from hydra.settings import Settings
from hydra.sim.market.settings import MarketSettings, Scenario
from hydra.trading.assessment_rows import STORED_FEATURES
from hydra.trading.model_scorer import ModelScorer
from hydra.trading.parameters import rules_of
from hydra.trading.scoring import ScorerSince, Scoring, scored
from hydra.trading.stored_vectors import named_vectors
from tests.bench.result import Result, at_least, at_most, median_seconds
from tests.support.generated_facts import generated_market
from tests.support.scorer_scene import broad_artifact, publish_scorer, register_scorer
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import apache_server

START = datetime(2025, 6, 1, tzinfo=UTC)
DAYS = 60
RUNS = 200
DECIDING = ("features", "bars", "rules", "portfolio")
SHARE = 0.5


def measure() -> list[Result]:
    """Milliseconds a cycle of 8 and of 400 pairs, seconds to take up a publication, speed of a backtest."""
    return [
        at_most("scoring a cycle of 8 pairs", _cycle_ms(8), "ms", 10.0),
        at_most("scoring a cycle of 400 pairs", _cycle_ms(400), "ms", 50.0),
        at_most("from a publication to the model that scores", _reload_s(), "s", 5.0),
        at_least("speed of a backtest with a model in the path", _share(), "", SHARE, "the rule"),
    ]


def _model() -> ModelScorer:
    served = read_logistic(broad_artifact())
    return ModelScorer("signal-scorer@1", served.features, served.probabilities)


def _cycle_ms(pairs: int) -> float:
    chance = np.random.default_rng(3)
    stored = chance.normal(0, 1, (pairs, len(STORED_FEATURES))).tolist()
    frame = pl.DataFrame(
        {
            "instrument_id": pl.Series(range(pairs), dtype=pl.Int16()),
            "time": pl.Series([START] * pairs, dtype=TIME),
            "source": pl.Series(["OI_DIVERGENCE"] * pairs).cast(SOURCE_TYPE),
            "side": pl.Series(["LONG"] * pairs).cast(SIDE_TYPE),
            "confidence": [0.6] * pairs,
            "expected_return": [0.01] * pairs,
            "expected_adverse_excursion": [0.005] * pairs,
            "regime": pl.Series([2] * pairs, dtype=pl.Int8()),
            "volatility_regime": pl.Series([1] * pairs, dtype=pl.Int8()),
        }
    )
    scoring = Scoring.by(_model(), lambda _decisions, names: named_vectors(stored, names))
    return median_seconds(lambda: scored(frame, scoring), RUNS, 20) * 1000


def _reload_s() -> float:
    with (
        apache_server() as server,
        TestServer(server).migrated() as url,
        connect(url, autocommit=True) as connection,
    ):
        publish_scorer(connection)
        second = register_scorer(connection, seed=8)
        first = serve(connection, "published")
        with closing(ScorerWatch(lambda: url, first, needs_publication=False)) as watch:
            time.sleep(1.0)
            begin = time.perf_counter()
            publish(connection, second.title, "bench", "newer")
            while watch.served.scorer.kind != second.title:
                time.sleep(0.001)
            return time.perf_counter() - begin


def _share() -> float:
    """How fast a backtest of a calm generated market is with a model, the rule being 1."""
    settings = MarketSettings(
        seed=1,
        start=START,
        warm_up_days=31,
        scenarios=(Scenario.CALM,),
        book_interval_seconds=0,
        heartbeat_interval_seconds=60,
    )
    market = generated_market(settings, DAYS * 1440)
    rules = rules_of(Settings(_env_file=None), ("liquidations",))  # type: ignore[call-arg]

    def deciding(*scorers: ScorerSince) -> float:
        watch = Stopwatch()
        simulate(prepare(market, watch), rules, 0, watch, scorers=scorers)
        return sum(watch.seconds[stage] for stage in DECIDING)

    deciding()
    return deciding() / deciding(ScorerSince(None, _model()))
