"""`hydra import`, as a person and as a machine use it."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra.db.edition import Edition
from tests.support.archive_samples import KLINE_FILE, kline, text_of
from tests.support.import_command import COMMAND, ROWS_PER_FILE, environment, hydra_import, write_candles
from tests.support.servers.databases import TestServer


@pytest.fixture(scope="module")
def database(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """A migrated database of the Apache edition."""
    with servers[Edition.APACHE].migrated() as url:
        yield url


def test_the_summary_says_what_came_in_what_not_and_why(database: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "news").mkdir(parents=True)
    (folder / "news" / "headlines.parquet").write_bytes(b"x")
    (folder / KLINE_FILE).write_text(text_of(kline(0), kline(1, high="1"), kline(0), kline(2)))
    (folder / "SUIUSDT-1m-2025-05.csv").write_text(text_of(kline(0)))
    done = hydra_import(database, "mine", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    for words in (
        f"mine/{KLINE_FILE}: 2 new, 0 unchanged, 0 revised, 1 quarantined",
        "candles 1 m",
        "rows/s",
        "dropped: 1 rows equal to a row before in the same file",
        "quarantined: 1 rows: high below low",
        "not imported: 1 files: news",
        "not imported: 1 files: unknown symbol SUIUSDT",
        "4 rows read in",
    ):
        assert words in done.out, done.out


def test_a_refused_file_is_named_at_the_end_and_the_status_is_1(database: str, tmp_path: Path) -> None:
    (tmp_path / KLINE_FILE).write_text(text_of(kline(0)) + "17460")
    (tmp_path / "ETHUSDT-1m-2025-05-01.csv").write_text(text_of(kline(0)))
    done = hydra_import(database, str(tmp_path))
    assert done.status == 1
    assert "cut off in line 2 (1 of 12 fields); download it again" in done.out.splitlines()[-2]
    assert "ETHUSDT-1m-2025-05-01.csv: 1 new" in done.out


def test_a_repair_needs_a_reason_and_then_replaces_what_is_stored(database: str, tmp_path: Path) -> None:
    path = tmp_path / "BNBUSDT-1m-2025-05-01.csv"
    path.write_text(text_of(kline(0), kline(1)))
    hydra_import(database, str(path))
    path.write_text(text_of(kline(0), kline(1, close="100.5")))
    for option in ("--revise", "--accept-prices"):
        refused = hydra_import(database, option, str(path))
        assert (refused.status, refused.out) == (1, "")
        assert "need a reason for the record" in refused.err
    done = hydra_import(database, "--revise", "--reason", "the first was cut", str(path))
    assert done.status == 0, done.err
    assert "0 new, 1 unchanged, 1 replaced, 0 quarantined" in done.out
    assert "note: stored facts replaced: 1; audit.replaced_facts shows both values" in done.out


def test_machines_get_one_json_document(database: str, tmp_path: Path) -> None:
    write_candles(tmp_path, "LTCUSDT", 0)
    (tmp_path / "readme.txt").write_text("x")
    documents = []
    for _ in range(2):
        done = hydra_import(database, "--json", str(tmp_path))
        assert done.status == 0, done.err
        documents.append(json.loads(done.out))
    first, second = documents
    counts = {"files": 1, "read": ROWS_PER_FILE, "revised": 0, "quarantined": 0}
    assert first["all"] == {**counts, "new": ROWS_PER_FILE, "unchanged": 0}
    assert second["all"] == {**counts, "new": 0, "unchanged": ROWS_PER_FILE}
    assert first["layouts"]["candles 1 m"]["seconds"] > 0
    assert [other["path"] for other in first["not_imported"]] == [str(tmp_path / "readme.txt")]


@pytest.mark.parametrize(
    ("name", "words"),
    [("empty", "nothing to import"), ("absent", "does not exist: name a file or a folder")],
)
def test_where_there_is_nothing_to_import_it_is_said(
    database: str, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    done = hydra_import(database, str(tmp_path / name))
    assert done.status == 1
    assert words in done.out + done.err
    assert "Traceback" not in done.err


def test_a_server_that_cannot_be_reached_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / KLINE_FILE).write_text(text_of(kline(0)))
    done = hydra_import("postgresql://u:topsecret@127.0.0.1:1/d", str(tmp_path))
    assert done.status == 1
    assert "cannot be used" in done.err
    assert "topsecret" not in done.err
    assert "Traceback" not in done.err


def test_a_terminal_shows_a_bar_with_rate_and_time_left(database: str, tmp_path: Path) -> None:
    for symbol in ("ADAUSDT", "XRPUSDT", "SOLUSDT"):
        write_candles(tmp_path, symbol, 1)
    shown = _on_a_terminal(database, str(tmp_path))
    assert "━" in shown
    assert re.search(r"\d rows/s\S* +\S*(-:--:--|\d:\d\d:\d\d)", shown), shown
    assert "SOLUSDT.parquet: " not in shown


def _on_a_terminal(url: str, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    settings = {**environment(url), "TERM": "xterm"}
    with subprocess.Popen([*COMMAND, *arguments], env=settings, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:
            pass  # a terminal whose last user has gone ends with an input/output error
        finally:
            os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()
