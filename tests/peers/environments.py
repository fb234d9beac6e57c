"""A virtual environment for each rival, made when it is first asked for."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from hydra.errors import StopError
from tests.peers.peers import requirements_of


def environment_python(folder: Path, environment: str) -> Path:
    """The interpreter of an environment below `folder`, with what its requirements pin.

    An empty name is HYDRA's own. Made anew when the requirements or the interpreter have changed. Raises
    StopError where it cannot be installed.
    """
    if not environment:
        return Path(sys.executable)
    home = folder / environment
    python, stamp = home / "bin" / "python", home / "installed"
    wanted = fingerprint(home, requirements_of(environment))
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        venv.create(home, clear=True, symlinks=True, with_pip=True)
        install(python, requirements_of(environment))
        stamp.write_text(wanted, encoding="utf-8")
    return python


def fingerprint(home: Path, requirements: Path) -> str:
    """What an environment is made of: its place too, since its programs name it."""
    parts = (str(home.resolve()), sys.version, requirements.read_text(encoding="utf-8"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def install(python: Path, requirements: Path) -> None:
    """Install what the file pins; raises StopError with the last word of pip."""
    words = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        str(requirements),
    ]
    finished = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if finished.returncode:
        said = [line for line in finished.stderr.splitlines() if line.startswith("ERROR")]
        raise StopError(f"cannot be installed: {said[-1] if said else finished.stderr.strip()[-300:]}")
