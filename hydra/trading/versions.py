"""The version of a run: its code, readings, features and costs.

Source: docs/architecture.md, law 2 (a run belongs to one version at a time).
"""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import version
from typing import Final

from hydra.errors import StopError
from hydra.features.version import FEATURE_SET_VERSION
from hydra.ledger.costs import COST_MODEL_VERSION
from hydra.paths import PROJECT_ROOT
from hydra.readings import readings_hash

_DECIDING_FOLDERS: Final = ("hydra", "workers", "sql")
_DECIDING_FILES: Final = frozenset({".py", ".sql", ".toml"})


@dataclass(frozen=True)
class Version:
    """Columns of hydra.runs. Different code is a different version."""

    code_version: str
    readings_hash: str
    feature_set_version: str
    cost_model_version: str

    @property
    def digest(self) -> str:
        """Eight characters that differ between versions, for names."""
        texts = "\n".join(getattr(self, field.name) for field in fields(self))
        return hashlib.sha256(texts.encode()).hexdigest()[:8]

    def differences(self, other: "Version") -> str:
        """The differences in words: "code abc, here def"."""
        return "; ".join(
            f"{words} {before}, here {now}"
            for name, words in _WORDS.items()
            if (before := getattr(self, name)) != (now := getattr(other, name))
        )


_WORDS: Final = {
    "code_version": "code",
    "readings_hash": "readings",
    "feature_set_version": "feature set",
    "cost_model_version": "cost model",
}


@cache
def own_version() -> Version:
    """The version of this process, fixed at the first call."""
    return Version(code_version(), readings_hash(), FEATURE_SET_VERSION, COST_MODEL_VERSION)


@cache
def code_version() -> str:
    """`stored_code_version` of this process, fixed at the first call."""
    return stored_code_version()


def stored_code_version() -> str:
    """The commit of the checkout; if files differ from it, followed by + and a hash of all code.

    Without git the package's version replaces the commit, always with the hash.
    """
    git = shutil.which("git") if (PROJECT_ROOT / ".git").exists() else None
    commit = None if git is None else _git(git, "rev-parse", "--short=12", "HEAD")
    if git is None or commit is None:
        return f"{version('hydra-perpetuals')}+{_code_hash()}"
    is_clean = _git(git, "status", "--porcelain", "--", *_DECIDING_FOLDERS) == ""
    return commit if is_clean else f"{commit}+{_code_hash()}"


def refuse_changed_code(run_id: int) -> None:
    """Refuse to start further processes of a run from changed code.

    Raises:
        StopError: files of the checkout have changed since this process began.
    """
    now = stored_code_version()
    if now != code_version():
        raise StopError(
            f"run {run_id} stops: the code of this checkout has changed from {code_version()} to {now}. "
            f"Bring it back for `hydra run --resume {run_id}`, or add --upgrade to go on with the new code"
        )


def _code_hash() -> str:
    """sha256 over the paths and contents of the code, the readings included."""
    total = hashlib.sha256()
    for folder in _DECIDING_FOLDERS:
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            if path.suffix in _DECIDING_FILES and path.is_file():
                total.update(f"{path.relative_to(PROJECT_ROOT).as_posix()}\n".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def _git(git: str, *arguments: str) -> str | None:
    """The output of git; None if it fails."""
    done = subprocess.run(
        [git, "-C", str(PROJECT_ROOT), *arguments], check=False, capture_output=True, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else None
