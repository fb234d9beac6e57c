"""What the trainer needs to know of a model: its rows, who competes, how they are judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hydra.backtest.simulation import PreparedMarket
from hydra.ledger.calibration import CalibrationBin
from hydra.models.calibration import Fit
from hydra.models.interface import Model
from hydra.models.judged_trades import JudgedTrades
from hydra.models.out_of_fold import OutOfFold
from hydra.models.report import Baseline
from hydra.models.score_deciles import TRADE_RESULT, ResultWords, ScoreDecile
from hydra.registry.gates import GateResult, Search
from hydra.trading.parameters import Rules
from hydra.training.training_rows import TrainingRows


@dataclass(frozen=True)
class Judgement:
    """Of one competitor on rows that it had not seen.

    reliability: how often what it said came true, by how sure it was. deciles: what rows brought, by score;
    empty where they bring nothing. gates: what they say, given how the model was found.
    """

    trades: JudgedTrades
    figures: Mapping[str, float | None]
    baselines: tuple[Baseline, ...]
    reliability: Sequence[CalibrationBin]
    deciles: Sequence[ScoreDecile]
    gates: Callable[[Search], tuple[GateResult, ...]]


@dataclass(frozen=True)
class TrainingPlan:
    """name: of the versions in the registry. competitors: the first is registered, the others challenge it.

    calibrate: the map in the artifact. classes: of the label, in words. result: what a row brings.
    """

    name: str
    classes: tuple[str, ...]
    rows: Callable[[PreparedMarket, Rules], TrainingRows]
    competitors: Callable[[TrainingRows], tuple[Model, ...]]
    judge: Callable[[TrainingRows, OutOfFold, Rules], Judgement]
    calibrate: Fit
    result: ResultWords = TRADE_RESULT
