"""The version of the code, which a run records.

Source: docs/architecture.md, law 2.
"""

import shutil
import subprocess
from functools import cache
from importlib.metadata import version

from hydra.paths import PROJECT_ROOT


@cache
def code_version() -> str:
    """The commit of the checkout, with + if files have changed since; without git the package's version."""
    git = shutil.which("git")
    if git is None or not (PROJECT_ROOT / ".git").exists():
        return version("hydra-perpetuals")
    commit = _git(git, "rev-parse", "--short=12", "HEAD")
    return commit + ("+" if _git(git, "status", "--porcelain", "--untracked-files=no") else "")


def _git(git: str, *arguments: str) -> str:
    done = subprocess.run(
        [git, "-C", str(PROJECT_ROOT), *arguments], check=False, capture_output=True, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else f"unknown ({version('hydra-perpetuals')})"
