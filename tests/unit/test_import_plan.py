"""Which files an import takes, as what, in which order, and what it leaves out with which words."""

import os
import socket
import subprocess
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from hydra.errors import StopError
from hydra.exchange.archive.recognition import FileLayout, NotImported, Recognised, recognise
from hydra.ingest.import_plan import plan_import, printable
from tests.support.archive_samples import DAY, KLINE_FILE
from tests.support.recorded_market import ABSENT, RECORDED, is_recorded


def known(name: str) -> tuple[FileLayout, str, int]:
    what = recognise(Path(name))
    assert isinstance(what, Recognised), what
    return what.layout, what.pair.base, what.timeframe_minutes


def reason(name: str) -> str:
    what = recognise(Path(name))
    assert isinstance(what, NotImported), what
    return what.reason


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BTCUSDT-1m-2025-05.zip", (FileLayout.CANDLES, "BTC", 1)),
        ("futures/um/daily/klines/DOGEUSDT/5m/DOGEUSDT-5m-2025-05-01.csv", (FileLayout.CANDLES, "DOGE", 5)),
        ("data/futures/um/monthly/markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2025-05.zip",
         (FileLayout.MARK_PRICES, "BTC", 60)),
        ("markPriceKlines/BTCUSDT-1m-2025-05-01.ZIP", (FileLayout.MARK_PRICES, "BTC", 1)),
        ("ETHUSDT-fundingRate-2025-05.zip", (FileLayout.FUNDING, "ETH", 0)),
        ("ADAUSDT-metrics-2025-05-01.csv", (FileLayout.METRICS, "ADA", 0)),
        ("candles_1m/XRPUSDT.parquet", (FileLayout.CANDLES, "XRP", 1)),
        ("candles_5m/XRPUSDT.parquet", (FileLayout.CANDLES, "XRP", 5)),
        ("mark_1h/XRPUSDT.parquet", (FileLayout.MARK_PRICES, "XRP", 60)),
        ("funding/XRPUSDT.parquet", (FileLayout.FUNDING, "XRP", 0)),
        ("metrics_5m/XRPUSDT.parquet", (FileLayout.METRICS, "XRP", 0)),
        ("home/spot/BTCUSDT-1m-2025-05.zip", (FileLayout.CANDLES, "BTC", 1)),
    ],
)  # fmt: skip
def test_name_and_folder_tell_the_layout(name: str, expected: tuple[FileLayout, str, int]) -> None:
    assert known(name) == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BTCUSDT-15m-2025-05.zip", "another interval than 1m and 5m"),
        ("BTCUSDT-1mo-2025-05.zip", "another interval"),
        ("markPriceKlines/BTCUSDT-5m-2025-05.zip", "mark price bars of another interval"),
        ("indexPriceKlines/BTCUSDT-1m-2025-05.zip", "no table"),
        ("data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2025-05-01.zip", "spot candles"),
        ("BTCUSDT-indexInfo-2025-05-01.zip", "indexInfo of the exchange's archive: no table"),
        ("SUIUSDT-1m-2025-05.zip", "unknown symbol SUIUSDT"),
        ("btcusdt-1m-2025-05.zip", "unknown symbol|the name is not"),
        ("candles_1m/SUIUSDT.parquet", "unknown symbol SUIUSDT"),
        ("candles_5m_spot/LTCUSDT.parquet", "spot candles"),
        ("news/headlines.parquet", "news"),
        ("liquidations/some.parquet", "cannot be read (No such file or directory)"),
        ("notes.csv", "the name is not one of the exchange's archive"),
        ("readme.md", "not a csv, zip or parquet file"),
        ("absent/BTCUSDT.parquet", "cannot be read (No such file or directory)"),
    ],
)
def test_what_has_no_table_is_left_out_with_a_reason(name: str, words: str) -> None:
    assert any(part in reason(name) for part in words.split("|"))


def test_the_folder_counts_even_if_the_user_stands_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, expected in (("candles_5m", 5), ("candles_1m", 1)):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        assert known("BTCUSDT.parquet") == (FileLayout.CANDLES, "BTC", expected)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["open_time", "open", "high", "low", "close", "volume"], (FileLayout.CANDLES, "BTC", 5)),
        (["funding_time_raw", "funding_rate"], (FileLayout.FUNDING, "BTC", 0)),
        (["create_time", "sum_open_interest"], (FileLayout.METRICS, "BTC", 0)),
        (["open_time", "open", "high", "low", "close"], "bars without volume"),
        (["x"], "no table for a Parquet file with these columns"),
    ],
)
def test_in_another_folder_the_columns_tell_the_layout(
    tmp_path: Path, columns: list[str], expected: object
) -> None:
    path = tmp_path / "mine" / "BTCUSDT.parquet"
    path.parent.mkdir()
    times = pl.datetime_range(DAY, DAY.replace(hour=1), "5m", eager=True)
    pl.DataFrame({name: times for name in columns}).write_parquet(path)
    found = reason(str(path)) if isinstance(expected, str) else known(str(path))
    assert found == expected or str(found).startswith(str(expected))


def test_a_plan_takes_each_file_once_in_the_order_of_layout_pair_and_date(tmp_path: Path) -> None:
    names = [
        "ETHUSDT-fundingRate-2025-05.csv",
        "ETHUSDT-1m-2025-05-02.csv",
        "ETHUSDT-1m-2025-05-01.csv",
        "BTCUSDT-1m-2025-05-03.csv",
        "BTCUSDT-1m-2025-05-03.csv.CHECKSUM",
        "README.md",
    ]
    for name in names:
        (tmp_path / name).write_text("x")
    plan = plan_import([tmp_path, tmp_path / names[0]])
    assert [file.path.name for file in plan.files] == [names[3], names[2], names[1], names[0]]
    assert plan.size_bytes == 4
    assert [other.path.name for other in plan.not_imported] == ["README.md"]


