"""The code of the last commit before the schema stood in sql/schema, taken from the repository's history."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hydra.paths import PROJECT_ROOT
from tests.support.servers.logins import ENVIRONMENT

COMMIT: Final = "b325dc6b409e172f00e29ef1adafae66b891ecdd"
NOT_RUN: Final = "DATABASES OF REVISION 0010: NOT RUN"


def has_commit() -> bool:
    """Whether the history of this checkout reaches back to it."""
    return _git("cat-file", "-e", f"{COMMIT}^{{commit}}").returncode == 0


@contextmanager
def checkout() -> Iterator[Path]:
    """A folder with the code of that commit, as long as the context lasts."""
    with TemporaryDirectory(prefix="hydra-0010-") as folder:
        archive = _git("archive", COMMIT, "hydra", "migrations", "sql", "workers")
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)  # noqa: S607
        yield Path(folder)


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
