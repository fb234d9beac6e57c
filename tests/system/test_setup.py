"""`scripts/setup.sh` installs no archive whose sha256 is not in the lock, and builds nothing from source."""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from hydra.paths import PROJECT_ROOT

METADATA = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"


@pytest.fixture(scope="module")
def checkout_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout without a lock; its environment is made once."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("scripts", "requirements"):
        (folder / name).mkdir()
    shutil.copy(PROJECT_ROOT / "scripts" / "setup.sh", folder / "scripts")
    shutil.copy(PROJECT_ROOT / "pyproject.toml", folder)
    (folder / "requirements" / "dev.lock").touch()
    return folder


@pytest.fixture
def checkout(checkout_of_all: Path) -> Path:
    """The same with an empty folder of archives in the registry's place."""
    shutil.rmtree(checkout_of_all / "archives", ignore_errors=True)
    (checkout_of_all / "archives").mkdir()
    return checkout_of_all


# Settings of pip that a machine, or who attacks it, may have: the strict options of the script win.
LAX = {"PIP_REQUIRE_HASHES": "0", "PIP_NO_BINARY": ":all:", "PIP_ONLY_BINARY": ":none:", "PIP_PRE": "1"}


def set_up(checkout: Path, digest: str) -> subprocess.CompletedProcess[str]:
    """Run it with a lock of one package of this sha256, where pip is told to be lax."""
    (checkout / "requirements.lock").write_text(f"tiny==1.0 \\\n    --hash=sha256:{digest}\n")
    environment = {**os.environ, **LAX, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(checkout / "archives")}
    environment.pop("PIP_EXTRA_INDEX_URL", None)
    return subprocess.run(
        ["/bin/sh", "scripts/setup.sh"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def wheel(checkout: Path) -> str:
    """Put a wheel there; its sha256."""
    path = checkout / "archives" / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr("tiny-1.0.dist-info/METADATA", METADATA)
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source(checkout: Path) -> str:
    """Put a source archive there whose setup.py leaves a trace; its sha256."""
    path = checkout / "archives" / "tiny-1.0.tar.gz"
    code = f"open({str(checkout / 'was-run')!r}, 'w'); import setuptools; setuptools.setup()"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (("setup.py", code), ("PKG-INFO", METADATA)):
            member = tarfile.TarInfo(f"tiny-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_archive_with_another_sha256_is_not_installed(checkout: Path) -> None:
    wheel(checkout)
    done = set_up(checkout, hashlib.sha256(b"the archive that was locked").hexdigest())
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "setup: the packages could not be installed" in done.stderr
    assert not list(checkout.glob(".venv/lib/*/site-packages/tiny*"))


def test_a_locked_archive_of_source_is_not_built(checkout: Path) -> None:
    done = set_up(checkout, source(checkout))
    assert done.returncode == 1
    assert "setup: the packages could not be installed" in done.stderr
    assert not (checkout / "was-run").exists()


def test_a_newer_version_than_the_locked_one_is_not_taken(checkout: Path) -> None:
    digest = wheel(checkout)
    locked = checkout / "archives" / "tiny-1.0-py3-none-any.whl"
    shutil.copy(locked, locked.with_name("tiny-9.0-py3-none-any.whl"))
    set_up(checkout, digest)
    assert [path.name for path in checkout.glob(".venv/lib/*/site-packages/tiny-*")] == ["tiny-1.0.dist-info"]


def test_the_archive_that_is_locked_is_installed(checkout: Path) -> None:
    done = set_up(checkout, wheel(checkout))
    assert "could not be installed" not in done.stderr.replace("HYDRA itself could not be installed", "")
    assert list(checkout.glob(".venv/lib/*/site-packages/tiny.py"))
