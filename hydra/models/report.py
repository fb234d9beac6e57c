"""What a training found, as values: for the terminal and for machines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hydra.ledger.bootstrap import Estimate
from hydra.ledger.calibration import CalibrationBin
from hydra.models.out_of_fold import FittedFold
from hydra.models.score_deciles import ResultWords, ScoreDecile
from hydra.registry.gates import GATES, GateResult, failed_gates


@dataclass(frozen=True)
class Baseline:
    """What trades by one rule brought on the judged rows; net: mean after all costs, basis points."""

    name: str
    trades: int
    net_bps: Estimate


@dataclass(frozen=True)
class TrainingReport:
    """model: name@version of what was registered. rows: before the vault. trained, vault: instants, UTC.

    classes: rows by class of the label. tried: the parameters of each model, by its title. figures: by model,
    then by name. reliability, deciles: of the registered model, see `Judgement`. result: what a row of
    a decile brings. importances: mean size of
    what a feature moved, largest first. trials: counted on this market, these included. shortfalls: of the
    history.
    """

    model: str
    label: str
    sha256: str
    is_forced: bool
    shortfalls: Sequence[str]
    decisions: int
    rows: int
    effective_rows: float
    classes: Mapping[str, int]
    trained: tuple[datetime, datetime]
    vault: tuple[datetime, datetime]
    rows_in_vault: int
    folds: Sequence[FittedFold]
    trees: int
    tried: Mapping[str, Mapping[str, str]]
    figures: Mapping[str, Mapping[str, float | None]]
    baselines: Sequence[Baseline]
    reliability: Sequence[CalibrationBin]
    deciles: Sequence[ScoreDecile]
    result: ResultWords
    importances: Sequence[tuple[str, float]]
    gates: Sequence[GateResult]
    trials: int
    seconds: Mapping[str, float]

    @property
    def sentence(self) -> str:
        """Whether this model should trade, in plain words."""
        failed = failed_gates(tuple(self.gates))
        if not failed:
            return (
                f"{self.model} passed all {len(GATES)} gates on rows that it had not seen: it may trade once "
                f"it is published (`hydra models publish {self.model}`), and the vault has not been opened."
            )
        names = ", ".join(sentence.partition(":")[0].partition(" was not")[0] for sentence in failed)
        return (
            f"{self.model} should not trade: {len(failed)} of {len(GATES)} gates are not passed ({names}); "
            "what is chosen today stays."
        )
