"""The bytes of a history file: read once, verified against the exchange's checksum, unpacked."""

import hashlib
import os
import stat
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from hydra.errors import BadDataError
from hydra.exchange.archive import limits
from hydra.exchange.archive.refusals import refused_if_unreadable

_PIECE: Final = 8192
"""Bytes asked for at once. bzip2 and LZMA unpack as many packed bytes whole, bzip2 to 160 MB at the worst."""
_KINDS: Final = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


@dataclass(frozen=True)
class FileBytes:
    """A file's content. sha256 is that of the file itself, before unpacking.

    is_known_whole: a zip or a checksum vouches that nothing was cut off.
    """

    path: Path
    content: bytes
    sha256: str
    is_known_whole: bool


def read_file_bytes(path: Path) -> FileBytes:
    """Read `path` and, where a checksum file lies beside, verify it. Of a zip, the content is its one csv.

    Raises:
        BadDataError: unreadable, no regular file, empty, too large, another checksum, or a zip that is
            corrupt, unpacks to too much or holds something else.
    """
    raw = read_whole(path)
    if not raw.strip():
        raise BadDataError(f"{path}: the file is empty; download it again")
    sha256 = hashlib.sha256(raw).hexdigest()
    verified = _verify(path, sha256)
    is_zip = path.suffix.lower() == ".zip"
    return FileBytes(path, _unpacked(path, raw) if is_zip else raw, sha256, verified or is_zip)


def kind_of(mode: int) -> str | None:
    """What a file of this st_mode is in words; None for a regular file."""
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no regular file")


def read_whole(path: Path) -> bytes:
    """All bytes of a regular file; reading never waits, as reading a named pipe would.

    Raises:
        BadDataError: unreadable, no regular file, or larger than limits.BYTES.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            _refuse_kind_and_size(path, status)
            return file.read(status.st_size)
    except OSError as error:
        raise BadDataError(
            f"{path}: cannot be read ({error.strerror}); check that it is there and that you may read it"
        ) from error


def _refuse_kind_and_size(path: Path, status: os.stat_result) -> None:
    kind = kind_of(status.st_mode)
    if kind is not None:
        raise BadDataError(f"{path}: {kind}, not a regular file; name the file itself")
    if status.st_size > limits.BYTES:
        raise BadDataError(
            f"{path}: {status.st_size:,} bytes, more than the {limits.BYTES:,} of one file; split it by month"
        )


def _verify(path: Path, found: str) -> bool:
    """Whether a checksum file lies beside; its text is `sha256  name`, with or without a line end."""
    beside = path.with_name(path.name + ".CHECKSUM")
    if not beside.is_file():
        return False
    words = read_whole(beside).decode("utf-8", "replace").split()
    said = words[0].lower() if words else "nothing"
    if said != found:
        raise BadDataError(f"{path}: the checksum file says {said}, the file has {found}; download it again")
    return True


def _unpacked(path: Path, raw: bytes) -> bytes:
    most = limits.unpacked_bytes(len(raw))
    with (
        refused_if_unreadable(path, "corrupt zip"),
        zipfile.ZipFile(BytesIO(raw)) as archive,
        archive.open(_only_csv(path, archive.namelist())) as csv,
    ):
        unpacked = bytearray()
        # Counted while it is unpacked: what the zip says of its size may lie.
        while len(unpacked) <= most and (piece := csv.read(_PIECE)):
            unpacked += piece
    if len(unpacked) > most:
        raise BadDataError(
            f"{path}: {len(raw):,} bytes unpack to more than {most:,}; unpack it yourself and look at it"
        )
    return bytes(unpacked)


def _only_csv(path: Path, names: list[str]) -> str:
    inside = [name for name in names if name.lower().endswith(".csv")]
    if len(inside) != 1:
        raise BadDataError(f"{path}: holds {len(inside)} csv files, expected one; import them unpacked")
    if Path(inside[0]).stem != path.stem:
        raise BadDataError(f"{path}: holds {inside[0]}, which its name contradicts; download it again")
    return inside[0]
