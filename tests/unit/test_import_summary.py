"""The table at the end of `hydra import`, in the narrowest terminal that is served."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from hydra.cli.import_history import _summary_table
from hydra.ingest.history import FileResult
from hydra.ingest.import_plan import plan_import


def test_millions_of_rows_stand_uncut_in_80_columns(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT-1m-2025-05.csv"
    file.write_text("1746057600000,1,1,1,1,1,1746057659999,1,1,1,1,0\n")
    (planned,) = plan_import([file]).files
    result = FileResult(planned, 12_612_462, 22_164_702, 22_164_702, 42, quarantined={"late": 1_104_642})
    console = Console(file=StringIO(), width=80)
    console.print(_summary_table([result], has_room=False))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in shown
    for figure in ("12,612,462", "22,164,702", "1,104,642", "quarantined"):
        assert figure in shown
