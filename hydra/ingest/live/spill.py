"""Batches that wait on disk while the database is away: a file a batch, oldest first.

A file is written under another name, synced and renamed, so that a process which is killed leaves it whole or
not at all; it is removed after its rows are committed. So rows are stored at least once, and the merge drops
those that a killed process had stored already. Its name tells its place, its rows, and up to when they were
known (microseconds), so that the loss of a damaged one can be recorded.
"""

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from hydra.errors import BadDataError, StopError
from hydra.ingest.live.batch import Batch, from_bytes, to_bytes
from hydra.ingest.live.lost_rows import lost

_ENDING: Final = ".batch"
_DAMAGED: Final = ".damaged"

log = logging.getLogger(__name__)


class SpillFolder:
    """The waiting batches of one venue. rows: how many rows they hold."""

    def __init__(self, folder: Path) -> None:
        """Open `folder`, with what is in it now.

        Raises:
            StopError: it cannot be used.
        """
        self._folder = folder
        self._is_damaged = False
        self._read()

    def take_over(self) -> None:
        """Begin as the only process that uses the folder: what an earlier one has left is all there is.

        Raises:
            StopError: it cannot be used.
        """
        for unfinished in self._folder.glob("*.new"):
            unfinished.unlink(missing_ok=True)
        self._read()

    def _read(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._paths = sorted(self._folder.glob(f"*{_ENDING}"))
        except OSError as error:
            raise StopError(f"{self._folder} cannot hold waiting rows: {error.strerror}") from None
        self._next = _number(self._paths[-1]) + 1 if self._paths else 0
        self.rows = sum(map(_rows, self._paths))

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._paths)

    def add(self, batch: Batch) -> None:
        """Append `batch`.

        Raises:
            OSError: the disk does not take it; then nothing has changed.
        """
        name = f"{self._next:012}-{batch.rows}-{batch.committed_through_us}"
        path = self._folder / f"{name}{_ENDING}"
        unfinished = path.with_suffix(".new")
        try:
            with unfinished.open("wb") as file:
                file.write(to_bytes(batch))
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
            _sync(self._folder)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self._next += 1
        self._paths.append(path)
        self.rows += batch.rows

    def oldest(self) -> Batch:
        """The batch that has waited longest; it stays until `remove_oldest`.

        In the place of one that is damaged or gone, a batch that records its loss.

        Raises:
            StopError: it cannot be read.
        """
        path = self._paths[0]
        try:
            return from_bytes(path.read_bytes())
        except (BadDataError, FileNotFoundError) as error:
            log.warning("%s with %d rows is left out: %s", path, _rows(path), error)
            self._is_damaged = True
            return lost(Batch(_through_us(path), None))
        except OSError as error:
            raise StopError(f"{path} cannot be read: {error.strerror}") from None

    def remove_oldest(self) -> None:
        """Delete the batch that `oldest` gave: it is stored. A damaged file is kept under another name."""
        path = self._paths.pop(0)
        self.rows -= _rows(path)
        if self._is_damaged:
            with suppress(FileNotFoundError):
                path.rename(path.with_suffix(_DAMAGED))
            self._is_damaged = False
        else:
            path.unlink(missing_ok=True)


def _number(path: Path) -> int:
    return int(path.stem.split("-")[0])


def _rows(path: Path) -> int:
    return int(path.stem.split("-")[1])


def _through_us(path: Path) -> int:
    return int(path.stem.split("-")[2])


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
