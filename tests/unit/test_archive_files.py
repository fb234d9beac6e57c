"""Files as a whole: bytes, checksums, zips, headers, cut lines, and claims of the name."""

import hashlib
import os
from pathlib import Path

import pytest

from hydra.errors import BadDataError
from hydra.exchange.archive.file_bytes import read_file_bytes
from tests.support.archive_samples import (
    DAY_MS,
    FUNDING_FILE,
    FUNDING_HEADER,
    KLINE_FILE,
    KLINE_HEADER,
    kline,
    parsed,
    reasons,
    text_of,
    write_zip,
)

LINES = [kline(minute) for minute in range(3)]


def refusal(path: Path, text: str | bytes | None = None) -> str:
    with pytest.raises(BadDataError) as refused:
        parsed(path, text)
    assert str(path) in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [None, KLINE_HEADER, KLINE_HEADER.upper(), f"\ufeff{KLINE_HEADER}"])
def test_a_csv_reads_the_same_with_any_header_or_none(
    tmp_path: Path, header: str | None, line_end: str
) -> None:
    lines = [header, *LINES] if header else LINES
    rows = parsed(tmp_path / KLINE_FILE, line_end.join([*lines, ""])).tables["candles_1m"]
    assert rows.equals(parsed(tmp_path / "plain" / KLINE_FILE, text_of(*LINES)).tables["candles_1m"])
    assert rows.height == 3


@pytest.mark.parametrize(("header", "offset"), [(None, 0), (KLINE_HEADER, 1)])
def test_line_numbers_count_header_and_blank_lines(tmp_path: Path, header: str | None, offset: int) -> None:
    lines = [*([header] if header else []), LINES[0], "", kline(1, high="1"), ""]
    file = parsed(tmp_path / KLINE_FILE, text_of(*lines))
    assert reasons(file) == {3 + offset: "high below low"}
    assert file.rows_read == 2


def test_a_zip_reads_as_its_csv(tmp_path: Path) -> None:
    zipped = parsed(write_zip(tmp_path / "z" / "BTCUSDT-1m-2025-05-01.zip", text_of(*LINES)))
    assert zipped.tables["candles_1m"].equals(
        parsed(tmp_path / KLINE_FILE, text_of(*LINES)).tables["candles_1m"]
    )


def test_a_zip_must_be_whole_and_hold_the_one_csv_of_its_name(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "BTCUSDT-1m-2025-05-01.zip", text_of(*LINES), "ETHUSDT-1m-2025-05-01.csv")
    assert "its name contradicts" in refusal(path)
    write_zip(path, text_of(*LINES), "readme.txt")
    assert "holds 0 csv files" in refusal(path)
    whole = write_zip(path, text_of(*(kline(minute) for minute in range(500)))).read_bytes()
    assert "corrupt zip" in refusal(path, whole[: len(whole) // 2])
    middle = len(whole) // 2
    assert "corrupt zip" in refusal(path, whole[:middle] + bytes(64) + whole[middle + 64 :])
    assert "corrupt zip" in refusal(path, b"PK not a zip")


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_checksum_is_verified_with_or_without_a_line_end(tmp_path: Path, end: str) -> None:
    path = tmp_path / KLINE_FILE
    path.write_text(text_of(*LINES))
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    beside = path.with_name(path.name + ".CHECKSUM")
    beside.write_text(f"{right}  {path.name}{end}")
    assert read_file_bytes(path).sha256 == right
    beside.write_text(f"{'0' * 64}  {path.name}{end}")
    assert "download it again" in refusal(path)
    beside.write_bytes(b"")
    assert "the checksum file says nothing" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"\n \n"])
@pytest.mark.parametrize("name", [KLINE_FILE, "BTCUSDT-1m-2025-05-01.zip", "candles_1m/BTCUSDT.parquet"])
def test_a_file_without_content_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert "the file is empty" in refusal(tmp_path / name, content)


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    assert "holds no row" in refusal(tmp_path / KLINE_FILE, text_of(KLINE_HEADER))


def test_a_file_that_vanished_or_may_not_be_read_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"cannot be read \(No such file"):
        read_file_bytes(tmp_path / KLINE_FILE)
    if os.geteuid() != 0:
        (tmp_path / KLINE_FILE).touch(mode=0o000)
        with pytest.raises(BadDataError, match="Permission denied"):
            read_file_bytes(tmp_path / KLINE_FILE)


def test_a_csv_that_is_cut_within_a_line_is_refused(tmp_path: Path) -> None:
    text = text_of(*LINES)
    for cut in range(len(LINES[0]) + len(LINES[1]) + 3, len(text) - len(",0\n")):
        assert "cut off in line 3" in refusal(tmp_path / KLINE_FILE, text[:cut])


def test_a_last_value_that_may_be_cut_is_quarantined_unless_the_file_is_known_whole(tmp_path: Path) -> None:
    text = text_of(FUNDING_HEADER, f"{DAY_MS},8,0.0001", f"{DAY_MS + 28_800_000},8,0.00025")
    path = tmp_path / FUNDING_FILE
    assert list(reasons(parsed(path, text[:-3]))) == [3]
    path.with_name(path.name + ".CHECKSUM").write_text(hashlib.sha256(text[:-1].encode()).hexdigest())
    assert reasons(parsed(path, text[:-1])) == {}


def test_a_kline_without_line_end_is_whole_because_its_last_column_says_nothing(tmp_path: Path) -> None:
    assert parsed(tmp_path / KLINE_FILE, text_of(*LINES)[:-1]).tables["candles_1m"].height == 3


def test_a_ragged_line_is_quarantined_and_the_others_survive(tmp_path: Path) -> None:
    lines = [LINES[0], LINES[1].rpartition(",")[0], f"{LINES[2]},9", kline(3)]
    file = parsed(tmp_path / KLINE_FILE, text_of(*lines))
    assert reasons(file) == {
        2: "the line has 11 fields, the others 12",
        3: "the line has 13 fields, the others 12",
    }
    assert file.tables["candles_1m"].height == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (text_of(KLINE_HEADER.replace("volume,close", "amount,close"), *LINES), "column volume is missing"),
        (text_of("1,2,3", "4,5,6"), "its rows have 3 columns, expected 12"),
        (text_of(f"{KLINE_HEADER},open", *(f"{line},1" for line in LINES)), "a column stands twice"),
        (text_of(LINES[0], LINES[1].replace("100.0", '"100.0'), LINES[2]), "not"),
        (text_of(LINES[0]) + "\x00" * 9, "zero bytes"),
        (text_of(LINES[0]).encode() + b"\xff\xfe" + text_of(LINES[1]).encode(), "not a readable csv"),
        ("<html><body>404</body></html>\n", "is missing|holds no row"),
    ],
)
def test_what_is_no_csv_of_the_layout_is_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(BadDataError, match=words):
        parsed(tmp_path / KLINE_FILE, text)


@pytest.mark.parametrize("content", [b"PAR1 but no more than that", b"PAR1" + bytes(100) + b"PAR1"])
def test_a_broken_parquet_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "not a readable Parquet file" in refusal(tmp_path / "candles_1m" / "BTCUSDT.parquet", content)
