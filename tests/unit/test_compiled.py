"""Machine code kept on disk never outlives its source, and lies where no other account can write."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hydra.compiled import machine_code_directory
from hydra.errors import StopError

SOURCE = """
from pathlib import Path
from typing import NamedTuple
from hydra.compiled import compiled_function, stamp_of

class {name}(NamedTuple):
    value: int

def doubled(record):
    return record.value * {factor}

print(compiled_function(doubled, stamp_of([Path(__file__)]))({name}(21)))
"""

WAITING = """
from pathlib import Path
from hydra.compiled import compiled_function, stamp_of

def doubled(value):
    return value * 2

function = compiled_function(doubled, stamp_of([Path(__file__)]))
print("ready", flush=True)
input()
print(function(21), sum(function.stats.cache_misses.values()))
"""


def run(path: Path, name: str, factor: int, cache: Path | None = None) -> str:
    """What the module prints, in a process of its own; its cache lies beside it, or in `cache`."""
    path.write_text(SOURCE.format(name=name, factor=factor), encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(path.parent)!r}); import {path.stem}"
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        env={**os.environ, "XDG_CACHE_HOME": str(cache or path.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_renamed_type_or_a_changed_line_is_compiled_again(tmp_path: Path) -> None:
    """numba alone reads the old types from its cache and fails with AttributeError."""
    module = tmp_path / "toy_loop.py"
    assert run(module, "Step", 2) == "42"
    assert run(module, "MarketStep", 2) == "42"
    assert run(module, "MarketStep", 3) == "63"
    kept = tmp_path / "hydra" / "machine_code"
    assert len(list(kept.rglob("*.nbi"))) == 3
    assert kept.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.glob("__pycache__/*.nb*")) == []


def test_checkouts_of_the_same_code_share_their_machine_code(tmp_path: Path) -> None:
    for checkout, factor in (("one", 2), ("other", 2), ("changed", 3)):
        (tmp_path / checkout).mkdir()
        assert run(tmp_path / checkout / "toy_loop.py", "Step", factor, tmp_path) == str(21 * factor)
    assert len(list(tmp_path.rglob("*.nbi"))) == 2


def test_of_processes_that_need_a_function_at_once_one_compiles_it(tmp_path: Path) -> None:
    (tmp_path / "waiting_loop.py").write_text(WAITING, encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import waiting_loop"
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-B", "-c", code],
                    env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        said = sorted(process.communicate()[0] for process in processes)
    assert said == ["42 0\n", "42 0\n", "42 1\n"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that NUMBA_CACHE_DIR names."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "above" / "kept"))
    machine_code_directory.cache_clear()
    yield tmp_path / "above" / "kept"
    machine_code_directory.cache_clear()


def test_a_new_folder_for_machine_code_is_closed_to_others(folder: Path) -> None:
    assert machine_code_directory() == folder
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused(folder: Path, mode: int) -> None:
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with pytest.raises(StopError, match=rf"its mode {mode:04o} lets other accounts .* set NUMBA_CACHE_DIR"):
        machine_code_directory()


def test_a_folder_that_others_can_exchange_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    folder.parent.chmod(0o777)
    with pytest.raises(StopError, match=r"another account can rename it in .*above"):
        machine_code_directory()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another account")
@pytest.mark.parametrize("which", ["kept", "above"])
def test_a_folder_of_another_account_is_refused(folder: Path, which: str) -> None:
    folder.mkdir(parents=True, mode=0o700)
    os.chown(folder if which == "kept" else folder.parent, 65534, 65534)
    with pytest.raises(StopError, match="another account"):
        machine_code_directory()


def test_a_place_that_cannot_hold_a_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/dev/null/kept")
    machine_code_directory.cache_clear()
    with pytest.raises(StopError, match=r"cannot be kept in /dev/null/kept .*: set NUMBA_CACHE_DIR"):
        machine_code_directory()
