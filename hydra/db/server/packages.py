"""Downloads the server's packages with apt, in private state: the system's apt is not changed.

apt checks every archive against the signed index; the caller keeps their sha256 for later.
Source: docs/database.md, "The private server".
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from hydra.db.server.sources import SUITE, Source, candidates, read_sources
from hydra.errors import DatabaseError

# The server and the shared libraries that it loads. The list is explicit because apt would also install
# perl, locales and 120 MB of LLVM, which the server does not need.
PACKAGES: Final = (
    "postgresql-17",
    "postgresql-client-17",
    "postgresql-17-timescaledb",
    "libc6",
    "libicu76",
    "libssl3t64",
    "libxml2",
    "libldap2",
    "libsasl2-2",
    "libgssapi-krb5-2",
    "libkrb5-3",
    "libk5crypto3",
    "libkrb5support0",
    "libcom-err2",
    "libkeyutils1",
    "libpam0g",
    "libaudit1",
    "libcap-ng0",
    "libcap2",
    "libsystemd0",
    "libselinux1",
    "libpcre2-8-0",
    "liblz4-1",
    "libzstd1",
    "zlib1g",
    "liblzma5",
    "libuuid1",
    "libxslt1.1",
    "libreadline8t64",
    "libtinfo6",
    "libedit2",
    "libpq5",
    "libgcrypt20",
    "libgpg-error0",
    "libffi8",
    "libgcc-s1",
    "libstdc++6",
    "libcrypt1",
    "libnuma1",
)
INSTEAD: Final = "set HYDRA_DATABASE_URL to a TimescaleDB server of your own instead"
FETCH_TIMEOUT_S: Final = 600

# A hook such as Docker's would clean the system's package cache after our update.
_NO_HOOKS = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def download(folder: Path, work: Path) -> None:
    """Download the newest archives of all `PACKAGES` into `folder`; `work` holds apt's state.

    Raises:
        DatabaseError: there is no apt here, or no mirror had them; names what was tried.
    """
    if shutil.which("apt-get") is None:
        raise DatabaseError(f"the private database server comes through apt-get, not found here: {INSTEAD}")
    failures = []
    for number, source in enumerate(candidates(read_sources())):
        failure = _download_from(source, folder, work / str(number))
        if failure is None:
            return
        failures.append(f"{without_password(source.uri)}: {failure}")
    tried = "; ".join(failures) or "no Debian mirror in /etc/apt"
    raise DatabaseError(
        f"could not fetch PostgreSQL and TimescaleDB of Debian {SUITE} (tried {tried}). "
        f"Check the network and run this again, or {INSTEAD}"
    )


def without_password(uri: str) -> str:
    """`uri` without the user and password that a mirror's address may hold."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _download_from(source: Source, folder: Path, work: Path) -> str | None:
    environment = {**os.environ, "APT_CONFIG": str(_write_configuration(source, work)), "LC_ALL": "C"}
    for arguments in (["update", "-q", "-q"], ["download", "-q", *PACKAGES]):
        try:
            done = subprocess.run(
                ["apt-get", *arguments],  # noqa: S607  # found on PATH above
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=FETCH_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return f"no end after {FETCH_TIMEOUT_S} s"
        if done.returncode != 0:
            return _first_complaint(done.stderr)
    return None


def _first_complaint(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("E:")]
    return lines[0].removeprefix("E:").strip() if lines else "apt-get failed without saying why"


def _write_configuration(source: Source, work: Path) -> Path:
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
