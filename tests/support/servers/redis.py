"""A Redis server for tests: one that is given, the one of this machine, or one fetched from its packages."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import redis

from hydra.db.server.lock import exclusive
from hydra.db.server.ports import LOOPBACK, choose_free
from hydra.paths import cache_directory

REDIS_URL: Final = "HYDRA_TEST_REDIS_URL"
NOT_RUN: Final = "REDIS: NOT RUN"
# The server is a name of a program of redis-tools; the others are what it loads.
PACKAGES: Final = (
    "redis-server",
    "redis-tools",
    "libjemalloc2",
    "liblua5.1-0",
    "liblzf1",
    "lua-bitop",
    "lua-cjson",
)
START_TIMEOUT_S: Final = 10.0


@contextmanager
def redis_server() -> Iterator[str]:
    """The URL of an empty Redis server.

    Raises:
        LookupError: none can be had; ask `has_redis` first.
    """
    given = os.environ.get(REDIS_URL)
    if given:
        yield given
        return
    port = choose_free()
    with redis_on(port):
        yield f"redis://{LOOPBACK}:{port}/0"


@contextmanager
def redis_on(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A Redis server of our own on `port` of this machine, which forgets everything when it ends.

    Raises:
        LookupError: none can be had; `redis_program` says so.
    """
    program = redis_program()
    if program is None:
        raise LookupError("no Redis server can be had")
    with tempfile.TemporaryDirectory(prefix="hydra-redis-") as folder:
        yield from _started(program, folder, port)


def has_redis() -> bool:
    """Whether `redis_server` can give one."""
    return bool(os.environ.get(REDIS_URL)) or redis_program() is not None


@cache
def redis_program() -> Path | None:
    """The server's program: on the machine, or unpacked from the packages of its distribution."""
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    home = cache_directory() / "redis-for-tests"
    home.mkdir(parents=True, exist_ok=True)
    program = home / "usr/bin/redis-server"
    with exclusive(home / "fetch.lock"):
        if not program.exists():
            _fetch(home)
    return program if program.exists() else None


def _fetch(home: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return
    with tempfile.TemporaryDirectory(dir=home) as folder:
        fetched = subprocess.run(
            ["apt-get", "download", "-q", *PACKAGES],  # noqa: S607  # found on PATH above
            cwd=folder,
            check=False,
            capture_output=True,
            timeout=120,
        )
        if fetched.returncode == 0:
            for archive in Path(folder).glob("*.deb"):
                subprocess.run(["dpkg", "-x", str(archive), str(home)], check=True)  # noqa: S607


def _started(program: Path, folder: str, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    libraries = program.parents[1] / "lib/x86_64-linux-gnu"
    arguments = ("--port", str(port), "--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", folder)
    with subprocess.Popen(
        [str(program), *arguments],
        env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            _wait_for(port)
            yield process
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    with redis.Redis(host=LOOPBACK, port=port) as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return
