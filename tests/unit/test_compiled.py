"""Machine code kept on disk never outlives the source that it was made from."""

import subprocess
import sys
from pathlib import Path

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


def run(path: Path, name: str, factor: int) -> str:
    """What the module prints, in a process of its own."""
    path.write_text(SOURCE.format(name=name, factor=factor), encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(path.parent)!r}); import {path.stem}"
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_renamed_type_or_a_changed_line_is_compiled_again(tmp_path: Path) -> None:
    """numba alone reads the old types from its cache and fails with AttributeError."""
    module = tmp_path / "toy_loop.py"
    assert run(module, "Step", 2) == "42"
    assert run(module, "MarketStep", 2) == "42"
    assert run(module, "MarketStep", 3) == "63"
    assert len(list((tmp_path / "__pycache__").glob("*.nbi"))) == 3
