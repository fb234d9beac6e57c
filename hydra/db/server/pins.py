"""Which archives of the server's packages HYDRA accepts: `packages.sha256` pins them, version by version.

Debian replaces a version by a newer one several times a year. A newer version than the pinned one is accepted
if the index that names it is signed, and HYDRA says so; an older one is not, because it may have known holes.
Source: docs/database.md, "The private server".
"""

import hashlib
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from hydra.errors import DatabaseError

PINS: Final = Path(__file__).with_name("packages.sha256")
_PIN: Final = re.compile(
    r"(?P<sha256>[0-9a-f]{64})  (?P<file_name>(?P<name>[a-z0-9.+-]+)_(?P<version>\S+)_\w+\.deb)"
)
_OFFER: Final = re.compile(
    r"'\S+' (?P<file_name>(?P<name>[a-z0-9.+-]+)_(?P<version>\S+)_\w+\.deb) \d+ SHA256:(?P<sha256>\w{64})"
)


@dataclass(frozen=True)
class Archive:
    """A version of a package; file_name as apt writes it (NAME_VERSION_ARCHITECTURE.deb, a colon as %3a)."""

    name: str
    version: str
    file_name: str
    sha256: str

    def __str__(self) -> str:
        """Name and version, for people."""
        return f"{self.name} {self.version.replace('%3a', ':')}"


@cache
def pinned() -> tuple[Archive, ...]:
    """The pinned archives; a package may have several versions."""
    return tuple(Archive(**match.groupdict()) for match in _PIN.finditer(PINS.read_text(encoding="utf-8")))


def offered(text: str) -> list[Archive]:
    """The archives in the answer of `apt-get download --print-uris`."""
    return [Archive(**match.groupdict()) for match in _OFFER.finditer(text)]


def complaint(offers: Sequence[Archive], pins: Sequence[Archive], *, is_signed: bool) -> str | None:
    """Why a mirror's archives are not taken; None if all are pinned, or newer and of a signed index.

    Raises:
        DatabaseError: a pinned version has another sha256.
    """
    _refuse_changed(offers, pins)
    others = unpinned(offers, pins)
    older = [offer for offer in others if not _is_newest(offer, pins)]
    if older:
        return f"it has {_list(older)}, older than HYDRA's pins"
    if others and not is_signed:
        return f"HYDRA does not pin {_list(others)}, and this mirror's index is not signed"
    missing = sorted({pin.name for pin in pins} - {offer.name for offer in offers})
    return f"it has no {', '.join(missing)}" if missing else None


def unpinned(archives: Iterable[Archive], pins: Sequence[Archive]) -> list[Archive]:
    """Those whose version is not pinned."""
    names = {pin.file_name for pin in pins}
    return [archive for archive in archives if archive.file_name not in names]


def unpinned_files(folder: Path) -> list[str]:
    """The names of the archives in `folder` whose version is not pinned."""
    return sorted({path.name for path in folder.glob("*.deb")} - {pin.file_name for pin in pinned()})


def refuse_other_files(folder: Path, expected: Iterable[Archive]) -> None:
    """Refuse `folder` if one of the `expected` archives in it has another sha256.

    Raises:
        DatabaseError: names the archive.
    """
    files = [
        Archive(one.name, one.version, one.file_name, sha256_of(folder / one.file_name)) for one in expected
    ]
    _refuse_changed([file for file in files if file.sha256], list(expected))


def sha256_of(path: Path) -> str:
    """The file's sha256, empty if there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_changed(offers: Iterable[Archive], pins: Iterable[Archive]) -> None:
    wanted = {pin.file_name: pin.sha256 for pin in pins}
    for offer in offers:
        if wanted.get(offer.file_name, offer.sha256) != offer.sha256:
            raise DatabaseError(
                f"{offer.file_name} is not the archive that HYDRA knows: its sha256 is {offer.sha256}, not "
                f"{wanted[offer.file_name]}. Nothing of it was used: take another mirror, and report it"
            )


def _is_newest(offer: Archive, pins: Iterable[Archive]) -> bool:
    return all(_is_older(pin.version, offer.version) for pin in pins if pin.name == offer.name)


def _is_older(version: str, than: str) -> bool:
    versions = (text.replace("%3a", ":") for text in (version, than))
    first, second = versions
    done = subprocess.run(["dpkg", "--compare-versions", first, "lt", second], check=False)  # noqa: S607
    return done.returncode == 0


def _list(archives: Iterable[Archive]) -> str:
    return ", ".join(map(str, archives))
