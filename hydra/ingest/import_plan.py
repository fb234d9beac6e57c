"""The plan of an import: the files in order, and what is left out, with the reason."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hydra.errors import StopError
from hydra.exchange.archive.recognition import FileLayout, NotImported, Recognised, recognise
from hydra.outside_text import storable


@dataclass(frozen=True)
class ImportPlan:
    """The files to import, in order, and the files left out.

    unreadable: folders that could not be read, and why. sizes_bytes: parallel to files.
    """

    files: tuple[Recognised, ...]
    not_imported: tuple[NotImported, ...]
    unreadable: tuple[str, ...] = ()
    sizes_bytes: tuple[int, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes of all files to import, for the progress bar."""
        return sum(self.sizes_bytes)


def plan_import(paths: Iterable[Path]) -> ImportPlan:
    """Look through files and folders (links inside are not followed) and recognise each file once.

    Raises:
        StopError: a path does not exist.
    """
    unreadable: list[str] = []
    found = {path.resolve(): path for named in paths for path in _files_below(_existing(named), unreadable)}
    recognised = [recognise(path) for path in found.values()]
    files = sorted((what for what in recognised if isinstance(what, Recognised)), key=_order)
    return ImportPlan(
        files=tuple(files),
        not_imported=tuple(what for what in recognised if isinstance(what, NotImported)),
        unreadable=tuple(unreadable),
        sizes_bytes=tuple(_size_bytes(file.path) for file in files),
    )


def printable(path: Path) -> str:
    """`path` as the user named it, in characters that any database accepts."""
    return storable(str(path))


def _order(file: Recognised) -> tuple[int, int, int, Path]:
    return list(FileLayout).index(file.layout), file.timeframe_minutes, file.pair.instrument_id, file.path


def _existing(path: Path) -> Path:
    if not os.path.lexists(path):
        raise StopError(f"{printable(path)} does not exist: name a file or a folder of market history")
    return path


def _files_below(path: Path, unreadable: list[str]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        unreadable.append(
            f"{printable(path)}: the folder cannot be read ({error.strerror}); check its rights"
        )
        return
    for entry in entries:
        if not entry.is_symlink():
            yield from _files_below(entry, unreadable)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it has vanished: reading it will report that
