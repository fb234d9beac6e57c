"""From a file's bytes to a frame of named columns with line numbers. Nothing is judged here.

A csv may have a header row or none; a zip holds exactly one csv. A checksum file beside is verified.
"""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Final

import polars as pl

from hydra.errors import BadDataError

LINE: Final = "line"


def sha256_of(path: Path) -> str:
    """The sha256 of the file's bytes, which is verified where the exchange's checksum lies beside.

    Raises:
        BadDataError: the checksum file says another one.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    beside = path.with_name(path.name + ".CHECKSUM")
    if beside.is_file():
        words = beside.read_text(encoding="utf-8").split()
        if not words or words[0].lower() != found:
            said = words[0] if words else "nothing"
            raise BadDataError(
                f"{path}: the checksum file says {said}, the file has {found}; download it again"
            )
    return found


def read_csv(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    """The rows as text in `columns`, and `line`: the line in the file, from 1, header included.

    Raises:
        BadDataError: corrupt zip, not a csv, a column missing or too many.
    """
    octets = _csv_octets(path)
    if not octets.strip():
        raise BadDataError(f"{path}: the file is empty; download it again")
    header = _has_header(octets)
    try:
        frame = pl.read_csv(
            io.BytesIO(octets),
            has_header=header,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError as error:
        raise BadDataError(f"{path}: not a readable csv ({error}); download it again") from error
    frame = _named(path, frame, columns, header)
    return frame.with_row_index(LINE, offset=2 if header else 1).with_columns(pl.col(LINE).cast(pl.Int64))


def read_parquet(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    """The `columns` as they are typed in the file, and `line`: the row number from 1.

    Raises:
        BadDataError: not a Parquet file, or a column is missing.
    """
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadDataError(f"{path}: not a readable Parquet file ({error}); copy it again") from error
    _require(path, frame.columns, columns)
    return frame.select(columns).with_row_index(LINE, offset=1).with_columns(pl.col(LINE).cast(pl.Int64))


def _csv_octets(path: Path) -> bytes:
    if path.suffix != ".zip":
        return path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(inside) != 1:
                raise BadDataError(f"{path}: holds {len(inside)} csv files, expected one")
            return archive.read(inside[0])
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError) as error:
        raise BadDataError(f"{path}: corrupt zip ({error}); download it again") from error


def _has_header(octets: bytes) -> bool:
    first = octets.split(b"\n", 1)[0].split(b",", 1)[0].strip().strip(b'"')
    return any(letter.isalpha() for letter in first.decode("utf-8", "replace"))


def _named(path: Path, frame: pl.DataFrame, columns: tuple[str, ...], header: bool) -> pl.DataFrame:
    if header:
        frame = frame.rename({name: name.strip() for name in frame.columns})
        _require(path, frame.columns, columns)
        return frame.select(columns)
    if frame.width != len(columns):
        raise BadDataError(
            f"{path}: {frame.width} columns without a header row, expected {len(columns)}: "
            f"{', '.join(columns)}"
        )
    return frame.rename(dict(zip(frame.columns, columns, strict=True)))


def _require(path: Path, found: list[str], columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in found]
    if missing:
        raise BadDataError(f"{path}: column {', '.join(missing)} is missing; found {', '.join(found)}")
