"""Layers 2 and 3 over all minutes and pairs at once, with the functions of a live run.

Source: docs/architecture.md, law 2; C109 (no news view in a backtest).
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import TIME, Codes, Flags, Floats
from hydra.backtest.adaptive_thresholds import join_own_thresholds
from hydra.backtest.market import BacktestMarket
from hydra.backtest.news import NewsColumns, news_columns
from hydra.domain import ReasonCode, SignalSource, TradabilityStatus
from hydra.durations import MINUTE_US
from hydra.features.engine.decision_frame import DECISION_DELAY_US, decision_frames
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import MarketFacts
from hydra.layers.layer2_statistical import assess
from hydra.layers.layer3_news import NO_NEWS
from hydra.trading.assessed_minutes import assess_each
from hydra.trading.minute_rows import GENERATOR_INPUTS, AssessedPair, generator_columns, generator_inputs
from hydra.trading.parameters import Rules
from hydra.trading.scoring import ScorerSince, Scoring, rules_alone
from hydra.trading.signal_rows import fired_signals, judged_signals
from hydra.trading.verdicts import UNKNOWN_CODE

RULE_FEATURES: Final = tuple(
    dict.fromkeys(
        (
            "volatility_percentile",
            "known_liq_velocity",
            "m5_candles",
            "m5_price_vs_sma_20",
            "m5_price_vs_sma_50",
            "spread_bps",
            *GENERATOR_INPUTS,
        )
    )
)
"""The features that layers 2 and 3 read; other features are computed only for stored minutes."""

TRADABILITIES: Final = tuple(TradabilityStatus)
REASON_CODES: Final = tuple(ReasonCode)
SIGNAL_SOURCES: Final = tuple(SignalSource)
SIGNAL_SIDES: Final = 2

_PIECE_ROWS: Final = 500_000
_PIECES_AT_ONCE: Final = 2
_NO_NEWS: Final = pl.lit(None, dtype=pl.String()).alias("news_action")
"""Of a backtest that replays no stored views (C109)."""


@dataclass(frozen=True)
class DecisionColumns:
    """The verdicts of layers 2 and 3, per decided minute (rows) and pair (columns).

    tradability, reason: indices of TRADABILITIES and REASON_CODES. regime, volatility_regime: codes, -1 where
    unknown. numbers: those that later stages read, NaN where unknown.
    scored: every signal with its verdict, in the order of `choose_signals`; its time is the decision's.
    chosen: index in `scored` of the chosen signal, -1: none. key: of the chosen signal, source x 2 + (0 long,
    1 short), -1: none. first_signal: index in `scored` of a pair-minute's first signal. signals: how many.
    news: None where no stored views are replayed.
    """

    tradability: Codes
    reason: Codes
    entries_allowed: Flags
    regime: Codes
    volatility_regime: Codes
    numbers: dict[str, Floats]
    scored: pl.DataFrame
    chosen: NDArray[np.int64]
    key: Codes
    first_signal: NDArray[np.int64]
    signals: Codes
    news: NewsColumns | None = None

    def assessed(self, row: int, column: int, instrument_id: int) -> AssessedPair:
        """Layer 2's verdict on one pair and minute, as later stages read it."""
        regime, volatility = self.regime.item(row, column), self.volatility_regime.item(row, column)
        return AssessedPair(
            instrument_id=instrument_id,
            tradability=TRADABILITIES[self.tradability.item(row, column)],
            reason_code=REASON_CODES[self.reason.item(row, column)],
            regime=None if regime == UNKNOWN_CODE else regime,
            volatility_regime=None if volatility == UNKNOWN_CODE else volatility,
            cascade_probability=self._number("gate_cascade_probability", row, column),
            numbers={
                "measured": {
                    name: self._number(name, row, column) for name in _MEASURED if name in self.numbers
                },
                "last_close": self._number("last_close", row, column),
                "data_outage_seconds": self._number("data_outage_seconds", row, column),
                "entries_allowed": self.entries_allowed.item(row, column),
            },
            news=NO_NEWS if self.news is None else self.news.of(row, column),
        )

    def places(self, market: BacktestMarket) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The row and the column of each signal of `scored`."""
        return _places(market, self.scored)

    def signals_of(self, row: int, column: int) -> range:
        """The indices in `scored` of a pair-minute's signals."""
        begin = int(self.first_signal[row, column])
        return range(begin, begin + int(self.signals[row, column]))

    def _number(self, name: str, row: int, column: int) -> float | None:
        value: float = self.numbers[name].item(row, column)
        return None if math.isnan(value) else value


_MEASURED: Final = generator_inputs(is_adaptive=True)


def _numbers(rules: Rules) -> tuple[str, ...]:
    """The numbers of `DecisionColumns`."""
    inputs = generator_inputs(is_adaptive=rules.signals.is_adaptive)
    return (*inputs, "gate_cascade_probability", "last_close", "data_outage_seconds")


def decision_keys(market: BacktestMarket) -> pl.DataFrame:
    """Every decision of `market`: instrument_id and time, in the order of time, then pair."""
    instants = (pl.Series("time", market.minutes) * MINUTE_US + DECISION_DELAY_US).cast(TIME).to_frame()
    ids = pl.Series("instrument_id", market.instrument_ids, dtype=pl.Int16()).to_frame()
    return instants.join(ids, how="cross", maintain_order="left_right").select("instrument_id", "time")


