"""The key of an account: from settings or files, HMAC or Ed25519, and never shown."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hydra.errors import SettingsError
from hydra.exchange.api_key import ApiKey, binance_key, simulated_key
from hydra.exchange.binance.client import BinanceClient
from hydra.settings import Settings, load_settings
from hydra.sim.exchange.private.account_file import own_account


def pem(algorithm: str = "ed25519", *options: str) -> str:
    command = ["openssl", "genpkey", "-algorithm", algorithm, *options]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def settings(**values: Any) -> Settings:
    return Settings.model_validate(values)


def private(path: Path, content: str, mode: int = 0o600) -> Path:
    path.touch(mode)
    path.chmod(mode)
    path.write_text(content)
    return path


def test_without_a_key_there_is_none() -> None:
    assert binance_key(settings()) is None


def test_a_secret_of_the_settings_signs_as_it_is() -> None:
    key = binance_key(settings(binance_api_key=" key ", binance_api_secret="secret"))
    assert (key, repr(key)) == (ApiKey("key", "secret"), "ApiKey()")


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.strip().replace("\n", "\\n"),
        lambda text: f"\n\n{text}\n",
    ],
)
def test_an_ed25519_key_reaches_ccxt_as_the_pem_that_it_takes_for_one(written: Any, tmp_path: Path) -> None:
    text = pem()
    told = settings(binance_api_key="key", binance_api_secret=written(text))
    path = private(tmp_path / "key.pem", written(text))
    filed = settings(binance_api_key="key", binance_api_secret_file=str(path))
    for key in (binance_key(told), binance_key(filed)):
        assert key is not None
        assert key.secret == text.strip()
        assert len(key.secret) <= 120
        signed = BinanceClient(key).sign("order", ["fapiPrivate"], "POST", {"symbol": "BTCUSDT"})
        assert len(signed["body"].partition("&signature=")[2]) >= 88


def test_a_pem_of_several_lines_in_env_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = pem()
    env = tmp_path / ".env"
    env.write_text(f'BINANCE_API_KEY=key\nBINANCE_API_SECRET="{text}"\n')
    key = binance_key(load_settings(env))
    monkeypatch.setenv("BINANCE_API_SECRET", text)
    monkeypatch.setenv("BINANCE_API_KEY", "key")
    assert key == binance_key(load_settings(tmp_path / "none"))
    assert key is not None
    assert key.secret == text.strip()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"binance_api_key": "k"}, "set BINANCE_API_SECRET or BINANCE_API_SECRET_FILE too"),
        ({"binance_api_secret": "hush"}, "set BINANCE_API_KEY too"),
        (
            {"binance_api_key": "k", "binance_api_secret": "hush", "binance_api_secret_file": "x"},
            "not both",
        ),
        ({"binance_api_key": "k", "binance_api_secret_file": "/nowhere/x"}, "No such file"),
        ({"binance_api_key": "k", "binance_api_secret": "-----BEGIN PRIVATE KEY-----hush"}, "cannot be read"),
        ({"binance_api_key": "k", "binance_api_secret": " "}, "holds no secret"),
    ],
)
def test_half_a_key_or_one_that_cannot_sign_is_refused_unseen(values: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        binance_key(settings(**values))
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lambda: pem("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "no Ed25519 key"),
        (lambda: pem("ed25519", "-aes256", "-pass", "pass:hush"), "without a password"),
    ],
)
def test_other_private_keys_are_refused(text: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        binance_key(settings(binance_api_key="k", binance_api_secret=text()))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_of_a_secret_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "secret", "hush", mode)
    with pytest.raises(SettingsError, match="chmod 600") as refused:
        binance_key(settings(binance_api_key="k", binance_api_secret_file=str(path)))
    assert "hush" not in str(refused.value)


def test_the_file_of_a_simulated_account_serves_its_client(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    own = own_account(path)
    key = simulated_key(path)
    assert list(own.keys) == [key.key]
    signature = BinanceClient.hmac(b"payload", key.secret.encode(), hashlib.sha256)
    assert own.keys[key.key]("payload", signature)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        simulated_key(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("keys = [", "no TOML"),
        ("keys = 5", "no \\[\\[keys\\]\\]"),
        ('[[keys]]\napi_key = "a"\npublic_key = "b"', "no \\[\\[keys\\]\\]"),
        ('keys = ["hush"]', "no \\[\\[keys\\]\\]"),
    ],
)
def test_a_file_without_a_secret_cannot_trade(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        simulated_key(private(tmp_path / "mine.toml", content))
    assert "hush" not in str(refused.value)
