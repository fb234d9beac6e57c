"""A model from a file of the user is found by its name; a file that cannot be used says why."""

from pathlib import Path

import pytest

from hydra.errors import StopError
from hydra.models.plans import PLANS, plan_of
from hydra.paths import PROJECT_ROOT

EXAMPLE = PROJECT_ROOT / "examples" / "few_features.py"
RENAMED = (
    "from dataclasses import replace\nfrom hydra.models.plans import PLANS\nPLAN = replace(PLANS['exit'], "
)


def test_the_example_is_a_plan_beside_those_of_hydra() -> None:
    assert plan_of("few-features", EXAMPLE).name == "few-features"
    assert plan_of("regime", EXAMPLE) is PLANS["regime"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PLAN = 1", "has no PLAN that is a TrainingPlan"),
        ("import nowhere", "cannot be run: ModuleNotFoundError"),
        ("PLAN = (", "cannot be run: SyntaxError"),
        ("from hydra.models.plans import PLANS\nPLAN = PLANS['exit']", "exit is a model of HYDRA"),
        (f"{RENAMED}name='all')", "all is no name of a model"),
        (f"{RENAMED}name='Mine_1')", "Mine_1 is no name of a model: it begins with a small letter"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "own.py"
    file.write_text(text)
    with pytest.raises(StopError, match=f"^OWN_MODEL_FILE .*own.py.*{words}"):
        plan_of("mine", file)


def test_a_name_or_a_file_that_is_not_there_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(StopError, match="no model mine to train: choose one of signal-scorer, regime, exit"):
        plan_of("mine", None)
    with pytest.raises(StopError, match="there is no such Python file"):
        plan_of("mine", tmp_path / "gone.py")
