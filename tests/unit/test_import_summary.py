"""The table at the end of `hydra import`, in the narrowest terminal that is served."""

import os
from io import StringIO
from pathlib import Path

from hydra.cli.import_history import _not_imported, _notes, _print_summary, _reporter, _summary_table
from hydra.cli.output import TextConsole
from hydra.exchange.archive.recognition import NotImported
from hydra.ingest.history import FileResult
from hydra.ingest.import_plan import ImportPlan, plan_import


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


def test_metrics_that_feed_two_tables_explain_why_more_is_new_than_was_read(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT-metrics-2025-05-01.csv"
    file.write_text("x")
    (planned,) = plan_import([file]).files
    fed = {"open_interest": 288, "positioning": 287}
    results = [FileResult(planned, 288, inserted=575, by_table=fed)] * 2
    assert _notes(results) == [
        "note: metrics: one row feeds two tables and counts in each: open_interest (576 new) and positioning "
        "(574 new)"
    ]


def test_a_repair_says_how_much_it_replaced_and_where_the_old_rows_are(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT-1m-2025-05.csv"
    file.write_text("x")
    (planned,) = plan_import([file]).files
    (line,) = _notes([FileResult(planned, 9, revised=3, replaced=3)])
    assert line == "note: stored facts replaced: 3; audit.replaced_facts shows both values"


def test_rows_that_differ_are_said_to_wait(tmp_path: Path) -> None:
    """The summary said "revised" of facts that nothing had changed."""
    file = tmp_path / "BTCUSDT-1m-2025-05.csv"
    file.write_text("x")
    (planned,) = plan_import([file]).files
    (line,) = _notes([FileResult(planned, 9, revised=1)])
    assert "other values than the stored ones: 1; the stored ones stay" in line


def test_files_that_are_left_out_are_named() -> None:
    others = tuple(
        NotImported(Path(f"{number}.csv"), "a named pipe, not a regular file") for number in range(7)
    )
    (line,) = _not_imported(ImportPlan((), others))
    assert line == (
        "not imported: 7 files: a named pipe, not a regular file (0.csv, 1.csv, 2.csv, 3.csv, 4.csv, ...)"
    )


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
