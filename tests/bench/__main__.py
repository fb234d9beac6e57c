"""`make bench`: runs every `bench_*.py`, prints a table and writes `.bench/results.json`.

A bench module has `measure() -> list[Result]` and says in its docstring what it compares.
Exit status 1 if a figure misses its budget.
"""

import dataclasses
import importlib
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hydra.paths import PROJECT_ROOT
from tests.bench.result import Result


def _modules(patterns: list[str]) -> list[str]:
    names = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    return [name for name in names if not patterns or any(pattern in name for pattern in patterns)]


def _table(results: list[Result]) -> Table:
    table = Table("name", "value", "unit", "budget", "peer", "ok")
    for result in results:
        verdict = "ok" if result.ok else "[red]MISSED[/red]"
        table.add_row(result.name, f"{result.value:,.4g}", result.unit, result.budget, result.peer, verdict)
    return table


def main(patterns: list[str]) -> int:
    """Run the benches whose name contains one of `patterns` (all if empty)."""
    console = Console(width=150)
    results: list[Result] = []
    for name in _modules(patterns):
        console.print(f"running {name}")
        results += importlib.import_module(f"tests.bench.{name}").measure()
    directory = PROJECT_ROOT / ".bench"
    directory.mkdir(exist_ok=True)
    path = directory / "results.json"
    path.write_text(json.dumps([dataclasses.asdict(result) for result in results], indent=2) + "\n")
    console.print(_table(results))
    console.print(f"written to {path.relative_to(PROJECT_ROOT)}")
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
