"""Copies of this checkout's code whose processes a test can run, changed or not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hydra.paths import PROJECT_ROOT

_FOLDERS = ("hydra", "workers", "sql", "migrations", "tests/support")


@dataclass(frozen=True)
class Checkout:
    """A folder with the code, and the database that its processes use."""

    folder: Path
    database_url: str

    @classmethod
    def copied(cls, folder: Path, database_url: str) -> "Checkout":
        """A copy of this checkout's code in `folder`, without its history."""
        for name in _FOLDERS:
            shutil.copytree(PROJECT_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(PROJECT_ROOT / "alembic.ini", folder)
        (folder / "tests" / "__init__.py").touch()
        return cls(folder, database_url)

    def change(self, path: str, old: str = "", new: str = "") -> None:
        """Put `new` in the place of `old` in a file, and a comment behind it."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(f"{text.replace(old, new)}\n# changed\n", encoding="utf-8")

    @contextmanager
    def process(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """A Python process of this code, killed at the end of the block; its output is one text."""
        with subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(self.folder),
                "HYDRA_DATABASE_URL": self.database_url,
                "HYDRA_STATE_DIRECTORY": str(self.folder / "state"),
                "COLUMNS": "400",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *arguments: str, status: int = 0) -> str:
        """What such a process says until its end."""
        with self.process(*arguments) as process:
            output, _ = process.communicate(timeout=180)
        assert process.returncode == status, output
        return output
