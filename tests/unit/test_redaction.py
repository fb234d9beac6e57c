"""No text that HYDRA shows repeats a password, however it was written into a URL."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from hydra.db.address import libpq_url, parsed, shown_url, with_login
from hydra.db.engine import connect, explain_refusal
from hydra.errors import DatabaseError, SettingsError
from hydra.redaction import redacted
from hydra.runtime.message_broker import make_broker
from hydra.settings import Settings

# Long enough not to occur in a sentence by chance; with everything that means something in a URL.
SECRETS = st.text("aZ9!$&'()*+,;=:@/?#[]% ~^é", min_size=1, max_size=9).map(lambda text: f"s3c{text}r3t")
SPELLINGS = st.sampled_from([lambda secret: quote(secret, safe=""), quote, quote_plus, lambda secret: secret])
PLACES = st.sampled_from(
    [
        "postgresql://u:{}@127.0.0.1:1/d",
        "postgresql+psycopg://u:{}@127.0.0.1:1/d",
        "postgresql://u@127.0.0.1:1/d?password={}",
        "postgresql://127.0.0.1:1/d?user=u&password={}",
        "postgresql://u@127.0.0.1:1/d?sslmode=disable&password={}",
        "postgresql://u:{}@127.0.0.1:1",
        "postgresql://u:{}",
        "postgresql://u:{}@[::1/d",
        "postgres:/u:{}@127.0.0.1/d",
        "mysql://u:{}@127.0.0.1/d",
        "{}",
    ]
)


def url_of(place: str, secret: str, spelled: object) -> str:
    """A URL with the secret in it. Where no host follows, what stands behind a plain @ is the host."""
    written = str(spelled(secret))  # type: ignore[operator]
    assume("@" not in written or not place.endswith("u:{}"))
    return place.format(written)


def leaks(text: str, secret: str) -> bool:
    """Whether the secret, or what was left of it behind a letter that means something, can be read."""
    return secret in text or "s3c" in text or "r3t" in text


def said(action: object, *arguments: object) -> str:
    """What `action` returns or complains of."""
    try:
        return str(action(*arguments))  # type: ignore[operator]
    except (DatabaseError, SettingsError) as error:
        return str(error)


@given(place=PLACES, secret=SECRETS, spelled=SPELLINGS)
def test_no_url_well_formed_or_not_is_shown_with_its_password(
    place: str, secret: str, spelled: object
) -> None:
    assert not leaks(said(shown_url, url_of(place, secret, spelled)), secret)


@given(place=PLACES, secret=SECRETS, spelled=SPELLINGS)
def test_no_refusal_of_a_server_repeats_the_password(place: str, secret: str, spelled: object) -> None:
    assert not leaks(said(connect, url_of(place, secret, spelled)), secret)


@given(secret=SECRETS, spelled=SPELLINGS)
def test_what_a_driver_says_is_shown_without_the_password(secret: str, spelled: object) -> None:
    url = f"postgresql://u:{quote(secret, safe='')}@h/d"
    complaint = f"failed: FATAL: odd {spelled(secret)} and {secret}"  # type: ignore[operator]
    assert not leaks(explain_refusal(url, complaint), secret)
    assert not leaks(redacted(complaint, secret), secret)


@given(secret=SECRETS, spelled=SPELLINGS)
def test_no_url_of_a_broker_is_repeated(secret: str, spelled: object) -> None:
    for url in ("redis://:{}@127.0.0.1:1/0", "redis://u:{}", "nobroker://u:{}@h", "amqp://u:{}@127.0.0.1"):
        given_url = SecretStr(url.format(spelled(secret)))  # type: ignore[operator]
        settings = Settings.model_construct(broker_url=given_url)
        assert not leaks(said(make_broker, settings, []), secret)


@given(secret=SECRETS)
def test_a_login_takes_the_place_of_the_administrators(secret: str) -> None:
    url = f"postgresql://admin:{quote(secret, safe='')}@h:5433/d?password=s3c&user=x&sslmode=require"
    other = with_login(url, "hydra_worker", "a b@c/d:e+f%")
    assert parsed(other) == {
        "user": "hydra_worker",
        "password": "a b@c/d:e+f%",
        "host": "h",
        "port": "5433",
        "dbname": "d",
        "sslmode": "require",
    }
    assert not leaks(other, secret)


@pytest.mark.parametrize(
    "url", ["postgresql://u@h/d?passfile=%2Fhome%2Fu%2F.pgpass", "postgresql://u@h:5433/d?sslmode=require"]
)
def test_what_is_no_secret_is_shown(url: str) -> None:
    assert shown_url(url) == url == libpq_url(url)


def test_options_of_the_session_are_not_shown() -> None:
    assert shown_url("postgresql://u@h/d?options=-c%20my.key%3Dhush") == "postgresql://u@h/d"
