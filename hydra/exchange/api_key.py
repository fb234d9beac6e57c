"""The key of an account and what signs for it: from the settings, or from files that only their owner reads.

A secret may be the text that the exchange gave (HMAC-SHA256), or a private Ed25519 key in PEM. ccxt tells
them apart by the words PRIVATE KEY, and takes a PEM of more than 120 characters for RSA: so a key goes to it
as the 118 characters of its shortest PEM.
Source: docs/exchange.md, "Keys of an exchange".
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hydra.errors import SettingsError
from hydra.outside_text import shown
from hydra.private_file import read_private
from hydra.settings import Settings

_PEM: Final = "PRIVATE KEY"


@dataclass(frozen=True)
class ApiKey:
    """A key of an account; neither part is shown. secret: as ccxt reads it."""

    key: str = field(repr=False)
    secret: str = field(repr=False)


def binance_key(settings: Settings) -> ApiKey | None:
    """The key of the settings; None: none is set.

    Raises:
        SettingsError: only half of it is set, or the secret cannot be used; nothing of it is shown.
    """
    told, path = settings.binance_api_secret, settings.binance_api_secret_file
    if told is not None and path is not None:
        raise SettingsError("set either BINANCE_API_SECRET or BINANCE_API_SECRET_FILE, not both")
    secret = told.get_secret_value() if told is not None else None
    name = "BINANCE_API_SECRET"
    if path is not None:
        secret, name = read_private(path), shown(str(path))
    key = settings.binance_api_key
    if key is None and secret is None:
        return None
    if key is None or secret is None:
        missing = "BINANCE_API_KEY" if key is None else "BINANCE_API_SECRET or BINANCE_API_SECRET_FILE"
        raise SettingsError(f"half of the exchange's key is set: set {missing} too")
    return ApiKey(key.get_secret_value().strip(), _signing(secret, name))


def simulated_key(path: Path) -> ApiKey:
    """The first key with a secret in the file of an account of the simulated exchange.

    Raises:
        SettingsError: there is none, or others may read the file.
    """
    name = shown(str(path))
    try:
        content = tomllib.loads(read_private(path))
    except tomllib.TOMLDecodeError:
        raise SettingsError(f"{name} is no TOML: it is written by `hydra exchange serve --account`") from None
    rows = content.get("keys")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping) and _is_text(row.get("api_key")) and _is_text(row.get("secret")):
            return ApiKey(row["api_key"], row["secret"])
    raise SettingsError(f"{name} has no [[keys]] with api_key and secret")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _signing(secret: str, name: str) -> str:
    """The secret as ccxt reads it. A PEM in one line may have \\n for its ends of lines."""
    text = secret.replace("\\n", "\n").strip()
    if not text:
        raise SettingsError(f"{name} holds no secret")
    if _PEM not in text:
        return text
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsError(
            f"{name} holds a private key that cannot be read: give it in PEM, without a password"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{name} holds a private key that is no Ed25519 key: make one (docs/exchange.md)")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()
