"""What a failed change of an account means: done, not done, or nobody knows."""

import re

import pytest
from aiohttp import ClientConnectorError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey
from ccxt.base.errors import ExchangeError, ExchangeNotAvailable, RequestTimeout

from hydra.domain import OrderRefusal
from hydra.errors import HydraError, OrderRefusedError, OutcomeUnknownError, RetryError, StopError
from hydra.exchange.binance import change_refusals
from hydra.exchange.binance.change_refusals import error_of_change
from hydra.exchange.refusals import HttpAnswer
from hydra.paths import PROJECT_ROOT

HOST = "fapi.example"
WHAT = "the order hy-1 of BTCUSDT"


def refused(status: int, code: int, words: str = "The words of the exchange.") -> HydraError:
    answer = HttpAnswer(status, code, words, None)
    return error_of_change(HOST, WHAT, ExchangeError("signed https://x/?signature=SECRET", answer))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (408, -1007),
        (503, -1007),
        (503, -1),
        (400, -1000),
        (400, -1001),
        (400, -1006),
        (200, -1001),
        (500, 0),
        (502, 0),
        (503, 0),
        (504, -9999),
        (408, 0),
    ],
)
def test_nobody_knows(status: int, code: int) -> None:
    error = refused(status, code)
    assert type(error) is OutcomeUnknownError
    assert WHAT in str(error)
    assert "ask before anything else" in str(error)
    assert "try again" not in str(error)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, -1003),
        (429, 0),
        (418, 0),
        (400, -1015),
        (400, -1003),
        (503, -1008),
        (503, -1016),
        (503, -1109),
        (503, 239999),
        (400, -1021),
        (400, -5028),
    ],
)
def test_nothing_was_done_and_it_may_be_sent_again(status: int, code: int) -> None:
    assert type(refused(status, code)) is RetryError


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, -2014),
        (401, -2015),
        (400, -1022),
        (401, -1002),
        (400, -4192),
        (403, 0),
        (404, 0),
        (451, 0),
        (401, 0),
    ],
)
def test_nothing_was_done_and_a_person_has_to_act(status: int, code: int) -> None:
    assert isinstance(refused(status, code), StopError)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (-4116, OrderRefusal.DUPLICATE_ID),
        (-5022, OrderRefusal.WOULD_TAKE),
        (-2021, OrderRefusal.WOULD_TRIGGER),
        (-2022, OrderRefusal.NOTHING_TO_REDUCE),
        (-4118, OrderRefusal.REDUCED_BY_OTHERS),
        (-2019, OrderRefusal.NO_MARGIN),
        (-4014, OrderRefusal.OFF_FILTERS),
        (-4164, OrderRefusal.OFF_FILTERS),
        (-2025, OrderRefusal.TOO_MANY_ORDERS),
        (-2027, OrderRefusal.POSITION_TOO_LARGE),
        (-1102, OrderRefusal.OTHER),
        (-98765, OrderRefusal.OTHER),
    ],
)
def test_nothing_was_done_and_the_same_order_will_not_do(code: int, refusal: OrderRefusal) -> None:
    error = refused(400, code)
    assert isinstance(error, OrderRefusedError)
    assert (error.refusal, error.code) == (refusal, code)
    assert str(error) == f"{HOST} refuses {WHAT} ({code}: The words of the exchange.)"


def test_a_request_that_may_have_left_is_unknown_and_one_that_cannot_have_is_not_done() -> None:
    for error in (
        RequestTimeout("https://x/?signature=SECRET"),
        ExchangeNotAvailable(ServerDisconnectedError()),
        ExchangeNotAvailable(ConnectionResetError(104, "reset")),
        ExchangeNotAvailable(TimeoutError()),
    ):
        assert type(error_of_change(HOST, WHAT, error)) is OutcomeUnknownError
    key = ConnectionKey(
        HOST, 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
    )
    unreachable = ClientConnectorError(key, ConnectionRefusedError(111, "Connection refused"))
    assert type(error_of_change(HOST, WHAT, ExchangeNotAvailable(unreachable))) is RetryError


def test_the_document_has_the_same_codes() -> None:
    text = (PROJECT_ROOT / "docs" / "exchange.md").read_text(encoding="utf-8")
    section = text.partition("## Refusals of a change")[2].partition("\n## ")[0]
    rows = {row[1]: row[2] for row in re.finditer(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE)}
    codes = {name: {int(code) for code in re.findall(r"-?\b\d+", words)} for name, words in rows.items()}
    http = {408, 401, 403, 404, 429, 418, 451}
    named = {name: {code for code in found - http if code < 0 or code > 999} for name, found in codes.items()}
    assert named.pop("OutcomeUnknownError") == change_refusals.OUTCOME_UNKNOWN
    assert named.pop("RetryError") == change_refusals.NOT_DONE
    assert named.pop("StopError") == change_refusals.A_PERSON_HAS_TO_ACT
    assert named.pop("OrderRefusedError") == named.pop("OTHER") == named.pop("refusal") == set()
    assert named == {refusal.value: codes for refusal, codes in change_refusals.REFUSALS.items()}


def test_every_fault_of_an_account_in_the_document_has_a_test() -> None:
    text = (PROJECT_ROOT / "docs" / "exchange.md").read_text(encoding="utf-8")
    table = text.partition("### Faults of the account")[2].partition("\n\n## ")[0]
    firsts = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    faults = {word for first in firsts for word in re.findall(r"`([a-z_0-9]+)[,`]", first)}
    files = (
        PROJECT_ROOT / "tests" / "system" / f"test_account_{name}.py" for name in ("faults", "user_stream")
    )
    tests = "".join(file.read_text(encoding="utf-8") for file in files)
    assert len(faults) > 20
    # A status is a number there.
    faults -= {"http_429", "http_418"}
    assert {fault for fault in faults if f'"{fault}"' not in tests} == set()


def test_no_signed_url_is_shown() -> None:
    error = RequestTimeout("https://x/?signature=SECRET")
    for found in (error_of_change(HOST, WHAT, error), refused(503, -1), refused(400, -2019)):
        assert "SECRET" not in str(found)
