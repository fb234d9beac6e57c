"""Downloads the server's packages with apt, in private state: the system's apt is not changed.

apt checks every archive against the signed index, and HYDRA against its pins, before anything uses it.
Source: docs/database.md, "The private server".
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from hydra.db.server.pins import Archive, complaint, offered, pinned, refuse_other_files
from hydra.db.server.sources import SUITE, AptSource, candidates, read_sources
from hydra.errors import DatabaseError

INSTEAD: Final = "set HYDRA_DATABASE_URL to a TimescaleDB server of your own instead"
FETCH_TIMEOUT_S: Final = 600

# On the command line, which wins over every file of the machine. A source that says "trusted" is read all the
# same: its archives have to be pinned.
_SIGNED_ONLY: Final = (
    "-oAPT::Get::AllowUnauthenticated=false",
    "-oAcquire::AllowInsecureRepositories=false",
    "-oAcquire::AllowWeakRepositories=false",
    "-oAcquire::AllowDowngradeToInsecureRepositories=false",
)

# A hook such as Docker's would clean the system's package cache after our update.
_NO_HOOKS = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def download(folder: Path, work: Path) -> None:
    """Download the pinned packages, or newer ones of a signed index, into `folder`; `work` holds apt's state.

    Raises:
        DatabaseError: there is no apt here, no mirror had them (names what was tried), or an archive is not
            the one that is pinned.
    """
    failures = []
    for source, environment in _mirrors(work):
        try:
            offers = _offers(environment)
            reason = complaint(offers, pinned(), is_signed=source.is_signed)
            if reason is None:
                for left_over in folder.glob("*.deb"):
                    left_over.unlink()
                _apt(environment, "download", "-q", "-q", *_names(), folder=folder)
                refuse_other_files(folder, offers)
                return
        except _AptError as error:
            reason = str(error)
        failures.append(f"{without_password(source.uri)}: {reason}")
    tried = "; ".join(failures) or "no Debian mirror in /etc/apt"
    raise DatabaseError(
        f"could not fetch PostgreSQL and TimescaleDB of Debian {SUITE} (tried {tried}). "
        f"Check the network and run this again, or {INSTEAD}"
    )


def newest_archives(work: Path) -> list[Archive]:
    """What the first mirror with a signed index has now; `work` holds apt's state.

    Raises:
        DatabaseError: no such mirror answers.
    """
    for source, environment in _mirrors(work):
        if source.is_signed:
            try:
                return _offers(environment)
            except _AptError:
                continue
    raise DatabaseError("no Debian mirror of /etc/apt with a signed index answers: check the network")


def without_password(uri: str) -> str:
    """`uri` without the user and password that a mirror's address may hold."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class _AptError(Exception):
    """What apt complained of."""


def _mirrors(work: Path) -> Iterator[tuple[AptSource, dict[str, str]]]:
    """The mirrors to try, each with an environment for apt."""
    if shutil.which("apt-get") is None:
        raise DatabaseError(f"the private database server comes through apt-get, not found here: {INSTEAD}")
    for number, source in enumerate(candidates(read_sources())):
        configuration = _write_configuration(source, work / str(number))
        yield source, {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C"}


def _names() -> list[str]:
    return sorted({pin.name for pin in pinned()})


def _offers(environment: dict[str, str]) -> list[Archive]:
    _apt(environment, "update", "-q", "-q")
    return offered(_apt(environment, "download", "-q", "-q", "--print-uris", *_names()))


def _apt(environment: dict[str, str], *arguments: str, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            ["apt-get", *_SIGNED_ONLY, *arguments],  # noqa: S607  # found on PATH above
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise _AptError(f"no end after {FETCH_TIMEOUT_S} s") from None
    if done.returncode != 0:
        raise _AptError(_first_complaint(done.stderr))
    return done.stdout


def _first_complaint(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("E:")]
    return lines[0].removeprefix("E:").strip() if lines else "apt-get failed without saying why"


def _write_configuration(source: AptSource, work: Path) -> Path:
    for name in ("lists/partial", "cache/archives/partial", "sources", "conf"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources" / "hydra.sources").write_text(source.entry(SUITE), encoding="utf-8")
    _copy_machine_configuration(work / "conf")
    path = work / "apt.conf"
    path.write_text(_configuration(work), encoding="utf-8")
    return path


def _copy_machine_configuration(folder: Path) -> None:
    # Proxies and credentials of the machine stay in force; its hooks do not.
    for part in sorted(Path("/etc/apt/apt.conf.d").glob("*")):
        if part.is_file() and os.access(part, os.R_OK):
            shutil.copyfile(part, folder / part.name)
    (folder / "zz-hydra").write_text(_NO_HOOKS, encoding="utf-8")


def _configuration(work: Path) -> str:
    values = {
        "Dir::Etc::parts": work / "conf",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": work / "sources",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "APT::Update::Error-Mode": "any",
        "APT::Default-Release": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
    }
    return "".join(f'{key} "{value}";\n' for key, value in values.items())
