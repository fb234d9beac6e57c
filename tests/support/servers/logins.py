"""The owner, the worker and the reader of the test servers: their passwords, and URLs with their logins."""

import os
from typing import Final

from hydra.db.address import with_login
from hydra.db.engine import connect
from hydra.db.roles import Role, ensure_roles, set_passwords

PASSWORDS: Final = {role: f"password-of-{role}-on-test-servers" for role in Role}
ENVIRONMENT: Final = {f"{role.upper()}_PASSWORD": password for role, password in PASSWORDS.items()}
"""What a command needs to log in to a test server by HYDRA_DATABASE_URL."""


def make_logins(url: str) -> None:
    """Let the three log in to the server of `url`, and every command that this process starts."""
    with connect(url, autocommit=True) as connection:
        ensure_roles(connection)
        set_passwords(connection, PASSWORDS)
    os.environ.update(ENVIRONMENT)


def as_role(url: str, role: Role) -> str:
    """`url` with the login of `role`."""
    return with_login(url, role, PASSWORDS[role])