def left_out(folder: Path) -> dict[str, str]:
    return {other.path.name: other.reason for other in plan_import([folder]).not_imported}


def test_a_linked_file_is_followed_and_a_linked_folder_or_a_broken_link_is_named(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / KLINE_FILE).write_text("x")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "ETHUSDT-1m-2025-05-01.csv").symlink_to(real / KLINE_FILE)
    (inside / "linked").symlink_to(real)
    (inside / "ring").symlink_to(inside)
    (inside / "itself.csv").symlink_to(inside / "itself.csv")
    (inside / "nowhere.csv").symlink_to(inside / "nothing")
    assert [file.pair.base for file in plan_import([inside]).files] == ["ETH"]
    assert left_out(inside) == {
        "itself.csv": "a link that leads to no file (Too many levels of symbolic links)",
        "linked": "a link to a folder: name it to import what it holds",
        "nowhere.csv": "a link that leads to no file (No such file or directory)",
        "ring": "a link to a folder: name it to import what it holds",
    }
    assert len(plan_import([inside / "linked"]).files) == 1


def test_a_file_that_is_reached_twice_is_read_once_and_its_other_name_is_said(tmp_path: Path) -> None:
    (tmp_path / KLINE_FILE).write_text("x")
    (tmp_path / "BTCUSDT-1m-2025-05-02.csv").symlink_to(tmp_path / KLINE_FILE)
    assert len(plan_import([tmp_path, tmp_path / KLINE_FILE]).files) == 1
    assert left_out(tmp_path) == {
        "BTCUSDT-1m-2025-05-02.csv": "a link to a file that is read under another name"
    }


def test_what_is_no_regular_file_is_named_and_never_opened(tmp_path: Path) -> None:
    """Opening the pipe would wait for ever: nobody writes to it."""
    os.mkfifo(tmp_path / KLINE_FILE)
    os.mkfifo(tmp_path / "BTCUSDT.parquet")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(tmp_path / "ETHUSDT-1m-2025-05-01.csv"))
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    assert plan_import([tmp_path]).files == ()
    assert left_out(tmp_path) == {
        KLINE_FILE: "a named pipe, not a regular file",
        "BTCUSDT.parquet": "a named pipe, not a regular file",
        "ETHUSDT-1m-2025-05-01.csv": "a socket, not a regular file",
        "zero.csv": "a device, not a regular file",
    }


def test_a_folder_whose_name_is_not_utf_8_is_planned_and_shown(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102  # a name of bytes
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "BTCUSDT.parquet")
    for name in (KLINE_FILE, "BTCUSDT.parquet"):
        os.link(tmp_path / "BTCUSDT.parquet", folder + b"/" + name.encode())
    plan = plan_import([Path(os.fsdecode(folder))])
    (shown,) = (printable(file.path) for file in plan.files)
    assert shown.endswith(f"/caf\\xe9/{KLINE_FILE}")
    assert [other.reason for other in plan.not_imported] == ["no table for a Parquet file with these columns"]


def test_a_thousand_nested_folders_end_in_one_line_and_the_files_beside_are_planned(tmp_path: Path) -> None:
    """Their path is longer than the system takes; folders are made one inside the other."""
    (tmp_path / KLINE_FILE).write_text("x")
    inside = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1000):
        os.mkdir("folder", dir_fd=inside)
        outer, inside = inside, os.open("folder", os.O_RDONLY, dir_fd=inside)
        os.close(outer)
    os.close(inside)
    try:
        plan = plan_import([tmp_path])
    finally:  # pytest cannot delete them
        subprocess.run(["rm", "-rf", tmp_path / "folder"], check=True)  # noqa: S607
    assert len(plan.files) == 1
    (line,) = plan.unreadable
    assert "the folder cannot be read (File name too long)" in line
    assert len(line) < 800


def test_paths_are_shown_as_they_were_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "BTCUSDT-1m-2025-05-01.csv").write_text("x")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert str(plan_import([Path("..")]).files[0].path) == "../BTCUSDT-1m-2025-05-01.csv"


def test_a_path_that_does_not_exist_stops_in_words(tmp_path: Path) -> None:
    with pytest.raises(StopError, match="does not exist: name a file or a folder"):
        plan_import([tmp_path / "absent"])


@pytest.mark.skipif(os.geteuid() == 0, reason="runs as an ordinary user: root may read every folder")
def test_a_folder_that_may_not_be_read_is_told_and_the_others_are_planned(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT-1m-2025-05-01.csv").write_text("x")
    (tmp_path / "closed").mkdir(mode=0o000)
    plan = plan_import([tmp_path])
    assert len(plan.files) == 1
    assert "the folder cannot be read (Permission denied)" in plan.unreadable[0]


@pytest.mark.skipif(not is_recorded(), reason=ABSENT)
def test_the_recorded_markets_are_recognised_whole() -> None:
    plan = plan_import([RECORDED])
    counts = Counter(file.layout for file in plan.files)
    assert counts == {
        FileLayout.CANDLES: 19,
        FileLayout.MARK_PRICES: 8,
        FileLayout.FUNDING: 8,
        FileLayout.METRICS: 8,
        FileLayout.LIQUIDATIONS: 1,
    }
    assert {other.path.parent.name for other in plan.not_imported} >= {"news", "candles_5m_spot"}
