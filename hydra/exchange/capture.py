r"""Raw frames on disk, with their receive time and connection: written by ingest, read by a replay.

A folder holds files with a number and the UTC instant of their opening, `frames-000001-20261128T041000Z.zst`.
A file is a row of blocks. A block is two zstandard frames: a skippable one with the marker `HYDRABLK` and the
length of the second as 8 bytes, little-endian; and a compressed one with a checksum. So `zstdcat FILE` prints
all records, a reader finds the next block behind a damaged one, and a process that is killed loses what it
had not flushed and nothing else. Decompressed, a block is a row of records:

    1723161255030314667 public 179\n{"stream":...}\n

that is receive time (nanoseconds since 1970, UTC), connection, bytes of the frame, then the frame. A
connection `depth:SYMBOL` names the order book that REST answered for SYMBOL.
Source: docs/exchange.md.
"""

import mmap
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import zstandard

from hydra.errors import BadDataError, StopError

SNAPSHOT_OF: Final = "depth:"
"""Begins the connection of a snapshot by REST; the symbol follows."""

_SKIPPABLE: Final = (0x184D2A50).to_bytes(4, "little")
_MARKER: Final = _SKIPPABLE + (16).to_bytes(4, "little") + b"HYDRABLK"
_HEADER_BYTES: Final = len(_MARKER) + 8
_BLOCK_BYTES: Final = 512 * 1024
_LARGEST_BLOCK_BYTES: Final = 64 * 1024 * 1024
_LEVEL: Final = 3
_NS: Final = 1_000_000_000


class CapturedFrame(NamedTuple):
    """A frame as it came; `received_ns`: nanoseconds since 1970, UTC."""

    received_ns: int
    connection: str
    frame: bytes


class CaptureWriter:
    """Appends frames to files in `folder`; every `flush_s` or half a mebibyte they are on disk.

    A file is followed by the next one at `file_bytes` or after `file_s`. Call `flush_if_due` when nothing
    comes, and `close` at the end.

    Raises (all methods):
        StopError: the folder cannot be written; the frames that waited are lost.
    """

    def __init__(
        self, folder: Path, flush_s: float = 1.0, file_bytes: int = 256 * 1024 * 1024, file_s: float = 3_600.0
    ) -> None:
        self._folder = folder
        self._flush_ns = int(flush_s * _NS)
        self._file_bytes = file_bytes
        self._file_ns = int(file_s * _NS)
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._waiting = bytearray()
        self._waiting_since_ns = 0
        self._descriptor: int | None = None
        self._written = 0
        self._opened_ns = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from None
        self._open()

    def write(self, received_ns: int, connection: str, frame: bytes) -> None:
        """Append one frame; `connection` holds neither blanks nor line ends."""
        if not self._waiting:
            self._waiting_since_ns = time.monotonic_ns()
        self._waiting += b"%d %s %d\n" % (received_ns, connection.encode(), len(frame))
        self._waiting += frame
        self._waiting += b"\n"
        if len(self._waiting) >= _BLOCK_BYTES:
            self.flush()
        else:
            self.flush_if_due()

    def flush_if_due(self) -> None:
        """Flush if the oldest frame has waited for `flush_s`."""
        if self._waiting and time.monotonic_ns() - self._waiting_since_ns >= self._flush_ns:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one block."""
        if self._waiting:
            block = self._compressor.compress(bytes(self._waiting))
            self._waiting.clear()
            self._append(_MARKER + len(block).to_bytes(8, "little") + block)
        if self._written >= self._file_bytes or time.monotonic_ns() - self._opened_ns >= self._file_ns:
            self._shut()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._shut()

    def _append(self, block: bytes) -> None:
        descriptor = self._open() if self._descriptor is None else self._descriptor
        try:
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except OSError as error:
            os.ftruncate(descriptor, self._written)
            os.lseek(descriptor, self._written, os.SEEK_SET)
            raise _unwritable(self._folder, error) from None
        self._written += len(block)

    def _open(self) -> int:
        files = _files(self._folder)
        number = int(files[-1].name.split("-")[1]) + 1 if files else 1
        path = self._folder / f"frames-{number:06}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zst"
        try:
            self._descriptor = descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError as error:
            raise _unwritable(self._folder, error) from None
        self._written, self._opened_ns = 0, time.monotonic_ns()
        return descriptor

    def _shut(self) -> None:
        if self._descriptor is not None:
            os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None


def captured_frames(folder: Path, on_damage: Callable[[BadDataError], None]) -> Iterator[CapturedFrame]:
    """The frames of all files of `folder`, in the order of their coming.

    on_damage: called with file and position of each damaged part; what lies behind it is read on. The last
    block of a process that was killed while writing it is such a part.

    Raises:
        BadDataError: the folder holds no such files.
        StopError: a file cannot be read.
    """
    paths = _files(folder)
    if not paths:
        raise BadDataError(f"{folder} holds no captured frames (files frames-*.zst)")
    for path in paths:
        yield from _frames_of_file(path, on_damage)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("frames-[0-9]*-*.zst"))


def _frames_of_file(path: Path, on_damage: Callable[[BadDataError], None]) -> Iterator[CapturedFrame]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise StopError(f"{path} cannot be read: {error.strerror}") from None
    with file:
        if os.fstat(file.fileno()).st_size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield from _frames_in(content, path, on_damage)


def _frames_in(
    content: mmap.mmap, path: Path, on_damage: Callable[[BadDataError], None]
) -> Iterator[CapturedFrame]:
    position = 0
    while position < len(content):
        try:
            block, end = _block_at(content, position)
            records = list(_records(block))
        except ValueError as error:
            following = content.find(_MARKER, position + 1)
            end = len(content) if following < 0 else following
            on_damage(
                BadDataError(f"{path} is damaged from byte {position} to {end}: {error}; it is left out")
            )
        else:
            yield from records
        position = end


def _block_at(content: mmap.mmap, position: int) -> tuple[bytes, int]:
    start = position + _HEADER_BYTES
    if content[position : start - 8] != _MARKER:
        raise ValueError("no block begins there")
    end = start + int.from_bytes(content[start - 8 : start], "little")
    if end > len(content):
        raise ValueError("the block is cut off")
    block = content[start:end]
    try:
        if zstandard.frame_content_size(block) > _LARGEST_BLOCK_BYTES:
            raise ValueError("the block claims to be larger than any")
        reading = zstandard.ZstdDecompressor().decompressobj()
        records = reading.decompress(block)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None
    if not reading.eof or reading.unused_data:
        raise ValueError("the block has another length than it says")
    return records, end


def _records(block: bytes) -> Iterator[CapturedFrame]:
    position = 0
    while position < len(block):
        head_end = block.index(b"\n", position)
        received_ns, connection, length = block[position:head_end].split(b" ")
        start, end = head_end + 1, head_end + 1 + int(length)
        if block[end : end + 1] != b"\n":
            raise ValueError("a record is cut off")
        yield CapturedFrame(int(received_ns), connection.decode(), block[start:end])
        position = end + 1


def _unwritable(folder: Path, error: OSError) -> StopError:
    return StopError(
        f"the capture cannot write to {folder}: {error.strerror or error}; free space, or name another"
    )
