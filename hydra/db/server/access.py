"""Who may log in to the private server: only who knows a password, over loopback or the socket."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

# Written at every start, so that a cluster made by an older version gets the same rules.
PG_HBA: Final = """\
# Written by HYDRA at every start of the server.
local  all  all                scram-sha-256
host   all  all  127.0.0.1/32  scram-sha-256
"""
_ITERATIONS: Final = 4096
_SALT_BYTES: Final = 16


def new_password() -> str:
    """A password of 192 random bits that needs no quotes in a URL."""
    return secrets.token_urlsafe(24)


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores for an ASCII `password` (RFC 5802): it proves a login and cannot log in."""
    salt = salt if salt is not None else secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
