"""The channels of alerts, against a receiver that answers, refuses, hangs or is not there."""

import hashlib
import hmac
import socket
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from hydra.alerts.channels import AppriseChannel, Channel, NotTakenError, Webhook, channels_of
from hydra.alerts.message import Message
from hydra.errors import SettingsError
from hydra.settings import Settings
from tests.support.alert_receiver import Receiver, receiver
from tests.unit.test_alert_message import KILL

MESSAGE = Message(KILL)
TOKEN = "T0psecretT0ken"


@pytest.fixture
def kept() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


def settings_with(**given: str) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]  # an argument of the base class


def apprise_channel(url: str) -> Channel:
    (channel,) = channels_of(settings_with(alert_urls=url))
    return channel


def test_the_webhook_posts_the_message_as_json(kept: Receiver) -> None:
    Webhook(SecretStr(kept.url)).send(MESSAGE)
    assert kept.taken == [MESSAGE.as_json]
    headers, _ = kept.requests[0]
    assert (headers["Content-Type"], headers["Hydra-Message"]) == ("application/json", "12-1")
    assert "Hydra-Signature" not in headers


def test_a_receiver_can_prove_the_signature(kept: Receiver) -> None:
    Webhook(SecretStr(kept.url), SecretStr("key")).send(MESSAGE)
    headers, body = kept.requests[0]
    stamp = headers["Hydra-Timestamp"]
    expected = hmac.new(b"key", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Hydra-Signature"] == f"sha256={expected}"
    assert abs(time.time() - int(stamp)) < 60


@pytest.mark.parametrize("status", [301, 400, 404, 500])
def test_an_answer_that_is_no_yes_is_a_failure_and_a_redirection_is_not_followed(
    kept: Receiver, status: int
) -> None:
    kept.status, kept.headers = status, {"Location": kept.url}
    with pytest.raises(NotTakenError, match=f"status {status}") as raised:
        Webhook(SecretStr(kept.url)).send(MESSAGE)
    assert raised.value.retry_after_s == 0
    assert len(kept.requests) == 1


def test_a_receiver_may_ask_for_rest(kept: Receiver) -> None:
    kept.status, kept.headers = 429, {"Retry-After": "90"}
    with pytest.raises(NotTakenError) as raised:
        Webhook(SecretStr(kept.url)).send(MESSAGE)
    assert raised.value.retry_after_s == 90


def test_a_receiver_that_hangs_is_given_up(kept: Receiver) -> None:
    kept.delay_s = 1.0
    begun = time.monotonic()
    with pytest.raises(NotTakenError, match=r"no answer within 0\.2 s"):
        Webhook(SecretStr(kept.url), timeout_s=0.2).send(MESSAGE)
    assert time.monotonic() - begun < 0.9


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_nobody_there_is_a_failure_that_does_not_repeat_the_address(host: str) -> None:
    with pytest.raises(NotTakenError, match="no connection") as raised:
        Webhook(SecretStr(f"http://{host}:{closed_port()}/services/{TOKEN}")).send(MESSAGE)
    assert TOKEN not in str(raised.value)


def test_apprise_takes_the_message_to_a_service(kept: Receiver) -> None:
    channel = apprise_channel(kept.url.replace("http://", "json://"))
    assert channel.name == "json"
    channel.send(MESSAGE)
    assert (kept.taken[0]["title"], kept.taken[0]["message"]) == (MESSAGE.title, MESSAGE.text)


def test_what_apprise_says_of_a_failure_holds_no_token(kept: Receiver) -> None:
    kept.status = 500
    channel = apprise_channel(kept.url.replace("http://", f"json://user:{TOKEN}@"))
    with pytest.raises(NotTakenError, match="500") as raised:
        channel.send(MESSAGE)
    assert TOKEN not in str(raised.value)


def test_every_address_is_a_channel_of_its_own_named_by_its_service() -> None:
    urls = f"discord://123456/{TOKEN} tgram://123456789:abcdefg_hijklmnop/12315544/ discord://654321/{TOKEN}"
    channels = channels_of(settings_with(alert_urls=urls, alert_webhook_url="https://example.org/x?y=1"))
    assert [channel.name for channel in channels] == ["webhook", "discord", "tgram", "discord 2"]
    assert all(isinstance(channel, AppriseChannel) for channel in channels[1:])
    assert TOKEN not in repr(channels)
    assert channels_of(settings_with()) == []


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"alert_webhook_url": f"ftp://{TOKEN}"}, "ALERT_WEBHOOK_URL: write it as"),
        ({"alert_webhook_url": f"http://[{TOKEN}"}, "ALERT_WEBHOOK_URL: write it as"),
        ({"alert_urls": f"json://localhost carrier-pigeon://{TOKEN}"}, "the address number 2 is none"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as raised:
        channels_of(settings_with(**given))
    assert TOKEN not in str(raised.value)
