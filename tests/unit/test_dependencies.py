"""The locks name every archive that `scripts/setup.sh` may install by its sha256."""

import re
import tomllib
from pathlib import Path

import pytest

from hydra.paths import PROJECT_ROOT

PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
BASE = PROJECT_ROOT / "requirements.lock"
LOCKS = [BASE, *sorted((PROJECT_ROOT / "requirements").glob("*.lock"))]


def entries(lock: Path) -> list[str]:
    """The entries of a lock: a requirement and its hashes."""
    return re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())


def names(lock: Path) -> set[str]:
    return {entry.partition("==")[0] for entry in entries(lock)}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_version_is_pinned_with_the_sha256_of_its_archives(lock: Path) -> None:
    for entry in entries(lock):
        requirement, *hashes = entry.split(" \\\n")
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.+]*( ; .+)?", requirement)
        assert hashes
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", one) for one in hashes)


def test_every_extra_has_a_lock() -> None:
    assert {lock.stem for lock in LOCKS[1:]} == set(EXTRAS)


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_every_dependency_is_in_its_lock(extra: str | None) -> None:
    wanted = EXTRAS[extra] if extra else [*PROJECT["dependencies"], "setuptools"]
    locked = names(BASE) | (names(PROJECT_ROOT / "requirements" / f"{extra}.lock") if extra else set())
    assert {re.split(r"[\[=]", one)[0] for one in wanted} <= locked
