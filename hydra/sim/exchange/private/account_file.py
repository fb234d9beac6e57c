"""The file of an account of the simulated exchange: its keys, its start balance, how its exchange behaves.

The first `hydra exchange serve --account FILE` writes it. A new file is a new account.
"""

import hashlib
import os
import secrets
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Final

import msgspec

from hydra.errors import SettingsError
from hydra.outside_text import shown
from hydra.private_file import read_private
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.private.signature import ApiKey, ed25519_key, hmac_key
from hydra.sim.exchange.trading_rules import FEE_TIERS

_HIGHEST_LEVERAGE: Final = 125
_KEY_BYTES: Final = 32
_NEW: Final = """\
# An account of HYDRA's simulated exchange. Whoever can read this file can trade on it.
# start_balance_usd counts at the first start only. Other settings: docs/exchange.md, "Keys".

[account]
start_balance_usd = "5000"

[[keys]]
api_key = "{api_key}"
secret = "{secret}"

# An Ed25519 key instead: openssl genpkey -algorithm ed25519 -out private.pem
#                         openssl pkey -in private.pem -pubout
# [[keys]]
# api_key = "any 64 letters and digits"
# public_key = '''
# -----BEGIN PUBLIC KEY-----
# ...
# -----END PUBLIC KEY-----'''
"""


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    api_key: str
    secret: str = ""
    public_key: str = ""


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[_Key]
    account: AccountSettings = AccountSettings()


class OwnAccount(msgspec.Struct, frozen=True):
    """An account and its keys by name (X-MBX-APIKEY). name: tells it from others; no secret."""

    name: str
    settings: AccountSettings
    keys: dict[str, ApiKey]


def own_account(path: Path) -> OwnAccount:
    """The account of a file; a file that is not there is written, with a new key.

    Raises:
        SettingsError: others may read it, or it does not hold what it should; no secret is shown.
    """
    name = shown(str(path))
    try:
        if not path.exists():
            _write_new(path)
        tables = tomllib.loads(read_private(path))
        content = msgspec.convert(tables, _Content)
        keys = {one.api_key: _key(one) for one in content.keys}
    except OSError as error:
        raise SettingsError(f"{name}: {error.strerror}") from None
    except tomllib.TOMLDecodeError:
        raise SettingsError(f"{name} is no TOML; delete it for a new account") from None
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(f"{name}: {shown(str(error))}") from None
    if wrong := _out_of_range(content.account):
        raise SettingsError(f"{name}: {wrong}")
    unknown = tables.get("account", {}).keys() - {field.name for field in fields(AccountSettings)}
    if unknown:
        raise SettingsError(f"{name}: [account] has no {shown(', '.join(sorted(unknown)))}")
    if not keys:
        raise SettingsError(f"{name} has no [[keys]]; delete it for a new account")
    return OwnAccount(
        hashlib.sha256(content.keys[0].api_key.encode()).hexdigest()[:16], content.account, keys
    )


def _out_of_range(settings: AccountSettings) -> str | None:
    if not settings.start_balance_usd.is_finite() or settings.start_balance_usd < 0:
        return "start_balance_usd is no amount"
    if not 0 <= settings.fee_tier < len(FEE_TIERS):
        return f"fee_tier is 0 to {len(FEE_TIERS) - 1}"
    if not 1 <= settings.leverage <= _HIGHEST_LEVERAGE:
        return f"leverage is 1 to {_HIGHEST_LEVERAGE}"
    return None


def _key(one: _Key) -> ApiKey:
    if not (one.api_key.isascii() and one.api_key.isalnum()):
        raise ValueError("api_key has letters and digits only")
    if bool(one.secret) == bool(one.public_key):
        raise ValueError("each of [[keys]] has either secret or public_key")
    return hmac_key(one.secret) if one.secret else ed25519_key(one.public_key)


def _write_new(path: Path) -> None:
    content = _NEW.format(api_key=secrets.token_hex(_KEY_BYTES), secret=secrets.token_hex(_KEY_BYTES))
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
