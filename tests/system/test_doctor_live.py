"""`hydra doctor --live` on the simulated exchange: a line for each finding, status 1 where one fails."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.settings import Settings
from hydra.sim.exchange.private.account_file import own_account
from tests.support import command_line
from tests.support.command_line import Answer
from tests.support.served_account import served_account
from tests.support.servers.databases import TestServer
from tests.support.servers.logins import ENVIRONMENT

FAULT_MS = 350
HOOK = "http://127.0.0.1:9/hook"
LINE = re.compile(r"^(ok|warn|fail) +(\S+) +(.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    with servers[Edition.APACHE].migrated() as url:
        yield url


class Doctor:
    """Runs the command beside an exchange of this loop."""

    def __init__(self, folder: Path, database_url: str, exchange_url: str) -> None:
        names = Settings.attribute_by_key()
        self._environment = {
            **{key: value for key, value in os.environ.items() if key not in names},
            **ENVIRONMENT,
            "COLUMNS": "250",
            "HYDRA_STATE_DIRECTORY": str(folder / "state"),
            "HYDRA_DATABASE_URL": database_url,
            "EXCHANGE_URL": exchange_url,
            "SIMULATED_ACCOUNT_FILE": str(folder / "account.toml"),
            "ALERT_WEBHOOK_URL": HOOK,
        }

    async def run(self, *arguments: str, **environment: str) -> Answer:
        return await asyncio.to_thread(
            command_line.hydra,
            *("doctor", "--live", "--exchange", "simulated", *arguments),
            environment=self._environment | environment,
        )


def verdicts(answer: Answer) -> dict[str, tuple[str, str]]:
    """Verdict and words by subject."""
    return {subject: (verdict, words) for verdict, subject, words in LINE.findall(answer.out)}


def examined(tmp_path: Path, database_url: str, act: Any, content: str | None = None) -> Any:
    """What `act` of a doctor and the exchange's client gives."""
    path = tmp_path / "account.toml"
    if content is not None:
        path.touch(0o600)
        path.write_text(content)

    async def run() -> Any:
        async with served_account(path) as (_, client):
            return await act(Doctor(tmp_path, database_url, client.url), client)

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path / "exchange"))


def test_an_account_with_which_nothing_is_wrong_passes(tmp_path: Path, url: str) -> None:
    async def act(doctor: Doctor, _client: Any) -> tuple[Answer, Answer]:
        return await doctor.run(), await doctor.run("--json")

    answer, as_json = examined(tmp_path, url, act)
    assert answer.status == as_json.status == 0, answer.out + answer.err
    found = verdicts(answer)
    for subject in (
        "database", "disk", "schema", "alerts", "exchange", "keys", "permissions", "positions", "margin",
        "latency", "limits",
    ):  # fmt: skip
        assert found[subject][0] == "ok", answer.out
    # The exchange of the test lists two pairs of eight.
    assert found["instruments"][0] == "warn"
    assert "SOLUSDT" in found["instruments"][1]
    assert "orders in 10 s" in found["limits"][1]
    assert {check["subject"] for check in json.loads(as_json.out)} == {*found, "exchange"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("key", "does not accept the API key (-2015"),
        ("secret", "does not accept the signature (-1022"),
        ("file", "can be read by others: chmod 600"),
        ("none", "set SIMULATED_ACCOUNT_FILE"),
    ],
)
def test_a_wrong_key_is_one_sentence_and_what_depends_on_it_is_left_out(
    tmp_path: Path, url: str, wrong: str, words: str
) -> None:
    async def act(doctor: Doctor, client: Any) -> Answer:
        other = tmp_path / "other.toml"
        other.touch(0o604 if wrong == "file" else 0o600)
        key = "b" * 64 if wrong == "key" else client.key
        secret = "hush" if wrong == "secret" else client.secret
        other.write_text(f'[[keys]]\napi_key = "{key}"\nsecret = "{secret}"\n')
        return await doctor.run(SIMULATED_ACCOUNT_FILE="" if wrong == "none" else str(other))

    answer = examined(tmp_path, url, act)
    found = verdicts(answer)
    assert (answer.status, found["keys"][0]) == (1, "fail"), answer.out
    assert words in found["keys"][1]
    assert not {"permissions", "latency", "limits"} & found.keys()
    assert "hush" not in answer.out + answer.err


def test_a_key_that_may_withdraw_fails(tmp_path: Path, url: str) -> None:
    async def act(doctor: Doctor, _client: Any) -> Answer:
        return await doctor.run()

    content = '[account]\nkey_can_withdraw = true\n[[keys]]\napi_key = "a1"\nsecret = "s"\n'
    answer = examined(tmp_path, url, act, content)
    assert (answer.status, verdicts(answer)["permissions"][0]) == (1, "fail")


def test_a_slow_exchange_warns_and_one_in_maintenance_fails(tmp_path: Path, url: str) -> None:
    async def act(doctor: Doctor, client: Any) -> tuple[Answer, Answer]:
        await client.set_faults({"kind": "latency", "endpoint": "balance", "value": FAULT_MS})
        slow = await doctor.run()
        await client.set_faults({"kind": "maintenance"})
        return slow, await doctor.run()

    slow, closed = examined(tmp_path, url, act)
    assert (slow.status, verdicts(slow)["latency"][0]) == (0, "warn")
    assert (closed.status, verdicts(closed)["exchange"][0]) == (1, "fail")
    assert "-1016" in verdicts(closed)["exchange"][1]


def test_an_exchange_that_is_not_there_and_one_that_takes_no_orders_fail(tmp_path: Path, url: str) -> None:
    own_account(tmp_path / "account.toml")
    doctor = Doctor(tmp_path, url, "http://127.0.0.1:1")

    async def run() -> tuple[Answer, Answer]:
        gone = await doctor.run()
        return gone, await doctor.run("--exchange", "bybit", EXCHANGE_URL="")

    gone, bybit = asyncio.run(run())
    assert (gone.status, verdicts(gone)["exchange"][0]) == (1, "fail")
    assert "cannot be reached" in verdicts(gone)["exchange"][1]
    assert (bybit.status, "sends no orders to bybit" in bybit.out) == (1, True)


def test_alerts_that_do_not_get_through_fail(tmp_path: Path, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO hydra.alert_channels (channel, failures, failing_since, detail)"
            " VALUES ('webhook', 2, now(), 'HTTP 500')"
        )
    try:

        async def act(doctor: Doctor, _client: Any) -> tuple[Answer, Answer]:
            return await doctor.run(), await doctor.run(ALERT_WEBHOOK_URL="")

        failing, none = examined(tmp_path, url, act)
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DELETE FROM hydra.alert_channels")
    assert (failing.status, "HTTP 500" in failing.out) == (1, True)
    assert (none.status, verdicts(none)["alerts"][0]) == (1, "fail")


def test_wrong_settings_are_told_once_and_no_exchange_is_asked(tmp_path: Path, url: str) -> None:
    doctor = Doctor(tmp_path, url, "http://127.0.0.1:1")
    answer = asyncio.run(doctor.run(MAX_LEVERAGE="0.5"))
    assert (answer.status, list(verdicts(answer))) == (1, ["python", "settings"])
