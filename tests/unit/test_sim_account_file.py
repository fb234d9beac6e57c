"""The file of an account of the simulated exchange: made once, closed to others, its secret unseen."""

import os
from pathlib import Path

import pytest

from hydra.errors import SettingsError
from hydra.sim.exchange.private.account_file import own_account
from tests.support.command_line import hydra


def test_the_first_start_writes_a_key_that_the_second_finds(tmp_path: Path) -> None:
    path = tmp_path / "accounts" / "mine.toml"
    first = own_account(path)
    assert path.stat().st_mode & 0o777 == 0o600
    second = own_account(path)
    assert (first.name, list(first.keys), first.settings) == (second.name, list(second.keys), second.settings)
    assert own_account(tmp_path / "other.toml").name != first.name


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    own_account(path)
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        own_account(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("keys = [", "no TOML"),
        ("[account]\n", "keys"),
        ("keys = []", "has no"),
        ('[[keys]]\napi_key = "a"\n', "either secret or public_key"),
        ('[[keys]]\napi_key = "a"\nsecret = "TOPSECRET"\npublic_key = "b"', "either secret or public_key"),
        ('[[keys]]\napi_key = "../a"\nsecret = "TOPSECRET"', "letters and digits"),
        ('[[keys]]\napi_key = "a"\nsecret = 12345', "secret"),
        ('[[keys]]\napi_key = "a"\npublic_key = "TOPSECRET"', "public_key"),
        ('[[keys]]\napi_key = "a"\nsecret = "TOPSECRET"\nsecrets = "b"', "secrets"),
        ('[account]\nstart_balance = "5"\n[[keys]]\napi_key = "a"\nsecret = "TOPSECRET"', "start_balance"),
        ('[account]\nfee_tier = 10\n[[keys]]\napi_key = "a"\nsecret = "TOPSECRET"', "fee_tier"),
        (
            '[account]\nstart_balance_usd = "nan"\n[[keys]]\napi_key = "a"\nsecret = "TOPSECRET"',
            "start_balance",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong_and_without_the_secret(
    tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "mine.toml"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(SettingsError, match=words) as refused:
        own_account(path)
    assert "TOPSECRET" not in str(refused.value)


def test_what_is_no_file_is_refused_and_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "fifo", tmp_path / "dangling", tmp_path / "loop", Path("/dev/zero")):
        with pytest.raises(SettingsError):
            own_account(path)
    with pytest.raises(SettingsError, match="too long"):
        own_account(tmp_path / ("n" * 300))


def test_the_command_says_what_is_wrong_before_it_serves(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    own_account(path)
    path.chmod(0o644)
    answer = hydra("exchange", "serve", "--account", str(path))
    assert (answer.status, "chmod 600" in answer.err) == (1, True)
