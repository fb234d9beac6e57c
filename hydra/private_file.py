"""Files with secrets: read only if no other account of the machine can read them."""

import stat
from pathlib import Path
from typing import Final

from hydra.errors import SettingsError
from hydra.outside_text import shown

_OF_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_private(path: Path) -> str:
    """The text of a file of this account alone.

    Raises:
        SettingsError: it is not there, no file, no text, or others may read it; shows nothing of it.
    """
    name = shown(str(path))
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise SettingsError(f"{name} is no file")
        if mode & _OF_OTHERS:
            raise SettingsError(f"{name} can be read by others: chmod 600 {name}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is no text of UTF-8") from None
