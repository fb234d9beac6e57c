"""The folders of the checkout, and those in which HYDRA stores data."""

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]
SQL_DIRECTORY = PROJECT_ROOT / "sql"
MIGRATIONS_DIRECTORY = PROJECT_ROOT / "migrations"


def cache_directory() -> Path:
    """The per-user cache, shared by all checkouts (downloaded server packages)."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "hydra"


def state_directory() -> Path:
    """The files of this checkout alone (the private database cluster, its password).

    `HYDRA_STATE_DIRECTORY` replaces it; the tests use that for their own servers.
    """
    override = os.environ.get("HYDRA_STATE_DIRECTORY")
    return Path(override) if override else PROJECT_ROOT / ".hydra"
