"""The bytes of a history file: read once, verified against the exchange's checksum, unpacked."""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from hydra.errors import BadDataError


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
        BadDataError: unreadable, empty, another checksum, or a zip that is corrupt or holds something else.
    """
    raw = _bytes_of(path)
    if not raw.strip():
        raise BadDataError(f"{path}: the file is empty; download it again")
    sha256 = hashlib.sha256(raw).hexdigest()
    verified = _verify(path, sha256)
    is_zip = path.suffix.lower() == ".zip"
    return FileBytes(path, _unpacked(path, raw) if is_zip else raw, sha256, verified or is_zip)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadDataError(
            f"{path}: cannot be read ({error.strerror}); check that it is there and that you may read it"
        ) from error


def _verify(path: Path, found: str) -> bool:
    """Whether a checksum file lies beside; its text is `sha256  name`, with or without a line end."""
    beside = path.with_name(path.name + ".CHECKSUM")
    if not beside.is_file():
        return False
    words = _bytes_of(beside).decode("utf-8", "replace").split()
    said = words[0].lower() if words else "nothing"
    if said != found:
        raise BadDataError(f"{path}: the checksum file says {said}, the file has {found}; download it again")
    return True


def _unpacked(path: Path, raw: bytes) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            return archive.read(_only_csv(path, archive.namelist()))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        # RuntimeError: encrypted, or a compression that is not known (NotImplementedError).
        raise BadDataError(f"{path}: corrupt zip ({error}); download it again") from error


def _only_csv(path: Path, names: list[str]) -> str:
    inside = [name for name in names if name.lower().endswith(".csv")]
    if len(inside) != 1:
        raise BadDataError(f"{path}: holds {len(inside)} csv files, expected one; import them unpacked")
    if Path(inside[0]).stem != path.stem:
        raise BadDataError(f"{path}: holds {inside[0]}, which its name contradicts; download it again")
    return inside[0]
