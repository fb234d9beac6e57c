"""`hydra train all`: each model in turn; one that refuses does not keep the others from it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hydra.cli import train
from hydra.errors import StopError
from hydra.models.plans import PLANS
from hydra.models.report import TrainingReport
from hydra.models.trainer import TrainingRequest
from tests.unit.test_training_page import REPORT


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models asked for, in order; that of the regime refuses. No database and no training."""
    asked: list[str] = []

    def train_in_process(_url: str, request: TrainingRequest, *_: object) -> TrainingReport:
        asked.append(request.model)
        if request.model == "regime":
            raise StopError("regime is not trained: no liquidations")
        return replace(REPORT, model=f"{request.model}@1")

    def nothing(*_: object) -> Any:
        return None

    for name in ("_choice", "database_url"):
        monkeypatch.setattr(train, name, nothing)
    monkeypatch.setattr("hydra.cli.db.up", nothing)
    monkeypatch.setattr(train, "train_in_process", train_in_process)
    return asked


def test_all_are_trained_and_the_one_that_refuses_is_told_at_the_end(
    trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StopError, match=r"^regime is not trained: no liquidations$"):
        train.command("all", html=tmp_path / "report.html", as_json=True)
    assert trained == list(PLANS)
    reports = json.loads(capsys.readouterr().out)
    assert [one["model"] for one in reports] == ["signal-scorer@1", "exit@1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report-exit.html",
        "report-signal-scorer.html",
    ]


def test_one_is_trained_alone(trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.command("exit", html=tmp_path / "report.html", as_json=True)
    assert trained == ["exit"]
    assert json.loads(capsys.readouterr().out)["model"] == "exit@1"
    assert (tmp_path / "report.html").exists()
    with pytest.raises(StopError, match="no liquidations"):
        train.command("regime", as_json=True)
    with pytest.raises(StopError, match="there is no model none to train"):
        train.command("none")
