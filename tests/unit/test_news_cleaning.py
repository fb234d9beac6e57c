"""Text of strangers becomes one visible line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.news.cleaning import cleaned
from tests.support.outside_texts import ATTACKS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AT&amp;T", "AT&T"),
        ("<b>Bold</b> words", "Bold words"),
        ("&lt;b&gt;Bold&lt;/b&gt; words", "Bold words"),
        ("&amp;lt;i&amp;gt;x&amp;lt;/i&amp;gt;", "x"),
        ("a<script>alert(1)</script>b", "a b"),
        ("a<style>x{}</style>b", "a b"),
        ("<![CDATA[kept]]>", "kept"),
        ("BTC < 100k & ETH > 2k", "BTC < 100k & ETH > 2k"),
        ("two\n lines\tand\r\nmore", "two lines and more"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("ze\u200bro w\u2060idth\ufeff", "zero width"),
        ("soft\u00adhyphen", "softhyphen"),
        ("tag\U000e0041\U000e0042s", "tags"),
        ("selec\ufe0ftor\U000e0101", "selector"),
        ("fil\u3164ler", "fil ler"),
        ("e" + "\u0301" * 40, "é" + "\u0301" * 3),
        ("no\u00a0break", "no break"),
        ("line\u2028end", "line end"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("\x00", ""),
        ("", ""),
    ],
)
def test_golden(text: str, expected: str) -> None:
    assert cleaned(text, 100) == expected


def test_a_long_text_is_cut_with_a_sign() -> None:
    assert cleaned("word " * 100, 12) == "word word w…"
    assert len(cleaned("x" * 1_000_000, 300)) == 300


@pytest.mark.parametrize(
    "text", ["<![x[ y", "<![%[ x ]]>", "<!", "<?", "</", "<!--", "<a href='", "&#xD800;", "<" * 9_000]
)
def test_broken_markup_is_text(text: str) -> None:
    assert len(cleaned(f"before {text}", 100)) >= len("before")


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_leaves_a_sign_that_acts(attack: str) -> None:
    assert cleaned(attack, 500).isprintable()


@given(st.text(max_size=400), st.integers(2, 60))
def test_any_text_becomes_one_printable_line_within_its_length(text: str, longest: int) -> None:
    line = cleaned(text, longest)
    assert line.isprintable()
    assert len(line) <= longest
    assert line == line.strip()
    assert not any(unicodedata.category(one) in {"Cf", "Cc", "Cs", "Co"} for one in line)
    assert cleaned(line, longest).isprintable()
