"""Files beside a cluster: written whole and private, and the end of a log."""

import os
import tempfile
from pathlib import Path
from typing import Final

from hydra.db.server.account import ServerAccount

UNFINISHED: Final = "hydra-writing-"


def write_private(path: Path, text: str, owner: ServerAccount | None = None) -> None:
    """Write a whole file of mode 0600 that belongs to the caller, or to `owner`.

    A kill leaves the old file, and one whose name begins with UNFINISHED.
    """
    descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if owner is not None:
        owner.give(Path(name))
    Path(name).replace(path)


def last_lines(log: Path, count: int) -> list[str]:
    """The last `count` lines of `log`; none if it is absent."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return text.splitlines()[-count:]