def has_same_inputs(one: BacktestMarket, other: BacktestMarket) -> bool:
    """Whether every decision of both markets has the same `rule_inputs`: other tables may differ."""
    return (
        one.facts is other.facts
        and one.instrument_ids == other.instrument_ids
        and np.array_equal(one.minutes, other.minutes)
    )


def rule_inputs(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    """The inputs of the rules at each of `decisions`: ages, the last close and RULE_FEATURES."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        framed = beside.submit(decision_frames, facts, decisions)
        features = feature_matrix(facts, decisions, RULE_FEATURES)
        return framed.result().hstack(features.drop("instrument_id", "time"))


def assessed_rows(market: BacktestMarket, decisions: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Layer 2's verdicts on `decisions` with every stored feature."""
    return join_own_thresholds(market, assess_each(market.facts, decisions, rules.statistical), rules)


def decide_columns(
    market: BacktestMarket, inputs: pl.DataFrame, rules: Rules, scorers: Sequence[ScorerSince] = ()
) -> DecisionColumns:
    """Layers 2 and 3 on every row of `inputs` (see `rule_inputs`).

    scorers: what scores signals, in the order of time; none: the rule that `rules` name.
    """
    numbers = _numbers(rules)
    read = generator_columns(generator_inputs(is_adaptive=rules.signals.is_adaptive))

    news = news_columns(market, rules.news_counts_for)

    def decide(piece: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        assessed = join_own_thresholds(market, assess(piece, rules.statistical), rules)
        seen = assessed.with_columns(_NO_NEWS if news is None else piece["news_action"])
        return _kept(assessed, numbers), fired_signals(seen.select(read), rules)

    known = inputs if news is None else inputs.with_columns(news.action_words())
    with ThreadPoolExecutor(_PIECES_AT_ONCE) as pool:
        parts, fired = zip(*pool.map(decide, _pieces(known, len(market.instrument_ids))), strict=True)
    shape = (len(market.minutes), len(market.instrument_ids))
    kept = pl.concat(parts)
    signals = judged_signals(pl.concat(fired), rules, _scoring(market, rules, scorers))
    rows, columns = _places(market, signals)
    first, count = _runs(rows, columns, shape)
    chosen = np.full(shape, -1, np.int64)
    key = np.full(shape, -1, np.int8)
    is_chosen = signals["chosen"].to_numpy()
    own = rows[is_chosen], columns[is_chosen]
    chosen[own] = np.flatnonzero(is_chosen)
    picked = signals.select("chosen", "direction", "source").filter("chosen")
    side = (picked["direction"] < 0).cast(pl.Int8)
    key[own] = (picked["source"].to_physical().cast(pl.Int8) * SIGNAL_SIDES + side).to_numpy()
    return DecisionColumns(
        tradability=_codes(kept["tradability"].to_physical(), shape),
        reason=_codes(kept["reason_code"].to_physical(), shape),
        entries_allowed=kept["entries_allowed"].to_numpy().reshape(shape),
        regime=_codes(kept["regime"].fill_null(UNKNOWN_CODE), shape),
        volatility_regime=_codes(kept["volatility_regime"].fill_null(UNKNOWN_CODE), shape),
        numbers={
            name: kept[name].cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(shape) for name in numbers
        },
        scored=signals,
        chosen=chosen,
        key=key,
        first_signal=first,
        signals=count,
        news=news,
    )


def _scoring(market: BacktestMarket, rules: Rules, scorers: Sequence[ScorerSince]) -> Scoring:
    def vectors(decisions: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        # Two generators may fire in a minute: its features are computed once.
        once = decisions.unique(maintain_order=True)
        features = feature_matrix(market.facts, once, names)
        return decisions.join(features, on=once.columns, how="left", maintain_order="left").select(names)

    return Scoring(tuple(scorers), vectors) if scorers else rules_alone(rules.scoring.scorer)


def _pieces(inputs: pl.DataFrame, pairs: int) -> Iterator[pl.DataFrame]:
    """Pieces of whole minutes, because the intermediate columns of layer 2 need much memory."""
    return inputs.iter_slices(max(1, _PIECE_ROWS // pairs) * pairs)


def _kept(assessed: pl.DataFrame, numbers: tuple[str, ...]) -> pl.DataFrame:
    return assessed.select(
        "tradability", "reason_code", "entries_allowed", "regime", "volatility_regime", *numbers
    )


def _codes(values: pl.Series, shape: tuple[int, int]) -> Codes:
    codes: Codes = values.cast(pl.Int8).to_numpy().reshape(shape)
    return codes


def _places(market: BacktestMarket, signals: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    decided = (signals["time"].to_physical().to_numpy() - DECISION_DELAY_US) // MINUTE_US
    return np.searchsorted(market.minutes, decided), market.columns_of(signals["instrument_id"])


def _runs(
    rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], Codes]:
    """Per pair-minute the index of its first signal and their number; they are contiguous."""
    first, count = np.zeros(shape, np.int64), np.zeros(shape, np.int8)
    pair_minutes = rows * shape[1] + columns
    begins = np.flatnonzero(np.diff(pair_minutes, prepend=-1))
    ends = np.append(begins[1:], len(pair_minutes))
    first[rows[begins], columns[begins]] = begins
    count[rows[begins], columns[begins]] = ends - begins
    return first, count
