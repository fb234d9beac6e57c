"""Batches that wait on disk: in order, whole or not at all, through kill -9 and damage."""

import signal
import subprocess
import sys
from pathlib import Path

from polars.testing import assert_frame_equal

from hydra.ingest.live.batch import Batch, from_bytes, one_batch, to_bytes
from hydra.ingest.live.rows import Record, columns_of_rows
from hydra.ingest.live.spill import SpillFolder
from hydra.ingest.live.store import instant
from hydra.paths import PROJECT_ROOT

FILLING = """
import sys
from pathlib import Path
from hydra.ingest.live.spill import SpillFolder
from tests.unit.test_live_spill import batch
spill = SpillFolder(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    spill.add(batch(number))
    print(number, flush=True)
"""


def batch(number: int, rows: int = 20) -> Batch:
    """A batch of trades and a book, known through `number`."""
    trades = [(1, number, number, number * 100 + row, 1.5, 2.0, True) for row in range(rows)]
    books = [(1, number, number, 7, [1.0, 0.5], [2.0, 2.0], [3.0], [4.0])]
    record = Record("ingest/live/add_gap", {"gap_start": instant(5), "missing_rows": 3, "cause": "GRID"})
    tables = {
        "trades": columns_of_rows("trades", trades),
        "order_books": columns_of_rows("order_books", books),
    }
    return Batch(number, None, tables, (record,))


def test_a_batch_is_the_same_after_the_disk() -> None:
    """Lists, flags, instants, records."""
    before = batch(3)
    after = from_bytes(to_bytes(before))
    for name, rows in before.tables.items():
        assert_frame_equal(after.tables[name], rows)
    assert (after.records, after.committed_through_us) == (before.records, 3)


def test_consecutive_batches_are_one_with_the_progress_of_the_last() -> None:
    joined = one_batch([batch(1), batch(2)])
    assert (joined.rows, joined.committed_through_us, len(joined.records)) == (42, 2, 2)


def test_what_waits_comes_back_in_its_order_and_once(tmp_path: Path) -> None:
    spill = SpillFolder(tmp_path)
    for number in (1, 2, 3):
        spill.add(batch(number))
    again = SpillFolder(tmp_path)
    assert again.rows == 63
    seen = []
    while again:
        seen.append(again.oldest().committed_through_us)
        again.remove_oldest()
    assert (seen, again.rows, bool(SpillFolder(tmp_path))) == ([1, 2, 3], 0, False)


def test_a_second_process_disturbs_nothing_until_it_takes_over(tmp_path: Path) -> None:
    """It looks at the folder while the first one writes; later it finds what the first has left."""
    first = SpillFolder(tmp_path)
    (tmp_path / "000000000000-21-1.new").write_bytes(b"half of a bat")
    second = SpillFolder(tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".new"]
    first.add(batch(1))
    assert not second
    second.take_over()
    assert (second.rows, [path.suffix for path in tmp_path.iterdir()]) == (21, [".batch"])


def test_in_the_place_of_a_damaged_file_comes_a_record_of_its_loss(tmp_path: Path) -> None:
    """It says up to when the lost rows were known, and the file is set aside."""
    spill = SpillFolder(tmp_path)
    for number in (1, 2):
        spill.add(batch(number))
    first = min(tmp_path.iterdir())
    first.write_bytes(first.read_bytes()[:-7] + b"damaged")
    again = SpillFolder(tmp_path)
    lost = again.oldest()
    assert (lost.rows, lost.committed_through_us, lost.candles_through_us) == (0, 1, None)
    assert [record.query for record in lost.records] == [
        "ingest/live/add_lost_rows",
        "ingest/live/add_lost_gaps",
    ]
    assert {record.values["ended_at"] for record in lost.records} == {instant(1)}
    again.remove_oldest()
    assert (again.oldest().committed_through_us, again.rows) == (2, 21)
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".damaged", ".batch"]


def test_a_file_that_somebody_has_removed_is_lost_and_stops_nothing(tmp_path: Path) -> None:
    spill = SpillFolder(tmp_path)
    for number in (1, 2):
        spill.add(batch(number))
    min(tmp_path.iterdir()).unlink()
    assert [len(spill.oldest().records), spill.oldest().rows] == [2, 0]
    spill.remove_oldest()
    assert (spill.oldest().committed_through_us, spill.rows) == (2, 21)


def test_a_process_killed_while_it_spills_loses_nothing_that_it_had_spilled(tmp_path: Path) -> None:
    """kill -9 at some instant: every batch that was announced is there, whole."""
    with subprocess.Popen(
        [sys.executable, "-c", FILLING, str(tmp_path)], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        announced = [int(process.stdout.readline()) for _ in range(5)]
        process.send_signal(signal.SIGKILL)
        announced += [int(line) for line in process.stdout]
    spill = SpillFolder(tmp_path)
    found = []
    while spill:
        found.append(spill.oldest().committed_through_us)
        spill.remove_oldest()
    assert found[: len(announced)] == announced
    assert len(found) - len(announced) in {0, 1}
