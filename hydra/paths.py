"""Where the parts of the checkout lie, and where HYDRA keeps what it makes."""

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
    """What belongs to this checkout alone (the private database cluster, its password).

    `HYDRA_STATE_DIRECTORY` puts it elsewhere; the tests use that for servers of their own.
    """
    override = os.environ.get("HYDRA_STATE_DIRECTORY")
    return Path(override) if override else PROJECT_ROOT / ".hydra"
