"""The plan of an import: the files in order, and what is left out, with the reason."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hydra.errors import StopError
from hydra.exchange.archive.file_bytes import kind_of
from hydra.exchange.archive.recognition import FileLayout, NotImported, Recognised, recognise
from hydra.outside_text import storable

_LONGEST: Final = 600  # characters of a path or message; of four bytes each, they fit into an index


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
    """Look through files and folders and recognise each file once; nothing below them goes unnamed.

    A link to a file is followed. A link to a folder inside is named instead: it may lead in a circle or out
    to the whole disk. What is not a regular file is never opened.

    Raises:
        StopError: a path does not exist.
    """
    found: dict[str, Path] = {}
    left_out: list[NotImported] = []
    unreadable: list[str] = []
    for named in paths:
        for path, why_not in _entries(_existing(named), unreadable):
            known = None if why_not else found.setdefault(os.path.realpath(path), path)
            if known is None:
                left_out.append(NotImported(path, why_not))
            elif known != path:
                left_out.append(NotImported(path, "a link to a file that is read under another name"))
    recognised = [recognise(path) for path in found.values()]
    files = sorted((what for what in recognised if isinstance(what, Recognised)), key=_order)
    return ImportPlan(
        files=tuple(files),
        not_imported=(*(what for what in recognised if isinstance(what, NotImported)), *left_out),
        unreadable=tuple(unreadable),
        sizes_bytes=tuple(_size_bytes(file.path) for file in files),
    )


def printable(text: Path | str) -> str:
    """A path as the user named it, or a text that names it, in characters that the database accepts.

    A longer one than a table can show, or an index hold, loses its middle.
    """
    whole, half = storable(str(text)), _LONGEST // 2
    return whole if len(whole) <= _LONGEST else f"{whole[:half]}...{whole[-half:]}"


def _order(file: Recognised) -> tuple[int, int, int, Path]:
    return list(FileLayout).index(file.layout), file.timeframe_minutes, file.pair.instrument_id, file.path


def _existing(path: Path) -> Path:
    if not os.path.lexists(path):
        raise StopError(f"{printable(path)} does not exist: name a file or a folder of market history")
    return path


def _entries(named: Path, unreadable: list[str]) -> Iterator[tuple[Path, str]]:
    """The files at and below `named` in order, each with the reason to leave it out, empty if there is none.

    Folders wait on a list, not on the stack: a thousand may lie in each other.
    """
    if not named.is_dir():
        yield named, _why_not(named)
        return
    folders = [named]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            unreadable.append(
                f"{printable(folder)}: the folder cannot be read ({error.strerror}); check its rights, or "
                "name a folder inside"
            )
            continue
        inside = {Path(entry.path): entry.is_dir(follow_symlinks=False) for entry in entries}
        folders += [path for path, is_folder in reversed(inside.items()) if is_folder]
        yield from ((path, _why_not(path)) for path, is_folder in inside.items() if not is_folder)


def _why_not(path: Path) -> str:
    """Why this entry, which is no folder of its own, is not opened; empty for a file."""
    try:
        status = path.stat()
    except OSError as error:
        named = "a link that leads to no file" if os.path.islink(path) else "it cannot be looked at"  # noqa: PTH114  # which never raises
        return f"{named} ({error.strerror})"
    if stat.S_ISDIR(status.st_mode):
        return "a link to a folder: name it to import what it holds"
    kind = kind_of(status.st_mode)
    return f"{kind}, not a regular file" if kind else ""


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it has vanished: reading it will report that
