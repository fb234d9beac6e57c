"""A market as the decisions of a live run saw it.

A live minute is decided as soon as its candles are stored, on what was known by its `as_of`. That lies before
the instant that its features and ages count from: up to two seconds, or more where ingest stood still. What
became known in between is moved to just after that instant: the minute does not see it, the next one does.
Source: docs/architecture.md, law 3.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import TIME, Integers
from hydra.backtest.market import BacktestMarket, RecordedFacts
from hydra.durations import EPOCH, MICROSECOND, MINUTE_US
from hydra.errors import BadDataError
from hydra.features.engine.decision_frame import DECISION_DELAY_US
from hydra.features.engine.lateness import integers
from hydra.features.facts import LAYER_SOURCES

_AFTER_US: Final = 1


def seen_as_of(market: BacktestMarket, as_of_us: Integers) -> BacktestMarket:
    """`market`, whose minute i saw what was known by `as_of_us[i]` (microseconds since 1970 UTC).

    Raises:
        BadDataError: a minute's as_of lies after its instant, or before that of an earlier minute.
    """
    instants_us = market.minutes * MINUTE_US + DECISION_DELAY_US
    wrong = as_of_us > instants_us
    wrong[1:] |= as_of_us[1:] < as_of_us[:-1]
    if wrong.any():
        place = int(np.argmax(wrong))
        at = EPOCH + int(as_of_us[place]) * MICROSECOND
        raise BadDataError(
            f"the minute {market.time_of(place):%Y-%m-%d %H:%M} UTC was decided as of "
            f"{at:%Y-%m-%d %H:%M:%S}: later than its own instant, or earlier than a minute before it"
        )
    facts = market.facts
    moved = {name: _moved(facts.of(name), as_of_us, instants_us) for name in LAYER_SOURCES}
    return replace(
        market,
        facts=replace(facts, **moved),
        mark_prices=_moved(market.mark_prices, as_of_us, instants_us),
        recorded=RecordedFacts(facts, as_of_us),
    )


def _moved(frame: pl.DataFrame, as_of_us: Integers, instants_us: Integers) -> pl.DataFrame:
    known_us = integers(frame["known_at"])
    # The last minute whose as_of lies before it: that minute must not see it.
    before = np.searchsorted(as_of_us, known_us, "left") - 1
    unseen_by_us = np.where(before >= 0, instants_us[before] + _AFTER_US, known_us)
    is_moved = unseen_by_us > known_us
    if not is_moved.any():
        return frame
    return frame.with_columns(pl.Series("known_at", np.maximum(known_us, unseen_by_us)).cast(TIME))
