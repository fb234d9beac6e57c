"""Files of the public archive, from a server that serves some: fetched once, verified, resumable."""

import asyncio
import functools
import hashlib
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hydra.errors import RetryError
from hydra.exchange.archive.recognition import Recognised, recognise
from hydra.ingest import archive_download
from hydra.ingest.archive_download import Fetched, archive_paths, download
from hydra.ingest.import_plan import plan_import
from tests.support.archive_samples import kline, text_of, write_zip

DAYS = [f"data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2025-05-0{day}.zip" for day in (1, 2, 3)]


class Served(ThreadingHTTPServer):
    """Serves `folder`; `asked`: every path in order."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(SimpleHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        self.server.asked.append(self.path.lstrip("/"))
        super().do_GET()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Served]:
    """An archive with the first two days."""
    for path in DAYS[:2]:
        file = tmp_path / "archive" / path
        digest = hashlib.sha256(write_zip(file, text_of(kline())).read_bytes()).hexdigest()
        file.with_name(file.name + ".CHECKSUM").write_text(f"{digest}  {file.name}")
    server = Served(tmp_path / "archive")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(archive: Served, folder: Path, paths: list[str] = DAYS) -> list[Fetched]:
    return asyncio.run(download(archive.url, paths, folder, lambda _one: None))


def test_what_is_there_comes_and_is_recognised(archive: Served, tmp_path: Path) -> None:
    fetched = fetch(archive, tmp_path / "here")
    assert [one.path is not None for one in fetched] == [True, True, False]
    assert [one.error for one in fetched] == [None] * 3
    plan = plan_import(one.path for one in fetched if one.path)
    assert [file.pair.base for file in plan.files] == ["BTC", "BTC"]


def test_what_is_here_and_whole_is_not_fetched_again(archive: Served, tmp_path: Path) -> None:
    fetch(archive, tmp_path / "here")
    archive.asked.clear()
    fetch(archive, tmp_path / "here")
    assert all(path.endswith(".CHECKSUM") for path in archive.asked)


def test_a_file_that_was_cut_off_is_fetched_again(archive: Served, tmp_path: Path) -> None:
    (first, *_) = fetch(archive, tmp_path / "here")
    assert first.path is not None
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[:-100])
    fetch(archive, tmp_path / "here")
    assert first.path.read_bytes() == whole


def test_a_file_with_another_checksum_is_refused_and_the_others_come(archive: Served, tmp_path: Path) -> None:
    served = tmp_path / "archive" / DAYS[0]
    served.write_bytes(served.read_bytes()[:-1] + b"x")
    bad, good, _ = fetch(archive, tmp_path / "here")
    assert bad.path is None
    assert "BTCUSDT-1m-2025-05-01.zip: the archive's checksum is" in str(bad.error)
    assert good.path is not None
    assert not list((tmp_path / "here").rglob("*05-01*"))


def test_an_archive_that_cannot_be_reached_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_download, "_FIRST_PAUSE_S", 0.01)
    with pytest.raises(RetryError, match=r"could not be fetched .* it goes on from here"):
        asyncio.run(download("http://127.0.0.1:9", DAYS, tmp_path, lambda _one: None))


def test_whole_finished_months_come_as_one_file() -> None:
    paths = archive_paths(["BTCUSDT"], date(2025, 1, 30), date(2025, 3, 2), date(2025, 3, 3))
    candles = [Path(path).stem for path in paths if "/klines/" in path]
    assert candles == [f"BTCUSDT-1m-{date(2025, 1, 30) + timedelta(days=day)}" for day in range(32)]
    later = archive_paths(["BTCUSDT"], date(2025, 1, 30), date(2025, 3, 2), date(2025, 4, 1))
    assert [Path(path).stem for path in later if "/klines/" in path] == [
        "BTCUSDT-1m-2025-02", "BTCUSDT-1m-2025-01-30", "BTCUSDT-1m-2025-01-31", "BTCUSDT-1m-2025-03-01",
        "BTCUSDT-1m-2025-03-02",
    ]  # fmt: skip
    assert [Path(path).stem for path in later if "fundingRate" in path] == [
        "BTCUSDT-fundingRate-2025-01", "BTCUSDT-fundingRate-2025-02",
    ]  # fmt: skip


def test_trades_come_by_days_where_they_are_asked_for() -> None:
    span = date(2025, 1, 30), date(2025, 2, 1), date(2025, 4, 1)
    paths = set(archive_paths(["BTCUSDT"], *span, with_trades=True)) - set(archive_paths(["BTCUSDT"], *span))
    assert sorted(Path(path).stem for path in paths) == [
        "BTCUSDT-aggTrades-2025-01-30", "BTCUSDT-aggTrades-2025-01-31", "BTCUSDT-aggTrades-2025-02-01",
    ]  # fmt: skip
    assert all(isinstance(recognise(Path(path)), Recognised) for path in paths)
