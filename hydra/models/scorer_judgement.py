"""A signal scorer on rows that it had not seen, beside the rule that it would replace.

Model and rule are calibrated alike, each on folds before the one that they are judged on.
Source: C68, C70, C88; docs/practice.md, "Calibration".
"""

from dataclasses import dataclass

import numpy as np

from hydra.arrays import Flags, Floats
from hydra.ledger.bootstrap import Estimate
from hydra.models.calibration import calibrate_two_classes, calibrated_forward
from hydra.models.judged_trades import JudgedTrades, days_of, judged_trades, taken_trades
from hydra.models.out_of_fold import OutOfFold
from hydra.registry.comparison import mean_of_days
from hydra.registry.gates import Forecasts, GateResult, ScoredRows, Search, judge
from hydra.training.training_rows import TrainingRows


@dataclass(frozen=True)
class JudgedScorer:
    """rows: the judged ones. model, twin: their probabilities. trades: over every tested day."""

    out: OutOfFold
    rows: TrainingRows
    model: Floats
    twin: Floats
    trades: JudgedTrades

    @property
    def won(self) -> Flags:
        """Whether each trade brought a profit after all costs."""
        won: Flags = self.rows.labels == 1
        return won

    @property
    def forecasts(self) -> Forecasts:
        """Of the judged rows."""
        return Forecasts(self.model, self.twin, self.won, self.rows.uniqueness, self.rows.days)

    @property
    def net_bps(self) -> Floats:
        """Of each trade, after all costs."""
        found: Floats = self.rows.frame["net_bps"].to_numpy()
        return found


def judge_scorer(rows: TrainingRows, out: OutOfFold, threshold: float) -> JudgedScorer:
    """Calibrate what was scored out of fold, and take the trades that reach `threshold`.

    rows: with the columns of `signal_training_rows`.
    """
    tested = rows.at(out.rows)
    labels, uniqueness, spans = tested.labels, tested.uniqueness, tested.spans
    rule = tested.frame["score"].fill_null(0.0).to_numpy()
    model, twin = (
        calibrated_forward(scores, labels, uniqueness, spans, out.fold, calibrate_two_classes)
        for scores in (out.scores, rule)
    )
    judged = np.flatnonzero(np.isfinite(model) & np.isfinite(twin))
    own = tested.at(judged)
    pairs = own.frame["instrument_id"].to_numpy()
    taken = taken_trades(own.spans, pairs, model[judged], threshold)
    net_bps = own.frame["net_bps"].to_numpy()
    count = max(1, tested.frame["instrument_id"].n_unique())
    trades = judged_trades(own.spans, net_bps, taken, count, days_of(spans))
    return JudgedScorer(out, own, model[judged], twin[judged], trades)


def scorer_gates(judged: JudgedScorer, search: Search) -> tuple[GateResult, ...]:
    """What the gates say of it, given how it was found, itself included."""
    forecasts = judged.forecasts
    return judge(
        ScoredRows(
            forecasts.model,
            forecasts.twin,
            forecasts.won,
            forecasts.uniqueness,
            forecasts.day,
            net_bps=np.where(judged.trades.is_taken, judged.net_bps, np.nan),
            daily_returns=judged.trades.daily.for_ratios,
            search=search,
        )
    )


def mean_net_bps(judged: JudgedScorer, taken: Flags) -> Estimate:
    """Mean result of some trades after all costs, basis points, with its interval by days."""
    return mean_of_days(judged.net_bps[taken], np.ones(int(taken.sum())), judged.rows.days[taken])


def baselines(judged: JudgedScorer, threshold: float) -> dict[str, tuple[int, Estimate]]:
    """By words: how many trades, and their mean result; each pair holds one at a time.

    The rule is taken at the same threshold by its own score, as it trades today.
    """
    spans, pairs = judged.rows.spans, judged.rows.frame["instrument_id"].to_numpy()
    everything = np.ones(len(judged.rows))
    rule = judged.rows.frame["score"].fill_null(0.0).to_numpy()
    taken = {
        "the model": judged.trades.is_taken,
        "the rule": taken_trades(spans, pairs, rule, threshold),
        "every signal": taken_trades(spans, pairs, everything, 0.0),
    }
    return {name: (int(flags.sum()), mean_net_bps(judged, flags)) for name, flags in taken.items()}
