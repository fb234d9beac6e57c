"""The code of the last commit before the schema stood in sql/schema, taken from the repository's history."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hydra.paths import PROJECT_ROOT, cache_directory
from tests.support.servers.logins import ENVIRONMENT

COMMIT: Final = "b325dc6b409e172f00e29ef1adafae66b891ecdd"
NOT_RUN: Final = "DATABASES OF REVISION 0010: NOT RUN"


def has_commit() -> bool:
    """Whether the history of this checkout reaches back to it."""
    return _git("cat-file", "-e", f"{COMMIT}^{{commit}}").returncode == 0


def checkout() -> Path:
    """A folder with the code of that commit, in the cache: that code keeps its machine code beside it."""
    folder = cache_directory() / "tests" / COMMIT
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as name:
            begun = Path(name) / "begun"
            begun.mkdir()
            archive = _git("archive", COMMIT, "hydra", "migrations", "sql", "workers")
            subprocess.run(["tar", "-x", "-C", str(begun)], input=archive.stdout, check=True)  # noqa: S607
            # Another test run may have been quicker.
            with suppress(OSError):
                begun.rename(folder)
    return folder


def run_there(folder: Path, arguments: Sequence[str], url: str) -> None:
    """Run Python with `arguments` and the old code, on the database of `url`."""
    known_then = {key: value for key, value in os.environ.items() if key not in ENVIRONMENT}
    environment = {**known_then, "PYTHONPATH": str(folder), "HYDRA_DATABASE_URL": url}
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", "-C", str(PROJECT_ROOT), *arguments],  # noqa: S607
        check=False,
        capture_output=True,
    )
