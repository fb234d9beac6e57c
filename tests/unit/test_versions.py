"""The version of a run: one for the same code, another for any change of it, and a name for its queues."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hydra.errors import StopError
from hydra.paths import PROJECT_ROOT
from hydra.runtime.notifications import STEPS
from hydra.trading.runs import Run, refuse_other_version
from hydra.trading.versions import Version, own_version
from tests.support.plain_run import a_run

VERSION = Version("abc", "readings", "3", "2")
ANSWER = "from hydra.trading.versions import code_version; print(code_version())"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code, committed."""
    for folder in ("hydra", "workers", "sql"):
        shutil.copytree(
            PROJECT_ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "all")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def version_in(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", ANSWER], cwd=folder, check=True, capture_output=True, text=True, env={}
    )
    return done.stdout.strip()


def test_a_clean_checkout_is_named_by_its_commit_whatever_else_lies_in_it(checkout: Path) -> None:
    (checkout / "NOTES.md").write_text("nothing that decides")
    assert version_in(checkout) == git(checkout, "rev-parse", "--short=12", "HEAD")


def test_every_change_of_the_code_is_a_version_of_its_own(checkout: Path) -> None:
    found = [version_in(checkout)]
    for path in ("hydra/readings.toml", "hydra/readings.toml", "sql/stages/claim.sql", "workers/new.py"):
        change(checkout / path)
        found.append(version_in(checkout))
    assert len(set(found)) == 5
    assert all(version.startswith(f"{found[0]}+") for version in found[1:])


def test_copies_without_history_differ_by_their_code(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    before = version_in(checkout)
    assert version_in(checkout) == before
    change(checkout / "hydra" / "domain.py")
    assert version_in(checkout) != before


def change(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("\n# changed")


@pytest.mark.parametrize(
    "field", ["code_version", "readings_hash", "feature_set_version", "cost_model_version"]
)
def test_every_part_of_a_version_names_other_queues(field: str) -> None:
    other = replace(VERSION, **{field: "changed"})
    assert other.digest != VERSION.digest
    assert "changed" in VERSION.differences(other)


def test_a_queue_has_a_name_that_every_broker_takes() -> None:
    for step in STEPS:
        assert re.fullmatch(rf"{step.layer}-[0-9a-f]{{8}}", step.queue)


@pytest.mark.parametrize(
    "field", ["code_version", "readings_hash", "feature_set_version", "cost_model_version"]
)
def test_a_run_that_differs_in_any_part_is_refused_with_what_to_do(field: str) -> None:
    own = own_version()
    run = of_version(a_run(None), own)
    refuse_other_version(run)
    with pytest.raises(StopError, match=r"was, here .*`hydra run --resume 7 --upgrade`"):
        refuse_other_version(of_version(run, replace(own, **{field: "was"})))


def of_version(run: Run, version: Version) -> Run:
    return replace(
        run,
        code_version=version.code_version,
        readings_hash=version.readings_hash,
        feature_set_version=version.feature_set_version,
        cost_model_version=version.cost_model_version,
    )
