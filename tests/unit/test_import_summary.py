"""The table at the end of `hydra import`, in the narrowest terminal that is served."""

import os
from io import StringIO
from pathlib import Path

from hydra.cli.import_history import _print_summary, _reporter, _summary_table
from hydra.cli.output import TextConsole
from hydra.ingest.history import FileResult
from hydra.ingest.import_plan import plan_import


def test_millions_of_rows_stand_uncut_in_80_columns(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT-1m-2025-05.csv"
    file.write_text("1746057600000,1,1,1,1,1,1746057659999,1,1,1,1,0\n")
    (planned,) = plan_import([file]).files
    result = FileResult(planned, 12_612_462, 22_164_702, 22_164_702, 42, quarantined={"late": 1_104_642})
    console = TextConsole(file=StringIO(), width=80)
    console.print(_summary_table([result], has_room=False))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in shown
    for figure in ("12,612,462", "22,164,702", "1,104,642", "quarantined"):
        assert figure in shown


def test_the_name_of_a_file_is_shown_as_text(tmp_path: Path) -> None:
    """Markup in a name ended the import's display, and a control sequence reached the terminal."""
    folder = tmp_path / os.fsdecode(b"[red]\x1b[2J\xff")
    folder.mkdir()
    (folder / "BTCUSDT-1m-2025-05.csv").write_text("")
    (folder / "[red].txt").write_text("")
    plan = plan_import([folder])
    (planned,) = plan.files
    result = FileResult(planned, error=f"{planned.path}: it is empty")
    for is_terminal in (False, True):
        console = TextConsole(file=StringIO(), width=200, force_terminal=is_terminal, color_system=None)
        with _reporter(console, plan, quiet=False) as report:
            report(result)
        _print_summary(console, plan, [result], 1.0)
        shown = console.file.getvalue()  # type: ignore[attr-defined]
        assert "[red]\\x1b[2J\\xff/BTCUSDT-1m-2025-05.csv" in shown
        assert "\x1b[2J\xff" not in shown
