"""What the private server is told at every start: for a machine of a few GiB, on loopback only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hydra.db.server.ports import LOOPBACK

SETTINGS: Final[Mapping[str, str]] = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "listen_addresses": LOOPBACK,
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    # One statement may lock hundreds of chunks.
    "max_locks_per_transaction": "512",
    "max_worker_processes": "24",
    "timescaledb.max_background_workers": "8",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
}


def settings_text(port: int, sockets: Path, extra: Mapping[str, str]) -> str:
    """The lines of hydra.conf; `extra` goes over SETTINGS."""
    values = {**SETTINGS, "port": str(port), "unix_socket_directories": str(sockets), **extra}
    quoted = {key: value.replace("'", "''") for key, value in values.items()}
    return "".join(f"{key} = '{value}'\n" for key, value in quoted.items())
