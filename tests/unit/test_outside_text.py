"""Text from outside is stored as it is, shown where it cannot act, and is no formula in a spreadsheet."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.outside_text import shown, spreadsheet_text, storable, storable_json
from tests.support.outside_texts import arguments, that_act

ANY_TEXT = arguments | st.text(st.characters(codec=None))


@given(ANY_TEXT)
def test_what_is_shown_is_one_line_in_which_nothing_acts(text: str) -> None:
    assert that_act(shown(text)) == []
    assert "\n" not in shown(text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_text_that_postgresql_can_hold_is_stored_as_it_is(text: str) -> None:
    assert storable(text) == text


@given(ANY_TEXT)
def test_what_is_stored_is_utf_8_without_nul(text: str) -> None:
    assert b"\0" not in storable(text).encode()


@given(st.binary().filter(lambda raw: b"\\" not in raw))
def test_bytes_that_are_no_utf_8_can_be_got_back_from_what_is_stored(raw: bytes) -> None:
    assert _unescaped(storable(os.fsdecode(raw))) == raw


def _unescaped(stored: str) -> bytes:
    """The bytes behind a stored text that had no backslash of its own."""
    parts = stored.split("\\x")
    return parts[0].encode() + b"".join(bytes([int(part[:2], 16)]) + part[2:].encode() for part in parts[1:])


@settings(max_examples=50)
@given(st.recursive(ANY_TEXT | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner)))
def test_json_holds_every_string_as_it_is_stored_alone(value: object) -> None:
    text = storable_json(json.dumps(value))
    text.encode()
    assert json.loads(text) == _stored(value)


def _stored(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): _stored(item) for key, item in value.items()}
    return [_stored(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("an outage", "an outage"),
        ("[/red]", "[/red]"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("safe\u202etxt.exe", "safe\\u202etxt.exe"),
        (os.fsdecode(b"\xff reason"), "\\xff reason"),
        ("nul\0", "nul\\x00"),
        ("Zürich 中", "Zürich 中"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_acts_is_escaped_and_the_rest_is_legible(text: str, seen: str) -> None:
    assert shown(text) == seen


def test_utf_8_that_an_ascii_terminal_gave_as_bytes_is_text_again() -> None:
    assert storable("Zürich".encode().decode("ascii", "surrogateescape")) == "Zürich"


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd", "-2+3", "@SUM(1)", " =1+1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert spreadsheet_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-", "-1.5", "+0.25", "1e-7", "OI divergence", ""])
def test_a_number_and_a_word_stay_what_they_are(text: str) -> None:
    assert spreadsheet_text(text) == text
