"""Signatures as the exchange checks them: its documented examples, the line as it is sent, the time."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from hydra.sim.exchange.private.signature import check_time, ed25519_key, hmac_key, signed_parameters
from hydra.sim.exchange.refusals import Refusal

SECRET_OF_USD_M = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
SECRET_OF_SPOT = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
NOW_MS = 1_793_491_200_000


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> int:
    body = refused.value.body
    assert not isinstance(body, str)
    return int(body["code"])


@pytest.mark.parametrize(
    ("secret", "query", "body", "signature"),
    [
        (
            SECRET_OF_USD_M,
            "",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
            "&timestamp=1591702613943",
            "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
        ),
        (
            SECRET_OF_SPOT,
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
            "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
            "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
        ),
        (
            SECRET_OF_SPOT,
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
            "&timestamp=1499827319559",
            "",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
    ],
)
def test_the_documented_examples_are_signed(secret: str, query: str, body: str, signature: str) -> None:
    sign = f"&signature={signature}"
    sent = signed_parameters(hmac_key(secret), *((query, body + sign) if body else (query + sign, body)))
    assert sent["symbol"] in {"BTCUSDT", "LTCBTC"}
    assert "signature" not in sent
    other = hmac_key(secret[:-1] + "0")
    with pytest.raises(Refusal) as refused:
        signed_parameters(other, query, body + sign)
    assert code_of(refused) == -1022


def test_an_ed25519_key_signs_with_its_private_half() -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    key, payload = ed25519_key(pem), "symbol=BTCUSDT&timestamp=1"
    signature = base64.b64encode(private.sign(payload.encode())).decode()
    encoded = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert signed_parameters(key, f"{payload}&signature={encoded}", "")["symbol"] == "BTCUSDT"
    for wrong in ("AAAA", "no base64", base64.b64encode(bytes(64)).decode()):
        with pytest.raises(Refusal) as refused:
            signed_parameters(key, f"{payload}&signature={wrong}", "")
        assert code_of(refused) == -1022


@pytest.mark.parametrize(
    "payload", ['batchOrders=[{"symbol":"BTCUSDT"}]', "symbol=BTC USDT", "symbol=币安USDT", "a=%zz"]
)
def test_what_was_not_percent_encoded_before_it_was_signed_is_refused(payload: str) -> None:
    keys: list[str] = []

    def any_key(signed: str, _signature: str) -> bool:
        keys.append(signed)
        return True

    with pytest.raises(Refusal) as refused:
        signed_parameters(any_key, "", f"{payload}&signature=00")
    assert (code_of(refused), keys) == (-1022, [])


def test_a_request_without_a_signature_or_with_a_parameter_twice_is_refused() -> None:
    key = hmac_key("secret")
    with pytest.raises(Refusal) as refused:
        signed_parameters(key, "symbol=BTCUSDT", "")
    assert code_of(refused) == -1102
    with pytest.raises(Refusal) as refused:
        signed_parameters(lambda _payload, _signature: True, "side=BUY", "side=SELL&signature=00")
    assert code_of(refused) == -1101


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_no_signature_that_was_not_made_with_the_secret_passes(signature: str) -> None:
    with pytest.raises(Refusal):
        signed_parameters(hmac_key("secret"), f"timestamp=1&signature={signature}", "")


@pytest.mark.parametrize(
    ("late_ms", "window", "speed", "code"),
    [
        (0, None, 1.0, None),
        (5_000, None, 1.0, None),
        (5_001, None, 1.0, -1021),
        (5_001, "6000", 1.0, None),
        (-999, None, 1.0, None),
        (-1_000, None, 1.0, -1021),
        (300_000, None, 60.0, None),
        (300_001, None, 60.0, -1021),
        (10**9, None, 0.0, None),
        (-1_000, None, 0.0, -1021),
        (0, "60001", 1.0, -1131),
        (0, "soon", 1.0, -1102),
    ],
)
def test_a_request_is_taken_inside_its_window(
    late_ms: int, window: str | None, speed: float, code: int | None
) -> None:
    sent = {"timestamp": str(NOW_MS - late_ms), **({"recvWindow": window} if window else {})}
    if code is None:
        check_time(sent, NOW_MS, speed)
        return
    with pytest.raises(Refusal) as refused:
        check_time(sent, NOW_MS, speed)
    assert code_of(refused) == code


def test_a_request_without_a_time_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        check_time({}, NOW_MS, 1.0)
    assert code_of(refused) == -1102
