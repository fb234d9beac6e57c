"""`python -m hydra.db.server.renew_pins`: pin the versions of the server's packages that Debian has now.

apt checks the index that names them against Debian's keys. Older pins stay.
"""

import sys
import tempfile
from pathlib import Path

from hydra.db.server.packages import newest_archives
from hydra.db.server.pins import PINS, Archive, pinned, unpinned
from hydra.errors import DatabaseError


def renew(path: Path = PINS) -> list[Archive]:
    """Add the newest archives to the pins in `path`; returns those that were new.

    Raises:
        DatabaseError: no signed mirror answers.
    """
    with tempfile.TemporaryDirectory(prefix="hydra-pins-") as work:
        added = unpinned(newest_archives(Path(work)), pinned())
    lines = path.read_text(encoding="utf-8").splitlines()
    reasons = [line for line in lines if line.startswith("#")]
    pins = [line for line in lines if not line.startswith("#")]
    pins += [f"{archive.sha256}  {archive.file_name}" for archive in added]
    path.write_text(
        "\n".join([*reasons, *sorted(pins, key=lambda pin: pin.split()[1])]) + "\n", encoding="utf-8"
    )
    return added


if __name__ == "__main__":
    try:
        sys.stdout.writelines(f"pinned {archive}\n" for archive in renew())
    except DatabaseError as error:
        sys.exit(f"hydra: {error}")
