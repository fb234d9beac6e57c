"""The page of a training: every part is there, undefined figures too, and text from outside is escaped."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from hydra.answers.html_report.training_page import training_page, write_training_report
from hydra.errors import StopError
from hydra.ledger.bootstrap import Estimate
from hydra.ledger.calibration import CalibrationBin
from hydra.models.out_of_fold import FittedFold
from hydra.models.report import Baseline, TrainingReport
from hydra.models.score_deciles import TRADE_RESULT, ScoreDecile, score_deciles
from hydra.registry.gates import GateResult

REPORT = TrainingReport(
    model="signal-scorer@3",
    label="managed_profit",
    sha256="ab" * 32,
    is_forced=True,
    shortfalls=("83 independent rows, 300 needed",),
    decisions=900,
    rows=247,
    effective_rows=82.8,
    classes={"lost": 190, "won": 57},
    trained=(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 7, 31, tzinfo=UTC)),
    vault=(datetime(2025, 8, 1, tzinfo=UTC), datetime(2025, 9, 30, tzinfo=UTC)),
    rows_in_vault=65,
    folds=(FittedFold(0, 40, 0, 0, "no row of the class won"), FittedFold(1, 80, 25, 117)),
    trees=117,
    tried={"CatBoost": {"depth": "6", "note": "<b>"}, "XGBoost": {"depth": "5"}},
    figures={"CatBoost": {"model_auc": 0.31519, "model_brier": None}, "XGBoost": {"model_auc": 0.4}},
    baselines=(Baseline("every signal", 182, Estimate(-12.34, -20.0, -4.0)),),
    reliability=(CalibrationBin(25, 0.31, 0.28, 0.14, 0.48),),
    deciles=(ScoreDecile(25, 0.1, 0.2, 0.28, Estimate(-9.87)),),
    result=TRADE_RESULT,
    importances=(("funding_z", 0.25), ("oi_change_1h", 0.05)),
    gates=(GateResult("samples", 182.0, 1_000.0, is_passed=False, words="samples: 182 scored rows"),),
    trials=14,
    seconds={"rows": 1.25},
)


def test_the_page_has_the_sentence_the_gates_and_every_figure() -> None:
    page = training_page(REPORT)
    assert REPORT.sentence in page
    for text in (
        "83 independent rows, 300 needed", "182 scored rows", "was not judged", "0.3152", "every signal",
        "-20.0 to -4.0", "28.0 %", "0.100 to 0.200", "funding_z", "no row of the class won", "14 trials",
        "57 (23.1%)", "2025-08-01",
    ):  # fmt: skip
        assert text in page, text
    assert "<b>" not in page
    assert "note=&lt;b&gt;" in page
    assert "<script" not in page


def test_a_training_without_judged_rows_says_so() -> None:
    page = training_page(replace(REPORT, reliability=(), deciles=(), importances=(), baselines=()))
    assert "No row was judged" in page


def test_a_page_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    with pytest.raises(StopError, match="cannot be written to"):
        write_training_report(REPORT, tmp_path / "missing" / "report.html")


def test_deciles_hold_equal_scores_together_and_say_what_their_trades_brought() -> None:
    found = score_deciles(
        np.array([0.2, 0.2, 0.9, 0.4]),
        np.array([False, True, True, False]),
        np.array([-30.0, 10.0, 25.0, -5.0]),
        np.array(["2025-01-01", "2025-01-02", "2025-01-02", "2025-01-03"], "datetime64[D]"),
    )
    shape = [(one.rows, one.lowest, one.highest, one.true_share) for one in found]
    assert shape == [(2, 0.2, 0.2, 0.5), (1, 0.4, 0.4, 0.0), (1, 0.9, 0.9, 1.0)]
    assert [one.amount_bps.value for one in found] == [-10.0, -5.0, 25.0]
    assert score_deciles(np.zeros(0), np.zeros(0, np.bool_), np.zeros(0), np.zeros(0, "datetime64[D]")) == []
